"""Open a .blend file as a model: nothing in it runs, and what it lacks is told."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from viewbatch.blender import versions
from viewbatch.blender.capture import message_of
from viewbatch.errors import ModelError
from viewbatch.model_files import blend

log = logging.getLogger(__name__)

# Blender says both that loading failed and why, and names the file each time.
_TWICE = re.compile(
    r"""(Loading ".*" failed: )?(Failed to read blend file '.*'[:,] )?""", re.DOTALL
)


def open_blend(path: Path, filepath: str) -> AbstractSet[str]:
    """Open a file; `filepath` is the same absolute, for Blender. What its operator answers."""
    header = blend.header(path)
    newer = header is not None and header.version > versions.OWN
    if header is not None and header.big_endian and not versions.READS_BIG_ENDIAN:
        raise ModelError(
            f"the model {path} was saved on a big-endian machine, and this Blender "
            f"{versions.text()} no longer reads such files; save it again with a Blender up to 4.5"
        )
    try:
        # Scripts must be forbidden by name: a preference or an earlier call may allow them.
        with _without_fluids():
            answer: AbstractSet[str] = bpy.ops.wm.open_mainfile(
                filepath=filepath, load_ui=False, use_scripts=False
            )
    except RuntimeError as error:
        if header is not None and newer:
            major, minor = header.version
            raise ModelError(
                f"the model {path} was saved by Blender {major}.{minor}, and this "
                f"{versions.text()} cannot read it; use Blender {major}.{minor} or newer"
            ) from error
        reason = _TWICE.sub("", message_of(error), count=1)
        raise ModelError(
            f"the model {path} cannot be imported: it is damaged ({reason}); copy or save it again"
        ) from error
    if header is not None and newer:
        log.warning(
            "the model was saved by Blender %d.%d, which is newer than this %s: what only the "
            "newer one knows is lost",
            *header.version,
            versions.text(),
        )
    _tell_what_is_missing()
    return answer


@contextmanager
def _without_fluids() -> Iterator[None]:
    """Take what simulates fluids out of a file that is opened meanwhile, and tell it.

    A simulation writes files wherever the model says, and where it cannot it ends the process.
    Blender evaluates a file as it opens it, after those who asked have been called.
    """
    found = []

    def remove(*_: object) -> None:
        for thing in bpy.data.objects:
            for modifier in [one for one in thing.modifiers if one.type == "FLUID"]:
                found.append(thing.name)
                thing.modifiers.remove(modifier)

    handler = persistent(remove)
    bpy.app.handlers.load_post.append(handler)
    try:
        yield
    finally:
        bpy.app.handlers.load_post.remove(handler)
    if found:
        log.warning(
            "the model simulates fluids, which is left out, since that writes files; apply the "
            "modifiers of type Fluid before it is saved"
        )


def _tell_what_is_missing() -> None:
    for library in bpy.data.libraries:
        if library.is_missing:
            log.warning(
                "the model links to the file %s, which is not there; what it takes from it is "
                "left out",
                bpy.path.abspath(library.filepath),
            )
    for block in bpy.data.user_map():
        if block.is_missing and block.library is not None and not block.library.is_missing:
            log.warning(
                "the model links to %s in the file %s, which has no such thing; it is left out",
                block.name,
                bpy.path.abspath(block.library.filepath),
            )
