"""Plans on their way out of the program, and back into it: to be gathered, and to be agreed to."""

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path

import pulumi

from flink_components.lifecycle.agreeing import Agreed, PlanFileError, read_plan
from flink_components.plan.plan import Plan
from flink_components.plan.plan_json import as_json

FOLDER = "FLINK_COMPONENTS_PLANS"
"""The variable that names the folder for plans.

The engine hands its variables on to each process that it starts, so every program finds it, also
one that hosts a component for another language, and however deep a component is nested.
"""


def hand_on(plan: Plan, stack: str) -> None:
    """Writes the plan into the folder, whole or not at all. Raises ValueError where it can't."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    name = hashlib.sha256(f"{stack} {plan.key}".encode()).hexdigest()[:32]
    file = Path(folder) / f"{name}.json"
    unfinished = file.with_suffix(f".{os.getpid()}")
    try:
        unfinished.write_text(json.dumps({"stack": stack, "job": as_json(plan)}), encoding="utf-8")
        unfinished.replace(file)
    except OSError as error:
        raise ValueError(
            f"the plan of {plan.key} can't be written into {folder}, which {FOLDER} names: "
            f"{error.strerror}"
        ) from None


def plan_file() -> str | None:
    """What `flink:plan_file` of the stack's configuration says."""
    return pulumi.Config("flink").get("plan_file") or None


def checked(plan: Plan, stack: str) -> Plan:
    """The plan, refused where `flink:plan_file` says otherwise. Raises ValueError for a bad file.

    While plans are gathered a new one is made, so the old one does not count.
    """
    given = plan_file()
    if not given or (os.environ.get(FOLDER) and pulumi.runtime.is_dry_run()):
        return plan
    try:
        return _agreed(str(_below_the_project(given)), stack).checked(plan)
    except PlanFileError as error:
        raise ValueError(f"flink:plan_file: {error}") from None


@lru_cache(maxsize=4)
def _agreed(path: str, stack: str) -> Agreed:
    return read_plan(Path(path), stack)


def _below_the_project(given: str) -> Path:
    """A path is told from the folder of Pulumi.yaml, wherever `main` is."""
    root = pulumi.runtime.settings.get_root_directory()
    return Path(root or ".") / Path(given).expanduser()
