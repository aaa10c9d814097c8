"""Converters from a dataset to what other tools read; each is a program of its own."""
