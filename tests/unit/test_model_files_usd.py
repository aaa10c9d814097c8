"""USD as text, in binary and zipped, made byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from tests.mesh_files import said
from viewbatch.model_files import Findings, read

TEXT = b'#usda 1.0\ndef Mesh "caf\xc3\xa9" {}\n'
AS_TEXT, IN_BINARY = "USD as text (usda)", "binary USD (usdc)"
SECTIONS = ("TOKENS", "STRINGS", "FIELDS", "FIELDSETS", "PATHS", "SPECS")


def crate(*sections: str) -> bytes:
    """A binary layer whose sections of 4 bytes stand before the table of contents."""
    header = struct.pack("<8s8sq64x", b"PXR-USDC", b"\0\x08", 88 + 4 * len(sections))
    table = struct.pack("<Q", len(sections))
    for number, name in enumerate(sections):
        table += struct.pack("<16sqq", name.encode(), 88 + 4 * number, 4)
    return header + b"data" * len(sections) + table


def usdz(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def damaged(how: str) -> str:
    return f"! the model M is damaged or cut off: {how}; copy or export it again"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.usda", TEXT),
        ("model.usd", TEXT),
        ("model.usdc", crate(*SECTIONS)),
        ("model.usd", crate(*SECTIONS, "OTHER")),
        ("model.usdz", usdz({"a.usdc": crate(*SECTIONS), "textures/t.png": b"png"})),
        ("MODEL.USDZ", usdz({"a.usda": TEXT})),
    ],
)
def test_whole_files_are_accepted(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert read(tmp_path / name) == Findings()


@pytest.mark.parametrize(
    ("name", "data", "by_name", "by_content"),
    [
        ("m.usda", crate(*SECTIONS), AS_TEXT, f"{IN_BINARY}; name it as what it is"),
        ("m.usdc", TEXT, IN_BINARY, f"{AS_TEXT}; name it as what it is"),
        (
            "m.usd",
            usdz({"a.usda": TEXT}),
            f"{IN_BINARY} or {AS_TEXT}",
            "a zip (usdz); name it as what it is",
        ),
        ("m.usd", b"none", f"{IN_BINARY} or {AS_TEXT}", "no USD; export it again"),
    ],
)
def test_a_misnamed_file_is_refused(
    tmp_path: Path, name: str, data: bytes, by_name: str, by_content: str
) -> None:
    assert said(tmp_path / name, data) == (
        f"! the model M cannot be imported: by its name the file is {by_name}, and by its content "
        f"{by_content}"
    )


def test_a_binary_file_cut_at_any_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.usdc"
    whole = crate(*SECTIONS)
    for length in range(8, len(whole)):
        assert said(path, whole[:length]) == damaged(
            "the table of contents of the file is not within it"
        )


def test_a_binary_file_with_senseless_contents_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.usdc"
    whole = crate(*SECTIONS)
    for start, size in [(-1, 4), (88, -1), (88, 1 << 40), (1 << 62, 1 << 62)]:
        section = struct.pack("<16sqq", b"PATHS", 88 + 16, 4)
        assert whole.count(section) == 1
        other = whole.replace(section, struct.pack("<16sqq", b"PATHS", start, size))
        assert said(path, other) == damaged("the section PATHS of the file is not within it")
    assert said(path, crate(*SECTIONS[:-1])) == damaged("the file has no section SPECS")


def test_text_must_be_text(tmp_path: Path) -> None:
    path = tmp_path / "model.usda"
    assert said(path, TEXT[: TEXT.index(b"\xa9")]) == damaged(
        "the file is text, and holds bytes that are not UTF-8"
    )
    assert said(path, TEXT + b"\0") == damaged("the file is text, and holds bytes that are none")


def test_a_zip_with_any_byte_of_its_files_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.usdz"
    whole = usdz({"a.usda": TEXT})
    begin = whole.index(TEXT)
    for at in range(begin, begin + len(TEXT)):
        data = bytearray(whole)
        data[at] ^= 1
        assert said(path, data) == damaged("the checksum of a.usda in it is wrong")


def test_a_zip_cut_at_any_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.usdz"
    whole = usdz({"a.usda": TEXT})
    for length in range(1, len(whole)):
        assert said(path, whole[:length]) == damaged("it cannot be read as a zip")


def test_a_zip_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """Its list names the same bytes again and again."""
    whole = usdz({"a.usda": TEXT + b"\n" * 1000})
    begin, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    entries = whole[begin:end] * 9
    directory = struct.pack("<4s4xHHIIH", b"PK\5\6", 9, 9, len(entries), begin, 0)
    assert said(tmp_path / "model.usdz", whole[:begin] + entries + directory) == damaged(
        "the files in it are together larger than it"
    )


def test_a_zip_that_usd_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.usdz"
    whole = bytearray(usdz({"a.usda": TEXT}))
    whole[18] += 1  # the size that stands before the file, and again at the end of the zip
    assert said(path, whole) == damaged("two places in it tell different things of a.usda")
    assert said(path, usdz({"a.usda": TEXT}, zipfile.ZIP_DEFLATED)) == (
        "! the model M cannot be imported: a.usda in it is compressed, and USD reads only what is "
        "stored as it is; pack it again with usdzip"
    )
    for files in ({}, {"texture.png": b"png", "a.usda": TEXT}):
        assert said(path, usdz(files)) == damaged("the first file in it is no layer of USD")
    assert said(path, usdz({"a.usdc": crate(*SECTIONS[:-1])})) == damaged(
        "a.usdc in it has no section SPECS"
    )
    assert said(path, usdz({"a.usdc": TEXT})) == (
        "! the model M cannot be imported: by its name a.usdc in it is binary USD (usdc), and by "
        "its content USD as text (usda); name it as what it is"
    )
