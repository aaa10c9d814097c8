"""references/configs: each file is accepted, says nothing superfluous, and is in the README."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reference_configs import FILES, FOLDER, ROOT, rows
from viewbatch import plugin, sources
from viewbatch.config import Config


def decoded(path: Path | None) -> Config:
    """A configuration as `generate-batch.py` in the repository's folder gets it."""
    found = sources.load(path, [], FOLDER)
    assert found.plugins is not None
    names = {*found.plugins.enabled, *found.plugin_tables}
    classes, problems = plugin.find(sorted(names), found.plugin_tables, None)
    return found.decode({name: c.Config for name, c in classes.items()}, problems)


def leaves(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def at(tree: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = tree
    for key in path:
        value = value.get(key)
    return value


def idle_tables(config: Config) -> set[tuple[str, ...]]:
    """Tables that play no part, because a mode or a switch beside them says so."""
    lens, location, light = config.camera.lens.mode, config.camera.location.mode, config.light.mode
    unused = {("camera", "location", name) for name in ("random", "quasi_random", "uniform",
              "fibonacci", "orbit", "spiral", "inside", "file") if name != location}  # fmt: skip
    unused |= {("light", n) for n in ("uniform", "random", "three_point", "camera") if n != light}
    unused |= {("plugins", name) for name in config.tree()["plugins"]
               if name not in {"path", *config.plugins.enabled}}  # fmt: skip
    if lens != "intrinsics":
        unused.add(("camera", "lens", "intrinsics"))
    if config.world.mode != "hdri":
        unused.add(("world", "hdri"))
    unused.add(("render", "cycles" if config.render.engine == "EEVEE" else "eevee"))
    return unused - {("plugins", "enabled")}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_there_are_examples() -> None:
    assert len(FILES) >= 15


def test_every_key_differs_from_the_default_and_plays_a_part(path: Path) -> None:
    config, default = decoded(path), decoded(None)
    idle = idle_tables(config)
    named = list(leaves(tomllib.loads(path.read_text(encoding="utf-8"))))
    assert named
    for key in named:
        assert at(config.tree(), key) != at(default.tree(), key), f"{key} is the default"
        assert not any(key[: len(table)] == table for table in idle), f"{key} plays no part"


def test_inputs_stand_in_the_repository(path: Path) -> None:
    config = decoded(path)
    inputs = [config.world.hdri.path, config.world.backdrop.path, config.camera.location.file.path]
    for name in filter(None, inputs):
        assert (ROOT / name).is_file()
        assert (ROOT / name).stat().st_size < 200_000


def test_the_table_lists_the_files_with_their_first_lines_and_commands_that_fit() -> None:
    assert [row.name for row in rows()] == [path.stem for path in FILES]
    for row in rows():
        first = (FOLDER / row.file).read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# {row.purpose}."
        assert row.config == f"references/configs/{row.file}"
        assert (ROOT / row.model).is_file()
