"""A stand-in for the Kubernetes provider, for machines where the real one cannot be had.

It keeps what a program can observe of the real provider: names, plans, errors, waiting, secrets,
refresh and import. `tests/conformance` runs against either.
"""
