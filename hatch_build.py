"""Puts the jars of `flink_components.java` into the wheel; an editable install makes its own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class JavaPartsHook(BuildHookInterface[Any]):
    """The custom build hook that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every jar; without a compiler the build fails with one line."""
        if version == "editable":
            return
        java = _load(Path(self.root) / "flink_components" / "java.py")
        for part in java.PARTS:
            try:
                jar = part.built()
            except java.JavaPartMissing as error:
                raise SystemExit(str(error)) from None
            build_data["force_include"][str(jar)] = str(jar.relative_to(self.root))


def _load(path: Path) -> ModuleType:
    """The module alone: its package needs what the build does not have."""
    spec = importlib.util.spec_from_file_location("_java_parts", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
