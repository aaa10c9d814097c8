"""NeRF's `transforms.json`, as nerfstudio and as the readers of NeRF's synthetic scenes have it."""
