"""Projects of COLMAP with known poses; 3D Gaussian splatting, gsplat and nerfstudio read them."""
