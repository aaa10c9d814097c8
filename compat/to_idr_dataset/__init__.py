"""Datasets of IDR; NeuS, VolSDF and others read them too."""
