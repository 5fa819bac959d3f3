"""What would restart every cluster and job when the package itself is upgraded."""

from __future__ import annotations

import json

import pytest

from tests.unit.kube_objects.landed_release import DECLARED, landed, newly_said, restarts_said


@pytest.mark.parametrize("name", DECLARED)
def test_an_upgrade_of_the_package_restarts_nothing_that_the_changelog_does_not_say(
    name: str,
) -> None:
    before, now = landed(name), DECLARED[name]()
    if now["fingerprint"] != before["fingerprint"] and not newly_said():
        assert json.loads(json.dumps(now)) == before, "say in CHANGELOG.md, in bold, what restarts"


def test_the_changelog_says_a_restart_in_bold_on_any_number_of_lines() -> None:
    assert restarts_said(
        "- Faster.\n- One **makes a new\n  revision of all** now. **Not** so."
    ) == ["makes a new revision of all"]
