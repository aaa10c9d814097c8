"""Helpers that show and check datasets; each is a program of its own."""
