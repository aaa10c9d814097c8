"""What the helpers have in common."""
