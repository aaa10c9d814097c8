"""Draco: the library with which Blender's glTF importer decompresses meshes.

Blender 4.5 and 5.0 bring it, other versions and builds do not. Its interface is the same
in all of them, so the library of one serves another.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from viewbatch.blender import versions
from viewbatch.errors import ModelError

VARIABLE = "BLENDER_EXTERN_DRACO_LIBRARY_PATH"
"""Names the library's file. The importers of 4.2 and 4.3 know it too."""

_DECODER = "Draco Decoder: "
_LOGGERS = ("glTFImporter", "glTFImporter_errors")


def check(model: Path) -> None:
    """Make the importer find the library; raises `ModelError` where there is none."""
    importer: Any = importlib.import_module(versions.DRACO_IMPORTER)
    named = os.environ.get(VARIABLE)
    if named:
        library = Path(named)
        # The importer of 4.5 and later asks for no variable; all of them ask this function.
        importer.dll_path = lambda *_: library
    else:
        os.environ.pop(VARIABLE, None)  # the importer takes an empty one for a path
        library = Path(importer.dll_path(*versions.DRACO_LIBRARY))
    if not named and not library.is_file():
        raise ModelError(
            f"the model {model} is compressed with Draco, which this build of Blender "
            f"{versions.text()} cannot decompress; use Blender 4.5 or 5.0, set {VARIABLE} to the "
            f"file {library.name} of one of them, or decompress the model, for "
            "example with gltf-transform copy"
        )
    try:
        _ = ctypes.CDLL(str(library)).decoderCreate
    except (OSError, AttributeError) as error:
        raise ModelError(
            f"the model {model} is compressed with Draco, and {library} is not the library that "
            f"decompresses it; set {VARIABLE} to the libextern_draco of Blender 4.5 or 5.0"
        ) from error


@contextmanager
def watched(model: Path) -> Iterator[None]:
    """Raise `ModelError` where meshes imported meanwhile could not be decompressed.

    The importer tells that its log alone, and makes a mesh with a single vertex.
    """
    heard = _Listener()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(heard)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(heard)
    if heard.messages:
        raise ModelError(
            f"the model {model} cannot be imported: its Draco data is damaged "
            f"({heard.messages[0]}); copy or export it again"
        )


class _Listener(logging.Handler):
    """Keeps what the decoder has to complain of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith(_DECODER):
            self.messages.append(message.removeprefix(_DECODER).partition(". ")[0].rstrip("."))
