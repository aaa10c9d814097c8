"""Poses from a COLMAP model: `cameras` and `images`, as text or binary.

Images hold cam_from_world with OpenCV's axes as a Hamilton quaternion and a translation;
pixels count from the image's corner, as here. https://colmap.github.io/format.html
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewbatch.geometry import Intrinsics, rotation_from_quaternion_wxyz
from viewbatch.geometry.transforms import Vector3
from viewbatch.sampling.pose_files.reading import (
    location_of,
    pose_in_file,
    problem,
    read_bytes,
    read_text,
)
from viewbatch.sampling.poses import Pose

# Models that are a pinhole where all that follows the principal point is zero:
# id in binary files, name in text, parameters.
MODELS = (
    (0, "SIMPLE_PINHOLE", ("f", "cx", "cy")),
    (1, "PINHOLE", ("fx", "fy", "cx", "cy")),
    (2, "SIMPLE_RADIAL", ("f", "cx", "cy", "k")),
    (3, "RADIAL", ("f", "cx", "cy", "k1", "k2")),
    (4, "OPENCV", ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2")),
    (
        6, "FULL_OPENCV",
        ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    ),
)  # fmt: skip
PARAMETERS_BY_ID = {number: parameters for number, _, parameters in MODELS}
PARAMETERS_BY_NAME = {name: parameters for _, name, parameters in MODELS}


@dataclass(frozen=True, kw_only=True)
class _Image:
    name: str
    camera_id: int
    quaternion_wxyz: tuple[float, float, float, float]
    translation: Vector3
    """With the quaternion, `cam_from_world`."""


def read(cameras_file: Path, images_file: Path) -> list[Pose]:
    """The poses of a model in the order of its images' names."""
    if images_file.suffix == ".bin":
        cameras = _by_id(_binary_cameras(cameras_file), cameras_file)
        images = list(_binary_images(images_file))
    else:
        cameras = _by_id(_text_cameras(cameras_file), cameras_file)
        images = list(_text_images(images_file))
    poses = []
    for image in sorted(images, key=lambda image: image.name):
        if image.camera_id not in cameras:
            raise problem(
                images_file,
                f"has an image {image.name} of camera {image.camera_id}, "
                f"which {cameras_file.name} lacks; save the model again",
            )
        if not all(map(math.isfinite, image.translation)):
            raise problem(
                images_file,
                f"has a translation of {image.name} that is not finite; save the model again",
            )
        length = math.hypot(*image.quaternion_wxyz)
        # COLMAP itself takes zeros for the identity. Squares must be numbers too.
        if not 1e-100 < length < 1e100:
            raise problem(
                images_file,
                f"has a quaternion of length {length:g} for {image.name}, which is no rotation; "
                "save the model again",
            )
        rotation = rotation_from_quaternion_wxyz(image.quaternion_wxyz)
        location = location_of(rotation, image.translation)
        poses.append(
            pose_in_file(image.name, rotation, location, cameras[image.camera_id], images_file)
        )
    return poses


def _by_id(cameras: Iterable[tuple[int, Intrinsics]], path: Path) -> dict[int, Intrinsics]:
    found: dict[int, Intrinsics] = {}
    for camera_id, intrinsics in cameras:
        if camera_id in found:
            raise problem(path, f"has two cameras {camera_id}; save the model again")
        found[camera_id] = intrinsics
    return found


def _intrinsics(
    camera_id: int, width: int, height: int, values: Mapping[str, float], path: Path
) -> Intrinsics:
    """A pinhole from a camera's parameters by name; the rest of them must be zero."""
    focal = values.get("f")
    lens = {
        "fx": values["fx"] if focal is None else focal,
        "fy": values["fy"] if focal is None else focal,
        "cx": values["cx"],
        "cy": values["cy"],
    }
    for key, value in values.items():
        if key not in (*lens, "f") and value != 0.0:
            raise problem(
                path,
                f"has a camera {camera_id} with lens distortion ({key} = {value:g}), which cannot "
                "be rendered; use the undistorted model (colmap image_undistorter)",
            )
    try:
        if not all(map(math.isfinite, lens.values())):
            raise ValueError("focal lengths and principal point must be finite")  # noqa: TRY301
        return Intrinsics(width=width, height=height, **lens)
    except ValueError as error:
        raise problem(path, f"has a camera {camera_id} that is none: {error}") from error


def _text_cameras(path: Path) -> Iterator[tuple[int, Intrinsics]]:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = line.split()
        model = found[1] if len(found) > 1 else ""
        if len(found) > 1 and model not in PARAMETERS_BY_NAME:
            raise _unknown_model(path, found[0], model)
        names = PARAMETERS_BY_NAME.get(model, ())
        try:
            camera_id, width, height = int(found[0]), int(found[2]), int(found[3])
            values = dict(zip(names, map(float, found[4:]), strict=True))
        except (ValueError, IndexError) as error:
            raise problem(
                path,
                f"is malformed in line {number}; "
                f"expected ID MODEL WIDTH HEIGHT {' '.join(names) or 'PARAMETERS'}",
            ) from error
        yield camera_id, _intrinsics(camera_id, width, height, values, path)


def _text_images(path: Path) -> Iterator[_Image]:
    """Images stand in two lines each, the second of which, their points, may be empty."""
    lines = iter(enumerate(read_text(path).splitlines(), start=1))
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = line.split(maxsplit=9)
        try:
            w, x, y, z, tx, ty, tz = map(float, found[1:8])
            image = _Image(
                name=found[9].strip(),
                camera_id=int(found[8]),
                quaternion_wxyz=(w, x, y, z),
                translation=(tx, ty, tz),
            )
        except (ValueError, IndexError) as error:
            raise problem(
                path,
                f"is malformed in line {number}; expected ID QW QX QY QZ TX TY TZ CAMERA_ID NAME",
            ) from error
        # Without it, the next image would be taken for the points of this one.
        _, points = next(lines, (0, ""))
        if len(points.split()) % 3:
            raise problem(
                path,
                f"is malformed in line {number + 1}; expected the points of {image.name}, "
                "X Y POINT3D_ID of each, or an empty line",
            )
        yield image


class _Cursor:
    """Reads a binary file, little-endian, from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = read_bytes(path)
        self.offset = 0

    def take(self, layout: str) -> Sequence[Any]:
        """The next values of a layout of `struct`."""
        return struct.unpack(f"<{layout}", self.skip(struct.calcsize(f"<{layout}")))

    def text(self) -> str:
        """The next characters up to a zero."""
        end = self.data.find(b"\0", self.offset)
        if end < 0:
            raise self.too_short()
        return self.skip(end + 1 - self.offset)[:-1].decode("utf-8", "replace")

    def skip(self, count: int) -> bytes:
        """The next bytes."""
        begin, self.offset = self.offset, self.offset + count
        if self.offset > len(self.data):
            raise self.too_short()
        return self.data[begin : self.offset]

    def too_short(self) -> Exception:
        return problem(self.path, "ends before what it should hold; save the model again")


def _binary_cameras(path: Path) -> Iterator[tuple[int, Intrinsics]]:
    file = _Cursor(path)
    for _ in range(file.take("Q")[0]):
        camera_id, model, width, height = file.take("iiQQ")
        if model not in PARAMETERS_BY_ID:
            raise _unknown_model(path, camera_id, f"number {model}")
        names = PARAMETERS_BY_ID[model]
        values = dict(zip(names, file.take(f"{len(names)}d"), strict=True))
        yield camera_id, _intrinsics(camera_id, width, height, values, path)


def _binary_images(path: Path) -> Iterator[_Image]:
    file = _Cursor(path)
    for _ in range(file.take("Q")[0]):
        _, w, x, y, z, tx, ty, tz, camera_id = file.take("i7di")
        name = file.text()
        (points,) = file.take("Q")
        file.skip(points * struct.calcsize("<ddq"))
        yield _Image(
            name=name, camera_id=camera_id, quaternion_wxyz=(w, x, y, z), translation=(tx, ty, tz)
        )


def _unknown_model(path: Path, camera_id: object, model: str) -> Exception:
    return problem(
        path,
        f"has a camera {camera_id} of model {model}; expected one of "
        f"{', '.join(PARAMETERS_BY_NAME)} without distortion",
    )
