"""Applications that can't be made end in the preview, with one clear message."""

from __future__ import annotations

import zipfile

import pytest

from tests.engine.bad_applications import CASES, TOGETHER, together
from tests.engine.cases import SECRET, Place
from tests.engine.nowhere import preview_nowhere
from tests.engine.previews import Finding, Preview

pytestmark = [pytest.mark.engine]

ALL = "together"
"""The preview of one program with many applications that can't be made."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("place")
    with zipfile.ZipFile(folder / "job.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: org.acme.Job\n")
    return Place(folder, folder / "job.jar")


@pytest.fixture(scope="module")
def findings(place: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    programs = {ALL: together, **{name: case.program for name, case in CASES.items()}}
    previews = [
        Preview(name, lambda program=program: program(place))  # type: ignore[misc]
        for name, program in programs.items()
    ]
    return preview_nowhere(previews, tmp_path_factory.mktemp("engine"))


@pytest.mark.parametrize("name", CASES)
def test_an_application_that_cannot_be_made_is_refused_by_one_message(
    name: str, findings: dict[str, Finding]
) -> None:
    finding = findings[name]
    assert not finding.run.ok
    assert finding.messages("error") == [CASES[name].says]
    assert "Traceback" not in finding.shown
    assert SECRET not in finding.everything


@pytest.mark.parametrize("name", TOGETHER)
def test_each_of_many_is_said_once(name: str, findings: dict[str, Finding]) -> None:
    said = findings[ALL].messages("error")
    start = f"ApplicationDeployment {name}: "
    assert [text for text in said if text.startswith(start)] == [TOGETHER[name]]


def test_many_at_once_are_refused_without_a_traceback(findings: dict[str, Finding]) -> None:
    finding = findings[ALL]
    assert not finding.run.ok
    assert len(finding.messages("error")) == len(TOGETHER) == 52
    assert "Traceback" not in finding.shown
    assert SECRET not in finding.everything
