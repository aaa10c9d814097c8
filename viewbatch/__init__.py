"""Multi-view datasets with exact ground truth, rendered by Blender.

`CONVENTIONS.md` defines every frame, unit and file that this package names.
"""

__version__ = "0.1.0"
