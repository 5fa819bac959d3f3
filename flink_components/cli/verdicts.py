"""`flink-components savepoint check`: whether a program finds its state in a snapshot."""

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from flink_components.flink.job_graph import read_graph
from flink_components.flink.versions import features
from flink_components.lifecycle.snapshot_verdict import snapshot_verdict
from flink_components.plan.state.limits import Backend, Target, backend_of
from flink_components.plan.state.losses import refused_losses, size_text
from flink_components.plan.state.rendering import as_json, as_markdown, as_text
from flink_components.plan.state.verdict import Verdict


class Format(str, Enum):
    """How a verdict is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def check(
    path: Annotated[str, typer.Argument(help="a savepoint or checkpoint")],
    graph: Annotated[
        Path, typer.Option(help="the job graph of the new program, from `flink-components graph`")
    ],
    earlier: Annotated[
        Path | None,
        typer.Option(help="that of the program that wrote it: it names what older Flinks do not"),
    ] = None,
    flink: Annotated[
        str, typer.Option(help="the version to run on; by default that of the graph")
    ] = "",
    backend: Annotated[
        Backend | None, typer.Option(help="the job's state backend; by default as in the graph")
    ] = None,
    claim: Annotated[bool, typer.Option(help="restored with the claim mode CLAIM")] = False,
    version: Annotated[str, typer.Option(help="the job's own version, for the line to write")] = "",
    form: Annotated[Format, typer.Option("--format", help="of what is printed")] = Format.TEXT,
    fail_on: Annotated[
        str, typer.Option(help="verdicts that make the exit status 1")
    ] = "partial,incompatible,unknown",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="how much was read, on stderr")
    ] = False,
) -> None:
    """Says what a new program would find of the state in a snapshot; nothing is started."""
    failing = verdicts(fail_on)
    new = read_graph(graph)
    target = Target(
        flink_version=_version(flink or new.flink_version),
        backend=backend or backend_of(new.state_backend),
        claim=claim,
    )
    verdict = snapshot_verdict(path, new, target, read_graph(earlier) if earlier else None)
    refused = refused_losses(verdict, (), version or None)
    if form is Format.JSON:
        print(json.dumps(as_json(verdict, refused), indent=2))
    elif form is Format.MARKDOWN:
        print(as_markdown(verdict, refused))
    else:
        print(as_text(verdict, refused))
    if verbose:
        print(f"{size_text(verdict.read)} read of {path}", file=sys.stderr)
    if verdict.verdict in failing:
        raise typer.Exit(1)


def _version(text: str) -> str:
    try:
        features(text)
    except ValueError as error:
        raise typer.BadParameter(f"--flink {text!r}: {error}") from None
    return text


def verdicts(text: str) -> frozenset[Verdict]:
    """The verdicts that `--fail-on` names."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        return frozenset(map(Verdict, words))
    except ValueError:
        known = ", ".join(verdict.value for verdict in Verdict)
        raise typer.BadParameter(f"--fail-on {text!r}: the verdicts are {known}") from None
