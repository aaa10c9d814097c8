"""Numbers as text read back exactly."""

from __future__ import annotations

import io
import json
import math

import numpy as np

from viewbatch.dataset.text import json_text, rows_text


def test_rows_read_back_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(30, 4)) * 10.0 ** rng.integers(-300, 300, (30, 4))
    np.testing.assert_array_equal(np.loadtxt(io.StringIO(rows_text(matrix))), matrix)


def test_a_vector_is_one_line_and_no_zero_is_negative() -> None:
    assert rows_text([1, -0.0, 0.1 + 0.2, 1e-7]) == "1.0 0.0 0.30000000000000004 1e-07\n"


def test_of_json_the_rows_of_a_matrix_are_lines() -> None:
    tree = {"m": [[math.pi, 0.0], [1e-300, -1.0]], "text": "a [\n 1,\n 2 ] b"}
    assert json.loads(json_text(tree)) == tree
    assert "    [3.141592653589793, 0.0],\n    [1e-300, -1.0]\n" in json_text(tree)
