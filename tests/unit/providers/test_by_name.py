"""Providers as a program hands them to the engine: by name."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import dill
import pytest
from pulumi.dynamic.dynamic import serialize_provider

from flink_components.providers.anchor import JobAnchorProvider
from flink_components.providers.application_revision import ApplicationRevisionProvider
from flink_components.providers.by_name import ByName
from flink_components.providers.cluster_anchor import ClusterAnchorProvider
from flink_components.providers.cluster_revision import ClusterRevisionProvider
from flink_components.providers.cluster_switch import ClusterSwitchProvider
from flink_components.providers.job_switch import JobSwitchProvider
from flink_components.providers.session_job import SessionJobProvider
from flink_components.providers.snapshot import SavepointSnapshotProvider

_PROVIDERS = {
    "anchor.JobAnchorProvider": JobAnchorProvider,
    "application_revision.ApplicationRevisionProvider": ApplicationRevisionProvider,
    "job_switch.JobSwitchProvider": JobSwitchProvider,
    "session_job.SessionJobProvider": SessionJobProvider,
    "snapshot.SavepointSnapshotProvider": SavepointSnapshotProvider,
    "cluster_anchor.ClusterAnchorProvider": ClusterAnchorProvider,
    "cluster_revision.ClusterRevisionProvider": ClusterRevisionProvider,
    "cluster_switch.ClusterSwitchProvider": ClusterSwitchProvider,
}


@pytest.mark.parametrize("path", _PROVIDERS)
def test_what_the_engine_unpickles_is_the_provider_itself(path: str) -> None:
    found = dill.loads(base64.b64decode(serialize_provider(ByName(path))))
    assert type(found) is _PROVIDERS[path]


def test_the_state_holds_names_and_no_code() -> None:
    text = base64.b64decode(serialize_provider(ByName("anchor.JobAnchorProvider")))
    assert b"flink_components.providers.by_name" in text
    assert b"anchor.JobAnchorProvider" in text
    assert len(text) < 200


def test_the_provider_is_no_secret() -> None:
    assert ByName("anchor.JobAnchorProvider").serialize_as_secret_always is False


@pytest.mark.parametrize("name", ["SessionJob", "SessionCluster", "SavepointSnapshot"])
def test_a_program_does_not_load_what_the_provider_process_does(name: str) -> None:
    code = (
        f"import sys; from flink_components import {name}; "
        "print([m for m in sys.modules if m.startswith(('flink_components.lifecycle', 'requests.',"
        " 'kubernetes.', 'fsspec.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_names_that_components_give_are_those_of_providers() -> None:
    text = Path(sys.modules["flink_components"].__path__[0], "components/resources.py").read_text()
    given = [line.partition('ByName("')[2].partition('"')[0] for line in text.splitlines()]
    assert sorted(filter(None, given)) == sorted(_PROVIDERS)
