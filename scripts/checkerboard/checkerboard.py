# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4"]
# ///
"""Make a checkerboard of exactly known size, as a GLB file.

    uv run scripts/checkerboard/checkerboard.py board.glb
    uv run scripts/checkerboard/checkerboard.py board.glb --columns 12 --rows 9 --square 0.025

README.md beside this file lists where its corners are.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.checkerboard.command import main

    sys.exit(main(sys.argv[1:]))
