"""Import a model in another process first, where reading the file may end the process.

Damaged files of some kinds end it with nothing to catch, and no look at a file foretells
that: all of its parts may be in their places, and what they hold senseless.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import traceback
from pathlib import Path
from typing import NoReturn

import bpy

from viewbatch.blender import child, scene, versions
from viewbatch.blender.capture import Capture
from viewbatch.blender.model import import_model
from viewbatch.errors import ModelError
from viewbatch.model_files import Kind, kind_of

log = logging.getLogger(__name__)

NEEDED = frozenset({Kind.BLEND, Kind.USD, Kind.ALEMBIC, Kind.COLLADA})
"""The kinds of which damaged files were seen to end Blender."""

_CODE = """
from viewbatch.blender import rehearsal
rehearsal.import_and_exit({path!r}, {frame!r})
"""


def check(path: Path, frame: int) -> None:
    """Raise `ModelError` where importing a file and evaluating a frame of it ends a process."""
    if kind_of(path) not in NEEDED:
        return
    # Blender has its own idea of a relative path once it has opened a file.
    done = child.run(_CODE.format(path=os.path.abspath(path), frame=frame))  # noqa: PTH100
    log.debug("%s", (done.stdout + done.stderr).decode(errors="replace"))
    if done.returncode == 0:
        return
    if os.name == "posix" and done.returncode == -signal.SIGKILL:
        raise ModelError(
            f"the model {path} was imported in a process of its own first, and the system killed "
            "it, as it does where memory runs out; use a smaller model, or more memory"
        )
    raise ModelError(
        f"the model {path} makes Blender {versions.text()} crash ({_ending(done.returncode)}): it "
        "is damaged, or holds what this Blender cannot read; export it again, or use another "
        "Blender"
    )


def import_and_exit(path: str, frame: int) -> NoReturn:
    """End this process with 0 where it survives; what else is wrong its parent will find."""
    # Where memory runs out this process must be the one that ends, and leave no image of it.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(ImportError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        model = Path(path)
        source = import_model(model)
        camera = bpy.data.objects.new("rehearsal", bpy.data.cameras.new("rehearsal"))
        with Capture() as capture:
            scene.rehearse(source, model, camera, frame, capture)
    except Exception:  # noqa: BLE001 - it is survived, whatever it is
        traceback.print_exc()
    finally:
        os._exit(0)


def _ending(code: int) -> str:
    """How a process ended, in one word or two."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"
