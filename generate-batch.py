#!/usr/bin/env python3
# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.5.15", "numpy==1.26.4", "OpenEXR==3.5.3", "tomli-w==1.2.0"]
# ///
"""Render a multi-view dataset of a 3D model; see README.md.

uv run generate-batch.py model.glb out 16
blender --background --python generate-batch.py -- model.glb out 16
"""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - an older Blender brings an older Python
    sys.exit(
        "error: this is Python {}.{}, and 3.11 or newer is needed; run "
        "'uv run generate-batch.py', which brings its own".format(*sys.version_info[:2])
    )

# A Blender program looks for modules neither beside the script nor in PYTHONPATH.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from viewbatch.cli import run_and_exit

if __name__ == "__main__":
    run_and_exit()
