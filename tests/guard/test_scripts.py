"""Flink's own scripts, given what the JobManager of an application is given."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flink_components.kube.objects.application import CHECKS, render
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from sandbox.images import distribution

_MAIN = "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"
_JAVA = """#!/usr/bin/env bash
if [[ " $* " == *" {main} "* ]]; then printf '%s\\0' "$@" > {seen}; exit 0; fi
exec {java} "$@"
"""
ARGUMENTS = ["--fromSavepoint", "x y", "$(POD_IP)", "-D", "a=b"]


def started(version: str, folder: Path) -> list[str]:
    """The arguments of the JVM that Flink's script would start."""
    declared: dict[str, Any] = {
        "name": "fraud",
        "namespace": "payments",
        "key": "payments/fraud",
        "flink_version": version,
        "image": "acme/fraud:4.1.3",
        "jar": "local:///opt/flink/usrlib/fraud.jar",
        "entry_class": "org.acme.Fraud",
        "args": ARGUMENTS,
        "savepoint_dir": "s3://acme/savepoints",
        "config": {"env.java.opts.jobmanager": "-Xlog:gc"},
    }
    objects = render(load(ApplicationSpec, declared, checks=CHECKS), 7)
    for name, text in objects.config["data"].items():
        (folder / name).write_text(text)
    seen, java = folder / "seen", folder / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(_JAVA.format(main=_MAIN, seen=seen, java=shutil.which("java")))
    java.chmod(0o755)
    given = objects.job_manager["spec"]["template"]["spec"]["containers"][0]["args"]
    kubernetes_gives = [one.replace("$$", "$") for one in given[1:]]
    script = distribution(version) / "bin" / "standalone-job.sh"
    subprocess.run(
        ["bash", str(script), "start-foreground", *kubernetes_gives],
        env={
            **os.environ,
            "JAVA_HOME": str(folder / "java"),
            "FLINK_CONF_DIR": str(folder),
            "FLINK_LOG_DIR": str(folder),
        },
        check=True,
        capture_output=True,
    )
    return seen.read_text().rstrip("\0").split("\0")


@pytest.mark.parametrize("version", ["1.20.3", "2.3.0"])
def test_the_script_starts_the_guard_and_hands_the_jobs_arguments_on(
    version: str, tmp_path: Path
) -> None:
    found = started(version, tmp_path)
    options, given = found[: found.index(_MAIN)], found[found.index(_MAIN) + 1 :]
    assert (
        "-javaagent:/opt/flink-components/guard.jar=namespace=payments,"
        "lease=job-payments-fraud-75428747-ledger,revision=7,conf=/var/lib/flink/conf"
    ) in options
    assert "-Xlog:gc" in options
    assert given[:2] == ["--configDir", str(tmp_path)]
    assert given[-len(ARGUMENTS) - 3 :] == ["--job-classname", "org.acme.Fraud", "--", *ARGUMENTS]
