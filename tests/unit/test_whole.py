"""Images that end too early are told from whole ones, in every format and at every length."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viewbatch.dataset.whole import check_whole, is_whole, why_not

TGA_FOOTER = bytes(8) + b"TRUEVISION-XFILE.\0"


def encoded(kind: str, mode: str) -> bytes:
    levels = np.random.default_rng(3).integers(0, 255, (40, 60, len(mode)), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, kind)
    # Nothing needs what stands behind the rows of a TGA.
    return file.getvalue().removesuffix(TGA_FOOTER)


@pytest.mark.parametrize(
    ("kind", "mode", "extension"),
    [("PNG", "RGBA", ".png"), ("JPEG", "RGB", ".jpg"), ("WEBP", "RGBA", ".webp"),
     ("TIFF", "RGB", ".tif"), ("TGA", "RGBA", ".tga")],
)  # fmt: skip
def test_every_shorter_file_is_found(kind: str, mode: str, extension: str) -> None:
    data = encoded(kind, mode)
    assert is_whole(data, extension)
    lengths = [0, 1, 7, 8, 9, *range(12, len(data), 97), len(data) - 2, len(data) - 1]
    assert [n for n in lengths if is_whole(data[:n], extension)] == []


def test_a_hole_in_a_png_is_found() -> None:
    data = encoded("PNG", "RGB")
    assert not is_whole(data[:1000] + bytes(100) + data[1100:], ".png")


def test_a_file_that_is_not_whole_is_removed_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG", "RGB")[:500])
    with pytest.raises(OSError, match="it was left incomplete"):
        check_whole(path)
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        check_whole(tmp_path / "none" / "a.png")


def test_why_a_large_file_found_no_room_is_told(tmp_path: Path) -> None:
    """A limit stands for a disk that is full: freeing what the file has taken would make room."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "a.png"
    path.write_bytes(bytes(2 << 20))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, hard))
    try:
        told = why_not(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (told.strerror, told.filename) == ("File too large", str(path))
    assert not path.exists()
