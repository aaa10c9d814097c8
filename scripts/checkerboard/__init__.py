"""The checkerboard model as a command."""
