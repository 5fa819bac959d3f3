"""Plans of a whole stack by the real engine: gathered, agreed to, and held to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flink_components.plan.record import Phase
from tests.engine.plan_story import FULL, LESS, NAMES, STACK, Printed, Project, world_in
from tests.unit.doubles.judged_job import SAME
from tests.unit.doubles.served import served

pytestmark = pytest.mark.engine

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = (_DOCS / "plan.md").read_text()


@dataclass
class Story:
    """What each command printed, and where the jobs were afterwards."""

    text: Printed
    markdown: Printed
    plans: dict[str, Any]
    no_stack: Printed
    refusing: Printed
    after_refusing: dict[str, tuple[Phase, int]]
    second: Printed
    second_plans: dict[str, Any]
    agreed: Printed
    after_all: dict[str, tuple[Phase, int]]
    selected: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two jobs are upgraded, one would lose state; then that is mended, and one job goes."""
    folder = tmp_path_factory.mktemp("plans")
    world = world_in(folder)
    with served(folder, world) as reached:
        project = Project(folder, world, reached.kubeconfig)

        def standing() -> dict[str, tuple[Phase, int]]:
            records = {name: project.record(name) for name in NAMES}
            return {name: (r.phase, r.run.revision if r.run else 0) for name, r in records.items()}

        for name in NAMES:
            project.runs(name)
        project.declare(**{name: {} for name in NAMES})
        made = project.pulumi("up", "--yes", "--skip-preview")
        assert made.status == 0, made
        for name in ("fraud", "rates"):
            project.declare(**{name: project.next(name, *FULL)})
        project.declare(dedup=project.next("dedup", *LESS))
        project.pulumi("stack", "init", "other")
        text = project.plan()
        markdown = project.plan("--format", "markdown", "--out", "plan.json")
        plans = json.loads((folder / "plan.json").read_text())
        no_stack = project.plan(stack="nope")

        project.declare(dedup=project.next("dedup", *SAME))
        configured = ("config", "set", "--stack", "prod", "flink:plan_file", "plan.json")
        project.pulumi(*configured)
        refusing = project.pulumi(
            "up", "--yes", "--skip-preview", "--stack", "prod", "--continue-on-error"
        )
        after_refusing = standing()

        project.declare(counts=None)
        second = project.plan("--out", "plan.json", "--fail-on", "unknown")
        second_plans = json.loads((folder / "plan.json").read_text())
        agreed = project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod")
        selected = project.pulumi("stack", "--show-name").out.strip()
        return Story(
            text,
            markdown,
            plans,
            no_stack,
            refusing,
            after_refusing,
            second,
            second_plans,
            agreed,
            standing(),
            selected,
        )


def blocks(language: str) -> list[str]:
    """What stands between fences of a language on the page."""
    fenced = re.findall(r"^(`{3,})(\w*)\n(.*?)^\1$", _PAGE, re.MULTILINE | re.DOTALL)
    return [text for _, name, text in fenced if name == language]


def job(plans: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in plans["jobs"] if one["key"] == f"payments/{name}")
    return found


def test_the_page_shows_the_text(story: Story) -> None:
    assert story.text.out in blocks("")


def test_the_page_shows_the_markdown(story: Story) -> None:
    assert story.markdown.out in blocks("markdown")


def test_the_page_shows_the_json(story: Story) -> None:
    found = job(story.plans, "fraud")
    shown = {**found, "state": {"verdict": found["state"]["verdict"]}, "text": "…"}
    assert json.loads(blocks("json")[0]) == shown


def test_the_page_shows_what_is_refused_since_it_was_not_planned(story: Story) -> None:
    (shown,) = [text for text in blocks("") if "NOT AS PLANNED" in text]
    told = story.refusing.out.partition("Diagnostics:")[2]
    said = told.partition('before hook "flink-components-plan" failed: ')[2].partition("\n\n")[0]
    assert "".join(f"{line.removeprefix('    ')}\n" for line in said.splitlines()) == shown


def test_a_refused_job_fails_the_command_and_hides_no_other(story: Story) -> None:
    assert (story.text.status, story.markdown.status) == (1, 1)
    assert story.text.err == "flink-components: refused: payments/dedup\n"
    assert [one["key"] for one in story.plans["jobs"]] == [
        "payments/dedup",
        "payments/fraud",
        "payments/rates",
    ]


def test_what_is_written_keeps_to_the_schema(story: Story) -> None:
    schema = json.loads((_DOCS / "plan.schema.json").read_text())
    for plans in (story.plans, story.second_plans):
        jsonschema.Draft202012Validator(schema).validate(plans)
        assert plans["stack"] == STACK


def test_jobs_of_which_nothing_changes_are_listed_by_their_keys_only(story: Story) -> None:
    assert story.plans["untouched"] == ["payments/counts"]


def test_a_stack_that_there_is_not_is_one_line(story: Story) -> None:
    assert (story.no_stack.status, story.no_stack.out) == (1, "")
    assert re.fullmatch(
        r"flink-components: there is no stack nope in /\S+: `pulumi stack ls` lists those that "
        r"there are\n",
        story.no_stack.err,
    )


def test_the_stack_that_a_person_has_selected_stays_selected(story: Story) -> None:
    assert story.selected == "other"


def test_what_is_not_as_planned_is_refused_and_the_rest_is_done(story: Story) -> None:
    assert story.refusing.status != 0
    assert story.after_refusing == {
        "counts": (Phase.STABLE, 1),
        "dedup": (Phase.STABLE, 1),
        "fraud": (Phase.STABLE, 2),
        "rates": (Phase.STABLE, 2),
    }


def test_the_next_plan_has_what_is_left(story: Story) -> None:
    assert (story.second.status, story.second.err) == (0, "")
    assert {one["key"]: one["decisions"]["does"] for one in story.second_plans["jobs"]} == {
        "payments/counts": "is deleted",
        "payments/dedup": "restarts with state",
    }
    assert story.second_plans["untouched"] == ["payments/fraud", "payments/rates"]


def test_what_is_as_planned_is_done(story: Story) -> None:
    assert story.agreed.status == 0, story.agreed.out
    assert story.after_all["dedup"] == (Phase.STABLE, 2)


def test_the_plan_of_an_upgrade_is_what_was_then_done(story: Story) -> None:
    decisions = job(story.plans, "fraud")["decisions"]
    assert decisions == {
        "does": "restarts with state",
        "restore": "new savepoint",
        "verdict": "full",
        "dropped": [],
        "order": ["stop with a savepoint", "start", "stable"],
    }
    assert story.after_refusing["fraud"] == (Phase.STABLE, 2)
