"""Cameras around their model as a picture."""
