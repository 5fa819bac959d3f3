"""Jars from each place they may come from, on a real cluster: uploaded once, removed at the end."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from examples.jobs.jars import build
from flink_components import SessionJob
from tests.cluster.conftest import NewStack
from tests.cluster.ground import VERSION, Ground, cluster_in, namespace_with_volume
from tests.cluster.image_with_jar import image_with_jar
from tests.cluster.object_store import object_store
from tests.conformance.lab import Program, Run
from tests.lifecycle.kubernetes import Kubernetes
from tests.unit.doubles.https import Authority, serving

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

NAMESPACE = "test-jars"
IN_IMAGE = "local:///opt/flink/usrlib/stateful-v1.jar"


@pytest.fixture(scope="module")
def ground(
    kubeconfig: str, new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """A cluster whose image has a jar in it."""
    kubernetes = Kubernetes(kubeconfig)
    folder = tmp_path_factory.mktemp("image")
    with (
        image_with_jar(VERSION, build()["stateful-v1"], folder) as image,
        namespace_with_volume(kubernetes, NAMESPACE),
        cluster_in(NAMESPACE, kubernetes, new_stack("jars-cluster"), image=image) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an HTTPS server that has `/job.jar`; its authority is trusted meanwhile."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    with serving(authority.issue("web")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(authority.cert))
        server.answers["/job.jar"] = build()["stateful-v2"].read_bytes()
        yield server.url


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of an S3 that has `job.jar`; the machine's credentials lead to it meanwhile."""
    with object_store() as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.variables.items():
            patch.setenv(name, value)
        store.client.create_bucket(Bucket="jars")
        store.client.upload_file(str(build()["stateful-v3"]), "jars", "releases/job.jar")
        yield "s3://jars/releases"


def jobs(ground: Ground, **declared: Mapping[str, str]) -> Program:
    """A program with jobs by name, each with the arguments that say which jar it runs."""

    def program() -> None:
        for name, arguments in declared.items():
            SessionJob(name, ground.job(name, **arguments))  # type: ignore[arg-type]

    return program


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def from_everywhere(ground: Ground, web: str, bucket: str, new_stack: NewStack) -> Iterator[Run]:
    """An `up` of one job from each place."""
    program = jobs(
        ground,
        web={"jar": f"{web}/job.jar", "jar_sha256": sha256(build()["stateful-v2"])},
        bucket={"jar": f"{bucket}/job.jar"},
        image={"jar": IN_IMAGE},
    )
    stack = new_stack("jars-from-everywhere")
    run = stack.up(program)
    assert run.ok, run.error
    yield run
    run = stack.destroy()
    assert run.ok, run.error


@pytest.mark.parametrize(("job", "version"), [("web", "v2"), ("bucket", "v3"), ("image", "v1")])
def test_a_job_runs_the_jar_from_where_it_is(
    job: str, version: str, from_everywhere: Run, ground: Ground
) -> None:
    assert from_everywhere.result(f"{job}-job").outputs["phase"] == "STABLE"
    assert list(ground.written(job, version).versions) == [version]


def test_a_jar_of_the_image_is_not_uploaded(from_everywhere: Run, ground: Ground) -> None:
    content = from_everywhere.result("image-job").outputs["jar_content"]
    assert "image_stateful-v1.jar" in ground.flink.jars()
    assert not [jar for jar in ground.flink.jars() if content in jar]


def test_a_jar_with_another_checksum_is_refused_before_it_is_uploaded(
    ground: Ground, web: str, new_stack: NewStack
) -> None:
    before = set(ground.flink.jars()), set(ground.flink.jobs())
    stack = new_stack("jars-refused")

    run = stack.up(jobs(ground, forged={"jar": f"{web}/job.jar", "jar_sha256": "0" * 64}))

    found = sha256(build()["stateful-v2"])
    assert (
        f"{web}/job.jar has SHA-256 {found}, and {'0' * 64} was declared: "
        f"mend jar_sha256, or find out who changed the file"
    ) in run.said("error", "forged-job").splitlines()
    assert (set(ground.flink.jars()), set(ground.flink.jobs())) == before
    assert stack.destroy().ok


def test_a_content_is_uploaded_once_for_two_jobs_and_removed_with_the_last(
    ground: Ground, new_stack: NewStack, tmp_path: Path
) -> None:
    original = build()["stateful-v5"]
    built_again = packed_again(original, tmp_path / "other-name.jar")
    assert sha256(original) != sha256(built_again)
    stack = new_stack("jars-shared")
    before = set(ground.flink.jars())

    run = stack.up(jobs(ground, first={"jar": str(original)}, second={"jar": str(built_again)}))
    assert run.ok, run.error
    uploaded = set(ground.flink.jars()) - before
    assert len(uploaded) == 1

    run = stack.up(jobs(ground, second={"jar": str(built_again)}))
    assert run.ok, run.error
    assert set(ground.flink.jars()) - before == uploaded

    run = stack.destroy()
    assert run.ok, run.error
    assert set(ground.flink.jars()) == before


def packed_again(jar: Path, target: Path) -> Path:
    """The same entries in another archive, as a second build would write it."""
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in reversed(old.namelist()):
            new.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), old.read(name))
    return target
