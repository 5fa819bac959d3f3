"""What Pulumi's resource options do on a SessionCluster and a SessionJob, on a real cluster.

Everything is made once, by one `up`; previews of changed programs then tell what would happen.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import ResourceOptions

from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import Access
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef
from sandbox.engine import ensure
from tests.conformance.lab import Run, Stack
from tests.engine.conftest import NewStack
from tests.engine.declared import SECRETS, Declared, Ground, usual
from tests.engine.previews import Finding, Preview, preview_all
from tests.engine.variations import variations
from tests.lifecycle.kubernetes import Kubernetes

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

NAME = "component-options"
OF_THE_CLUSTER = (
    *("account", "anchor", "config", "jobmanager", "network-policy", "rest", "revision"),
    *("rpc", "stable", "switch", "taskmanager"),
)
"""The children of a SessionCluster, without its name in front."""
OF_A_REVISION = ("main-config", "main-jobmanager", "main-rest", "main-rpc", "main-taskmanager")


def _children() -> set[str]:
    return {f"main-{part}" for part in OF_THE_CLUSTER} | {"counts-anchor", "counts-job"}


@dataclass(frozen=True)
class Made:
    """What the first `up` made: its program, its stack, and the state as it was then."""

    declared: Declared
    stack: Stack
    run: Run
    state: str
    resources: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def again(engine_home: Path, engine_env: Mapping[str, str]) -> NewStack:
    """Handles of the one stack, each in a folder of its own."""
    return lambda name: Stack(engine_home / "stacks" / name, ensure(), engine_env, NAME)


@pytest.fixture(scope="module")
def made(again: NewStack, namespace: str, kubeconfig: str, kubernetes: Kubernetes) -> Made:
    stack, declared = again("first"), Declared(kubeconfig, namespace)
    run = stack.up(declared.program(), diff=True)
    assert run.ok, run.error
    return Made(declared, stack, run, stack.state_text(), stack.resources())


@pytest.fixture(scope="module")
def findings(
    made: Made, again: NewStack, engine_home: Path, engine_env: Mapping[str, str]
) -> dict[str, Finding]:
    """What the previews said, by their names."""
    config = yaml.safe_load(Path(made.declared.kubeconfig).read_text())
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:9"
    unreachable = engine_home / "unreachable.yaml"
    unreachable.write_text(yaml.safe_dump(config))
    programs = variations(made.declared, str(unreachable))
    previews = [Preview(name, declared.program()) for name, declared in programs.items()]
    return preview_all(previews, again, engine_home, engine_env)


@pytest.fixture(scope="module")
def first_preview(new_stack: NewStack, namespace: str, kubeconfig: str, made: Made) -> Run:
    """The preview of a stack that has nothing yet."""
    fresh = replace(
        made.declared,
        cluster_name="fresh",
        job_name="fresh-counts",
        cluster_options=lambda ground: ResourceOptions(provider=ground.provider),
    )
    run = new_stack("fresh").preview(fresh.program())
    assert run.ok, run.error
    return run


def _dependencies(made: Made, name: str) -> set[str]:
    """The names of all that a resource is made after and deleted before."""
    found: set[str] = set()
    left = [name]
    while left:
        item = made.resources.get(left.pop(), {})
        for urn in [*(item.get("dependencies") or []), item.get("parent") or ""]:
            other = str(urn).rpartition("::")[2]
            if other not in found:
                found.add(other)
                left.append(other)
    return found


def _names(made: Made, kind: str) -> list[str]:
    return [name for name, item in made.resources.items() if str(item["type"]).startswith(kind)]


def test_a_first_preview_knows_all_that_follows_from_the_arguments(first_preview: Run) -> None:
    outputs = first_preview.result("fresh-test").outputs
    ref = {name: value for name, value in outputs["ref"].items() if name != "uid"}
    connection = ref.pop("connection")
    assert list(connection) == ["kubeconfig"]
    assert ref == {
        "key": "test-component-options/fresh",
        "namespace": "test-component-options",
        "name": "fresh",
        "revision": 1,
        "service": "fresh-r1-rest",
        "port": 8081,
        "flink_version": "1.20.3",
        "slots": 2,
    }
    assert outputs["rest_endpoint"] == "http://fresh-rest.test-component-options.svc:8081"
    assert (outputs["flink_version"], outputs["slots_total"]) == ("1.20.3", 2)


def test_a_first_preview_says_what_becomes_of_the_job(first_preview: Run) -> None:
    assert first_preview.said("info", "fresh-counts") == (
        "test-component-options/fresh-counts  r1  STARTS\n"
        "    why       no state is known\n"
        "    from      nothing, it starts empty\n"
        "    stable    every task RUNNING, 1 checkpoint if checkpointing is on; limit 5 min\n"
        "    else      it stays down, and has no state yet"
    )


def test_one_provider_serves_as_well_as_a_list_of_them(first_preview: Run) -> None:
    providers = [step.name for step in first_preview.steps if "providers:kubernetes" in step.type]
    assert providers == ["node"]


def test_children_are_made_by_the_providers_of_their_component(made: Made) -> None:
    for name in _names(made, "kubernetes:"):
        assert "::node::" in str(made.resources[name]["provider"]), name


def test_children_wait_for_what_their_component_depends_on(made: Made) -> None:
    assert {name for name in _children() if "first" not in _dependencies(made, name)} == set()


def test_what_depends_on_a_component_waits_for_all_its_children(made: Made) -> None:
    assert _dependencies(made, "last") >= _children()


def test_children_are_protected_but_for_what_the_next_revision_replaces(made: Made) -> None:
    free = {name for name in _children() if not made.resources[name].get("protect")}
    assert free == set(OF_A_REVISION)


def test_secrets_are_used_and_encrypted_in_the_state(made: Made, kubernetes: Kubernetes) -> None:
    secret = kubernetes.call(
        "GET", "/api/v1/namespaces/test-component-options/secrets/main-r1-config"
    )
    text = base64.b64decode(secret["data"]["config.yaml"]).decode()
    assert SECRETS["s3.secret-key"] in text
    assert "hunter2" not in made.state
    inputs = made.resources["counts-job"]["inputs"]
    assert ["ciphertext" in json.dumps(inputs[field]) for field in ("args", "config")] == [True] * 2


def test_secrets_are_not_printed(made: Made, findings: dict[str, Finding]) -> None:
    said = [text for _, text, _ in made.run.messages] + [text for text, _ in made.run.progress]
    said += [finding.everything for finding in findings.values()]
    assert [text for text in said if "hunter2" in text] == []


def test_only_what_holds_a_secret_is_hidden(made: Made) -> None:
    shown = made.resources["main-jobmanager"]["inputs"]["metadata"]
    assert shown["name"] == "main-r1-jobmanager"
    assert made.run.outputs["ref"]["service"] == "main-r1-rest"


def test_nothing_changes_in_an_unchanged_stack(findings: dict[str, Finding]) -> None:
    assert findings["unchanged"].run.changes() == {}
    assert findings["unchanged"].shown.count("warning") == 0


def test_a_cluster_that_can_not_be_reached_is_a_warning(findings: dict[str, Finding]) -> None:
    finding = findings["unreachable"]
    assert finding.run.changes() == {}
    what = "https://127.0.0.1:9 does not answer: Connection refused"
    assert finding.messages("warning") == [
        "test-component-options/main: the ledger can't be read, "
        f"so whether the cluster is as it was left can't be said: {what}",
        "test-component-options/counts: the ledger can't be read, "
        f"so whether the job is as it was left can't be said: {what}",
    ]


def test_a_transform_of_pods_restarts_nothing(findings: dict[str, Finding]) -> None:
    assert findings["pod label"].run.changes() == {}


def test_a_transform_of_a_child_changes_that_child(findings: dict[str, Finding]) -> None:
    run = findings["annotation"].run
    assert run.changes() == {"main-stable": "update"}
    assert run.step("main-stable").diff == {'metadata.annotations["example.org/a"]': "add"}


def test_a_component_moves_below_another_one_without_a_replacement(
    findings: dict[str, Finding],
) -> None:
    changes = findings["moved"].run.changes()
    assert changes == dict.fromkeys(("main-anchor", "counts-anchor", "counts-job"), "update")
    assert (
        findings["moved"].run.said("info", "counts") == "test-component-options/counts  r1  RUNS ON"
    )


def test_a_renamed_cluster_stays_as_it_is_by_its_name(findings: dict[str, Finding]) -> None:
    assert findings["renamed cluster"].run.changes() == {"shared-anchor": "update"}


def test_a_renamed_cluster_that_would_be_another_one_is_refused(
    findings: dict[str, Finding],
) -> None:
    finding = findings["renamed cluster, key lost"]
    assert finding.messages("error") == [
        "pulumi-python:dynamic/flink:ClusterAnchor resource 'shared-anchor' has a problem: "
        "key: was test-component-options/main and is now test-component-options/shared, "
        "which would be another cluster; "
        'to keep this one set name="main" and key="test-component-options/main"'
    ]


def test_a_renamed_job_runs_on_by_its_key(findings: dict[str, Finding]) -> None:
    run = findings["renamed job"].run
    assert run.changes() == {"totals-anchor": "update", "totals-job": "update"}
    assert run.said("info", "totals") == (
        "test-component-options/counts  r1  RUNS ON\n"
        "    changed   name counts -> totals  (in place)"
    )


def test_a_job_that_gets_a_new_key_runs_on(findings: dict[str, Finding]) -> None:
    assert findings["renamed job, new key"].run.said("info", "totals") == (
        "test-component-options/totals  r1  RUNS ON\n"
        "    why       it was test-component-options/counts so far"
    )


def test_a_renamed_job_that_would_be_another_one_is_refused(findings: dict[str, Finding]) -> None:
    finding = findings["renamed job, key lost"]
    assert finding.messages("error") == [
        "pulumi-python:dynamic/flink:JobAnchor resource 'totals-anchor' has a problem: "
        "key: was test-component-options/counts and is now test-component-options/totals, "
        "which would be another job; "
        'to rename it set previous_key="test-component-options/counts"'
    ]


def test_a_change_makes_a_revision_of_a_protected_cluster(findings: dict[str, Finding]) -> None:
    changes = findings["changed cluster"].run.changes()
    replaced = [name for name, step in changes.items() if step == "create-replacement"]
    assert sorted(replaced) == list(OF_A_REVISION)
    assert (changes["main-revision"], changes["main-switch"]) == ("update", "update")


def test_ignored_changes_of_a_cluster_change_nothing(findings: dict[str, Finding]) -> None:
    assert findings["changed cluster, ignored"].run.changes() == {}


def test_secret_arguments_are_hidden_in_a_plan(findings: dict[str, Finding]) -> None:
    said = findings["changed job"].run.said("info", "counts").splitlines()
    assert "              args [secret] -> [secret]  (restarts the job)" in said


def test_ignored_changes_of_a_job_change_nothing(findings: dict[str, Finding]) -> None:
    assert findings["changed job"].run.changes() == {
        "counts-anchor": "update",
        "counts-job": "update",
    }
    assert findings["changed job, ignored"].run.changes() == {}


def test_protected_components_can_not_be_removed(findings: dict[str, Finding]) -> None:
    finding = findings["removed"]
    assert not finding.run.ok
    assert "because it is protected" in finding.run.error


def test_what_is_retained_is_left_running(
    made: Made, findings: dict[str, Finding], kubernetes: Kubernetes
) -> None:
    """Last, since nothing of the stack is left after it."""
    ref = load(ClusterRef, made.run.outputs["ref"])
    flink: FlinkClient = Access().flink(ref)
    (job,) = flink.jobs()

    def retained(ground: Ground) -> ResourceOptions:
        return usual(ground, protect=False, retain_on_delete=True)

    kept = replace(made.declared, cluster_options=retained, job_options=retained)
    run = made.stack.up(kept.program())
    assert run.ok, run.error
    assert run.changes() == {}
    run = made.stack.destroy()
    assert run.ok, run.error
    assert made.stack.resources() == {}
    assert flink.status(job.id) == "RUNNING"
