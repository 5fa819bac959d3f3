"""What is said of each argument of a job's life cycle that can't be used, or not with another."""

from __future__ import annotations

import pytest

from flink_components.components.session_job import job_problems
from tests.bad_wishes import modes, places
from tests.unit.components.test_job_messages import ENVIRONMENT, REF

REFUSED = {**modes.REFUSED, **places.REFUSED}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_wish_is_named_with_what_to_do(name: str) -> None:
    args, said = REFUSED[name]
    declared = {"cluster": REF, "jar": "build/job.jar", **args}
    assert "\n".join(map(str, job_problems("counts", declared, ENVIRONMENT))) == said
