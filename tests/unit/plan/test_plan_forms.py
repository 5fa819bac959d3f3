"""The plans of a stack as text, as Markdown and as JSON; the files in `golden` are what they are.

`python -m tests.unit.plan.test_plan_forms` writes them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flink_components.plan.listing import as_text, summary
from flink_components.plan.markdown import as_markdown
from tests.unit.plan.plans import stack

GOLDEN = Path(__file__).parent / "golden"


def _as_json(plans: dict[str, Any]) -> str:
    return json.dumps(plans, indent=2, ensure_ascii=False)


FORMS: dict[str, Callable[[dict[str, Any]], str]] = {
    "plan.txt": as_text,
    "plan.md": as_markdown,
    "plan.json": _as_json,
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_what_it_was(name: str) -> None:
    assert FORMS[name](stack()) + "\n" == (GOLDEN / name).read_text()


def test_a_stack_without_jobs_says_so() -> None:
    nothing = {"stack": "acme/flink/prod", "jobs": [], "untouched": []}
    assert as_text(nothing) == "acme/flink/prod: no jobs"
    assert as_markdown(nothing).startswith("### Flink, no jobs\n")


def test_one_job_is_one() -> None:
    assert summary([], 1) == "1 job: 1 is untouched"


if __name__ == "__main__":
    for path, form in FORMS.items():
        (GOLDEN / path).write_text(form(stack()) + "\n")
