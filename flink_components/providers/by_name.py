"""Dynamic providers by their names: what a program declares need not load what carries it out."""

from importlib import import_module
from typing import Any

from pulumi.dynamic import ResourceProvider


class ByName(ResourceProvider):
    """Stands in for a provider of this package until the engine's provider process unpickles it.

    `path` is its module below `flink_components.providers`, and its class. Both are in users'
    states, as `provider` is.
    """

    serialize_as_secret_always = False

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return provider, (self._path,)


def provider(path: str) -> ResourceProvider:
    """The provider itself."""
    module, _, name = path.rpartition(".")
    found: ResourceProvider = getattr(import_module(f"flink_components.providers.{module}"), name)()
    return found
