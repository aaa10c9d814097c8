# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.4", "OpenEXR==3.5.3", "pillow==12.0.0", "tqdm==4.70.1"]
# ///
"""Show a dataset on one HTML page: pictures, cameras in 3D, charts, the certificate.

    uv run scripts/report/report.py out
    uv run scripts/report/report.py out --output page.html

README.md beside this file shows what comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from viewbatch.standalone import require_packages

if __name__ == "__main__":
    require_packages(Path(__file__), __doc__, sys.argv[1:])
    from scripts.report.command import main

    sys.exit(main(sys.argv[1:]))
