"""Jars that are on a cluster for as long as it makes a job graph."""

from uuid import uuid4

LENT = "fc-graph-"
"""How their names begin: no job runs one."""


def lent_name() -> str:
    """A file name that no other has."""
    return f"{LENT}{uuid4().hex}.jar"
