#!/usr/bin/env python3
# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.5.15", "numpy==1.26.4", "OpenEXR==3.5.3", "tomli-w==1.2.0"]
# ///
"""Render a multi-view dataset of a 3D model; see README.md.

uv run generate-batch.py model.glb out 16
blender --background --python generate-batch.py -- model.glb out 16
"""

import signal
import sys
from pathlib import Path

# Until there is anything to clean up, Ctrl-C ends the process without a word.
signal.signal(signal.SIGINT, signal.SIG_DFL)

if sys.version_info < (3, 11):  # noqa: UP036 - an older Blender brings an older Python
    sys.exit(
        "error: this is Python {}.{}, and 3.11 or newer is needed; run "
        "'uv run generate-batch.py', which brings its own".format(*sys.version_info[:2])
    )

# A Blender program looks for modules neither beside the script nor in PYTHONPATH.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from viewbatch import streams  # noqa: E402 - Ctrl-C and sys.path come first
from viewbatch.interrupt import ends_process  # noqa: E402

streams.open_closed()

if __name__ == "__main__":
    with ends_process():
        from viewbatch.cli import run_and_exit  # takes a while, and may be interrupted

        run_and_exit()
