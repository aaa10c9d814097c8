"""Annotations of objects in COCO's format."""
