"""``python -m sandbox up|down|status|shell|doctor``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox.progress import SandboxError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except SandboxError as error:
        sys.stderr.write(f"error: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: `python -m sandbox down` cleans up\n")
    return 1


def _run(options: argparse.Namespace) -> int:
    # Imported when needed: `down`, `status` and `doctor` work without the virtual environment.
    if options.command == "up":
        from sandbox.images import DEFAULT_VERSIONS
        from sandbox.node import lifecycle

        lifecycle.up([*dict.fromkeys([*DEFAULT_VERSIONS, *options.flink])], audit=options.audit)
    elif options.command == "down":
        from sandbox.node import lifecycle

        lifecycle.down(force=options.force)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A real Kubernetes node and Pulumi engine on this machine.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="have a Ready node with the Flink images")
    up.add_argument(
        "--flink", nargs="+", default=[], metavar="VERSION", help="images beside the default ones"
    )
    up.add_argument("--audit", action="store_true", help="write an audit log of the API server")
    down = commands.add_parser("down", help="take the node down; the cache stays")
    down.add_argument("--force", action="store_true", help="also one that another folder holds")
    commands.add_parser("status", help="what runs, and who holds it")
    commands.add_parser("doctor", help="what is there, what is missing, what to do")
    shell = commands.add_parser("shell", help="a shell with pulumi, kubectl and the node")
    shell.add_argument("-c", dest="script", metavar="COMMAND", help="run this and exit")
    return parser


if __name__ == "__main__":
    sys.exit(main())
