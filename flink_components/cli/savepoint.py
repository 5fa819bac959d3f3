"""`flink-components savepoint`: takes one of a job, and looks into those that are there."""

from typing import Annotated

import typer
from typer.core import TyperGroup

from flink_components.cli import printing, snapshots
from flink_components.cli.verdicts import check
from flink_components.flink.metadata.difference import difference
from flink_components.flink.metadata.heads import read_with_states
from flink_components.flink.metadata.reading import read_snapshot

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Path = Annotated[str, typer.Argument(help="a directory with _metadata: local, s3://, gs://, …")]


class _TakesAKey(TyperGroup):
    """`savepoint KEY` is `savepoint take KEY`, whatever options come first."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["take", *args]
        return super().parse_args(ctx, args)


savepoints = typer.Typer(
    cls=_TakesAKey,
    help="Takes a savepoint of a job (savepoint KEY), or looks into one (savepoint show PATH).",
    no_args_is_help=True,
    subcommand_metavar="KEY | COMMAND [ARGS]...",
)
savepoints.command()(check)


@savepoints.command()
def show(
    path: Path,
    states: Annotated[bool, typer.Option("--states", help="read names and types, too")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="name the files, and how much was read, too")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Says what a savepoint or checkpoint holds. Neither Flink nor the job is needed."""
    snapshot = read_with_states(path) if states else read_snapshot(path)
    found = snapshots.facts(path, snapshot, verbose)
    printing.show(found, as_json, snapshots.print_facts)


@savepoints.command()
def diff(before: Path, after: Path, as_json: AsJson = False) -> None:
    """Says what differs between two savepoints or checkpoints, by operator and state."""
    old, new = read_with_states(before), read_with_states(after)
    found = snapshots.differences(old, new, difference(old, new))
    printing.show(found, as_json, snapshots.print_differences)
