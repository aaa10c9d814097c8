# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3"]
# ///
"""List what EXR files hold, with statistics, or write it as numpy arrays.

    uv run scripts/exr/exr.py out/000_depth.exr
    uv run scripts/exr/exr.py multilayer.exr --channel Depth --output depth.npy
    uv run scripts/exr/exr.py multilayer.exr --output multilayer.npz

From Python, in the repository's folder: `from scripts.exr import exr2numpy`. README.md beside
this file says what comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.exr.command import main

    sys.exit(main(sys.argv[1:]))
