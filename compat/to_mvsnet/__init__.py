"""Datasets of MVSNet and its kin: MVSNet's own layout, DTU's training set, BlendedMVS."""
