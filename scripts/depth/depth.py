# /// script
# requires-python = ">=3.11"
# dependencies = ["matplotlib==3.10.7", "numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0"]
# ///
"""Show depth maps in metres with a colour bar, in a window or as PNG.

    uv run scripts/depth/depth.py out/000_depth.exr
    uv run scripts/depth/depth.py out --views 0:4 --output depth.png
    uv run scripts/depth/depth.py multilayer.exr --range 2 9 --output depth.png

README.md beside this file shows what comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.depth.command import main

    sys.exit(main(sys.argv[1:]))
