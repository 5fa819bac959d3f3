"""Container images of the sandbox: Flink on Java under the official names, and a pause image."""

from sandbox.images.distribution import distribution
from sandbox.images.flink import ensure, is_built
from sandbox.images.pause import PAUSE_IMAGE, pause
from sandbox.images.versions import DEFAULT_VERSIONS, VERSIONS

__all__ = [
    "DEFAULT_VERSIONS",
    "PAUSE_IMAGE",
    "VERSIONS",
    "distribution",
    "ensure",
    "is_built",
    "pause",
]
