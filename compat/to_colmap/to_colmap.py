# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "pycolmap==4.2.1", "tqdm==4.70.1",
# ]
# ///
"""Convert a dataset to a COLMAP project whose cameras are known.

    uv run compat/to_colmap/to_colmap.py DATASET OUTPUT
    uv run compat/to_colmap/to_colmap.py --verify DATASET OUTPUT

README.md beside this file says what comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from compat.shared.command import main
    from compat.to_colmap.conversion import CONVERTER

    sys.exit(main(CONVERTER, sys.argv[1:]))
