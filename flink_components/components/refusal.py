"""How a program is ended for what is wrong in it: by a RunError, which prints no traceback."""

from collections.abc import Sequence

import pulumi

from flink_components.spec.base import Problem


def refuse(what: str, problems: Sequence[Problem]) -> None:
    """Ends the program with all of these problems at once. Raises RunError if there are any."""
    if len(problems) == 1:
        raise pulumi.RunError(f"{what}: {problems[0]}")
    if problems:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        raise pulumi.RunError(f"{what}: {len(problems)} arguments to correct:{lines}")
