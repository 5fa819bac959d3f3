"""``python -m examples.jobs`` builds the jars of the example jobs and prints their paths."""

from __future__ import annotations

import sys

from examples.jobs.jars import build
from sandbox.progress import SandboxError, say


def main() -> int:
    """Build what is not built yet; an error is one line."""
    try:
        built = build()
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in built.values():
        say(str(path))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
