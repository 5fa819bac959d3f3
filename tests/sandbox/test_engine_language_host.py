"""Plain `pulumi` typed in the folder of a Python project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine.environment import environment

pytestmark = pytest.mark.engine

PROVIDER = """
from pulumi.dynamic import CreateResult, ResourceProvider

class Provider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult("made", {**props, "made": "by the provider"})
"""

DYNAMIC = """
import pulumi
from pulumi.dynamic import Resource
from provider import Provider

class Thing(Resource, module="test", name="Thing"):
    made: pulumi.Output[str]

    def __init__(self, name, props):
        super().__init__(Provider(), name, {"made": None, **props})

pulumi.export("made", Thing("thing", {"size": 1}).made)
"""


class Project:
    """A project with one stack, in a folder of its own."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = variables

    def write(self, program: str, runtime: str = "python", main: str = "", **files: str) -> None:
        settings = f"name: test\nruntime: {runtime}\n"
        (self.folder / "Pulumi.yaml").write_text(settings + (f"main: {main}\n" if main else ""))
        (self.folder / "__main__.py").write_text(program)
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, **environment(tmp_path_factory.mktemp("engine"))}


@pytest.fixture
def project(tmp_path: Path, variables: dict[str, str]) -> Project:
    project = Project(tmp_path, variables)
    project.write("")
    assert project.pulumi("stack", "init", tmp_path.name.replace("_", "-")).returncode == 0
    return project


def test_up_and_destroy_of_a_dynamic_resource(project: Project) -> None:
    project.write(DYNAMIC, provider=PROVIDER)
    assert project.pulumi("up", "--yes", "--skip-preview").returncode == 0
    assert project.pulumi("stack", "output", "made").stdout.strip() == "by the provider"
    assert project.pulumi("destroy", "--yes", "--skip-preview").returncode == 0


def test_configuration_reaches_the_program(project: Project) -> None:
    project.write("import pulumi\npulumi.export('size', pulumi.Config().require_int('size'))\n")
    project.pulumi("config", "set", "size", "7")
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.pulumi("stack", "output", "size").stdout.strip() == "7"


def test_program_knows_which_configuration_is_secret(project: Project) -> None:
    project.write(
        "import pulumi\n"
        "secret = [key for key in ('word', 'open')"
        " if pulumi.runtime.is_config_secret(f'test:{key}')]\n"
        "pulumi.export('secret', secret)\n"
    )
    project.pulumi("config", "set", "--secret", "word", "hush")
    project.pulumi("config", "set", "open", "loud")
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.pulumi("stack", "output", "secret").stdout.strip() == '["word"]'


def test_main_names_another_folder(project: Project) -> None:
    project.write("raise SystemExit('not this one')", main="inner")
    (project.folder / "inner").mkdir()
    (project.folder / "inner" / "__main__.py").write_text(
        "import pulumi\nfrom beside import VALUE\npulumi.export('value', VALUE)\n"
    )
    (project.folder / "inner" / "beside.py").write_text("VALUE = 'inner'\n")
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.pulumi("stack", "output", "value").stdout.strip() == "inner"


def test_run_error_is_told_without_a_traceback(project: Project) -> None:
    project.write("import pulumi\nraise pulumi.RunError('the size is missing')\n")
    done = project.pulumi("preview")
    assert done.returncode != 0
    assert "error: the size is missing" in done.stdout
    assert "Traceback" not in done.stdout


def test_exception_is_told_with_the_lines_of_the_program_only(project: Project) -> None:
    project.write("def size():\n    raise ValueError('no size')\n\nsize()\n")
    text = project.pulumi("preview").stdout
    assert "Program failed with an unhandled exception" in text
    assert "ValueError: no size" in text
    assert 'File "<frozen runpy>"' not in text
    assert "pulumi_program.py" not in text
    assert "an unhandled error occurred" not in text


def test_folder_without_a_program_is_named(project: Project) -> None:
    (project.folder / "__main__.py").unlink()
    text = project.pulumi("preview").stdout
    assert "unable to find main python program `__main__.py`" in text


def test_virtual_environment_of_the_project_is_used(project: Project) -> None:
    environment = Path(sys.prefix)
    project.write(
        "import pulumi, sys\npulumi.export('prefix', sys.prefix)\n",
        runtime=f"{{name: python, options: {{virtualenv: '{environment}'}}}}",
    )
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.pulumi("stack", "output", "prefix").stdout.strip() == str(environment)


def test_virtual_environment_that_is_missing_is_named(project: Project) -> None:
    project.write("", runtime="{name: python, options: {virtualenv: nowhere}}")
    done = project.pulumi("preview")
    assert done.returncode != 0
    assert "nowhere" in done.stdout
    assert "doesn't exist" in done.stdout or "does not exist" in done.stdout


SLEEPY = """
import pathlib, time
pathlib.Path("started").touch()
time.sleep(120)
"""


def started(project: Project) -> subprocess.Popen[bytes]:
    """An update whose program sleeps, in a process group of its own."""
    project.write(SLEEPY)
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=project.folder,
        env=project.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    wait_until((project.folder / "started").exists)
    return process


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def processes_of(project: Project) -> list[str]:
    """The processes that work in the project's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == project.folder:
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_interrupt_ends_the_program_quietly(project: Project) -> None:
    process = started(project)
    os.killpg(process.pid, signal.SIGINT)
    text = process.communicate(timeout=60)[0].decode()
    assert "Traceback" not in text
    wait_until(lambda: processes_of(project) == [])


def test_program_ends_with_an_engine_that_is_killed(project: Project) -> None:
    process = started(project)
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: processes_of(project) == [])
