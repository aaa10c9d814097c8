"""glTF and GLB: read whole before Blender does.

Blender's importer ends with a Python error at most damaged files, and half-reads others.
"""

from viewbatch.model_files.gltf.reading import read

__all__ = ["read"]
