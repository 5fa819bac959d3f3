"""Programs are built once per version, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.paths import PROJECT

# Stands where Go would: counts its calls, and writes one program into the folder after -o.
GO = """\
#!/bin/sh
echo call >> "$COUNT"
while [ "$1" != -o ]; do shift; done
[ -z "$FAIL" ] || { echo "first line"; echo "main.go:1: no such thing"; exit 1; }
echo built > "$2/tool"
"""
BUILD = """
import pathlib, sys
from sandbox import gobuild
from sandbox.progress import SandboxError
try:
    print(gobuild.build("tool", "1.0", pathlib.Path(sys.argv[1]), ["example.org/tool"]))
except SandboxError as error:
    print("error:", error)
"""


class Builder:
    """Builds in a process of its own, with a cache and a Go of its own."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.calls = folder / "calls"
        self.module = folder / "module"
        self.path = folder / "path"
        for made in (self.module, self.path):
            made.mkdir()
        (self.module / "go.mod").write_text("module tool\n\ngo 1.99.0\n")
        (self.module / "go.sum").write_text("")
        (self.path / "go").write_text(GO)
        (self.path / "go").chmod(0o755)

    def start(self, **variables: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "FLINK_COMPONENTS_CACHE": str(self.cache),
            "COUNT": str(self.calls),
            "PATH": f"{self.path}:/usr/bin:/bin",
            **variables,
        }
        command = [sys.executable, "-c", BUILD, str(self.module)]
        return subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
        )

    def build(self, **variables: str) -> list[str]:
        return self.start(**variables).communicate()[0].splitlines()

    def count(self) -> int:
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


def test_a_program_is_built_into_the_cache_by_name_and_version(builder: Builder) -> None:
    assert builder.build()[-1] == str(builder.cache / "tool/1.0")
    assert (builder.cache / "tool/1.0/bin/tool").read_text() == "built\n"


def test_the_second_time_it_is_there_and_nothing_is_said(builder: Builder) -> None:
    builder.build()
    assert builder.build() == [str(builder.cache / "tool/1.0")]
    assert builder.count() == 1


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "main.go"])
def test_a_changed_module_is_built_anew(builder: Builder, changed: str) -> None:
    builder.build()
    with (builder.module / changed).open("a") as file:
        file.write("// changed\n")
    builder.build()
    assert builder.count() == 2


def test_two_builders_at_once_build_once(builder: Builder) -> None:
    for process in [builder.start(), builder.start()]:
        assert process.communicate()[0].endswith(f"{builder.cache / 'tool/1.0'}\n")
    assert builder.count() == 1


def test_a_failed_build_leaves_nothing_and_says_what_go_said_last(builder: Builder) -> None:
    log = builder.cache / "tool/1.0.build.log"
    said = builder.build(FAIL="yes")[-1]
    assert said == f"error: building tool failed: main.go:1: no such thing (all of it: {log})"
    assert log.read_text() == "first line\nmain.go:1: no such thing\n"
    assert not (builder.cache / "tool/1.0").exists()


def test_without_go_it_is_said_what_to_install(builder: Builder) -> None:
    (builder.path / "go").unlink()
    assert builder.build()[-1] == (
        "error: tool 1.0 has to be built, but there is no `go` on PATH: "
        "install Go 1.99.0 or later, and run this again"
    )
