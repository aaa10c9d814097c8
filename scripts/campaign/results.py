"""What the parts of the campaign found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row of the table at the end."""

    part: str
    tried: str
    found: str
    failures: list[str] = field(default_factory=list)
    """What must not be, one line each; the part holds where there is none."""

    @property
    def holds(self) -> bool:
        return not self.failures
