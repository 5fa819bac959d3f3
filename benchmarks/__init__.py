"""Measurements side by side: what the package costs beside what it is built on."""
