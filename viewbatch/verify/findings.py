"""What a check has to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or that a user should look at."""

    check: str
    """"integrity", "agreement", "consistency" or "health"."""
    sentence: str
    """For people; names the views."""
    views: Sequence[int] = ()
    """Indices of the views that it is about; none where it is about all."""
    wrong: bool = True
    """Whether the dataset cannot be trusted; else it is worth a look."""


def listed(indices: Sequence[int], noun: str = "view") -> str:
    """`view 3`, `views 3 and 5`, or `views 3, 5, 7 and 12 others`."""
    if len(indices) == 1:
        return f"{noun} {indices[0]}"
    shown = [str(index) for index in indices[:4]]
    if len(indices) > len(shown) + 1:
        return f"{noun}s {', '.join(shown)} and {len(indices) - len(shown)} others"
    shown = [str(index) for index in indices]
    return f"{noun}s {', '.join(shown[:-1])} and {shown[-1]}"
