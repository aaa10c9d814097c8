"""Blender's files, made byte by byte: headers of every kind, cut at every length, compressed."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from tests.mesh_files import said
from viewbatch.errors import ModelError
from viewbatch.model_files import Findings, blend, read

HEADERS = {
    b"BLENDER_v279": ("<", "4sI12x", (2, 79)),
    b"BLENDER-v405": ("<", "4sI16x", (4, 5)),
    b"BLENDER-V276": (">", "4sI16x", (2, 76)),
    b"BLENDER17-01v0502": ("<", "4s12xQ8x", (5, 2)),
}


def blend_file(header: bytes) -> bytes:
    """A file of two blocks and the end."""
    order, layout, _ = HEADERS[header]
    blocks = ((b"REND", b"r" * 72), (b"DATA", b""), (b"ENDB", b""))
    return header + b"".join(
        struct.pack(order + layout, name, len(data)) + data for name, data in blocks
    )


def frame(*blocks: bytes, descriptor: int, fields: bytes) -> bytes:
    """A Zstandard frame of stored blocks; what it holds does not matter here."""
    result = struct.pack("<IB", 0xFD2FB528, descriptor) + fields
    for number, data in enumerate(blocks, start=1):
        result += (len(data) << 3 | (number == len(blocks))).to_bytes(3, "little") + data
    return result


def zstandard() -> bytes:
    """Frames with every field that one can have, a block of one byte repeated, and a table."""
    repeated = (1000 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"x"
    return (
        frame(b"one", b"two", descriptor=0x04, fields=b"w") + b"hash"
        + frame(b"three", descriptor=0xE2, fields=b"id" + b"12345678")
        + frame(descriptor=0x20, fields=b"1") + repeated
        + struct.pack("<II", 0x184D2A5E, 5) + b"table"
    )  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_a_whole_file_is_accepted_and_its_header_understood(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "model.blend"
    for data in (blend_file(header), gzip.compress(blend_file(header))):
        path.write_bytes(data)
        assert read(path) == Findings()
        found = blend.header(path)
        assert found is not None
        assert (found.version, found.big_endian) == (HEADERS[header][2], b"V" in header)


@pytest.mark.parametrize("header", HEADERS)
def test_a_file_cut_at_any_length_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "model.blend"
    whole = blend_file(header)
    for length in range(len(header), whole.index(b"ENDB")):
        assert said(path, whole[:length]) == (
            "! the model M is cut off or damaged: it ends before the block ENDB, which ends "
            "every whole Blender file; copy or save it again"
        )


def test_a_block_of_negative_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.blend"
    path.write_bytes(blend_file(b"BLENDER-v405").replace(struct.pack("<i", 72), b"\xff" * 4))
    with pytest.raises(ModelError, match="it ends before the block ENDB"):
        read(path)


def test_a_cut_or_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.blend"
    whole = gzip.compress(blend_file(b"BLENDER_v279"))
    damaged = bytearray(whole)
    damaged[-6] ^= 0xFF  # in the checksum
    for data in (whole[:40], bytes(damaged)):
        assert said(path, data) == (
            "! the model M is damaged: what it holds is compressed, and cannot be unpacked "
            "whole; copy or save it again"
        )


def test_zstandard_is_walked_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "model.blend"
    whole = zstandard()
    path.write_bytes(whole)
    assert read(path) == Findings()
    assert blend.header(path) is None
    table = whole.index(struct.pack("<I", 0x184D2A5E))
    for length in {*range(4, len(whole))} - {table, *starts_of_frames(whole)}:
        assert said(path, whole[:length]) == (
            "! the model M is cut off or damaged: it ends before its last frame's end, which "
            "ends every whole Blender file; copy or save it again"
        )
    assert said(path, whole + b"more") == (
        "! the model M is damaged: what it holds is compressed, and no compressed frame "
        "begins where one must; copy or save it again"
    )


def starts_of_frames(data: bytes) -> list[int]:
    magic = struct.pack("<I", 0xFD2FB528)
    return [i for i in range(len(data)) if data[i : i + 4] == magic]


@pytest.mark.parametrize("data", [b"BLEND", b"this is not a blend file"])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.blend"
    assert said(path, data) == (
        "! the model M is no Blender file: one starts with BLENDER and a version, or is "
        "compressed by gzip or Zstandard; check that it was downloaded whole, or name it by "
        "its real kind"
    )


def test_blocks_of_a_future_format_are_left_to_blender(tmp_path: Path) -> None:
    path = tmp_path / "model.blend"
    path.write_bytes(b"BLENDER17-02v0700 unlike all that is known")
    assert read(path) == Findings()
    found = blend.header(path)
    assert found is not None
    assert found.version == (7, 0)
