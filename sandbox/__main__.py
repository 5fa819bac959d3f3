"""``python -m sandbox up|down|status|shell|s3|doctor``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.progress import SandboxError, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    if os.name == "nt":
        sys.stderr.write("error: the sandbox needs Linux or macOS: on Windows use WSL 2\n")
        return 1
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except SandboxError as error:
        sys.stderr.write(f"error: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: `python -m sandbox down` cleans up\n")
    except BrokenPipeError:
        # Who reads the output has enough of it; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        sys.stderr.write(f"error: {error}\n")
    return 1


# Each command imports what it needs: `down`, `status` and `doctor` do without the virtual
# environment and without the engine.


def _up(options: argparse.Namespace) -> int:
    from sandbox.images import DEFAULT_VERSIONS
    from sandbox.node import lifecycle

    lifecycle.up([*dict.fromkeys([*DEFAULT_VERSIONS, *options.flink])], audit=options.audit)
    return 0


def _down(options: argparse.Namespace) -> int:
    from sandbox.node import lifecycle

    lifecycle.down(force=options.force)
    return 0


def _status(_: argparse.Namespace) -> int:
    from sandbox.node import status

    for line in status.lines():
        say(line)
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from sandbox import doctor

    for line in doctor.lines():
        say(line)
    return 0


def _s3(options: argparse.Namespace) -> int:
    from sandbox.node import s3

    say(f"S3: {s3.ensure(options.buckets)}")
    return 0


def _shell(options: argparse.Namespace) -> int:
    from sandbox import shell

    return shell.run(options.script, options.kubeconfig, options.context)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A real Kubernetes node and Pulumi engine on this machine.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="have a Ready node with the Flink images")
    up.add_argument(
        "--flink", nargs="+", default=[], metavar="VERSION", help="images beside the default ones"
    )
    up.add_argument("--audit", action="store_true", help="write an audit log of the API server")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="take the node down; the cache stays")
    down.add_argument("--force", action="store_true", help="also one that another folder holds")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", help="what runs, and who holds it")
    status.set_defaults(run=_status)
    doctor = commands.add_parser("doctor", help="what is there, what is missing, what to do")
    doctor.set_defaults(run=_doctor)
    s3 = commands.add_parser("s3", help="an S3 beside the node, gone with it")
    s3.add_argument("buckets", nargs="*", metavar="BUCKET", help="buckets that it shall have")
    s3.set_defaults(run=_s3)
    shell = commands.add_parser("shell", help="a shell with pulumi, kubectl and the node")
    shell.add_argument("-c", dest="script", metavar="COMMAND", help="run this and exit")
    shell.add_argument("--kubeconfig", type=Path, metavar="FILE", help="a cluster of your own")
    shell.add_argument("--context", metavar="NAME", help="a context of that file")
    shell.set_defaults(run=_shell)
    return parser


if __name__ == "__main__":
    sys.exit(main())
