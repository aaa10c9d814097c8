"""The geometric certificate as a command."""
