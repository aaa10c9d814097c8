"""What one process is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from viewbatch.config import Config
from viewbatch.model_files import Findings
from viewbatch.plugin import Plugin


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the command line asks for."""

    model: Path
    findings: Findings
    """What is known of the model's file."""
    output: Path
    number_of_views: int
    """How many the dataset is planned to have."""
    views: Sequence[int]
    """Indices of those that this process makes."""
    config: Config
    plugins: Mapping[str, type[Plugin]]
    skip_render: bool
    overwrite: bool
