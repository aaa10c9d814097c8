# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "tqdm==4.70.1"]
# ///
"""Say what differs between two datasets: settings, views, cameras, pixels.

    uv run scripts/diff_datasets/diff_datasets.py out other
    uv run scripts/diff_datasets/diff_datasets.py out other --depth 1e-6 --json differences.json

README.md beside this file says what is compared, and what counts as equal.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.diff_datasets.command import main

    sys.exit(main(sys.argv[1:]))
