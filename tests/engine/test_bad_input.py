"""Bad input ends in the preview, with one clear message, and changes nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

from flink_components.lifecycle.ledger import Ledger
from flink_components.plan.record import ClusterRecord, Owner, Record
from tests.engine import bad_applications, bad_clusters, bad_connections, bad_jobs, bad_wishes
from tests.engine.cases import NAMESPACE, OTHER_STACK, SECRET, TAKEN, Case, Place
from tests.engine.conftest import stacks_in
from tests.engine.previews import Finding, Preview, preview_all
from tests.lifecycle.kubernetes import Kubernetes

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

CASES: dict[str, Case] = {
    f"{kind}-{name}": case
    for kind, cases in (
        ("cluster", bad_clusters.CASES),
        ("job", bad_jobs.CASES),
        ("connection", bad_connections.CASES),
        ("output", bad_wishes.CASES),
        ("application", bad_applications.OF_A_CLUSTER),
    )
    for name, case in cases.items()
}
TOGETHER = "wishes-together"
"""The preview of one program with many jobs that can't be made."""

_KINDS = (
    "api/v1/namespaces/{}/configmaps",
    "api/v1/namespaces/{}/secrets",
    "api/v1/namespaces/{}/serviceaccounts",
    "api/v1/namespaces/{}/services",
    "apis/apps/v1/namespaces/{}/deployments",
    "apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
)


@pytest.fixture(scope="module")
def object_store() -> Iterator[dict[str, str]]:
    """An S3 with an empty bucket `jars`: the variables by which it is found."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="jars")
    yield variables
    server.stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, kubeconfig: str) -> Place:
    folder = tmp_path_factory.mktemp("place")
    with zipfile.ZipFile(folder / "job.jar", "w") as jar:
        manifest = zipfile.ZipInfo("META-INF/MANIFEST.MF")
        jar.writestr(manifest, "Manifest-Version: 1.0\nMain-Class: org.acme.Job\n")
    (folder / "folder.jar").mkdir()
    (folder / "text.jar").write_text("not a jar")
    (folder / "broken.yaml").write_text("clusters: [")
    stranger = yaml.safe_load(Path(kubeconfig).read_text())
    for user in stranger["users"]:
        user["user"] = {"token": "not-a-token"}
    (folder / "stranger.yaml").write_text(yaml.safe_dump(stranger))
    unreachable = yaml.safe_load(Path(kubeconfig).read_text())
    for cluster in unreachable["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:9"
    (folder / "unreachable.yaml").write_text(yaml.safe_dump(unreachable))
    return Place(folder, folder / "job.jar")


@pytest.fixture(scope="module")
def before(kubernetes: Kubernetes) -> Iterator[str]:
    """The objects of the namespace before any preview, as `_objects` gives them."""
    kubernetes.create_namespace(NAMESPACE)
    owner = Owner(stack=OTHER_STACK, urn="urn:pulumi:prod::flink::…::taken")
    job = Ledger(kubernetes.api, NAMESPACE, TAKEN, "job", Record)
    job.create(Record(key=TAKEN, owner=owner))
    cluster = Ledger(kubernetes.api, NAMESPACE, TAKEN, "cluster", ClusterRecord)
    cluster.create(ClusterRecord(key=TAKEN, owner=owner))
    yield _objects(kubernetes)
    kubernetes.give_up_namespace(NAMESPACE)


def _objects(kubernetes: Kubernetes) -> str:
    """Every object of the namespace with its version, without what Kubernetes itself puts there."""
    found = [
        (path, item["metadata"]["name"], item["metadata"]["resourceVersion"])
        for path in _KINDS
        for item in kubernetes.call("GET", "/" + path.format(NAMESPACE))["items"]
        if item["metadata"]["name"] not in ("kube-root-ca.crt", "default")
    ]
    return json.dumps(found)


@pytest.fixture(scope="module")
def findings(
    request: pytest.FixtureRequest,
    before: str,
    place: Place,
    object_store: dict[str, str],
    engine_home: Path,
    engine_env: dict[str, str],
) -> dict[str, Finding]:
    """What the previews of the selected cases said."""
    selected = {
        item.callspec.params.get("name", TOGETHER)
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    }
    programs = {name: case.program for name, case in CASES.items()}
    previews = [
        Preview(name, lambda program=program: program(place))  # type: ignore[misc]
        for name, program in {TOGETHER: bad_wishes.together, **programs}.items()
        if name in selected
    ]
    variables = {**engine_env, **object_store}
    return preview_all(previews, stacks_in(engine_home, variables), engine_home, variables)


@pytest.mark.parametrize("name", CASES)
def test_bad_input_ends_in_the_preview_with_one_clear_message(
    name: str, findings: dict[str, Finding], place: Place, kubernetes: Kubernetes, before: str
) -> None:
    case, finding = CASES[name], findings[name]
    assert finding.run.ok is (case.severity == "warning")
    said = "\n".join(finding.messages(case.severity))
    for path, name_in_case in (
        (str(place.folder), "{folder}"),
        (str(Path.cwd()), "{here}"),
        (kubernetes.api.server, "{server}"),
    ):
        said = said.replace(path, name_in_case)
    assert said == case.says
    assert "Traceback" not in finding.shown
    assert SECRET not in finding.everything
    assert _objects(kubernetes) == before


@pytest.mark.parametrize("wish", bad_wishes.TOGETHER)
def test_each_bad_wish_of_a_program_is_said_once_in_its_preview(
    wish: str, findings: dict[str, Finding]
) -> None:
    said = findings[TOGETHER].messages("error")
    of_this = [text for text in said if text.startswith(f"SessionJob {wish}: ")]
    assert of_this == [bad_wishes.TOGETHER[wish]]


@pytest.mark.parametrize("name", [TOGETHER])
def test_a_preview_of_bad_wishes_fails_and_changes_nothing(
    name: str, findings: dict[str, Finding], kubernetes: Kubernetes, before: str
) -> None:
    finding = findings[name]
    assert not finding.run.ok
    assert len(finding.messages("error")) == len(bad_wishes.TOGETHER) == 96
    assert "Traceback" not in finding.shown
    assert SECRET not in finding.everything
    assert _objects(kubernetes) == before
