"""scripts/benchmark: its models, its measures, and each of its commands at tiny sizes."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from scripts.benchmark import frontier, jobs, measuring, quality, scenes, shapes
from scripts.benchmark.command import main
from scripts.benchmark.frontier import DEFAULT, Outcome, SceneResult
from scripts.benchmark.glb import encode_glb
from scripts.benchmark.hosts import Run
from scripts.benchmark.jobs import JOBS, JobName
from scripts.benchmark.measuring import Measurement
from scripts.benchmark.quality import Quality, Reference
from scripts.benchmark.scenes import SCENES, SceneName
from scripts.benchmark.spans import Trace
from scripts.benchmark.tables import Table
from tests.compat.datasets import make
from viewbatch import plugin, sources
from viewbatch.dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]
HOST = ("--host", sys.executable)
LINEAR = 'plugins.enabled=["depth", "mask", "linear"]'


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def outside(mesh: shapes.Mesh) -> float:
    """Share of the triangles, all but those without area, whose front is where normals point."""
    a, b, c = (mesh.points[mesh.triangles[:, i]] for i in range(3))
    front = np.cross(b - a, c - a)
    normals = sum(mesh.normals[mesh.triangles[:, i]] for i in range(3))
    whole = np.linalg.norm(front, axis=1) > 1e-12
    return float(((front * normals).sum(axis=1)[whole] > 0).mean())


@pytest.mark.parametrize("name", SceneName)
def test_scenes_are_files_of_closed_forms(name: SceneName, tmp_path: Path) -> None:
    things = SCENES[name].make()
    path = scenes.write_scene(name, tmp_path)
    assert path.read_bytes() == scenes.write_scene(name, tmp_path / "again").read_bytes()
    loaded = trimesh.load(path, force="scene")
    assert set(loaded.graph.nodes_geometry) == {thing.name for thing in things}
    for thing in things:
        assert outside(thing.mesh) == 1.0
        np.testing.assert_allclose(np.linalg.norm(thing.mesh.normals, axis=1), 1, atol=1e-9)
        # glTF's y is up; the file has float32.
        found = loaded.geometry[thing.name].bounds
        low, high = thing.mesh.points.min(axis=0), thing.mesh.points.max(axis=0)
        np.testing.assert_allclose(found[0], [low[0], low[2], -high[1]], atol=1e-6)
        np.testing.assert_allclose(found[1], [high[0], high[2], -low[1]], atol=1e-6)
    assert any(thing.name.startswith(scenes.MATTE_NAME) for thing in things)


def test_a_sphere_has_its_area_and_a_ring_its_volume() -> None:
    ball = shapes.sphere((1, 2, 3), 0.5, rows=64)
    mesh = trimesh.Trimesh(ball.points, ball.triangles)
    assert mesh.area == pytest.approx(math.pi, rel=2e-3)
    ring = shapes.torus((0, 0, 0), 1.0, 0.25, rows=64)
    mesh = trimesh.Trimesh(ring.points, ring.triangles)
    assert mesh.volume == pytest.approx(2 * math.pi**2 * 0.25**2, rel=4e-3)


def test_the_heavy_model_has_two_million_triangles_and_large_images(tmp_path: Path) -> None:
    path = jobs.write_heavy(tmp_path / "small.glb", 10, 64)
    assert path.read_bytes() == jobs.write_heavy(tmp_path / "again.glb", 10, 64).read_bytes()
    loaded = trimesh.load(path, force="scene")
    assert sum(len(mesh.faces) for mesh in loaded.geometry.values()) == 8 * 10**2
    assert {mesh.visual.material.baseColorTexture.size for mesh in loaded.geometry.values()} == {
        (64, 64)
    }
    assert 8 * jobs.HEAVY_ROWS**2 == 2_000_000
    assert jobs.HEAVY_TEXTURE_PX == 4096
    assert outside(shapes.bumpy_sphere((0, 0, 0), 1.0, rows=40, seed=1)) == 1.0


def test_jobs_are_those_that_figures_are_given_for() -> None:
    sizes = {job.name: (job.views, job.resolution_px, job.samples) for job in JOBS.values()}
    assert sizes == {
        "small": (16, 512, 64),
        "overhead": (64, 512, 1),
        "heavy": (16, 512, 1),
        "large": (4, 2048, 16),
        "many": (1000, 64, 1),
    }


def event(name: str, thread: int, begin: float, end: float, view: int | None) -> dict[str, object]:
    args = {} if view is None else {"view": view}
    times = {"ts": 1e6 * begin, "dur": 1e6 * (end - begin)}
    return {"ph": "X", "name": name, "tid": thread, "args": args, **times}


@pytest.fixture
def traced(tmp_path: Path) -> Trace:
    """Two views of one second each; the first one's files while the second is rendered."""
    names = [
        {"ph": "M", "name": "thread_name", "tid": tid, "args": {"name": name}}
        for tid, name in enumerate(["MainThread", "viewbatch-writer"])
    ]
    events = [
        event("start-up", 0, 0.0, 1.0, None),
        event("import", 0, 1.0, 1.5, None),
        event("Cycles", 0, 1.1, 1.2, None),
        event("colour", 0, 2.0, 2.8, 0),
        event("Cycles", 0, 2.1, 2.7, 0),
        event("colour", 0, 3.0, 3.9, 1),
        event("Cycles", 0, 3.1, 3.9, 1),
        event("encoding", 1, 2.9, 3.5, 0),
        event("waiting for the writer", 0, 3.9, 4.0, 1),
        event("encoding", 1, 4.0, 4.2, 1),
    ]
    memory = [
        {"ph": "C", "name": "peak memory", "ts": 0, "args": {"bytes": size}} for size in (5, 6)
    ]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": [*names, *events, *memory]}), encoding="utf-8")
    return Trace.read(path)


def test_a_trace_tells_what_views_took(traced: Trace) -> None:
    assert [view.wall_s for view in traced.views] == pytest.approx([1.0, 1.0])
    assert [view.cycles_s for view in traced.views] == pytest.approx([0.6, 0.8])
    assert [view.outside_s for view in traced.views] == pytest.approx([0.4, 0.2])
    assert (traced.first_pixel_s, traced.end_s) == pytest.approx((2.1, 4.2))
    assert traced.peaks == (5, 6)
    # 0.4 of the writer's 0.8 seconds.
    assert traced.beside_rendering == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (JobName.SMALL, 1 - 1.4 / 3.2),
        (JobName.OVERHEAD, 0.2),
        (JobName.HEAVY, 1.0 / 0.8),
        (JobName.LARGE, None),
        (JobName.MANY, None),  # too few views to tell
    ],
)
def test_goals_are_of_the_job(
    name: JobName, found: float | None, traced: Trace, tmp_path: Path
) -> None:
    done = Run(folder=tmp_path, wall_s=4.5, launched_s=-0.1, trace=traced, timings={})
    measured = Measurement(job=JOBS[name], run=done, bare_import_s=2.0, first_pixel_s=2.2)
    first, *others = measuring.goals(measured)
    assert first.found == pytest.approx(2.2 / 2.0)
    assert first.met
    assert [goal.found for goal in others] == ([] if found is None else [pytest.approx(found)])
    assert not any(goal.met for goal in others)


def test_growth_is_told_after_the_tenth_view(tmp_path: Path) -> None:
    begins = np.cumsum([0.0, *[1.0] * 20, *[2.0] * 20])
    spans = [event("Cycles", 0, begins[i], begins[i] + 0.5, i) for i in range(40)]
    names = {"ph": "M", "name": "thread_name", "tid": 0, "args": {"name": "MainThread"}}
    memory = [
        {"ph": "C", "name": "peak memory", "ts": 0, "args": {"bytes": size}}
        for size in [*range(1, 11), *[20] * 30]
    ]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": [names, *spans, *memory]}), encoding="utf-8")
    done = Run(folder=tmp_path, wall_s=1, launched_s=0, trace=Trace.read(path), timings={})
    measured = Measurement(job=JOBS[JobName.MANY], run=done, bare_import_s=1.0, first_pixel_s=1.0)
    _, time, memory_goal = measuring.goals(measured)
    assert (time.found, memory_goal.found) == pytest.approx((2.0, 20 / 10))


def test_display_values_and_decibels() -> None:
    np.testing.assert_allclose(
        quality.srgb(np.array([-1.0, 0.0, 0.0031308, 0.5, 1.0, 7.0])),
        [0, 0, 0.04045, 0.735357, 1, 1],
        atol=1e-6,
    )
    assert quality.decibel(1e-4) == pytest.approx(40.0)
    assert quality.decibel(0.0) == quality.decibel(-1.0) == quality.MOST_DB


def test_similarity_by_its_closed_forms() -> None:
    rng = np.random.default_rng(1)
    image = rng.uniform(size=(24, 30, 3))
    assert quality.ssim(image, image) == pytest.approx(1.0)
    # Of even images, only the brightness counts.
    a, b = np.full_like(image, 0.5), np.full_like(image, 0.25)
    c1 = 0.01**2
    expected = (2 * 0.5 * 0.25 + c1) / (0.5**2 + 0.25**2 + c1)
    assert quality.ssim(a, b) == pytest.approx(expected)
    # Of an image and its negative, structure counts against it.
    assert quality.ssim(image, 1 - image) < 0
    assert quality.ssim(image, image + 0.01 * rng.normal(size=image.shape)) > 0.95


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    """Two datasets of one scene, of which only the noise differs."""
    folder = tmp_path_factory.mktemp("pair")
    size = ("render.resolution_x=64", "render.resolution_y=48", "render.samples=4")
    settings = (LINEAR, *size, *SCENES[SceneName.DIFFUSE].all_settings)
    model = scenes.write_scene(SceneName.DIFFUSE, folder)
    return tuple(
        make(folder / str(seed), 2, *settings, f"seed={seed}", model=model) for seed in (1, 2)
    )


def test_quality_is_told_without_the_reference_s_own_noise(pair: tuple[Dataset, Dataset]) -> None:
    first, second = pair
    reference = Reference(first, second)
    assert 20 < reference.noise_db < 60
    # An image that went into it differs from the mean of two by just the mean's noise.
    assert reference.quality(first).psnr_db == quality.MOST_DB
    assert reference.quality(first).ssim < 1
    assert reference.quality(first).added_spread > 0


def test_spread_between_views_by_its_closed_form(pair: tuple[Dataset, Dataset]) -> None:
    points = quality.SurfaceColors(pair[0])
    height, width = pair[0].views[0].read("depth").shape
    shape = (height, width, 3)
    assert points.spread([np.full(shape, 0.3)] * 2) == pytest.approx(0, abs=1e-9)
    # The standard deviation of two values is their difference over the root of two.
    assert points.spread([np.full(shape, 0.3), np.full(shape, 0.4)]) == pytest.approx(
        255 * 0.1 / math.sqrt(2)
    )


def result(**found: tuple[float, float]) -> SceneResult:
    """Seconds and PSNR by name; its reference is not looked at."""
    return SceneResult(
        reference=None,  # type: ignore[arg-type]
        outcomes={
            name: Outcome(
                seconds=seconds,
                ratio=seconds / found[DEFAULT][0],
                quality=Quality(psnr_db=psnr, ssim=0.9, spread=2.0, added_spread=1.0),
            )
            for name, (seconds, psnr) in found.items()
        },
    )


def test_the_frontier_is_what_nothing_beats_and_the_cheapest_is_good_everywhere() -> None:
    one = result(default=(4.0, 48.0), fast=(1.0, 44.0), good=(2.0, 46.0), worse=(3.0, 45.5))
    other = result(default=(4.0, 49.0), fast=(1.0, 47.0), good=(2.0, 46.0), worse=(3.0, 47.5))
    assert one.best == {"default", "fast", "good"}
    assert other.best == {"default", "fast", "worse"}
    found = frontier.summary({SceneName.DIFFUSE: one, SceneName.GLASS: other})
    assert found.title == "All scenes; the cheapest that reaches 45 dB in each: good"
    assert [row[0] for row in found.rows] == ["fast", "good", "worse", "default"]
    assert found.rows[1] == ["good", "0.500", "46.00", "0.9000", "1.00", "1"]
    only = frontier.summary({SceneName.DIFFUSE: result(default=(1.0, 40.0))})
    assert only.title == "All scenes; the cheapest that reaches 45 dB in each: none"


def accepted(*settings: str) -> None:
    """Let the generator's configuration judge settings."""
    found = sources.load(sources.DEFAULT_FILE, settings, ROOT)
    assert found.plugins is not None
    classes, problems = plugin.find(found.plugins.enabled, found.plugin_tables, None)
    found.decode({name: kind.Config for name, kind in classes.items()}, problems)


def test_all_settings_are_the_generator_s() -> None:
    variants = list(frontier.variants())
    assert variants[0].name == DEFAULT
    assert len({variant.name for variant in variants}) == len(variants)
    for variant in variants:
        accepted(*variant.settings)
    for scene in SCENES.values():
        accepted(*scene.all_settings)
    for job in JOBS.values():
        accepted(*job.settings)


def test_a_job_prints_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(
        "jobs", "--job", "overhead", "--views", 3, "--resolution", 16, *HOST, "--keep", tmp_path,
        "--set", "render.cycles.use_denoising=false",
    )  # fmt: skip
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    text = printed.out
    assert "overhead: 3 views, 16x16, 1 samples" in text
    for stage, times in (("colour: Cycles", 6), ("colour file", 3), ("beside: encoding", 9)):
        assert re.search(rf"(?m)^  {stage} +{times} +\d+\.\d{{3}} ", text), stage
    assert re.search(
        r"(?m)^  seconds per view outside of Cycles, median +overhead +\S+ +0\.03 ", text
    )
    assert Dataset.open(tmp_path / "overhead" / "out").missing == []
    assert (tmp_path / "overhead" / "trace.json").exists()
    with Image.open(tmp_path / "overhead" / "trace.png") as picture:
        assert picture.size[0] > 400


def test_tables_can_be_markdown() -> None:
    table = Table(title="Title", columns=["a", "b"], rows=[["x", "1"], ["y", "22"]])
    assert table.text() == "Title\n  a   b\n  x   1\n  y  22"
    assert table.markdown() == ("**Title**\n\n| a | b |\n| --- | ---: |\n| x | 1 |\n| y | 22 |")


def test_the_frontier_is_measured_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "frontier"
    arguments = (
        "frontier", folder, "--scene", "diffuse", "--only", "clamp direct",
        "--reference-samples", 8, "--resolution", 32, "--views", 2,
        "--set", "render.cycles.use_denoising=false", *HOST,
    )  # fmt: skip
    assert run(*arguments) == 0
    first = capsys.readouterr().out
    for name in (DEFAULT, "clamp direct 10"):
        assert re.search(rf"(?m)^  {name}( \*)? +\d+\.\d{{3}} ", first), name
    with Image.open(folder / "frontier.png") as picture:
        assert picture.size[0] > 400
    kept = folder / "diffuse"
    written = {path: path.stat().st_mtime_ns for path in kept.glob("*/trace.json")}
    assert {path.parent.name for path in written} == {
        "default", "clamp_direct_10", "reference_1", "reference_2",
    }  # fmt: skip
    # What is there is not made again; what is of other settings is.
    assert run(*arguments) == 0
    assert capsys.readouterr().out == first
    assert {path: path.stat().st_mtime_ns for path in written} == written
    (kept / "clamp_direct_10" / "work.txt").write_text("other", encoding="utf-8")
    assert run(*arguments) == 0
    again = {path.parent.name for path in written if path.stat().st_mtime_ns != written[path]}
    assert again == {"clamp_direct_10"}


def test_trials_of_files_and_of_blender(capsys: pytest.CaptureFixture[str]) -> None:
    names = "exr,png,hash,truth,reading"
    size = ("--views", 2, "--resolution", 16, "--samples", 1)
    assert run("trials", names, *size, "--markdown", *HOST) == 0
    text = capsys.readouterr().out
    for title in ("EXR compression, depth of 16x16", "PNG compression, mask, 16 bits",
                  "Cheaper ground truth", "Reading passes, over one by one"):  # fmt: skip
        assert f"**{title}**\n" in text
    # The first row is what all others are told in.
    assert "| ZIP | 1.000 | 1.000 | 1.000 |" in text
    assert "| as it is | 1.000 | nothing |" in text
    assert re.search(r"\| lamps hidden \| \d+\.\d{3} \| nothing \|", text)
    assert re.search(r"\| box filter \| \d+\.\d{3} \| Depth, ", text)
    assert re.search(r"\| all at once \| \d+\.\d{3} \|", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["jobs", "--job", "small,none"],
            "argument --job: expected some of small, overhead, heavy, large, many, separated by "
            "commas, found 'none'; --help lists the arguments",
        ),
        (
            ["jobs", "--job", "overhead", "--host", "/none"],
            "/none cannot be run: No such file or directory; name a program with --host",
        ),
        (
            ["jobs", "--job", "overhead", "--set", "render.sample=1", *HOST],
            "a run ended with exit code 2: the configuration (config.default.toml and --set) has "
            "1 problem: render.sample: unknown key; did you mean render.samples?",
        ),
    ],
)
def test_bad_input_gets_a_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) != 0
    assert capsys.readouterr().err == f"benchmark.py: {message}\n"


def test_settings_that_are_not_there_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("frontier", tmp_path, "--only", "samples 1,colours") == 2
    told = capsys.readouterr().err
    assert told.startswith(
        "benchmark.py: no setting begins with 'colours'; there are default, samples 1, "
    )


def test_models_hold_what_is_told_to_them() -> None:
    things = SCENES[SceneName.GLASS].make()
    data = encode_glb(things)
    tree = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    clear = tree["materials"][0]
    assert clear["extensions"]["KHR_materials_transmission"] == {"transmissionFactor": 1.0}
    matte = tree["materials"][2]
    assert matte["name"] == "matte_wall"
    assert matte["extensions"]["KHR_materials_specular"] == {"specularFactor": 0.0}
