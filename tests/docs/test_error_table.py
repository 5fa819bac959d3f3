"""The page of errors says what the code says."""

from __future__ import annotations

from flink_components.lifecycle.errors import LifecycleError
from tests.docs.error_table import PAGE, Said, all_said, page


def test_the_page_of_errors_is_the_one_that_the_code_makes() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.docs.error_table > docs/errors.md"


def test_texts_are_found_with_their_step_and_kind() -> None:
    said = all_said()
    assert len(said) > 90
    assert Said("Refused", "`pulumi up`", "{key} was renamed to {moved to}: give that key") in said


def test_whoever_is_refused_is_not_left_with_a_code_alone() -> None:
    assert [one for one in all_said() if len(one.text) < 20] == []


def test_each_kind_of_error_of_the_life_cycle_has_its_texts_on_the_page() -> None:
    def kinds(of: type[LifecycleError]) -> set[str]:
        return {of.__name__}.union(*(kinds(kind) for kind in of.__subclasses__()))

    ours = {name for name in kinds(LifecycleError) if not name.startswith("_")}
    assert ours - {one.kind for one in all_said()} == set()
