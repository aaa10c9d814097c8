"""A picture for each plugin."""
