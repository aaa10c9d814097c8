"""scripts/report: one page that shows a dataset as it is, whatever is in it."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compat.shared.images import read_levels
from scripts.report import cloud
from scripts.report.command import address, main
from scripts.report.thumbnails import KINDS, PAGE_BYTES, picture, thumbnail
from scripts.report.times import read_times
from scripts.shared.pictures import NOTHING
from tests.compat.datasets import BLOCKS, SHIFTED, make, repeated
from tests.scripts.report.page import Array, Page, edit
from viewbatch.dataset import Dataset
from viewbatch.verify import certify
from viewbatch.verify.integrity import check_files

ROOT = Path(__file__).resolve().parents[3]


def test_the_program_runs_and_gives_the_same_bytes_again(dataset: Dataset, page: Page) -> None:
    program = ROOT / "scripts" / "report" / "report.py"
    output = dataset.folder / "again.html"
    done = subprocess.run(
        [sys.executable, str(program), dataset.folder.name, "--output", "toys/again.html"],
        cwd=dataset.folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    written = output.read_bytes()
    output.unlink()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"toys/again.html: 8 views, {len(written) / 1e6:.1f} MB\n"
    assert written.decode() == page.text


def test_it_says_what_the_dataset_is(dataset: Dataset, page: Page) -> None:
    assert page.says(
        "8 views of blocks.glb with 7 objects at 120\u202f\u00d7\u202f90 pixels, rendered with "
        "Cycles in Blender 4.5.15."
    )
    certificate = certify(dataset, read_levels=read_levels)
    assert certificate.good
    assert page.says("Consistent: nothing is wrong")
    total = certificate.consistency
    assert total is not None
    assert page.says(f"{total.sightings:,}")
    for view, shown in zip(certificate.views, page.data["views"], strict=True):
        assert shown["index"] == view.index
        assert shown["neighbors"] == list(view.neighbors)
        assert view.neighbors
    for name in ("config.toml", "dataset.json"):
        assert ("code", (dataset.folder / name).read_text(encoding="utf-8")) in page.words


def test_it_reaches_for_nothing_but_the_files_beside_it(dataset: Dataset, page: Page) -> None:
    policy = next(m for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert re.fullmatch(
        r"default-src 'none'; img-src data: 'self' file:; base-uri 'none'; form-action 'none'; "
        r"style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'",
        policy["content"] or "",
    )
    assert not re.search(r"\bhttps?:|\bwss?:|@import|url\((?!#)", page.text)
    assert not page.all("link")
    assert not page.all("iframe")
    for attributes in page.all("img"):
        assert (attributes.get("src") or "data:").startswith("data:")
    linked = {a["href"] for a in page.all("a") if not (a["href"] or "#").startswith("#")}
    assert linked == {view.path(kind).name for view in dataset.views for kind in KINDS}


def test_its_pictures_are_those_of_the_views(dataset: Dataset, page: Page) -> None:
    def over_grey(pixels: Array) -> Array:
        image = Image.fromarray(pixels).convert("RGBA")
        below = Image.new("RGBA", image.size, (128, 128, 128, 255))
        return np.asarray(Image.alpha_composite(below, image).convert("RGB")).astype(int)

    for kind in KINDS:
        wanted = [
            over_grey(read_levels(view) if kind == "render" else picture(kind, view.read(kind)))
            for view in dataset.views
        ]
        for view in dataset.views:
            shown = over_grey(page.picture(kind, view.index))
            off = [float(np.abs(shown - other).mean()) for other in wanted]
            own = off.pop(view.index)
            assert own == 0 or kind != "mask"
            # What WebP loses, most at edges, is far less than what another view differs by.
            assert own * 2 < min(off)


def test_a_thousand_views_of_noise_fit_into_the_page() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    sizes = [len(thumbnail(kind, noise, 1000).uri) for kind in KINDS]
    assert sum(sizes) * 1000 < PAGE_BYTES * 4 / 3 + 1000 * len(KINDS) * 30
    # Of few views, pictures are as large as can be used.
    gentle = np.full((600, 800, 3), 90, dtype=np.uint8)
    assert thumbnail("depth", gentle, 16).width_px == 512
    assert thumbnail("depth", gentle, 1000).width_px < 300


def test_points_are_on_their_pixels_in_their_colours(dataset: Dataset) -> None:
    bounds = dataset.record.bounds
    for view in dataset.views:
        depth, levels = np.asarray(view.read("depth")), read_levels(view)
        points, colors = cloud.sample(view, depth, levels, bounds, views=1000)
        assert len(points) == 120
        pixels, z = view.camera.project(points * bounds.radius + bounds.center)
        columns, rows = np.floor(pixels).astype(int).T
        np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=1) + 0.5, atol=1e-6)
        np.testing.assert_allclose(z, depth[rows, columns], rtol=1e-6)
        np.testing.assert_array_equal(colors, levels[rows, columns, :3])


def test_points_arrive_in_the_page(page: Page) -> None:
    points = page.data["points"]
    steps = np.frombuffer(base64.b64decode(points["positions"]), "<i2").reshape(-1, 3)
    assert len(steps) == points["count"] > 5000
    assert len(base64.b64decode(points["colors"])) == 3 * points["count"]
    scene = steps / 32767 * points["extent"]
    low, high = np.array(page.data["box"])
    # Depth ends where the model does, to the steps of the positions.
    assert (scene > low - 2e-4).all()
    assert (scene < high + 2e-4).all()
    assert (scene.max(axis=0) - scene.min(axis=0) > 0.9 * (high - low)).all()


def test_cameras_stand_where_they_are(dataset: Dataset, page: Page) -> None:
    bounds = dataset.record.bounds
    for view, shown in zip(dataset.views, page.data["views"], strict=True):
        k = view.camera.intrinsics
        center = np.array(shown["center"]) * bounds.radius + bounds.center
        np.testing.assert_allclose(center, view.camera.center_in_world, atol=1e-4)
        corners, z = view.camera.project(view.camera.center_in_world + np.array(shown["corners"]))
        np.testing.assert_allclose(z, 1, atol=1e-4)
        np.testing.assert_allclose(
            corners, [[0, 0], [k.width, 0], [k.width, k.height], [0, k.height]], atol=0.01
        )


def test_the_code_on_the_page_runs(
    dataset: Dataset, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dataset.folder.parent)
    with_reader, without_reader = (
        text for tag, text in page.words if tag == "code" and "import numpy" in text
    )
    names: dict[str, Any] = {}
    exec(with_reader, names)  # noqa: S102 - it is our own page
    others: dict[str, Any] = {}
    exec(without_reader, others)  # noqa: S102
    last = dataset.views[-1]
    np.testing.assert_array_equal(names["rgb"], read_levels(last))
    np.testing.assert_array_equal(names["ids"], last.read("mask"))
    np.testing.assert_array_equal(names["normals"], last.read("normal"))
    pixels, _ = last.camera.project(names["points"])
    rows, columns = np.nonzero(last.read("depth"))
    np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=1) + 0.5, atol=1e-6)
    for key in ("depth", "px_from_cam", "cam_from_world"):
        np.testing.assert_array_equal(names[key], others[key])


def test_names_cannot_become_markup(copy: Path) -> None:
    evil = '</script><script>alert("1")</script><img src=x onerror=alert(2)>\'"&amp;\ud800'

    def rename(tree: dict[str, Any]) -> None:
        tree["objects"][0]["name"] = tree["objects"][0]["category"] = evil
        tree["model"]["file"] = evil

    edit(copy / "dataset.json", rename)
    with (copy / "config.toml").open("a", encoding="utf-8") as file:
        file.write("# </code></pre><script>alert(3)</script>\n")
    folder = copy.rename(copy.with_name('a & "b" <i>\'{$name}'))
    assert main([str(folder)]) == 0
    page = Page(folder / "report.html")
    assert [script.get("type") for script in page.all("script")] == ["application/json", None]
    assert not [i for i in page.all("img") if "onerror" in i]
    assert not page.all("i")
    assert page.says(evil.replace("\ud800", "?"))
    assert page.says("# </code></pre><script>alert(3)</script>")
    assert page.data["objects"][0]["name"] == evil
    assert ("h1", folder.name) in page.words


def test_what_is_missing_or_damaged_is_said(copy: Path) -> None:
    depth = copy / "002_depth.exr"
    depth.write_bytes(depth.read_bytes()[:200])
    (copy / "005_view.json").unlink()
    edit(copy / "003_view.json", lambda tree: tree["files"].pop("normal"))
    assert main([str(copy)]) == 0
    page = Page(copy / "report.html")
    assert page.says("7 of 8 planned views of blocks.glb")
    assert page.says("Cannot be trusted: ")
    assert page.says("View 5 of 8 planned does not exist; ")
    assert page.says("Depth cannot be read")
    assert page.says("Normal is not there")
    assert [view["index"] for view in page.data["views"]] == [0, 1, 2, 3, 4, 6, 7]
    assert page.data["views"][2]["depth"] is None


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_none_do_no_harm(dataset: Dataset) -> None:
    view = dataset.view(1)
    depth = np.array(view.read("depth"))
    depth[:20], depth[20:30], depth[30:40] = np.nan, np.inf, -1
    points, _ = cloud.sample(view, depth, None, dataset.record.bounds, views=8)
    rows = np.floor(
        view.camera.project(points * dataset.record.bounds.radius + dataset.record.bounds.center)[0]
    )[:, 1]
    assert len(points) > 100
    assert (rows >= 40).all()
    normals = np.array(view.read("normal"))
    normals[:20], normals[20:30] = np.nan, np.inf
    for kind, values in (("depth", depth), ("normal", normals)):
        assert (picture(kind, values)[:20] == NOTHING).all()


def test_without_depth_there_is_no_certificate_but_a_page(copy: Path) -> None:
    for path in copy.glob("*_view.json"):
        edit(path, lambda tree: [tree["files"].pop(kind) for kind in ("depth", "normal")])
    assert main([str(copy)]) == 0
    page = Page(copy / "report.html")
    assert page.says("Not certified")
    assert page.says(
        f"There is no certificate: view 0 of {copy} has no depth, without which nothing can be "
        'proved; add "depth" to [plugins] enabled and render again.'
    )
    assert page.data["points"]["count"] == 0
    assert [i["value"] for i in page.all("input") if i.get("name") == "kind"] == [
        "all",
        "render",
        "mask",
    ]


def test_times_are_those_of_the_logs(copy: Path) -> None:
    first = read_times(copy)
    assert set(first.views) == set(range(8))
    assert {"colour", "ground truth"} <= set(first.stages)
    assert first.processes == 1
    (copy / "batch-99999999T000000Z-vm-1.log").write_text(
        "2026-01-01 10:00:00,000 INFO view 3: 61.25 s, /x/003_view.json\n"
        '2026-01-01 10:00:00,000 DEBUG timings {"threads": {"MainThread": '
        '{"colour": {"wall_s": 40.5}, '
        '"colour: Cycles": {"wall_s": 20.0}, "rest": {"wall_s": 0.5}}, '
        '"viewbatch-writer": {"encoding": {"wall_s": 9.0}}}, "peak_bytes": 1}\n'
        "2026-01-01 10:00:00,000 INFO view 4: what follows was cut off"
    )
    (copy / "batch-99999999T000001Z-vm-2.log").write_text(
        "2026-01-01 10:00:00,000 INFO 8 of 8 views exist already and are kept\n"
    )
    second = read_times(copy)
    assert second.processes == 2
    assert second.views == {**first.views, 3: 61.25}
    assert second.stages["colour"] == pytest.approx(first.stages["colour"] + 60.5)
    assert second.stages["rest"] == 0.5
    assert "encoding" not in second.stages  # beside the others, and no time of its own
    for path in copy.glob("batch-*.log"):
        path.unlink()
    assert main([str(copy)]) == 0
    assert Page(copy / "report.html").says(
        "There is no log beside the dataset that tells how long its views took."
    )


def test_the_dataset_does_not_stumble_over_the_page(dataset: Dataset, page: Page) -> None:
    assert page.text
    again = Dataset.open(dataset.folder)
    assert list(check_files(again, again.views)) == []
    # The same command finds the dataset complete, and leaves the page alone.
    assert len(make(dataset.folder, 8, *SHIFTED).views) == 8
    assert (dataset.folder / "report.html").read_text(encoding="utf-8") == page.text


def test_links_lead_from_wherever_the_page_is(tmp_path: Path) -> None:
    out = tmp_path / "my out"
    (tmp_path / "pages").mkdir()
    out.mkdir()
    assert address(out, out / "report.html") == ""
    assert address(out, tmp_path / "report.html") == "my%20out/"
    assert address(out, tmp_path / "pages" / "report.html") == "../my%20out/"


def test_one_view_is_enough(copy: Path) -> None:
    for index in range(1, 8):
        (copy / f"{index:03d}_view.json").unlink()
    assert main([str(copy)]) == 0
    page = Page(copy / "report.html")
    assert page.says("1 of 8 planned views")
    assert page.says("The camera is ")


def test_cameras_inside_are_shown_by_where_they_look(tmp_path: Path) -> None:
    folder = tmp_path / "room"
    make(
        folder,
        2,
        'camera.location.mode="inside"',
        "render.resolution_percentage=10",
        model=BLOCKS.with_name("room.glb"),
    )
    assert main([str(folder)]) == 0
    assert Page(folder / "report.html").says("Where the cameras look.")


def test_sixty_views_are_all_there(dataset: Dataset, tmp_path: Path) -> None:
    many = repeated(dataset, tmp_path / "many", 60)
    assert main([str(many.folder)]) == 0
    page = Page(many.folder / "report.html")
    assert page.data["points"]["count"] <= cloud.POINTS + 60
    assert len(page.data["views"]) == 60
