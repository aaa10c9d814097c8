"""EXR files as numpy arrays."""

from scripts.shared.exr import exr2numpy

__all__ = ["exr2numpy"]
