"""The variables that make `pulumi` work, and which Kubernetes provider it finds."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox.engine import ensure
from sandbox.engine.environment import environment, real_kubernetes_provider

pytestmark = pytest.mark.engine

PLUGIN = f"plugins/resource-kubernetes-v{version('pulumi-kubernetes')}/pulumi-resource-kubernetes"


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PULUMI_HOME": str(tmp_path / "user")}


def install(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def test_engine_comes_first_on_the_path(tmp_path: Path, bare: dict[str, str]) -> None:
    assert environment(tmp_path, bare)["PATH"].split(":")[0] == str(ensure() / "bin")


def test_engine_folder_has_a_cli() -> None:
    assert (ensure() / "bin" / "pulumi").is_file()


def test_stand_in_is_installed_where_there_is_no_real_provider(
    tmp_path: Path, bare: dict[str, str]
) -> None:
    home = Path(environment(tmp_path, bare)["PULUMI_HOME"])
    assert (home / PLUGIN).is_file()


def test_stand_in_is_not_put_into_the_users_own_folder(
    tmp_path: Path, bare: dict[str, str]
) -> None:
    environment(tmp_path, bare)
    assert not (tmp_path / "user").exists()


def test_stand_in_does_not_count_as_the_real_provider(tmp_path: Path, bare: dict[str, str]) -> None:
    added = environment(tmp_path, bare)
    assert real_kubernetes_provider({**bare, **added}) is None


def test_installed_provider_is_used(tmp_path: Path, bare: dict[str, str]) -> None:
    install(tmp_path / "user" / PLUGIN, b"\x7fELF")
    assert environment(tmp_path, bare)["PULUMI_HOME"] == str(tmp_path / "user")


def test_provider_on_the_path_is_used(tmp_path: Path, bare: dict[str, str]) -> None:
    real = install(tmp_path / "bin" / "pulumi-resource-kubernetes", b"\x7fELF")
    assert real_kubernetes_provider({**bare, "PATH": str(real.parent)}) == real


def test_state_is_kept_in_files_under_the_home(tmp_path: Path, bare: dict[str, str]) -> None:
    url = environment(tmp_path, bare)["PULUMI_BACKEND_URL"]
    assert url == (tmp_path / "backend").as_uri()


def test_users_backend_and_passphrase_are_kept(bare: dict[str, str]) -> None:
    own = {"PULUMI_BACKEND_URL": "file:///own", "PULUMI_CONFIG_PASSPHRASE": "own"}
    added = environment(None, {**bare, **own, "XDG_STATE_HOME": bare["HOME"]})
    assert not own.keys() & added.keys()


def test_home_of_a_test_wins_over_the_users_backend(tmp_path: Path, bare: dict[str, str]) -> None:
    added = environment(tmp_path, {**bare, "PULUMI_BACKEND_URL": "file:///own"})
    assert added["PULUMI_BACKEND_URL"] == (tmp_path / "backend").as_uri()
