"""Where a configuration comes from: the default file, over it a user's, over it `--set`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from viewbatch._decode import decode, describe
from viewbatch.config import Config, PluginsConfig
from viewbatch.errors import ConfigError, UsageError

DEFAULT_FILE = Path(__file__).resolve().parent.parent / "config.default.toml"
PRESETS = {
    path.stem: path for path in sorted((Path(__file__).resolve().parent / "presets").glob("*.toml"))
}
"""Files of settings by the names under which they can be asked for."""
LOCAL_NAME = "config.toml"
MARKER = "# viewbatch configuration"
"""First line of a dump. What a Blender program prints before a script runs stands before
it when its output is redirected to a file, and is skipped when that file is read."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The merged tree, not decoded yet, and where it came from."""

    tree: dict[str, Any]
    description: str
    problems: tuple[str, ...]
    """What was wrong with the overrides."""

    @property
    def plugins(self) -> PluginsConfig | None:
        """`[plugins]` without the tables of single plugins; None where it is wrong."""
        own = {f.name for f in fields(PluginsConfig)}
        table = self.tree["plugins"]
        if not isinstance(table, Mapping):
            return None
        return decode(PluginsConfig, {k: table[k] for k in table if k in own}, "plugins", [])

    @property
    def plugin_tables(self) -> list[str]:
        """The names of the plugins that have a table, enabled or not."""
        table = self.tree["plugins"]
        if not isinstance(table, Mapping):
            return []
        return [k for k, v in table.items() if isinstance(v, dict)]

    def decode(
        self, plugin_types: Mapping[str, type], plugin_problems: Iterable[str] = ()
    ) -> Config:
        """The typed configuration, or one `ConfigError` with everything that is wrong.

        `plugin_types` are the plugins' `Config` dataclasses by name, and
        `plugin_problems` is what was wrong in finding them.
        """
        problems = [*self.problems]
        tree = dict(self.tree)
        if isinstance(tree["plugins"], dict):
            tree["plugins"] = {**{name: {} for name in plugin_types}, **tree["plugins"]}
        config = decode(Config.with_plugins(plugin_types), tree, "", problems)
        problems.extend(plugin_problems)
        if config is None or problems:
            raise ConfigError(self.description, problems)
        return config


def load(
    path: Path | None, overrides: Sequence[str], folder: Path, *, preset: str | None = None
) -> Sources:
    """Merge the defaults, a preset, `path` (or else `config.toml` in `folder`), and overrides.

    An override is KEY=VALUE; `preset` is one of the names in `PRESETS`.
    """
    tree = _parse(DEFAULT_FILE)
    description = DEFAULT_FILE.name
    if preset is not None:
        _merge(tree, _parse(PRESETS[preset]))
        description = f"the preset {preset}"
    if path is None and (folder / LOCAL_NAME).is_file():
        path = folder / LOCAL_NAME
    if path is not None:
        _merge(tree, _parse(path))
        description = str(path) if preset is None else f"{description}, {path}"
    problems = []
    for override in overrides:
        try:
            _merge(tree, _parse_override(override))
        except ValueError as error:
            problems.append(str(error))
    if overrides:
        description += " and --set"
    return Sources(tree=tree, description=description, problems=tuple(problems))


def dump(config: Config) -> str:
    """The complete configuration as TOML, which `load` reads back unchanged."""
    import tomli_w  # only where TOML is written: a configuration error needs no package

    return f"{MARKER}\n\n{tomli_w.dumps(config.tree())}"


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"the configuration {path} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), ["expected TOML, which is UTF-8 text"]) from error
    before, marker, after = text.partition(MARKER)
    if marker and "=" not in before and "[" not in before:
        # Keeps the line numbers of TOML's own messages right.
        text = "\n" * before.count("\n") + marker + after
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        raise ConfigError(str(path), [f"expected TOML: {error}"]) from error


def _parse_override(text: str) -> dict[str, Any]:
    """The tree of one KEY=VALUE; the value is TOML, or else a string."""
    key, equals, value = text.partition("=")
    form = f"--set: expected KEY=VALUE such as render.samples=64, found {describe(text)}"
    if not equals or not re.fullmatch(r"[\w.\"'-]+", key.strip()):
        raise ValueError(form)
    value = value.strip()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"--set {key}: expected UTF-8 text, found {describe(value)}") from None
    try:
        return tomllib.loads(f"{key} = {value}")
    except tomllib.TOMLDecodeError:
        pass
    if not value or value[0] in "[{\"'" or "\n" in value:
        raise ValueError(f"--set {key}: expected a TOML value, found {describe(value)}")
    try:
        tree = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        raise ValueError(form) from None
    parent = tree
    while isinstance(child := next(iter(parent.values())), dict):
        parent = child
    parent[next(iter(parent))] = value
    return tree


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
