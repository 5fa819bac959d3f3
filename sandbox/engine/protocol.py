"""Pulumi's protocol without its SDK, which a plugin does not need, and which loads for longer."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

_ABOVE_THE_PROTOCOL = ("pulumi", "pulumi.runtime")


def load_alone() -> None:
    """From now on `pulumi.runtime.proto` is all that this process can import of `pulumi`."""
    for name in _ABOVE_THE_PROTOCOL:
        spec = find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
