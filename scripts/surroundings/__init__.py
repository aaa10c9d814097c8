"""Light and background of the example configurations."""
