"""`flink-components plan`: what an `up` of a stack does to its jobs, for people and for CI."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flink_components.cli.plan_error import PlanError
from flink_components.cli.verdicts import Format, verdicts
from flink_components.plan.listing import as_text, does, verdict
from flink_components.plan.markdown import as_markdown
from flink_components.plan.outcome import Does
from flink_components.plan.state.losses import size_text


def plan(
    stack: Annotated[str, typer.Option(help="the stack, as `pulumi preview --stack` takes it")],
    cwd: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    form: Annotated[Format, typer.Option("--format", help="of what is printed")] = Format.TEXT,
    fail_on: Annotated[
        str, typer.Option(help="verdicts that make the exit status 1: partial,incompatible,unknown")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="a file for the plan, for `flink:plan_file`")
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="what Pulumi prints, and what was read, on stderr"),
    ] = False,
) -> None:
    """Says what `pulumi up` would do to the jobs of a stack and to their state.

    It runs `pulumi preview`, and changes nothing. A refused job makes the exit status 1.
    """
    failing = verdicts(fail_on)
    # Only this command needs Pulumi.
    from flink_components.cli.previewing import gathered

    plans = gathered(stack, cwd, verbose)
    if out is not None:
        _write(plans, out)
    if form is Format.JSON:
        print(json.dumps(plans, indent=2, ensure_ascii=False))
    elif form is Format.MARKDOWN:
        print(as_markdown(plans))
    else:
        print(as_text(plans))
    if verbose:
        _say_what_was_read(plans["jobs"])
    refused = [job["key"] for job in plans["jobs"] if does(job) is Does.REFUSED]
    failed = [job["key"] for job in plans["jobs"] if verdict(job) in failing]
    _say("refused", refused)
    _say(f"with a verdict of --fail-on {fail_on}", [key for key in failed if key not in refused])
    if refused or failed:
        raise typer.Exit(1)


def _say(what: str, keys: list[str]) -> None:
    if keys:
        print(f"flink-components: {what}: {', '.join(keys)}", file=sys.stderr)


def _say_what_was_read(jobs: list[dict[str, Any]]) -> None:
    for job in jobs:
        state = job["state"] or {}
        if state.get("read"):
            read, size = size_text(state["read"]), size_text(state["size"])
            print(f"{job['key']}: {read} read of a snapshot of {size}", file=sys.stderr)


def _write(plans: dict[str, Any], out: Path) -> None:
    try:
        out.write_text(json.dumps(plans, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise PlanError(f"{out} can't be written: {error.strerror}") from None
