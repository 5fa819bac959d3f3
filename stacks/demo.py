"""A story on a real cluster, in chapters: a session cluster, plans, an application, a rollback.

`make demo` runs it. It keeps its stacks in a folder of its own, and leaves nothing behind.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from examples.jobs.check import CheckError, Report, check
from examples.jobs.jars import build
from flink_components.flink.graph_cache import FOLDER_VARIABLE
from sandbox import engine
from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import lifecycle
from sandbox.paths import KUBECONFIG, STATE
from sandbox.progress import SandboxError
from stacks import demo_application, demo_ground, demo_plan

PROJECT = Path(__file__).resolve().parent.parent
STACK = "dev"
_SESSION = STATE / "volumes" / "flink-dev-flink-data" / "counts"
_APPLICATION = _SESSION.with_name(demo_application.NAME)
_ENOUGH_RECORDS = 800
_SOME_RECORDS = 200
_RECORDS_SECONDS = 90.0


class DemoError(Exception):
    """A chapter did not end as it should; the message is for the reader."""


def main(argv: Sequence[str] | None = None) -> int:
    """Tells the whole story; 0 where every claim was seen to hold."""
    parser = argparse.ArgumentParser(prog="python -m stacks.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the node up at the end")
    arguments = parser.parse_args(argv)
    started = time.monotonic()
    try:
        with _node(arguments.keep), _engine() as run:
            _story(run)
    except (DemoError, SandboxError, subprocess.CalledProcessError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; what it made was taken down", file=sys.stderr)
        return 130
    print(f"\nThe demo took {time.monotonic() - started:.0f} s.")
    return 0


class Pulumi:
    """The `pulumi` command in the project's folder, shown as a person would type it.

    It works with stacks and a copy of Pulumi.dev.yaml in the folder `home`, so that the project's
    own stay as they are.
    """

    def __init__(self, home: Path) -> None:
        variables = {k: v for k, v in os.environ.items() if k != "PULUMI_BACKEND_URL"}
        self._environment = {
            **variables,
            **engine.environment(home),
            **demo_ground.VARIABLES,
            "KUBECONFIG": str(KUBECONFIG),
            FOLDER_VARIABLE: str(home / "cache"),
        }
        self._home = home
        self._file = home / "Pulumi.dev.yaml"
        for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
            shutil.copy(PROJECT / name, home)

    def __call__(self, *arguments: str) -> None:
        """Runs it, with its output as it comes. Raises DemoError where it fails."""
        print(f"$ pulumi {' '.join(arguments)}", flush=True)
        self._run(PROJECT, *arguments, "--stack", STACK, "--config-file", str(self._file))

    def declare(self, key: str, value: object) -> None:
        """Writes a key into the copy of the stack's file, and shows it."""
        content = self.declared()
        content[key] = value
        self._write(content)
        print(yaml.safe_dump({key: value}, sort_keys=False), flush=True)

    def declare_next(self, given: demo_plan.Next) -> None:
        """The same with what the first job is to be, of which it shows what differs."""
        content, key = self.declared(), "flink:jobs"
        job = content[key][0]
        changed = {name: new for name, new in given.declared().items() if job.get(name) != new}
        content[key][0] = {k: v for k, v in {**job, **changed}.items() if v is not None}
        self._write(content)
        print(yaml.safe_dump({key: [changed]}, sort_keys=False), flush=True)

    def declared(self) -> dict[str, Any]:
        """What the copy of the stack's file says, by key."""
        content: dict[str, Any] = yaml.safe_load(self._file.read_text())["config"]
        return content

    def _write(self, content: dict[str, Any]) -> None:
        self._file.write_text(yaml.safe_dump({"config": content}, sort_keys=False))

    def failing(self, *arguments: str) -> None:
        """Runs what must fail. Raises DemoError where it succeeds."""
        try:
            self(*arguments)
        except DemoError:
            return
        raise DemoError(f"`pulumi {' '.join(arguments)}` should have failed")

    def quietly(self, *arguments: str) -> None:
        """Runs it in its own folder, without a word where it succeeds."""
        self._run(self._home, *arguments, show=False)

    def _run(self, folder: Path, *arguments: str, show: bool = True) -> None:
        command = ["pulumi", *arguments, "--non-interactive"]
        said: list[str] = []
        with subprocess.Popen(
            command,
            cwd=folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout or ():
                said.append(line)
                if show:
                    print(line, end="", flush=True)
        if process.returncode != 0:
            raise DemoError(
                f"`pulumi {' '.join(arguments)}` ended with {process.returncode}{_why(said)}"
            )


def _why(said: Sequence[str]) -> str:
    """What the engine gives as the cause, so that it is also the last thing a reader sees."""
    causes = [line.strip() for line in said if line.strip().startswith("error: ")]
    return "".join(f"\n  {cause}" for cause in causes or [line.strip() for line in said[-5:]])


@contextmanager
def _node(keep: bool) -> Iterator[None]:
    """The sandbox's node, taken down at the end where the demo has brought it up."""
    was_up = lifecycle.is_held_healthy()
    _chapter("A Kubernetes node, a Pulumi engine, Flink images, example jobs")
    lifecycle.up(DEFAULT_VERSIONS)
    build()
    engine.ensure()
    try:
        yield
    finally:
        if not was_up and not keep:
            lifecycle.down()


@contextmanager
def _engine() -> Iterator[Pulumi]:
    """An engine with stacks of its own; what is left of the stack is destroyed at the end."""
    home = Path(tempfile.mkdtemp(prefix="flink-components-demo-"))
    run = Pulumi(home)
    run.quietly("stack", "init", STACK)
    try:
        yield run
    except BaseException:
        _clean_up(run, home)
        raise
    shutil.rmtree(home)


def _clean_up(run: Pulumi, home: Path) -> None:
    print("\ndemo: taking down what was made", file=sys.stderr)
    try:
        run.quietly("cancel", "--yes", "--stack", STACK)
        run("destroy", "--yes", "--skip-preview")
    except DemoError:
        print(f"demo: what is left can be destroyed with the stacks in {home}", file=sys.stderr)
        return
    demo_ground.remove()
    shutil.rmtree(home)


def _story(run: Pulumi) -> None:
    _ground(run)
    _session(run)
    _plan(run)
    _upgrade(run)
    _application(run)
    _rollback(run)
    _chapter("Take everything down")
    run("destroy", "--yes", "--skip-preview")
    demo_ground.remove()


def _ground(run: Pulumi) -> None:
    _chapter("All state goes to an S3, which pods and this machine reach with keys of their own")
    for key, value in demo_ground.prepared().items():
        run.declare(key, value)

    _chapter("The job graph of each jar, made where the jar is built")
    demo_plan.make_graphs(PROJECT, run.declared()["flink:jobs"][0]["args"])


def _session(run: Pulumi) -> None:
    _chapter("Deploy: the `dev` stack, a session cluster and a job that counts")
    run.declare_next(demo_plan.FIRST)
    run("up", "--yes", "--skip-preview")
    _wait_for_records(_SESSION, "v1")


def _plan(run: Pulumi) -> None:
    _chapter("The plan: a version that has lost an operator is refused, since its state would be")
    run.declare_next(demo_plan.PARTIAL)
    run.failing("preview")

    _chapter("The plan: that loss accepted, by its name and for this version alone")
    run.declare_next(demo_plan.ACCEPTED)
    run("preview")

    _chapter("The plan: a change after which Flink could not read the state at all")
    run.declare_next(demo_plan.INCOMPATIBLE)
    run.failing("preview")

    _chapter("The plan: version 2 adds an operator with state, and every other one finds its own")
    run.declare_next(demo_plan.FULL)
    run("preview")


def _upgrade(run: Pulumi) -> None:
    _chapter("Upgrade: a stop with a savepoint, and a start from it, just as planned")
    run("up", "--yes", "--skip-preview")
    _wait_for_records(_SESSION, "v2")

    _chapter("Proof: the job's own output")
    _prove(check(_SESSION))

    _chapter("Nothing has changed since")
    run("preview", "--expect-no-changes")


def _application(run: Pulumi) -> None:
    _chapter("An application: the same job on pods of its own, highly available")
    run.declare("flink:applications", [demo_application.declared()])
    run("up", "--yes", "--skip-preview")
    _wait_for_records(_APPLICATION, "v1")

    _chapter("Upgrade: the pods of version 2 wait beside the old ones; then one switch")
    _use(run, "v2")
    run("preview")
    run("up", "--yes", "--skip-preview")
    _wait_for_records(_APPLICATION, "v2")

    _chapter("Proof: the application's own output")
    _prove(check(_APPLICATION))


def _rollback(run: Pulumi) -> None:
    _chapter("Rollback: version 4 can't read the state, and version 2 goes on by itself")
    _use(run, "v4")
    run.failing("up", "--yes", "--skip-preview")
    before = check(_APPLICATION).records
    _wait_for_records(_APPLICATION, "v2", before + _SOME_RECORDS)

    _chapter("Proof: nothing was lost by the version that failed")
    _prove(check(_APPLICATION))


def _use(run: Pulumi, version: str) -> None:
    jar = demo_ground.jar(version)
    run("config", "set", "--path", "flink:applications[0].jar", jar)


def _wait_for_records(output: Path, version: str, records: int = _ENOUGH_RECORDS) -> None:
    """Waits until a job has committed that many records in all, some of them by this version."""
    deadline = time.monotonic() + _RECORDS_SECONDS
    while time.monotonic() < deadline:
        with suppress(CheckError):
            found = check(output)
            if found.records >= records and found.versions.get(version, 0) >= _SOME_RECORDS:
                return
        time.sleep(1)
    raise DemoError(
        f"the job has not committed {records} records, {_SOME_RECORDS} of them by {version}, "
        f"in {_RECORDS_SECONDS:.0f} s"
    )


def _prove(report: Report) -> None:
    print(report)
    if not report.ok:
        raise DemoError("records were lost or counted twice")
    if not {"v1", "v2"} <= set(report.versions):
        raise DemoError(f"both versions should have written, and these have: {report.versions}")


def _chapter(title: str) -> None:
    print(f"\n== {title}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
