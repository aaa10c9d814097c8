# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "pycocotools==2.0.11"]
# ///
"""Index, name, box and area of every object in id maps: a table, JSON, COCO's JSON, a picture.

    uv run scripts/boxes/boxes.py out
    uv run scripts/boxes/boxes.py out --views 3 --draw boxes.png
    uv run scripts/boxes/boxes.py multilayer.exr --json boxes.json --coco annotations.json

README.md beside this file shows what comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.boxes.command import main

    sys.exit(main(sys.argv[1:]))
