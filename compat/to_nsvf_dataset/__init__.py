"""Datasets of NSVF; Plenoxels, ngp_pl and others read them too."""
