# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4"]
# ///
"""Run the array job of the README on a real Slurm, and compare it with a single run.

    uv run scripts/slurm/slurm.py

README.md beside this file says what is started for it.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.slurm.command import main

    sys.exit(main(sys.argv[1:]))
