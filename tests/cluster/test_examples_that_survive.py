"""The examples of applications, standbys and state in S3 run as their READMEs say."""

from __future__ import annotations

import pytest

from sandbox.paths import PROJECT
from tests.cluster.readme import block_with
from tests.cluster.stories import (
    NOTHING_CHANGED,
    PROOF,
    Stories,
    checked,
    example,
    plan_in,
    proof_in,
    told,
)

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(1200)]

APPLICATION, AVAILABLE, IN_S3 = "04-application", "05-high-availability", "06-s3-state"
NAMESPACES = ("example-application", "example-high-availability", "example-s3-state")
UPGRADE = "example-application/counts  r1 -> r2"


@pytest.fixture(scope="module")
def stories(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Stories:
    """These examples."""
    clone = tmp_path_factory.mktemp
    tellers = {name: example(name, clone("clone")) for name in (APPLICATION, AVAILABLE, IN_S3)}
    return told(tellers, NAMESPACES, kubeconfig, clone("home"))


@pytest.mark.parametrize("name", [APPLICATION, AVAILABLE, IN_S3])
def test_the_readme_can_be_typed_as_it_is(name: str, stories: Stories) -> None:
    typed = stories[name].result()
    assert [len(typed.outputs(look)) for look in NOTHING_CHANGED] == [1, 1]
    assert "have been deleted" in typed.outputs("pulumi destroy")[0]


def test_the_page_of_the_application_shows_the_real_preview_of_an_upgrade(
    stories: Stories,
) -> None:
    (seen,) = stories[APPLICATION].result().outputs("pulumi preview")
    shown = block_with(UPGRADE, PROJECT / "examples" / APPLICATION / "README.md")
    details = seen.partition("Diagnostics:")[2]
    assert plan_in(shown, UPGRADE) == plan_in(details, UPGRADE)


@pytest.mark.parametrize("name", [APPLICATION, AVAILABLE])
def test_an_upgraded_job_has_lost_and_repeated_nothing(name: str, stories: Stories) -> None:
    assert proof_in(checked(stories[name].result())) == PROOF


@pytest.mark.parametrize(
    ("name", "savepoint"),
    [
        (APPLICATION, "file:/data/savepoints/example-application/counts/1-1/"),
        (IN_S3, "s3://acme-flink/example/savepoints/example-s3-state/counts/1-1/"),
    ],
)
def test_an_upgraded_job_goes_on_from_a_savepoint(
    name: str, savepoint: str, stories: Stories
) -> None:
    (restored_from,) = stories[name].result().outputs("pulumi stack output restored_from")
    assert restored_from.startswith(savepoint)
