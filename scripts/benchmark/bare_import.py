# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.5.15", "numpy==1.26.4"]
# ///
"""Load Blender, import a glTF model, say when that was done: the least that a run can take.

uv run scripts/benchmark/bare_import.py references/models/suzanne.glb
"""

from __future__ import annotations

import os
import sys
import time

import bpy

if __name__ == "__main__":
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=sys.argv[-1])
    print(f"\nimported at {time.perf_counter()}", flush=True)
    os._exit(0)  # bpy can crash while Python shuts down
