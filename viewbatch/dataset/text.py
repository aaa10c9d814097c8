"""Numbers as text: the shortest decimal that reads back to the same float64, LF line ends."""

from __future__ import annotations

import json
import re

import numpy as np
import numpy.typing as npt


def json_text(tree: object) -> str:
    """JSON of plain values in ASCII; raises `ValueError` for what is not finite."""
    text = json.dumps(tree, indent=2, ensure_ascii=True, allow_nan=False)
    # A vector or a matrix's row stands on one line. Strings, which hold no raw newline, are
    # left alone.
    text = re.sub(r'\[\n\s*([^][{}"]+?)\n\s*\]', lambda m: f"[{' '.join(m[1].split())}]", text)
    return text + "\n"


def rows_text(matrix: npt.ArrayLike) -> str:
    """A line for each row of a matrix, numbers separated by a space."""
    # Adding 0.0 turns -0.0 into 0.0.
    rows = (np.atleast_2d(np.asarray(matrix, dtype=np.float64)) + 0.0).tolist()
    return "".join(" ".join(map(repr, row)) + "\n" for row in rows)
