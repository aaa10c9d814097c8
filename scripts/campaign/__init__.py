"""Proof of what a batch promises when it is killed, shared, fed damaged files, or long."""
