"""The defaults of an environment: what lies over what, and what is refused."""

from __future__ import annotations

import pytest
from pulumi import RunError

from flink_components import Environment

BASE = Environment(
    namespace="payments",
    flink_version="1.20.3",
    labels={"team": "risk", "stage": "dev"},
    session_cluster={"job_manager": {"cpu": "500m", "memory": "2Gi"}},
)


def test_a_change_is_merged_into_mappings_and_replaces_the_rest() -> None:
    changed = BASE.but(flink_version="2.3.0", labels={"stage": "prod"})
    assert (changed.flink_version, changed.labels) == ("2.3.0", {"team": "risk", "stage": "prod"})
    assert (BASE.flink_version, BASE.labels["stage"]) == ("1.20.3", "dev")


def test_a_nested_default_keeps_what_a_change_does_not_name() -> None:
    changed = BASE.but(session_cluster={"job_manager": {"cpu": "2"}})
    assert changed.session_cluster == {"job_manager": {"cpu": "2", "memory": "2Gi"}}


def test_a_misspelt_change_is_answered_with_what_was_meant() -> None:
    with pytest.raises(RunError) as error:
        BASE.but(flinkVersion="2.3.0")
    assert str(error.value) == (
        "Environment.but: flinkVersion: there is no such field; did you mean flink_version?"
    )


def test_an_application_gets_what_pods_and_jobs_have_in_common() -> None:
    environment = BASE.but(upgrade_mode="last_state", application_deployment={"surge": False})
    assert environment.application_defaults() == {
        "namespace": "payments",
        "flink_version": "1.20.3",
        "labels": {"team": "risk", "stage": "dev"},
        "config": {},
        "upgrade_mode": "last_state",
        "surge": False,
    }


@pytest.mark.parametrize(
    ("field", "component"),
    [
        ("session_cluster", "SessionCluster"),
        ("session_job", "SessionJob"),
        ("application_deployment", "ApplicationDeployment"),
    ],
)
def test_defaults_of_a_component_are_a_mapping(field: str, component: str) -> None:
    with pytest.raises(RunError) as error:
        BASE.but(**{field: ["cpu"]})
    assert str(error.value) == (
        f"Environment: {field}: must be a mapping (given: a list of 1); "
        f"write the arguments of a {component} as {{'name': value}}"
    )


def test_jobs_put_their_savepoints_into_the_storage_of_the_environment() -> None:
    env = BASE.but(state_storage={"uri": "s3://acme-flink/prod"})
    assert env.job_defaults()["savepoint_dir"] == "s3://acme-flink/prod/savepoints"
    own = env.but(savepoint_dir="s3://kept/savepoints")
    assert own.job_defaults()["savepoint_dir"] == "s3://kept/savepoints"


def test_a_storage_that_is_wrong_is_said_by_the_cluster_alone() -> None:
    env = BASE.but(state_storage={"url": "s3://acme-flink/prod"})
    assert "savepoint_dir" not in env.job_defaults()


def test_a_change_of_the_storage_keeps_what_it_does_not_name() -> None:
    env = BASE.but(state_storage={"uri": "s3://b/prod", "s3": {"region": "eu-central-1"}})
    changed = env.but(state_storage={"s3": {"path_style": True}})
    assert changed.cluster_defaults()["state_storage"] == {
        "uri": "s3://b/prod",
        "s3": {"region": "eu-central-1", "path_style": True},
    }


def test_jobs_and_applications_get_the_way_to_their_snapshots() -> None:
    access = {"s3": {"region": "eu-central-1"}}
    environment = Environment(state_access=access)
    assert environment.job_defaults() == {"state_access": access}
    assert environment.application_defaults()["state_access"] == access
    assert "state_access" not in environment.cluster_defaults()
