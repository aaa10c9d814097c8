"""compat/to_mvsnet: what counts as the scene, and what cannot be converted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import converted, run
from tests.compat.datasets import CENTRED, make
from tests.compat.to_mvsnet.scenes import (
    ALPHA,
    FEW,
    NAME,
    NAMES,
    ONE,
    numbered,
    read_camera,
    read_pfm,
    showing,
)
from viewbatch.dataset import Dataset


@pytest.fixture(scope="module")
def grounded(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Objects on a ground without an id."""
    return make(
        tmp_path_factory.mktemp("grounded") / "out", 3, *CENTRED,
        'ground.mode="plane"', "ground.size=12.0", "render.film_transparent=false",
    )  # fmt: skip


def test_only_what_has_an_id_counts_unless_all_is_asked_for(
    grounded: Dataset, tmp_path: Path
) -> None:
    ranges = {}
    for surfaces in ("objects", "all"):
        folder = tmp_path / surfaces
        converted(NAME, grounded.folder, folder, "--surfaces", surfaces)
        assert converted(NAME, "--verify", grounded.folder, folder).code == 0
        for number, view in enumerate(numbered(grounded, folder)):
            depth = view.read("depth")
            counts = depth > 0 if surfaces == "all" else view.read("mask") > 0
            written = read_pfm(folder / NAMES["mvsnet"].depth(number))
            assert np.array_equal(written, np.where(counts, depth, 0))
            ranges[surfaces] = read_camera(folder / NAMES["mvsnet"].camera(number))[2][3]
            assert ranges[surfaces] == pytest.approx(written.max(), rel=0.1)
    assert ranges["objects"] < 0.8 * ranges["all"]


def test_the_ground_is_no_object_also_where_masks_show_it(tmp_path: Path) -> None:
    settings = (*CENTRED, 'ground.mode="plane"', "ground.size=12.0", "ground.in_masks=true")
    dataset = make(tmp_path / "in", 3, *settings)
    assert dataset.record.objects[-1].name == "ground"
    folder = tmp_path / "out"
    left_out = "the ground is left out of depth and masks"
    assert converted(NAME, dataset.folder, folder).said == [
        f"warning: {ONE}; {left_out}; {ALPHA}; {FEW.format(3, '2 sources')}"
    ]
    assert converted(NAME, "--verify", dataset.folder, folder).code == 0
    ground = dataset.record.objects[-1].id
    for number, view in enumerate(numbered(dataset, folder)):
        ids, depth = view.read("mask"), view.read("depth")
        assert (ids == ground).any()
        written = read_pfm(folder / NAMES["mvsnet"].depth(number))
        assert np.array_equal(written, np.where((ids > 0) & (ids != ground), depth, 0))
        _, _, line = read_camera(folder / NAMES["mvsnet"].camera(number))
        assert line[3] == pytest.approx(written.max(), rel=0.1)

    binary = make(tmp_path / "binary", 1, *settings, 'plugins.mask.mode="binary"')
    result = run(NAME, binary.folder, tmp_path / "none")
    assert (result.code, result.said) == (
        2,
        [
            f"to_mvsnet.py: the masks of {binary.folder} are binary and show the ground, so that "
            "it cannot be told from the object; set ground.in_masks = false, or "
            'plugins.mask.mode = "instance", and render again, or choose --surfaces all'
        ],
    )


def test_a_model_far_from_its_origin_gives_a_warning(far: Dataset, tmp_path: Path) -> None:
    result = converted(NAME, far.folder, tmp_path / "out")
    warning = (
        "the model lies far from its origin: the cameras are exact, but MVSNet and its kin compute "
        "in float32, whose numbers are coarse there; set model.normalize and render again"
    )
    (said,) = result.said
    assert said.startswith(f"warning: {ALPHA}; {warning}; {FEW.format(4, '3 sources')}")
    assert converted(NAME, "--verify", far.folder, tmp_path / "out").code == 0


def test_views_of_nothing_are_left_out(near: Dataset, tmp_path: Path) -> None:
    dataset = showing(near, tmp_path / "in", {3: 0})
    result = converted(NAME, dataset.folder, tmp_path / "out", "--views", "0:5")
    assert result.said == [
        "warning: 1 of 5 views show no surface that counts (the first is view 3) and are left out; "
        f"{ONE}; {ALPHA}; {FEW.format(4, '3 sources')}"
    ]
    assert [view.index for view in numbered(dataset, tmp_path / "out")] == [0, 1, 2, 4]
    result = run(NAME, "in", "none", "--views", "2,3", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            "to_mvsnet.py: 1 of the 2 chosen views of in show a surface that counts, and "
            "multi-view stereo needs two; choose other views, or --surfaces all"
        ],
    )
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("enabled", "kind"), [(["mask"], "depth"), (["depth"], "mask")])
def test_what_is_missing_is_named_with_its_plugin(
    tmp_path: Path, enabled: list[str], kind: str
) -> None:
    make(tmp_path / "in", 2, *CENTRED, f"plugins.enabled={json.dumps(enabled)}")
    result = run(NAME, "in", "out", cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [
            f"to_mvsnet.py: view 0 of in has no {kind}, which this format needs; add "
            f'"{kind}" to [plugins] enabled and render again'
        ],
    )
    assert run(NAME, "in", "out", "--surfaces", "all", cwd=tmp_path).code == (kind == "depth") * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--depth-planes", "7"),
            "--depth-planes: expected a whole number of at least 8, found '7'",
        ),
        (("--background", "2"), "--background: expected a grey from 0 to 1, found '2'"),
        (("--background", "x"), "--background: expected a grey from 0 to 1, found 'x'"),
        (
            ("--surfaces", "ground"),
            "--surfaces: invalid choice: 'ground' (choose from 'objects', 'all')",
        ),
        (
            ("--layout", "eth3d"),
            "--layout: invalid choice: 'eth3d' (choose from 'mvsnet', 'dtu', 'blendedmvs')",
        ),
    ],
)
def test_bad_options_get_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run(NAME, "in", "out", *arguments, cwd=tmp_path)
    assert (result.code, result.said) == (
        2,
        [f"to_mvsnet.py: argument {message}; --help lists the arguments"],
    )
