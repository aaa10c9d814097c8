# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "matplotlib==3.10.7", "numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "tqdm==4.70.1",
# ]
# ///
"""Show where the cameras of a dataset, or of a plan for one, stand and look.

    uv run scripts/hemisphere/hemisphere.py out
    uv run scripts/hemisphere/hemisphere.py out --output cameras.png

README.md beside this file shows what comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.hemisphere.command import main

    sys.exit(main(sys.argv[1:]))
