"""What a preview shows of an ApplicationDeployment, where no cluster can be reached."""

from __future__ import annotations

import pulumi
import pytest

from flink_components import ApplicationDeployment, Environment
from tests.conformance.lab import Step
from tests.engine.nowhere import preview_nowhere
from tests.engine.previews import Finding, Preview

pytestmark = [pytest.mark.engine]

SECRETS = {"s3.secret-key": "hunter2-option", "DB_PASSWORD": "hunter2-variable"}
ARGUMENT = "hunter2-argument"
ENVIRONMENT = Environment(
    namespace="payments",
    flink_version="1.20.3",
    savepoint_dir="s3://acme/savepoints",
    application_deployment={
        "image": "acme/fraud:4.1.3",
        "jar": "local:///opt/flink/usrlib/fraud.jar",
    },
)
CHILDREN = {
    "fraud-account": "kubernetes:core/v1:ServiceAccount",
    "fraud-anchor": "pulumi-python:dynamic/flink:JobAnchor",
    "fraud-config": "kubernetes:core/v1:ConfigMap",
    "fraud-guard": "kubernetes:core/v1:ConfigMap",
    "fraud-jobmanager": "kubernetes:apps/v1:Deployment",
    "fraud-network-policy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "fraud-rest": "kubernetes:core/v1:Service",
    "fraud-revision": "pulumi-python:dynamic/flink:ApplicationRevision",
    "fraud-role": "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "fraud-role-binding": "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "fraud-rpc": "kubernetes:core/v1:Service",
    "fraud-stable": "kubernetes:core/v1:Service",
    "fraud-switch": "pulumi-python:dynamic/flink:JobSwitch",
    "fraud-taskmanager": "kubernetes:apps/v1:Deployment",
}


def _least() -> None:
    ApplicationDeployment("fraud", {"parallelism": 4}, env=ENVIRONMENT)


def _with_secrets() -> None:
    ApplicationDeployment(
        "fraud",
        {
            "args": ["--password", pulumi.Output.secret(ARGUMENT)],
            "config": {"s3.secret-key": pulumi.Output.secret(SECRETS["s3.secret-key"])},
            "env": [{"name": "DB_PASSWORD", "value": pulumi.Output.secret(SECRETS["DB_PASSWORD"])}],
        },
        env=ENVIRONMENT,
    )


def _of_outputs() -> None:
    ApplicationDeployment(
        "fraud",
        {
            "namespace": pulumi.Output.from_input("payments"),
            "image": pulumi.Output.from_input("acme/fraud:4.2.0"),
            "parallelism": pulumi.Output.from_input(4),
        },
        env=ENVIRONMENT,
    )


def _with_an_account() -> None:
    ApplicationDeployment(
        "fraud",
        {"service_account": "mine", "network_policy": {"enabled": False}},
        env=ENVIRONMENT,
    )


PROGRAMS = {
    "least": _least,
    "secrets": _with_secrets,
    "outputs": _of_outputs,
    "account": _with_an_account,
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    """What the previews said, by their names."""
    previews = [Preview(name, program) for name, program in PROGRAMS.items()]
    return preview_nowhere(previews, tmp_path_factory.mktemp("engine"))


def steps(finding: Finding) -> dict[str, Step]:
    assert finding.run.ok, finding.run.error
    return {step.name: step for step in finding.run.steps if step.name.startswith("fraud-")}


def test_a_first_preview_shows_every_part_of_an_application(findings: dict[str, Finding]) -> None:
    found = steps(findings["least"])
    assert {name: step.type for name, step in found.items()} == CHILDREN
    assert {step.op for step in found.values()} == {"create"}


def test_the_objects_of_the_revision_are_named_in_the_preview(
    findings: dict[str, Finding],
) -> None:
    found = steps(findings["least"])
    assert {
        name: found[name].inputs["metadata"]["name"]
        for name in ("fraud-jobmanager", "fraud-taskmanager", "fraud-rest", "fraud-guard")
    } == {
        "fraud-jobmanager": "fraud-r1-jobmanager",
        "fraud-taskmanager": "fraud-r1-taskmanager",
        "fraud-rest": "fraud-r1-rest",
        "fraud-guard": "fraud-r1-guard",
    }


def test_the_switch_knows_the_revision_beforehand(findings: dict[str, Finding]) -> None:
    switch = steps(findings["least"])["fraud-switch"].inputs
    assert switch["revision"] == 1
    assert (switch["task_managers"], switch["job_managers"], switch["ha"]) == (4, 1, False)
    assert switch["stable_service"] == "fraud-rest"
    assert switch["spec"]["cluster"]["service"] == "fraud-r1-rest"
    assert switch["spec"]["cluster"]["kind"] == "application"


def test_arguments_that_are_outputs_are_shown_as_what_they_are(
    findings: dict[str, Finding],
) -> None:
    found = steps(findings["outputs"])
    assert set(found) == set(CHILDREN)
    pod = found["fraud-jobmanager"].inputs["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "acme/fraud:4.2.0"
    assert found["fraud-switch"].inputs["key"] == "payments/fraud"


def test_an_existing_account_gets_rights_and_none_is_made(findings: dict[str, Finding]) -> None:
    found = steps(findings["account"])
    assert set(CHILDREN) - set(found) == {"fraud-account", "fraud-network-policy"}
    (subject,) = found["fraud-role-binding"].inputs["subjects"]
    assert subject["name"] == "mine"


def test_no_secret_is_shown(findings: dict[str, Finding]) -> None:
    finding = findings["secrets"]
    assert steps(finding)["fraud-config"].type == "kubernetes:core/v1:Secret"
    for secret in (*SECRETS.values(), ARGUMENT):
        assert secret not in finding.everything


def test_a_secret_hides_nothing_that_does_not_show_it(findings: dict[str, Finding]) -> None:
    found = steps(findings["secrets"])
    assert found["fraud-rest"].inputs["metadata"]["name"] == "fraud-r1-rest"
    assert found["fraud-switch"].inputs["spec"]["key"] == "payments/fraud"
    assert found["fraud-jobmanager"].inputs["spec"] == "[secret]"


def test_where_the_ledger_cannot_be_read_the_preview_says_so(findings: dict[str, Finding]) -> None:
    said = findings["least"].run.said("warning")
    assert "whether its next revision has this number can't be said" in said
