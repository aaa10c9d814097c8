"""Keys of [plugins] and [verify]: what changes with them, and how."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.blender.keys.effects import Show
from tests.blender.keys.readings import near, seen
from tests.blender.keys.rows import Change, Row
from tests.blender.keys.settings import DENOISED, NOISY
from viewbatch.dataset import Dataset


def distance_along_rays(_: Dataset, b: Dataset) -> None:
    depth, rays = seen(b, "depth"), b.view(0).camera.intrinsics.rays()
    near(seen(b, "distance"), depth * np.linalg.norm(rays, axis=-1), 1e-6)


def ones(a: Dataset, b: Dataset) -> None:
    np.testing.assert_array_equal(seen(b, "mask"), seen(a, "mask") > 0)


def png_of_mask(_: Dataset, b: Dataset) -> None:
    with Image.open(b.view(0).path("mask_png")) as image:
        np.testing.assert_array_equal(np.asarray(image), seen(b, "mask"))


def normals_in_cam(a: Dataset, b: Dataset) -> None:
    rotation = b.view(0).camera.cam_from_world[:3, :3]
    near(seen(b, "normal"), seen(a, "normal") @ rotation.T, 2e-3)


def png_of_normals(_: Dataset, b: Dataset) -> None:
    with Image.open(b.view(0).path("normal_png")) as image:
        decoded = np.asarray(image) / 127.5 - 1
    surface = seen(b, "depth") > 0
    near(decoded[surface], seen(b, "normal")[surface], 6e-3)


def alpha_is_soft(a: Dataset, b: Dataset) -> None:
    values = []
    for dataset in (a, b):
        with Image.open(dataset.view(0).path("masked")) as image:
            values.append(set(np.unique(np.asarray(image)[..., 3])))
    assert values[0] == {0, 255}
    assert len(values[1]) > 2


def voxel_of(size: float) -> Show:
    def show(_: Dataset, b: Dataset) -> None:
        assert float((b.folder / "bounding_box.txt").read_text().split()[-1]) == size

    return show


def points_at_most(number: int) -> Show:
    def show(a: Dataset, b: Dataset) -> None:
        counts = []
        for dataset in (a, b):
            header = (dataset.folder / "point_cloud.ply").read_bytes().split(b"end_header")[0]
            counts.append(int(header.split(b"element vertex ")[1].split()[0]))
        assert counts[0] > number >= counts[1] > 0

    return show


ROWS: dict[str, Row] = {
    # [plugins]
    "plugins.enabled": Change('["depth", "mask", "normal", "albedo", "linear", "position"]',
                              {"position"}),
    "plugins.path": Change('"{here}/sevenfold"', {"mask"},
                           base=['plugins.path="{here}/once"', 'plugins.enabled=["own"]']),
    "plugins.depth.ray_distance": Change("true", {"distance"}, shows=distance_along_rays),
    "plugins.mask.mode": Change('"binary"', {"mask"}, shows=ones),
    "plugins.mask.png": Change("true", {"mask_png"}, shows=png_of_mask),
    "plugins.normal.frame": Change('"cam"', {"normal"}, shows=normals_in_cam),
    "plugins.normal.png": Change("true", {"normal_png"}, shows=png_of_normals),
    "plugins.albedo.files": Change('"BOTH"', {"albedo_png"}),
    "plugins.linear.before_denoising": Change("true", {"noisy"}, base=DENOISED),
    "plugins.masked.alpha": Change('"antialiased"', {"masked"}, shows=alpha_is_soft,
                                   base=['plugins.enabled=["masked"]', *NOISY]),
    "plugins.bounding_box.voxel_size": Change(
        "0.25", {"bounding_box.txt"}, base=['plugins.enabled=["bounding_box"]'],
        shows=voxel_of(0.25),
    ),
    "plugins.point_cloud.max_points": Change("50", {"points", "point_cloud.ply"},
                                             base=['plugins.enabled=["depth", "point_cloud"]'],
                                             shows=points_at_most(50), views=2),
    "verify.at_end": Change("true", {"certificate.json"}),
    "verify.noise_views": Change("1", {"certificate.json"}, base=["verify.at_end=true"]),
}  # fmt: skip
