"""What the documents say is run, and what they name is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from viewbatch.cli import parser
from viewbatch.dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path for path in ROOT.rglob("*.md") if not any(p.startswith(".") for p in path.parts)
)


def block(document: str, language: str) -> str:
    """The first code block of a language in a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"{document} has no block of {language}"
    return found[1]


@pytest.fixture(scope="module")
def documented_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset made with PLUGINS.md's own plugin and configuration."""
    folder = tmp_path_factory.mktemp("documents")
    plugins = folder / "my_plugins"
    plugins.mkdir()
    (plugins / "nearest.py").write_text(block("PLUGINS.md", "python"), encoding="utf-8")
    (folder / "config.toml").write_text(block("PLUGINS.md", "toml"), encoding="utf-8")
    settings = ["plugins.path=my_plugins", "render.samples=1", "render.resolution_percentage=10"]
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "generate-batch.py"),
            str(ROOT / "references" / "models" / "blocks.glb"),
            "out",
            "2",
            *(word for setting in settings for word in ("--set", setting)),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_the_plugin_of_the_document_writes_its_file(documented_dataset: Path) -> None:
    digits = tomllib.loads(block("PLUGINS.md", "toml"))["plugins"]["nearest"]["digits"]
    views = Dataset.open(documented_dataset).views
    assert [view.index for view in views] == [0, 1]
    for view in views:
        depth = view.read("depth")
        nearest = float(depth[depth > 0].min())
        assert view.path("nearest").read_text() == f"{nearest:.{digits}f}\n"
        assert view.damage() is None


def test_the_reader_of_the_readme_runs(
    documented_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(documented_dataset.parent)
    code = next(
        text
        for text in re.findall(
            r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
        )
        if "Dataset.open" in text
    )
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - it is our own document
    # "back again: pixel centres and depths", of the last view
    depth, pixels = np.asarray(names["depth"]), np.asarray(names["pixels"])
    rows, columns = np.nonzero(depth)
    np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=1) + 0.5, atol=1e-9)
    np.testing.assert_allclose(np.asarray(names["z"]), depth[depth > 0], rtol=1e-12)


def test_the_readme_names_every_option() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(--?[\w-]+|\w+)", text, re.MULTILINE))
    for action in parser()._actions:
        name = action.option_strings[-1] if action.option_strings else action.dest
        assert name in named or name in {"--help"}, f"README.md does not name {name}"


def test_the_configuration_of_the_readme_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(block("README.md", "toml"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(ROOT / "generate-batch.py"), "--dump-config"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert tomllib.loads(done.stdout)["camera"]["location"]["mode"] == "fibonacci"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_conventions_name_every_key_of_the_records(documented_dataset: Path) -> None:
    import json

    text = (ROOT / "CONVENTIONS.md").read_text(encoding="utf-8")
    for name in ("dataset.json", "000_view.json"):
        for key in json.loads((documented_dataset / name).read_text(encoding="utf-8")):
            assert f"`{key}`" in text or key == "conventions", f"CONVENTIONS.md lacks {key}"
