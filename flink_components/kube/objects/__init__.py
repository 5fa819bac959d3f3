"""Kubernetes objects as plain dicts, made by pure functions from what a user declared."""
