"""The keys of config.default.toml, by their dotted names."""

from __future__ import annotations

import tomllib
from typing import Any

from viewbatch import sources

FREE = {"objects.categories"}
"""Tables whose keys a user makes up; each counts as one key."""


def leaves(tree: dict[str, Any], path: str = "") -> set[str]:
    """Dotted keys of all that is no table, and of tables that users fill."""
    keys = set()
    for name, value in tree.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, dict) and key not in FREE:
            keys |= leaves(value, key)
        else:
            keys.add(key)
    return keys


def default_keys() -> set[str]:
    """Every key that there is."""
    return leaves(tomllib.loads(sources.DEFAULT_FILE.read_text(encoding="utf-8")))
