"""An application on each version of Flink that can run one: `make matrix` on all, else on one.

Created, upgraded with its state, destroyed, highly available; on the oldest and the newest a
version that can't read the state is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flink_components.plan.record import Phase
from sandbox.images.versions import DEFAULT_VERSIONS, VERSIONS
from sandbox.node import lifecycle
from tests.cluster.applications import Application, applications
from tests.cluster.ground import QUICK_JAVA_OF_SCRIPTS
from tests.cluster.stacks import NewStack
from tests.lifecycle.kubernetes import Kubernetes

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(1500)]

_NEWEST = "2.3.0"
_TAKEN_BACK = ("1.15.4", _NEWEST)
# 1.20.3 has a story of its own; older ones than 1.15 are refused.
_ALL = [version for version in VERSIONS if version not in ("1.13.6", "1.20.3")]
# Its job fails at once, not after some restarts.
_HA = {
    "high_availability": {"storage_dir": "file:///data/ha"},
    "config": {"restart-strategy": "none"},
}


_UPGRADES = 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All versions where the whole matrix is asked for."""
    if not list(metafunc.definition.iter_markers("newest_alone")):
        whole: bool = metafunc.config.getoption("--matrix")
        metafunc.parametrize("version", _ALL if whole else [_NEWEST])


@pytest.fixture
def app(
    version: str, kubeconfig: str, new_stack: NewStack, request: pytest.FixtureRequest
) -> Iterator[Application]:
    """An application of that version; the sandbox's node gets its image."""
    if request.config.getoption("--kubeconfig") is None:
        lifecycle.up((version,))
    namespace = f"test-applications-{version.replace('.', '-')}"
    with applications(Kubernetes(kubeconfig), namespace, new_stack) as new_application:
        yield new_application("counts", version)


def test_an_application_lives_on_every_version_with_its_state(
    app: Application, version: str
) -> None:
    app.up(**_HA)
    app.written("v1")

    if version in _TAKEN_BACK:
        failed = app.stack.up(app.declare("stateful-v4", **_HA))
        assert "must not be incompatible" in failed.said("error", "counts-switch")
        assert (app.job.revision, app.record.phase) == (1, Phase.ROLLED_BACK)
        assert app.goes_on("v1").ok

    app.up("stateful-v2", **_HA)
    record = app.record
    assert (record.phase, record.run) == (Phase.STABLE, record.stable)
    assert record.restore is not None
    assert app.job.restored_from == record.restore.path
    report = app.written("v2")
    assert report.ok, str(report)

    destroyed = app.stack.destroy()
    assert destroyed.ok, destroyed.error
    assert (app.pods(), app.objects()) == ([], set())


@pytest.mark.newest_alone
@pytest.mark.parametrize("version", [DEFAULT_VERSIONS[0]])
def test_of_many_upgrades_only_one_revision_is_left(app: Application, version: str) -> None:
    app.up(**_HA)
    for number in range(_UPGRADES):
        app.up(**_HA, env=[*QUICK_JAVA_OF_SCRIPTS, {"name": "UPGRADE", "value": str(number)}])
    assert app.job.revision == _UPGRADES + 1
    found = app.kubernetes.call("GET", app.path("configmaps"))["items"]
    names = {one["metadata"]["name"] for one in found}
    ours = {name for name in names | app.objects() if name.split("/")[-1].startswith("counts-r")}
    active = f"counts-r{app.job.revision}-"
    assert ours - {"services/counts-rest"} != set()
    assert {
        name
        for name in ours - {"services/counts-rest"}
        if not name.split("/")[-1].startswith(active)
    } == set()
    assert app.goes_on("v1").ok
    destroyed = app.stack.destroy()
    assert destroyed.ok, destroyed.error
