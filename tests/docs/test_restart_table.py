"""The page of what restarts a job says what the table of changes says."""

from __future__ import annotations

from flink_components.plan.changes import of_session_job
from tests.docs.restart_table import PAGE, SESSION_JOB, page


def test_the_page_is_the_one_that_the_table_makes() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.docs.restart_table > docs/restarts.md"


def test_no_argument_of_a_session_job_is_missing_from_the_table() -> None:
    assert [name for name in SESSION_JOB if of_session_job(name) is None] == []


def test_a_change_of_the_image_restarts_an_application_and_one_of_labels_does_not() -> None:
    rows = {row.split(" | ")[0]: row for row in page().splitlines() if row.startswith("| ")}
    assert "`image`" in rows["| restarts the job"]
    assert "`labels`" in rows["| in place"]
