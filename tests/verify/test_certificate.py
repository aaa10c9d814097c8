"""viewbatch/verify: a good dataset is certified, and what is wrong with others is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compat.shared.images import read_levels
from tests.compat.datasets import ROOT, make
from tests.verify import damage
from tests.verify.damage import Array, edit_pose, edit_record, every, one, refresh_hashes, rewrite
from viewbatch.dataset import Dataset, View, layout
from viewbatch.dataset.processes import process_name
from viewbatch.errors import DatasetError
from viewbatch.verify import Certificate, Finding, certify
from viewbatch.verify.health import ViewHealth, check_overlap, check_views, parts

SETTINGS = (
    "render.resolution_x=160",
    "render.resolution_y=120",
    "render.pixel_aspect_x=1.25",
    "camera.lens.shift_x=0.05",
    "camera.lens.shift_y=-0.03",
    'plugins.enabled=["depth", "mask", "normal", "position", "semantic"]',
    "plugins.depth.ray_distance=true",
    'objects.categories={ball="ball"}',
)
Break = Callable[[Path], None]
Mistake = Callable[[View], None]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine views with every map that is checked; off the origin, of a shifted lens."""
    folder = tmp_path_factory.mktemp("verify") / "out"
    make(folder, 9, *SETTINGS)
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    """The same, to be broken."""
    shutil.copytree(good, tmp_path / "out")
    return tmp_path / "out"


def certificate(folder: Path) -> Certificate:
    return certify(Dataset.open(folder), read_levels=read_levels)


def wrong(found: Certificate, check: str) -> list[str]:
    return [f.sentence for f in found.findings if f.wrong and f.check == check]


def notes(found: Certificate) -> list[str]:
    return [finding.sentence for finding in found.findings if not finding.wrong]


# What is good


def test_a_good_dataset_is_certified_and_its_figures_are_those_of_float32(good: Path) -> None:
    found = certificate(good)
    assert found.good
    assert found.findings == []
    total = found.consistency
    assert total is not None
    assert total.error_px is not None
    assert total.error_of_radius is not None
    assert total.sightings > 10_000
    assert total.conflicts < 1e-3 * total.sightings
    assert total.error_px.median < 0.02
    assert total.error_of_radius.median < 1e-3
    assert sum(found.seen_by) == sum(
        min(2000, np.count_nonzero(view.read("depth"))) for view in Dataset.open(good).views
    )
    assert found.groups == [list(range(9))]
    assert [view.index for view in found.views] == list(range(9))
    assert all(view.index not in view.neighbors and view.neighbors for view in found.views)


@pytest.mark.parametrize("model", ["suzanne", "room"])
def test_every_reference_model_is_certified(tmp_path: Path, model: str) -> None:
    """A closed smooth surface, and a room whose ground and walls are seen at grazing angles."""
    make(
        tmp_path / "out", 6, "render.resolution_x=200", "render.resolution_y=150",
        'plugins.enabled=["depth", "mask", "normal", "position"]', "ground.mode=plane",
        model=ROOT / "references" / "models" / f"{model}.glb",
    )  # fmt: skip
    found = certificate(tmp_path / "out")
    assert [finding.sentence for finding in found.findings if finding.wrong] == []
    assert found.consistency is not None
    assert found.consistency.sightings > 1000


@pytest.mark.parametrize("in_masks", ["true", "false"])
def test_the_ground_is_no_fault(tmp_path: Path, in_masks: str) -> None:
    make(
        tmp_path / "out", 4, "render.resolution_x=80", "render.resolution_y=60",
        "ground.mode=plane", f"ground.in_masks={in_masks}",
    )  # fmt: skip
    assert [f.sentence for f in certificate(tmp_path / "out").findings if f.wrong] == []


@pytest.mark.parametrize("size", [(16, 16), (64, 48), (200, 150)])
def test_wires_thinner_than_a_pixel_are_no_fault(tmp_path: Path, size: tuple[int, int]) -> None:
    """A cage of bars, each a hundredth as wide as it is long, before a plate: at every size other
    views may miss a bar that one shows."""
    boxes = [(0.02, x, 0.0) for x in np.linspace(-1, 1, 11)] + [(2.0, 0.0, -1.5)]
    vertices, faces = [], []
    for width, x, y in boxes:
        first = len(vertices) + 1
        depth = width if width < 1 else 0.1
        for dx in (-width / 2, width / 2):
            for dy in (-depth / 2, depth / 2):
                vertices += [(x + dx, z, y + dy) for z in (-1.0, 1.0)]
        for a, b, c, d in (
            (0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3),
        ):  # fmt: skip
            faces.append((first + a, first + b, first + c, first + d))
    lines = [f"v {x} {y} {z}" for x, y, z in vertices]
    lines += [f"f {a} {b} {c} {d}" for a, b, c, d in faces]
    (tmp_path / "cage.obj").write_text("\n".join(lines) + "\n")
    width, height = size
    make(
        tmp_path / "out", 8, f"render.resolution_x={width}", f"render.resolution_y={height}",
        model=tmp_path / "cage.obj",
    )  # fmt: skip
    assert [f.sentence for f in certificate(tmp_path / "out").findings if f.wrong] == []


@pytest.mark.parametrize("name", ["distance"])
def test_a_mistake_of_half_of_the_views_is_told_of_them(copy: Path, name: str) -> None:
    mistake, sentence = MISTAKES[name]
    for index in range(4):
        one(mistake, index)(copy)
    told = wrong(certificate(copy), "consistency")
    assert [_rounded(text) for text in told] == [
        _rounded(f"in view {index} {sentence}") for index in range(4)
    ]


def test_the_same_dataset_gives_the_same_certificate(good: Path) -> None:
    assert certificate(good).to_json() == certificate(good).to_json()


# The five mistakes that must be named, and their kin


def cx_moved(view: View) -> None:
    edit_record(view, lambda tree: tree.update(cx=tree["cx"] + 0.5))


def cy_moved(view: View) -> None:
    edit_record(view, lambda tree: tree.update(cy=tree["cy"] - 0.5))


def y_flipped(view: View) -> None:
    edit_pose(view, lambda pose: np.diag([1.0, -1.0, 1.0, 1.0]) @ pose)


def opengl_axes(view: View) -> None:
    edit_pose(view, lambda pose: np.diag([1.0, -1.0, -1.0, 1.0]) @ pose)


def inverted(view: View) -> None:
    edit_pose(view, np.linalg.inv)


def transposed(view: View) -> None:
    def change(pose: Array) -> Array:
        return np.block([[pose[:3, :3].T, pose[:3, 3:]], [pose[3:]]])

    edit_pose(view, change)


def ray_distance(view: View) -> None:
    lengths = np.linalg.norm(view.camera.intrinsics.rays(), axis=-1)
    rewrite(view, "depth", lambda depth: (depth * lengths).astype(np.float32))


def millimetres(view: View) -> None:
    rewrite(view, "depth", lambda depth: depth * np.float32(1000))


def upside_down(view: View) -> None:
    rewrite(view, "depth", lambda depth: depth[::-1])


POSES = "the poses are camera-to-world where cam_from_world is expected"
FLIP = (
    "y is flipped: the y axis of the cameras points up instead of down, or the depth maps are "
    "upside down"
)
OPENGL = (
    "y and z are flipped: the cameras have OpenGL's axes, y up and z backward, instead of y down "
    "and z forward"
)
DISTANCE = "depth is the distance along each pixel's ray instead of that along the optical axis"
MISTAKES: dict[str, tuple[Mistake, str]] = {
    "cx": (cx_moved, "the principal point is wrong: cx is 0.50 px too large"),
    "cy": (cy_moved, "the principal point is wrong: cy is 0.50 px too small"),
    "y": (y_flipped, FLIP),
    "opengl": (opengl_axes, OPENGL),
    "inverse": (inverted, POSES),
    "transposed": (transposed, "the rotations of the poses are transposed"),
    "distance": (ray_distance, DISTANCE),
    "millimetres": (millimetres, "depth is in millimetres instead of metres"),
    "rows": (upside_down, "y is flipped: the depth maps are upside down"),
}


@pytest.mark.parametrize(("spoil", "where"), [(every, "in all views"), (one, "in view 3")])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_views(
    copy: Path, name: str, spoil: Callable[[Mistake], Break], where: str
) -> None:
    mistake, sentence = MISTAKES[name]
    spoil(mistake)(copy)
    found = certificate(copy)
    assert not found.good
    (told,) = wrong(found, "consistency")
    assert _rounded(told) == _rounded(f"{where} {sentence}")


def _rounded(sentence: str) -> str:
    """The sentence with shifts that are near half a pixel as half a pixel."""
    for found in ("0.46", "0.47", "0.48", "0.49", "0.51", "0.52", "0.53", "0.54"):
        sentence = sentence.replace(f"{found} px", "0.50 px")
    return sentence


def test_a_twentieth_of_a_pixel_is_noticed(copy: Path) -> None:
    every(lambda view: edit_record(view, lambda tree: tree.update(cx=tree["cx"] + 0.05)))(copy)
    assert not certificate(copy).good


@pytest.mark.parametrize("hashes", [True, False], ids=["recorded", "not recorded"])
def test_swapped_files_are_named_with_both_views(copy: Path, hashes: bool) -> None:
    dataset = Dataset.open(copy)
    damage.swap(dataset.view(2), dataset.view(5))
    if hashes:
        refresh_hashes(dataset.view(2))
        refresh_hashes(dataset.view(5))
    found = certificate(copy)
    assert not found.good
    assert wrong(found, "consistency") == [
        "in views 2 and 5 the depth maps, or the cameras, are swapped"
    ]
    swapped = [sentence for sentence in wrong(found, "integrity") if "swapped" in sentence]
    assert swapped == (
        []
        if hashes
        else [
            f"view {a} has the files of view {b}: they were swapped (00{a}_render.png differs from "
            "what was written)"
            for a, b in ((2, 5), (5, 2))
        ]
    )


@pytest.mark.parametrize("model", ["blocks", "suzanne", "room"])
def test_swapped_images_are_named_where_nothing_else_tells(tmp_path: Path, model: str) -> None:
    """Opaque images, whose alpha does not show where the object is."""
    make(
        tmp_path / "out", 8, "render.film_transparent=false", "render.resolution_x=160",
        "render.resolution_y=120", "render.samples=16",
        model=ROOT / "references" / "models" / f"{model}.glb",
    )  # fmt: skip
    assert certificate(tmp_path / "out").good
    a, b = (Dataset.open(tmp_path / "out").view(index) for index in (1, 4))
    first = a.path("render").read_bytes()
    a.path("render").write_bytes(b.path("render").read_bytes())
    b.path("render").write_bytes(first)
    refresh_hashes(a)
    refresh_hashes(b)
    assert [f.sentence for f in certificate(tmp_path / "out").findings if f.wrong] == [
        "in views 1 and 4 the colour images are swapped: each fits the other's maps better than "
        "its own"
    ]


def test_swapped_cameras_are_named_too(copy: Path) -> None:
    dataset = Dataset.open(copy)
    poses = {i: dataset.view(i).camera.cam_from_world for i in (2, 5)}
    edit_pose(dataset.view(2), lambda _: poses[5])
    edit_pose(dataset.view(5), lambda _: poses[2])
    assert wrong(certificate(copy), "consistency") == [
        "in views 2 and 5 the depth maps, or the cameras, are swapped"
    ]


# Agreement


def image_of_view_0(view: View) -> None:
    view.path("render").write_bytes(view.path("render").with_name("000_render.png").read_bytes())
    refresh_hashes(view)


DISAGREEMENTS: dict[str, tuple[Callable[[View], None], str]] = {
    "normals in cam": (
        lambda view: rewrite(view, "normal", lambda values: -values),
        "the normals are not those of the surface that the depth map shows: their median angle is",
    ),
    "long normals": (
        lambda view: rewrite(view, "normal", lambda values: values * np.float16(1.1)),
        "normals are not of unit length in",
    ),
    "no normals": (
        lambda view: rewrite(view, "normal", lambda values: values * np.float16(0)),
        "only one of normal and depth has a surface in",
    ),
    "a mask beside its depth": (
        lambda view: rewrite(view, "mask", lambda ids: np.roll(ids, 3, axis=1)),
        "the mask has an object without depth in",
    ),
    "an unknown object": (
        lambda view: rewrite(view, "mask", lambda ids: np.where(ids == 1, np.uint32(99), ids)),
        "the mask has the id 99, which dataset.json does not",
    ),
    "other categories": (
        lambda view: rewrite(view, "semantic", lambda ids: np.roll(ids, 3, axis=0)),
        "mask and semantic disagree in",
    ),
    "positions of another place": (
        lambda view: rewrite(view, "position", lambda xyz: xyz + np.float32(0.01)),
        "the positions do not project to their pixels: 1 % of them are more than",
    ),
    "another distance": (
        lambda view: rewrite(view, "distance", lambda values: values * np.float32(1.001)),
        "depth and distance differ in",
    ),
    "an infinite depth": (
        lambda view: rewrite(view, "depth", lambda d: np.where(d == 0, np.float32(np.inf), d)),
        "the depth map holds negative or infinite depths",
    ),
    "another depth range": (
        lambda view: edit_record(view, lambda tree: tree.update(depth_range_m=[1.0, 2.0])),
        "the record's depth range is not that of the map",
    ),
    "another coverage": (
        lambda view: edit_record(view, lambda tree: tree.update(coverage=0.5)),
        "the record's covered share of the frame is not that of the mask",
    ),
    "the image of another view": (
        image_of_view_0,
        "the colour image is clear where the mask has an object, in",
    ),
    "another size": (
        lambda view: edit_record(view, lambda tree: tree.update(width=100)),
        "the depth map has 160x120 pixels, and the record says 100x120",
    ),
    "a depth map of three channels": (
        lambda view: view.path("depth").write_bytes(view.path("normal").read_bytes()) and None,
        "the depth map has 160x120 pixels of 3 channels, and the record says 160x120",
    ),
    "normals that are no numbers": (
        lambda view: rewrite(view, "normal", lambda values: values * np.float16(np.nan)),
        "only one of normal and depth has a surface in",
    ),
    "another pose in the headers": (
        lambda view: rewrite(view, "mask", pose=np.eye(4)),
        "the header of the mask map has another pose than the record",
    ),
}


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_maps_that_disagree_are_named(copy: Path, name: str) -> None:
    change, sentence = DISAGREEMENTS[name]
    one(change)(copy)
    told = wrong(certificate(copy), "agreement")
    assert any(text.startswith(f"in view 3 {sentence}") for text in told), told
    assert all(text.startswith("in view 3 ") for text in told)


# Integrity


def test_a_changed_file_and_a_missing_file_are_named(copy: Path) -> None:
    with (copy / "001_depth.exr").open("ab") as file:
        file.write(b"x")
    (copy / "004_mask.exr").unlink()
    told = wrong(certificate(copy), "integrity")
    assert told[0] == "001_depth.exr differs from what was written"
    assert told[1] == "004_mask.exr cannot be read (No such file or directory)"


def test_missing_views_are_named(copy: Path) -> None:
    (copy / "003_view.json").unlink()
    found = certificate(copy)
    assert wrong(found, "integrity") == [
        "view 3 of 9 planned does not exist; the command that made the dataset makes them"
    ]
    (surplus,) = notes(found)
    assert surplus.startswith("003_depth.exr, 003_distance.exr, 003_mask.exr, 003_normal.exr and")


def test_a_record_that_cannot_be_read_is_named(copy: Path) -> None:
    (copy / "003_view.json").write_text("null")
    (copy / "005_view.json").write_bytes((copy / "006_view.json").read_bytes())
    found = certificate(copy)
    assert wrong(found, "integrity") == [
        f"{copy / '003_view.json'} holds no JSON object",
        f"{copy / '005_view.json'} is the record of view 6",
    ]
    assert notes(found) == []
    assert [view.index for view in found.views] == [0, 1, 2, 4, 6, 7, 8]


def test_a_configuration_of_something_else_is_refused(copy: Path) -> None:
    (copy / "config.toml").write_text("[camera]\n")
    with pytest.raises(DatasetError) as refusal:
        certificate(copy)
    assert str(refusal.value) == (
        f"{copy / 'config.toml'} is not the configuration that made the dataset: the key "
        "'dof' is missing; put that one back"
    )


def test_left_over_files_are_worth_a_note(copy: Path) -> None:
    """Those of an earlier process with this one's number, and not what this one is writing."""
    earlier = f"{process_name().rpartition('-')[0]}-ffffff"
    left = layout.temporary("000_depth.exr", earlier)
    for name in (left, layout.temporary("point_cloud.ply", process_name()), layout.LOCK):
        (copy / name).write_bytes(b"half")
    assert [f.sentence for f in certificate(copy).findings] == [
        f"{left} belongs to no view; an interrupted run leaves such files, and the command that "
        "made the dataset clears up"
    ]


# Health


def test_what_is_worth_a_look_is_noted_and_not_wrong(tmp_path: Path) -> None:
    """Far too bright, too near, and one camera twice."""
    poses = ROOT / "references" / "poses"
    assert poses.is_dir()
    make(
        tmp_path / "out", 4, "render.resolution_x=64", "render.resolution_y=48",
        "light.uniform.energy=100000", "camera.location.quasi_random.r_min=0.4",
        "camera.location.quasi_random.r_max=0.4", "render.film_transparent=false",
    )  # fmt: skip
    dataset = Dataset.open(tmp_path / "out")
    for name in ("render.png", "depth.exr", "mask.exr"):
        (tmp_path / "out" / f"001_{name}").write_bytes(
            (tmp_path / "out" / f"000_{name}").read_bytes()
        )
    record = (tmp_path / "out" / "000_view.json").read_text()
    (tmp_path / "out" / "001_view.json").write_text(
        record.replace('"index": 0', '"index": 1').replace('"000_', '"001_')
    )
    found = certificate(tmp_path / "out")
    assert found.good
    told = notes(found)
    assert any(text.startswith("objects are cut off by the frame in views 0, 1") for text in told)
    assert any("of the surface is clipped to white in view" in text for text in told)
    assert "views 0 and 1 have the same camera" in told
    assert len(dataset.views) == 4


def test_views_that_show_little_are_noted(good: Path) -> None:
    clear = ViewHealth(cut_off=0.0, white=0.0, black=0.0, magenta=0.0)
    views = [
        replace(view, record=replace(view.record, **changes))
        for view, changes in zip(
            Dataset.open(good).views,
            ({"depth_range_m": None, "coverage": 0.0}, {"coverage": 0.0}, {}, {}),
            strict=False,
        )
    ]
    found = [clear, clear, replace(clear, white=0.25), replace(clear, white=0.75, cut_off=0.5)]
    assert [finding.sentence for finding in check_views(views, found)] == [
        "view 0 shows no surface at all",
        "no object with an id is in view 1",
        "objects are cut off by the frame in view 3",
        "up to 75% of the surface is clipped to white in views 2 and 3",
    ]


def test_views_that_see_nothing_of_each_other_are_noted(copy: Path) -> None:
    """Two groups, as if an orbit had two halves far apart."""
    found = certificate(copy)
    assert not [f for f in found.findings if "groups" in f.sentence]
    shared = np.zeros((5, 5), dtype=np.int64)
    shared[0, 1] = shared[1, 0] = shared[1, 2] = shared[2, 1] = shared[3, 4] = shared[4, 3] = 50
    groups = parts(shared)
    assert groups == [[0, 1, 2], [3, 4]]
    (finding,) = check_overlap([10, 11, 12, 13, 14], groups)
    assert finding == Finding(
        check="health",
        sentence="the views fall into 2 groups that see nothing of each other; views 13 and 14 are "
        "apart from the largest",
        views=[13, 14],
        wrong=False,
    )
