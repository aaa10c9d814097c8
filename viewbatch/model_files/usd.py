"""USD: as text (usda), in binary (usdc, "crate"), and either with its textures in a zip (usdz)."""

from __future__ import annotations

import codecs
import os
import struct
import zipfile
from pathlib import Path
from typing import IO

from viewbatch.errors import ModelError
from viewbatch.model_files import places
from viewbatch.model_files.findings import Findings

_TEXT, _CRATE, _ZIP = b"#usda", b"PXR-USDC", b"PK\x03\x04"
_STARTS = {
    ".usda": (_TEXT,),
    ".usdc": (_CRATE,),
    ".usd": (_CRATE, _TEXT),
    ".usdz": (_ZIP,),
}
_NAMES = {_TEXT: "USD as text (usda)", _CRATE: "binary USD (usdc)", _ZIP: "a zip (usdz)"}

# The crate's header: magic, version, and the place of the table of sections (in USD's
# sources: pxr/usd/usd/crateFile.h).
_CRATE_HEADER = struct.Struct("<8s8sq")
_SECTION = struct.Struct("<16sqq")
_NEEDED = (b"TOKENS", b"STRINGS", b"FIELDS", b"FIELDSETS", b"PATHS", b"SPECS")

_LONGEST_PATH = 4096

_LOCAL = struct.Struct("<4s2xHHxxxxIIIHH")
_SIZES_FOLLOW = 0x8


def read(path: Path) -> Findings:
    """Refuse a file that is cut, damaged where that can be seen, or of another kind."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if path.suffix.lower() == ".usdz":
            _check_zip(path, file, size)
        else:
            _check_layer(path, path.name, file, size)
    return Findings()


def _check_layer(path: Path, name: str, file: IO[bytes], size: int) -> None:
    """Check what stands at the position of a file, `size` bytes of text or a crate."""
    begin = file.tell()
    start = file.read(8)
    file.seek(begin)
    expected = _STARTS[Path(name).suffix.lower()]
    found = next((magic for magic in expected if start.startswith(magic)), None)
    where = "the file" if name == path.name else f"{name} in it"
    if found is None:
        wanted = " or ".join(_NAMES[magic] for magic in expected)
        really = next((_NAMES[m] for m in _NAMES if start.startswith(m)), None)
        content = f"{really}; name it as what it is" if really else "no USD; export it again"
        raise ModelError(
            f"the model {path} cannot be imported: by its name {where} is {wanted}, and by its "
            f"content {content}"
        )
    if found == _CRATE:
        _check_crate(path, where, file, size)
    else:
        _check_text(path, where, file, size)


def _check_crate(path: Path, where: str, file: IO[bytes], size: int) -> None:
    begin = file.tell()
    header = file.read(_CRATE_HEADER.size)
    place = _CRATE_HEADER.unpack(header)[2] if len(header) == _CRATE_HEADER.size else size
    if not _CRATE_HEADER.size <= place <= size - 8:
        raise _damaged(path, f"the table of contents of {where} is not within it")
    file.seek(begin + place)
    (count,) = struct.unpack("<Q", file.read(8))
    if count > (size - place - 8) // _SECTION.size:
        raise _damaged(path, f"the table of contents of {where} is not within it")
    names = set()
    for _ in range(count):
        name, start, length = _SECTION.unpack(file.read(_SECTION.size))
        name = name.rstrip(b"\0")
        if start < 0 or length < 0 or start + length > size:
            shown = name.decode("ascii", "backslashreplace")
            raise _damaged(path, f"the section {shown} of {where} is not within it")
        names.add(name)
    for name in _NEEDED:
        if name not in names:
            raise _damaged(path, f"{where} has no section {name.decode()}")


def _check_text(path: Path, where: str, file: IO[bytes], size: int) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    left = size
    tail = b""
    try:
        while left:
            piece = file.read(min(left, 1 << 20))
            left -= len(piece)
            if b"\0" in piece or not piece:
                raise _damaged(path, f"{where} is text, and holds bytes that are none")
            decoder.decode(piece, final=left == 0)
            *assets, tail = (tail + piece).split(b"@")
            for asset in assets:
                _check_asset(path.parent, asset)
            tail = tail[-_LONGEST_PATH:]
    except UnicodeDecodeError:
        raise _damaged(path, f"{where} is text, and holds bytes that are not UTF-8") from None


def _check_asset(folder: Path, asset: bytes) -> None:
    """Check what may be the path of another file, as texts between two @ are."""
    if asset.strip() and len(asset) <= _LONGEST_PATH and b"\n" not in asset:
        name = os.fsdecode(asset).partition("[")[0]  # what follows is within a zip
        places.check(name, os.path.join(folder, name))  # noqa: PTH118 - also an absolute path


def _check_zip(path: Path, file: IO[bytes], size: int) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            for entry in entries:
                _check_entry(path, file, entry)
            if sum(entry.file_size for entry in entries) > size:
                raise _damaged(path, "the files in it are together larger than it")
            if (damaged := archive.testzip()) is not None:
                raise _damaged(path, f"the checksum of {damaged} in it is wrong")
            if not entries or Path(entries[0].filename).suffix.lower() not in _STARTS:
                raise _damaged(path, "the first file in it is no layer of USD")
            with archive.open(entries[0]) as layer:
                _check_layer(path, entries[0].filename, layer, entries[0].file_size)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, "it cannot be read as a zip") from error


def _check_entry(path: Path, file: IO[bytes], entry: zipfile.ZipInfo) -> None:
    """Check that a file is stored as it is, and what stands before it says what the end says.

    USD goes by the first, and Python by the second.
    """
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ModelError(
            f"the model {path} cannot be imported: {entry.filename} in it is compressed, and USD "
            "reads only what is stored as it is; pack it again with usdzip"
        )
    file.seek(entry.header_offset)
    header = file.read(_LOCAL.size)
    if len(header) == _LOCAL.size:
        magic, flags, method, crc, packed, unpacked, *_ = _LOCAL.unpack(header)
        told = (entry.compress_type, entry.CRC, entry.compress_size, entry.file_size)
        if magic == _ZIP and (flags & _SIZES_FOLLOW or (method, crc, packed, unpacked) == told):
            return
    raise _damaged(path, f"two places in it tell different things of {entry.filename}")


def _damaged(path: Path, how: str) -> ModelError:
    return ModelError(f"the model {path} is damaged or cut off: {how}; copy or export it again")
