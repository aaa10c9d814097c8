"""Another process of this very Blender, for what may end the whole process."""

from __future__ import annotations

import os
import subprocess
import sys

import bpy

from viewbatch import children
from viewbatch.dataset.writer import private_folder
from viewbatch.errors import RunError

# Its standard input ends when the process that started it does, also by SIGKILL.
_WATCH = """
import os, sys, threading
def end_with_the_parent():
    sys.stdin.read()
    os._exit(1)
threading.Thread(target=end_with_the_parent, daemon=True).start()
"""


def run(code: str) -> subprocess.CompletedProcess[bytes]:
    """Run Python code in a Blender with factory settings; it finds the modules this one does.

    The code ends its process itself, with `os._exit`. However it ends, it leaves no file, and
    of the user's own settings and scripts it sees none.
    """
    # Without the folders that Blender put first, which it does there as well.
    own = bpy.utils.resource_path("LOCAL")
    path = [folder for folder in sys.path if not folder.startswith(own)]
    code = _WATCH + code
    program = bpy.app.binary_path
    if program:
        found = f"import sys\nsys.path += [p for p in {path!r} if p not in sys.path]\n"
        command = [program, "--background", "--factory-startup", "--disable-crash-handler"]
        command += ["--python-exit-code", "1", "--python-expr", found + code]
    else:
        command = [sys.executable, "-c", f"import sys\nsys.path[:] = {path!r}\n{code}"]
    with private_folder() as folder:
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "BLENDER_USER_RESOURCES"), str(folder))
        try:
            return children.run(command, {**os.environ, **places})
        except OSError as error:
            raise RunError(f"{command[0]} cannot be started: {error.strerror}") from error
