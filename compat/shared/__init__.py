"""What the converters have in common. Needs numpy, OpenEXR, Pillow and tqdm, not Blender."""
