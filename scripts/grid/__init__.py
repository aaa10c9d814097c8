"""Many images in one."""
