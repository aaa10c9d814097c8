# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "tqdm==4.70.1"]
# ///
"""Prove what a batch promises: damaged files, kills, shards, memory, every Blender.

    uv run scripts/campaign/campaign.py
    uv run scripts/campaign/campaign.py --only fuzz,kills --seed 7

README.md beside this file says what each part does.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.campaign.command import main

    sys.exit(main(sys.argv[1:]))
