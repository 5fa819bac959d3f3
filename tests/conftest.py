"""What tests of all kinds share: the cluster they run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from sandbox.images import DEFAULT_VERSIONS
from sandbox.node import lifecycle
from sandbox.paths import KUBECONFIG
from sandbox.progress import SandboxError

# how long one example takes says something about the machine, nothing about the code
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# fixtures of a worker's whole run, behind which there are Flink clusters
_SHARED_CLUSTERS = {"refs", "flinks", "struck_flink"}
_RESTARTS = "node_lifecycle"
_WAS_UP = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let cluster tests run on a cluster of one's own."""
    group = parser.getgroup("cluster")
    group.addoption("--kubeconfig", metavar="FILE", help="a cluster to use, not the sandbox's node")
    group.addoption("--context", metavar="NAME", help="a context of that file")
    group.addoption("--matrix", action="store_true", help="every version of Flink")
    faults = parser.getgroup("faults")
    first = DEFAULT_VERSIONS[0]
    faults.addoption("--faults", metavar="N", default="60", help="strike one in N points, or all")
    faults.addoption("--faults-on", metavar="V", default=first, help="a version of Flink, or all")
    faults.addoption("--faults-seed", metavar="N", type=int, default=1, help="which ones")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the mark of tests that restart the sandbox's node."""
    config.addinivalue_line("markers", f"{_RESTARTS}: restarts the node; only with -m {_RESTARTS}")
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
    """Say what runs on one worker; leave out what restarts the node, unless it is asked for."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    if _RESTARTS in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker(_RESTARTS)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _group(item: pytest.Item) -> str:
    """Tests with one name run on one worker, one after the other.

    The more Flink clusters start at the same time on a few processors, the longer each takes: no
    fixture that holds clusters is made twice, and files with clusters of their own take turns.
    """
    folder = item.path.parent.name
    if _SHARED_CLUSTERS & set(getattr(item, "fixturenames", ())):
        return folder
    return "clusters of their own" if folder == "cluster" else str(item.path)


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
    try:
        lifecycle.up(DEFAULT_VERSIONS)
    except SandboxError as error:
        pytest.fail(f"no cluster to test on: {error}", pytrace=False)
    yield str(KUBECONFIG)


def _with_context(kubeconfig: Path, context: str | None, folder: Path) -> Path:
    if context is None:
        return kubeconfig
    chosen = folder / "config"
    config = yaml.safe_load(kubeconfig.read_text()) | {"current-context": context}
    chosen.touch(mode=0o600)
    chosen.write_text(yaml.safe_dump(config))
    return chosen
