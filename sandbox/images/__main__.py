"""``python -m sandbox.images [VERSION ...]`` makes images and prints their paths."""

from __future__ import annotations

import sys

from sandbox.images import DEFAULT_VERSIONS, ensure, pause
from sandbox.progress import SandboxError, say


def main(names: list[str]) -> int:
    """Make the named images (a Flink version or ``pause``; default: what the sandbox needs)."""
    try:
        for name in names or ["pause", *DEFAULT_VERSIONS]:
            say(str(pause() if name == "pause" else ensure(name)))
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
