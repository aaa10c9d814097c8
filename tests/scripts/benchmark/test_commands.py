"""Each command of the benchmark at tiny sizes, its settings, tables and refusals."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from scripts.benchmark import frontier
from scripts.benchmark.command import main
from scripts.benchmark.frontier import DEFAULT
from scripts.benchmark.jobs import JOBS
from scripts.benchmark.scenes import SCENES
from scripts.benchmark.tables import Table
from viewbatch import plugin, sources
from viewbatch.dataset import Dataset

ROOT = Path(__file__).resolve().parents[3]


HOST = ("--host", sys.executable)


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


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
    names = "exr,png,hash,truth,reading,encoder"
    size = ("--views", 2, "--resolution", 16, "--samples", 1)
    assert run("trials", names, *size, "--markdown", *HOST) == 0
    text = capsys.readouterr().out
    for title in ("EXR compression, depth of 16x16", "PNG compression, mask, 16 bits",
                  "Cheaper ground truth", "Reading passes, over one by one",
                  "Colour files, over no file at all"):  # fmt: skip
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
