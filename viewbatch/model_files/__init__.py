"""What a model's file says of itself, read before Blender reads it.

Blender dies of some damaged files, and repairs or half-reads others without a word. What
is wrong with a file is found here, in the file, without Blender.
"""

from viewbatch.model_files.findings import Findings
from viewbatch.model_files.gltf.images import KTX2_ADVICE
from viewbatch.model_files.kinds import Kind, kind_of
from viewbatch.model_files.reading import read, unreadable

__all__ = ["KTX2_ADVICE", "Findings", "Kind", "kind_of", "read", "unreadable"]
