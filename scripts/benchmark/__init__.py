"""Where the time goes, and what it gives."""
