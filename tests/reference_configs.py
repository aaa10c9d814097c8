"""The example configurations, and what their README says of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "references" / "configs"
FILES = sorted(FOLDER.glob("*.toml"))

_ROW = re.compile(
    r"^\| \[(?P<file>\w+\.toml)\]\((?P=file)\) \| (?P<purpose>[^|]+) \| "
    r"`uv run generate-batch\.py (?P<model>\S+) out (?P<views>\d+) --config (?P<config>\S+)` \|$",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the README's table."""

    file: str
    purpose: str
    model: str
    """Relative to the repository, as `config` is."""
    views: str
    config: str

    @property
    def name(self) -> str:
        return Path(self.file).stem


def rows() -> list[Row]:
    """The lines of the README's table."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return [Row(**found.groupdict()) for found in _ROW.finditer(text)]
