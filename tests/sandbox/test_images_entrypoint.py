"""The entrypoint of the Flink image, run by bash in a folder with stand-ins of Flink's scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sandbox.images

SCRIPT = Path(sandbox.images.__file__).parent / "docker-entrypoint.sh"
NOBODY = 65534
STANDARD = [
    "jobmanager.rpc.address: jm",
    "blob.server.port: 6124",
    "query.server.port: 6125",
]
SETTINGS = "rest.address: 0.0.0.0\ntaskmanager.numberOfTaskSlots: 1\n"


@dataclass
class Image:
    """A folder as ``/opt/flink`` of the image, run as a user who is not root."""

    home: Path

    def run(
        self, *args: str, as_root: bool = False, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.home / 'bin'}:/usr/bin:/bin",
            "FLINK_HOME": str(self.home),
            "JOB_MANAGER_RPC_ADDRESS": "jm",
            "DISABLE_JEMALLOC": "true",
        }
        drop = os.geteuid() == 0 and not as_root
        return subprocess.run(
            ["bash", str(self.home / "docker-entrypoint.sh"), *args],
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            user=NOBODY if drop else None,
            group=NOBODY if drop else None,
            extra_groups=[] if drop else None,
        )

    def settings(self, name: str = "config.yaml") -> list[str]:
        return (self.home / "conf" / name).read_text().splitlines()

    def script(self, name: str, body: str) -> None:
        path = self.home / "bin" / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)


@pytest.fixture
def image() -> Iterator[Image]:
    # pytest's own folders are closed to other users
    home = Path(tempfile.mkdtemp(prefix="entrypoint-"))
    home.chmod(0o755)
    for folder in ("bin", "conf", "opt", "plugins"):
        (home / folder).mkdir(parents=True)
    made = Image(home)
    shutil.copyfile(SCRIPT, home / "docker-entrypoint.sh")
    (home / "conf" / "config.yaml").write_text(SETTINGS)
    scripts = ["jobmanager.sh", "taskmanager.sh", "standalone-job.sh", "historyserver.sh"]
    for name in [*scripts, "kubernetes-jobmanager.sh", "kubernetes-taskmanager.sh"]:
        made.script(name, 'printf "%s\\n" "${0##*/}" "$@"')
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    yield made
    shutil.rmtree(home)


@pytest.mark.parametrize(
    ("word", "printed"),
    [
        ("jobmanager", ["Starting Job Manager", "jobmanager.sh"]),
        ("standalone-job", ["Starting Job Manager", "standalone-job.sh"]),
        ("taskmanager", ["Starting Task Manager", "taskmanager.sh"]),
        ("history-server", ["Starting History Server", "historyserver.sh"]),
    ],
)
def test_a_word_starts_flinks_script_in_the_foreground_with_the_arguments(
    image: Image, word: str, printed: list[str]
) -> None:
    done = image.run(word, "-D", "a.b=c d")
    assert done.stdout.splitlines() == [*printed, "start-foreground", "-D", "a.b=c d"]
    assert done.returncode == 0


@pytest.mark.parametrize("script", ["kubernetes-jobmanager.sh", "kubernetes-taskmanager.sh"])
def test_the_scripts_of_native_kubernetes_are_found_and_run(image: Image, script: str) -> None:
    assert image.run(script, "kubernetes-session", "-x").stdout.splitlines() == [
        script,
        "kubernetes-session",
        "-x",
    ]


def test_anything_else_is_run_as_it_is_with_its_exit_code(image: Image) -> None:
    done = image.run("bash", "-c", 'echo "$0-$1"; exit 7', "a b", "c")
    assert (done.stdout, done.returncode) == ("a b-c\n", 7)


def test_help_is_printed(image: Image) -> None:
    done = image.run("help")
    assert done.stdout.startswith("Usage: docker-entrypoint.sh (jobmanager|standalone-job|")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("word", "archive"),
    [
        ("jobmanager", "jobmanager"),
        ("standalone-job", "jobmanager"),
        ("taskmanager", "taskmanager"),
    ],
)
def test_java_maps_archived_classes_where_there_are_any(
    image: Image, word: str, archive: str
) -> None:
    image.script(f"{word}.sh", 'echo "$JVM_ARGS|$JDK_JAVA_OPTIONS"')
    given = {"JVM_ARGS": "-Da=1", "JDK_JAVA_OPTIONS": "-Db=2"}
    home = image.home
    with_archives = image.run(word, CLASS_ARCHIVES=str(home), **given).stdout.splitlines()[-1]
    without = image.run(word, CLASS_ARCHIVES=str(home / "none"), **given).stdout.splitlines()[-1]
    assert with_archives == (
        f"-XX:SharedArchiveFile={home}/{archive}.jsa -Da=1|-Db=2 "
        f"-XX:SharedArchiveFile={home}/utils.jsa -Xlog:cds=off -Xlog:cds+dynamic=off"
    )
    assert without == "-Da=1|-Db=2"


def test_the_process_replaces_the_shell(image: Image) -> None:
    image.script("jobmanager.sh", "echo $PPID")
    assert image.run("jobmanager").stdout.splitlines()[-1] == str(os.getpid())


def test_what_the_official_image_always_sets_is_set(image: Image) -> None:
    image.run("true")
    assert image.settings() == [
        "rest.address: 0.0.0.0",
        "taskmanager.numberOfTaskSlots: 1",
        *STANDARD,
    ]


def test_the_address_is_the_host_name_by_default(image: Image) -> None:
    name = subprocess.run(["hostname", "-f"], capture_output=True, text=True, check=True).stdout
    image.run("true", JOB_MANAGER_RPC_ADDRESS="")
    assert f"jobmanager.rpc.address: {name.strip()}" in image.settings()


def test_slots_from_the_environment_replace_those_of_the_file(image: Image) -> None:
    image.run("true", TASK_MANAGER_NUMBER_OF_TASK_SLOTS="6")
    assert image.settings() == [
        "rest.address: 0.0.0.0",
        *STANDARD,
        "taskmanager.numberOfTaskSlots: 6",
    ]


def test_properties_are_added_and_win(image: Image) -> None:
    properties = "\n# mine\n  parallelism.default:  2\nrest.address: here\nblob.server.port: 1\n\n"
    image.run("true", FLINK_PROPERTIES=properties)
    assert image.settings() == [
        "taskmanager.numberOfTaskSlots: 1",
        "jobmanager.rpc.address: jm",
        "blob.server.port: 1",
        "query.server.port: 6125",
        "parallelism.default: 2",
        "rest.address: here",
    ]


def test_a_second_start_in_the_same_container_changes_nothing_more(image: Image) -> None:
    image.run("true", FLINK_PROPERTIES="parallelism.default: 2")
    once = image.settings()
    image.run("true", FLINK_PROPERTIES="parallelism.default: 2")
    assert image.settings() == once


def test_variables_in_properties_are_replaced_and_never_run(image: Image) -> None:
    properties = "a: ${ONE}/$TWO/${NONE}-$(touch x)\nb: 5$"
    image.run("true", FLINK_PROPERTIES=properties, ONE="1", TWO="${ONE}")
    assert image.settings()[-2:] == ["a: 1/${ONE}/-$(touch x)", "b: 5$"]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("s3://bucket/path", "s3://bucket/path"),
        ("-Xa -Dx=y", "-Xa -Dx=y"),
        ("0.0.0.0", "0.0.0.0"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("*", "'*'"),
        ("%it's: x", "'%it''s: x'"),
        ("[a, b]", "[a, b]"),
        ("'quoted: x'", "'quoted: x'"),
    ],
)
def test_a_value_is_quoted_where_yaml_would_misread_it(
    image: Image, given: str, written: str
) -> None:
    image.run("true", FLINK_PROPERTIES=f"key: {given}")
    assert image.settings()[-1] == f"key: {written}"


def test_the_old_settings_file_is_used_when_there_is_one_and_is_not_quoted(image: Image) -> None:
    (image.home / "conf" / "flink-conf.yaml").write_text("a: 1\n")
    (image.home / "conf" / "flink-conf.yaml").chmod(0o666)
    image.run("true", FLINK_PROPERTIES="key: a #b")
    assert image.settings("flink-conf.yaml") == ["a: 1", *STANDARD, "key: a #b"]
    assert image.settings() == SETTINGS.splitlines()


def test_a_read_only_settings_file_is_left_and_the_process_starts(image: Image) -> None:
    (image.home / "conf" / "config.yaml").chmod(0o444)
    done = image.run("jobmanager", FLINK_PROPERTIES="a: b")
    assert done.stdout.splitlines()[-1] == "start-foreground"
    assert "config.yaml is read-only" in done.stderr
    assert image.settings() == SETTINGS.splitlines()


def test_built_in_plugins_are_linked_into_folders_of_their_own(image: Image) -> None:
    for name in ("flink-s3-fs-hadoop-1.20.3.jar", "other.jar"):
        (image.home / "opt" / name).write_text(name)
    done = image.run("true", ENABLE_BUILT_IN_PLUGINS="flink-s3-fs-hadoop-1.20.3.jar;other.jar")
    plugins = image.home / "plugins"
    s3 = plugins / "flink-s3-fs-hadoop-1.20.3" / "flink-s3-fs-hadoop-1.20.3.jar"
    assert s3.read_text() == "flink-s3-fs-hadoop-1.20.3.jar"
    assert (plugins / "other" / "other.jar").is_symlink()
    assert done.returncode == 0


def test_a_plugin_that_is_not_there_ends_the_container(image: Image) -> None:
    done = image.run("jobmanager", ENABLE_BUILT_IN_PLUGINS="missing.jar")
    assert done.returncode == 1
    assert "missing.jar is not in" in done.stderr
    assert done.stdout == ""


def test_root_becomes_flink(image: Image) -> None:
    image.script("setpriv", 'echo "$@"')
    done = image.run("taskmanager", "-x", as_root=True)
    script = f"{image.home}/bin/taskmanager.sh start-foreground -x"
    as_flink = f"--reuid=flink --regid=flink --init-groups -- {script}"
    expected = as_flink if os.geteuid() == 0 else "taskmanager.sh"
    assert done.stdout.splitlines()[1] == expected
