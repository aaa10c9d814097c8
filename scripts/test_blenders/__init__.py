"""The tests that need Blender, on every Blender there is."""
