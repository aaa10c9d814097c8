# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "pycolmap==4.2.1", "tqdm==4.70.1",
#     "trimesh==5.2.0",
# ]
# ///
"""Take a dataset through COLMAP with known poses, and compare what comes out with the truth.

    uv run compat/to_colmap/known_pose_way.py DATASET OUTPUT

Needs the plugins depth, mask, normal and mesh. Converts DATASET to OUTPUT (which is
replaced), extracts and matches features, triangulates them, undistorts the images, and fuses
the true depth maps; prints how far the points lie from the true surface. README.md beside this
file has the figures.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from compat.to_colmap.reconstruction import main

    sys.exit(main(__doc__, sys.argv[1:]))
