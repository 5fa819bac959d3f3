"""What tests of all kinds share: the cluster they run on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from flink_components.flink.graph_cache import FOLDER_VARIABLE
from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import lifecycle
from sandbox.paths import KUBECONFIG
from sandbox.progress import SandboxError
from tests import outcomes
from tests.flink_jobs import until

# how long one example takes says something about the machine, nothing about the code
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# fixtures of a worker's whole run, behind which there are Flink clusters
_SHARED_CLUSTERS = {"refs", "flinks", "struck_flink", "graph_lab", "labs"}
_NODE = "kubeconfig"
_RESTARTS = "node_lifecycle"
_RESTARTS_SECONDS = 600.0
_NEWEST_ALONE = "newest_alone"
_FIDELITY = "fidelity"
_FAULTS_ALONE = "faults_alone"
# files whose tests start several Flink clusters, one after the other
_MANY_CLUSTERS = ("test_applications", "test_examples", "test_high_availability")
_WAS_UP = pytest.StashKey[bool]()
_ENDS = pytest.StashKey[list[Callable[[], object]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let cluster tests run on a cluster of one's own."""
    group = parser.getgroup("cluster")
    group.addoption("--kubeconfig", metavar="FILE", help="a cluster to use, not the sandbox's node")
    group.addoption("--context", metavar="NAME", help="a context of that file")
    group.addoption("--matrix", action="store_true", help="every version of Flink")
    group.addoption("--restart-node", action="store_true", help="with tests that restart the node")
    fidelity = parser.getgroup("fidelity")
    fidelity.addoption("--fidelity", action="store_true", help="every pair and change, not a few")
    seed_help = "from which on changes are drawn"
    fidelity.addoption("--fidelity-seed", metavar="N", type=int, default=1, help=seed_help)
    faults = parser.getgroup("faults")
    first = DEFAULT_VERSIONS[0]
    faults.addoption("--faults", metavar="N", help="strike one in N points (60), or all")
    faults.addoption("--faults-on", metavar="V", default=first, help="a version of Flink, or all")
    faults.addoption("--faults-seed", metavar="N", type=int, default=1, help="which ones")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marks that decide whether a test runs; keep nothing in the user's own cache."""
    os.environ[FOLDER_VARIABLE] = ""
    config.addinivalue_line("markers", f"{_RESTARTS}: only with --restart-node")
    config.addinivalue_line("markers", f"{_NEWEST_ALONE}: on older versions only with --matrix")
    config.addinivalue_line("markers", f"{_FIDELITY}: only with --fidelity")
    config.addinivalue_line("markers", f"{_FAULTS_ALONE}: only with --faults")
    config.pluginmanager.register(outcomes)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(_SaysFailuresAtOnce(config))


class _SaysFailuresAtOnce:
    """In case the run does not come to its end, where pytest says them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = crash.message if crash else str(report.longrepr)
            said = " / ".join(line.strip() for line in reason.splitlines()[:6])[:600]
            terminal.write_line("")
            terminal.write_line(f"{report.when} of {report.nodeid}: {said}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember whether the node was up before."""
    session.config.stash[_WAS_UP] = lifecycle.is_held_healthy()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Take a node down that the tests brought up, once all workers are done."""
    if hasattr(session.config, "workerinput") or session.config.stash[_WAS_UP]:
        return
    if lifecycle.is_held_healthy():
        lifecycle.down()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say what runs on one worker. What restarts the node comes first, if it is asked for, and
    beside it what needs none."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    left_out = [item for item in items if _is_left_out(item)]
    items[:] = sorted((item for item in items if item not in left_out), key=_turn)
    config.hook.pytest_deselected(items=left_out)


def _is_left_out(item: pytest.Item) -> bool:
    if item.get_closest_marker(_RESTARTS):
        return not item.config.getoption("--restart-node")
    if item.get_closest_marker(_FIDELITY):
        return not item.config.getoption("--fidelity")
    if item.get_closest_marker(_FAULTS_ALONE):
        return item.config.getoption("--faults") is None
    if item.config.getoption("--matrix") or not item.get_closest_marker(_NEWEST_ALONE):
        return False
    values = item.callspec.params.values()  # type: ignore[attr-defined]
    return any(version in values for version in DEFAULT_VERSIONS[:-1])


def _turn(item: pytest.Item) -> int:
    """What takes long on one worker comes early: at the end all of them have something to do."""
    if item.get_closest_marker(_RESTARTS):
        return 0
    if not item.get_closest_marker("cluster") and not _has(item, _NODE):
        return 1
    return 3 if _group(item) == str(item.path) else 2


def _has(item: pytest.Item, *fixtures: str) -> bool:
    return not set(fixtures).isdisjoint(getattr(item, "fixturenames", ()))


def _group(item: pytest.Item) -> str:
    """Tests with one name run on one worker, one after the other.

    The more Flink clusters start at the same time on a few processors, the longer each takes: no
    fixture that holds clusters is made twice, and files with many of their own take turns.
    """
    folder = item.path.parent.name
    if item.get_closest_marker(_RESTARTS):
        return _RESTARTS
    if _has(item, *_SHARED_CLUSTERS):
        return folder
    many = folder == "cluster" and item.path.stem.startswith(_MANY_CLUSTERS)
    return "clusters of their own" if many else str(item.path)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End what only the tests of a group share: a cluster that idles takes time from all others."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    if alone or (nextitem is not None and _group(nextitem) == _group(item)):
        return
    _end_all(item.config)


def _end_all(config: pytest.Config) -> None:
    ends = config.stash.get(_ENDS, [])
    while ends:
        ends.pop()()


@pytest.fixture(scope="session")
def end_with_group(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Takes what ends a fixture's cluster: called after the last test of its group, or the run."""
    yield request.config.stash.setdefault(_ENDS, []).append
    _end_all(request.config)


@pytest.fixture(scope="session")
def kubeconfig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A kubeconfig whose current context is the cluster to test on.

    It is the one of ``--kubeconfig``, else the sandbox's node, which is brought up if it is down.
    """
    given: str | None = request.config.getoption("--kubeconfig")
    if given is not None:
        folder = tmp_path_factory.mktemp("kubeconfig")
        yield str(_with_context(Path(given), request.config.getoption("--context"), folder))
        return
    if reason := lifecycle.reason_against():
        pytest.skip(f"{reason}: give --kubeconfig FILE of a cluster of your own")
    _wait_for_restarts(request.session.items, tmp_path_factory)
    try:
        lifecycle.up(DEFAULT_VERSIONS)
    except SandboxError as error:
        pytest.fail(f"no cluster to test on: {error}", pytrace=False)
    yield str(KUBECONFIG)


@pytest.fixture(scope="session")
def restarts_done(
    tmp_path_factory: pytest.TempPathFactory,
    end_with_group: Callable[[Callable[[], object]], None],
) -> Path:
    """For what restarts or freezes the node: the file that other workers wait for."""
    if reason := lifecycle.reason_against():
        pytest.skip(reason)
    done = _restarts_done(tmp_path_factory)
    end_with_group(done.touch)
    return done


def _restarts_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp().parent / "node-restarts-done"


def _wait_for_restarts(items: list[pytest.Item], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another worker may be at them; one alone has done them first."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    if alone or not any(item.get_closest_marker(_RESTARTS) for item in items):
        return
    done = _restarts_done(tmp_path_factory)
    until("the end of the tests that restart the node", _RESTARTS_SECONDS, done.exists)


def _with_context(kubeconfig: Path, context: str | None, folder: Path) -> Path:
    if context is None:
        return kubeconfig
    chosen = folder / "config"
    config = yaml.safe_load(kubeconfig.read_text()) | {"current-context": context}
    chosen.touch(mode=0o600)
    chosen.write_text(yaml.safe_dump(config))
    return chosen
