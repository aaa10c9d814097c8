"""Ogawa containers, made byte by byte: whole, cut at every length, and of other kinds."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.mesh_files import said
from viewbatch.model_files import Findings, read

DATA = 1 << 63


def ogawa(*, finished: int = 0xFF, version: int = 1) -> bytes:
    """A root group of nothing, data of 5 bytes, and a group that holds data of none."""
    place = 16
    data = struct.pack("<Q5s", 5, b"bytes")
    empty = struct.pack("<Q", 0)
    inner_at = place + len(data) + len(empty)
    inner = struct.pack("<QQ", 1, DATA | place + len(data))
    root = struct.pack("<QQQQQ", 4, 0, DATA, DATA | place, inner_at)
    header = struct.pack("<5sB2sQ", b"Ogawa", finished, bytes([0, version]), inner_at + len(inner))
    return header + data + empty + inner + root


def test_a_whole_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "model.abc"
    path.write_bytes(ogawa())
    assert read(path) == Findings()


def test_a_file_cut_at_any_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.abc"
    whole = ogawa()
    root = struct.unpack_from("<Q", whole, 8)[0]
    for length in range(16, len(whole)):
        assert said(path, whole[:length]) == (
            f"! the model M is cut off or damaged: what its tree places at byte {root} is not "
            f"within its {length} bytes; copy or export it again"
        )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (struct.pack("<Q5s", 5, b"bytes"), struct.pack("<Q5s", 1 << 40, b"bytes"), 16),
        (struct.pack("<Q", DATA | 16), struct.pack("<Q", DATA | 1 << 50), 1 << 50),
        (struct.pack("<Q", DATA | 16), struct.pack("<Q", DATA | DATA - 1), DATA - 1),
        (struct.pack("<Q", 37), struct.pack("<Q", 1 << 62), 1 << 62),
        (struct.pack("<QQ", 1, DATA | 29), struct.pack("<QQ", 1 << 61, DATA | 29), 37),
    ],
    ids=["data too long", "data outside", "data far outside", "group outside", "group too long"],
)
def test_a_tree_that_leads_out_of_the_file_is_refused(
    tmp_path: Path, old: bytes, new: bytes, place: int
) -> None:
    path = tmp_path / "model.abc"
    whole = ogawa()
    assert whole.count(old) == 1
    assert said(path, whole.replace(old, new)) == (
        f"! the model M is cut off or damaged: what its tree places at byte {place} is not "
        f"within its {len(whole)} bytes; copy or export it again"
    )


def test_a_tree_that_leads_back_into_itself_ends(tmp_path: Path) -> None:
    path = tmp_path / "model.abc"
    whole = ogawa()
    root = whole[8:16]
    path.write_bytes(whole.replace(struct.pack("<Q", DATA | 29), root))
    assert read(path) == Findings()


def test_what_is_no_finished_ogawa_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.abc"
    nothing = (
        "! the model M is no Alembic file: one starts with Ogawa; check that it was downloaded "
        "whole, or name it by its real kind"
    )
    assert said(path, b"OBJ or whatever else") == nothing
    assert said(path, ogawa(finished=0)) == (
        "! the model M was never finished: the program that wrote it ended before; export it again"
    )
    assert said(path, ogawa(version=2)) == (
        "! the model M is Alembic in an Ogawa container of version 2, and that which Blender "
        "reads is 1"
    )
    assert said(path, b"\x89HDF\r\n\x1a\n and more") == (
        "! the model M is Alembic in the old HDF5 container, which Blender does not read; "
        "convert it with: abcconvert -toOgawa"
    )
