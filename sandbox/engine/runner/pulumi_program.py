"""Runs one Pulumi program; the language host starts this file with the program's interpreter.

It needs nothing but `pulumi`, and it lies in a folder of its own because Python puts the folder of
the started file in front of the program's imports.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ERROR_ALREADY_SHOWN = 32

try:
    import pulumi
    import pulumi.runtime
except ImportError:
    sys.exit(
        f"The Pulumi SDK is not installed for {sys.executable}: install the project's "
        "requirements (`pip install -r requirements.txt`), in the virtual environment if it has one"
    )


def main() -> int:
    """Run the program of the command line and return the exit status."""
    arguments = _arguments()
    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=arguments.monitor,
            engine=arguments.engine,
            project=arguments.project,
            stack=arguments.stack,
            parallel=arguments.parallel,
            dry_run=arguments.dry_run == "true",
            organization=arguments.organization,
            root_directory=arguments.root_directory,
        )
    )
    sys.argv = [arguments.program, *arguments.rest]
    # The engine cancels a program by this signal: what it waits for will not come any more.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ERROR_ALREADY_SHOWN))
    if arguments.pwd:
        os.chdir(arguments.pwd)
    # A run that fails leaves futures that nobody awaits; that is harmless, and not to be shown.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    return _run(Path.cwd() / arguments.program, arguments.parallel)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs a Pulumi program")
    for name in ("monitor", "engine", "project", "stack", "organization", "root_directory", "pwd"):
        parser.add_argument(f"--{name}", default=None)
    parser.add_argument("--dry_run", default="false")
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("program")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    return parser.parse_args()


def _run(program: Path, parallel: int) -> int:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max_workers=max(parallel, 1) * 4) as executor:
        loop.set_default_executor(executor)
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _execute(program)))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return 1
        except Exception:
            text = _traceback_from(program)
            pulumi.log.error(f"Program failed with an unhandled exception:\n{text}")
            return ERROR_ALREADY_SHOWN
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    return 0


def _execute(program: Path) -> None:
    if program.is_dir() and not (program / "__main__.py").is_file():
        pulumi.log.error(f"unable to find main python program `__main__.py` in `{program}`")
        sys.exit(ERROR_ALREADY_SHOWN)
    runpy.run_path(str(program), run_name="__main__")


def _traceback_from(program: Path) -> str:
    """The current traceback without the frames above the user's program."""
    file = str(program if program.suffix == ".py" else program / "__main__.py")
    frames = traceback.extract_tb(sys.exc_info()[2])
    first = next((i for i, frame in enumerate(frames) if frame.filename == file), 0)
    return traceback.format_exc(limit=first - len(frames))


if __name__ == "__main__":
    sys.exit(main())
