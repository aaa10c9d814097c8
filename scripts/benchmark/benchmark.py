# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "matplotlib==3.10.7", "tqdm==4.70.1"]
# ///
"""Measure the generator: where time goes, what settings give, what could be cheaper.

    uv run scripts/benchmark/benchmark.py jobs --job small,overhead
    uv run scripts/benchmark/benchmark.py frontier frontier/
    uv run scripts/benchmark/benchmark.py trials exr,png

README.md beside this file says what is measured, and what came out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.benchmark.command import main

    sys.exit(main(sys.argv[1:]))
