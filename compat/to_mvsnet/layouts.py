"""Where each layout keeps its files, and on which pixels its cameras and depths are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from viewbatch.geometry import Intrinsics
from viewbatch.geometry.transforms import Array


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Names of files. In a name, `{0}` stands for a view's number from 0, `{1}` for one more."""

    images: tuple[str, ...]
    """All the names under which loaders look for the one image of a view."""
    camera: str
    depth: str
    pairs: str
    mask: str | None = None
    masked: str | None = None
    """The image once more, black where there is no depth."""
    step: int = 1
    """Depth, mask and camera are those of every `step`-th pixel of each row and column."""
    integer_centers: bool = False
    """Whether its loaders take pixel centres for integers."""

    def name(self, pattern: str, number: int) -> str:
        """A name in the folder, of the view with this number."""
        return pattern.format(number, number + 1)

    def image_names(self, number: int) -> list[str]:
        """The names of a view's image, of which the first is enough to know it."""
        return [self.name(pattern, number) for pattern in self.images]

    def names(self, count: int) -> list[str]:
        """The names of all files of so many views."""
        patterns = [*self.images, self.camera, self.depth]
        patterns += [pattern for pattern in (self.mask, self.masked) if pattern is not None]
        numbered = [self.name(pattern, i) for pattern in patterns for i in range(count)]
        return [*numbered, self.pairs]


LAYOUTS: Mapping[str, Layout] = {
    "mvsnet": Layout(
        images=("images/{0:08d}.jpg",),
        camera="cams/{0:08d}_cam.txt",
        depth="depths/{0:08d}.pfm",
        mask="masks/{0:08d}.png",
        pairs="pair.txt",
    ),
    "dtu": Layout(
        # Loaders train with seven lights, 0 to 6, and validate with one of them.
        images=tuple(f"Rectified/scan1_train/rect_{{1:03d}}_{i}_r5000.png" for i in range(7)),
        camera="Cameras/train/{0:08d}_cam.txt",
        depth="Depths/scan1_train/depth_map_{0:04d}.pfm",
        mask="Depths/scan1_train/depth_visual_{0:04d}.png",
        pairs="Cameras/pair.txt",
        # Networks give depth at a quarter of the size, and these loaders scale nothing.
        step=4,
        integer_centers=True,
    ),
    "blendedmvs": Layout(
        images=("blended_images/{0:08d}.jpg",),
        masked="blended_images/{0:08d}_masked.jpg",
        camera="cams/{0:08d}_cam.txt",
        depth="rendered_depth_maps/{0:08d}.pfm",
        pairs="cams/pair.txt",
    ),
}


def layout_px(pixels: Array, step: int, first_pixel_center_px: float) -> Array:
    """Pixel coordinates (..., 2) of ours in those of a layout.

    The layout's pixel (0, 0) is ours, and its centre is at `first_pixel_center_px`; its next
    one is our pixel number `step`.
    """
    return (pixels - 0.5) / step + first_pixel_center_px


def layout_px_from_cam(intrinsics: Intrinsics, step: int, first_pixel_center_px: float) -> Array:
    """(3, 3) calibration matrix to the coordinates of `layout_px`."""
    matrix = intrinsics.matrix
    matrix[:2] /= step
    matrix[:2, 2] += first_pixel_center_px - 0.5 / step
    return matrix
