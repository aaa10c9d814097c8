# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "tqdm==4.70.1"]
# ///
"""Run the tests that need Blender on every Blender, and compare what they make.

    uv run scripts/test_blenders/test_blenders.py
    BLENDER=/opt/blender-4.3/blender uv run scripts/test_blenders/test_blenders.py --quick

README.md beside this file says which tests these are.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.test_blenders.command import main

    sys.exit(main(sys.argv[1:]))
