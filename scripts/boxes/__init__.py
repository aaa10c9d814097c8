"""Boxes of the objects in id maps."""
