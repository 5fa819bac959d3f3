"""Waiting until an object does what it is there for, with progress on its row."""
