"""`flink-components graph`: the job graph of a jar, as a file or as a picture."""

import os
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from flink_components.flink.cluster_graph import client_at, read_by_cluster
from flink_components.flink.graph_driver import Program, flink_version, read_by_driver
from flink_components.flink.jar import content, sha256_of
from flink_components.flink.job_graph import GraphError, JobGraph, Source, graph_of, read_graph
from flink_components.lifecycle.snapshot_verdict import snapshot_verdict
from flink_components.plan.changes import fingerprint
from flink_components.plan.state.limits import Target
from flink_components.plan.state.mermaid import mermaid


def graph(
    jar: Annotated[Path, typer.Argument(help="the job's jar, or a graph.json made before")],
    flink: Annotated[str, typer.Option(help="the version that the distribution must have")] = "",
    flink_home: Annotated[
        str, typer.Option(help="a Flink distribution on this machine; by default $FLINK_HOME")
    ] = "",
    cluster: Annotated[
        str, typer.Option(help="REST address of a cluster to ask in place of a distribution")
    ] = "",
    main: Annotated[str, typer.Option(help="the main class; by default that of the jar")] = "",
    args: Annotated[str, typer.Option(help="arguments of main, in the shell's spelling")] = "",
    parallelism: Annotated[
        int | None, typer.Option(help="the job's default parallelism", min=1)
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option(help="a Flink option of the job, as key=value; repeatable")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the file; by default it is printed")
    ] = None,
    as_mermaid: Annotated[
        bool, typer.Option("--mermaid", help="a Mermaid flow chart in place of JSON")
    ] = False,
    against: Annotated[
        str, typer.Option(help="with --mermaid: a snapshot, to show what moves, drops, is new")
    ] = "",
) -> None:
    """Reads the job graph of a jar: `main` runs up to `execute()`, and nothing is submitted.

    It runs on this machine, with a `java` and a Flink distribution; or, with --cluster, in the
    JobManager of a cluster, which takes the jar for that long.
    """
    if jar.suffix == ".json":
        made = read_graph(jar)
    else:
        program = Program(main, _words(args), parallelism, _options(config))
        made = _made(jar, program, flink, flink_home, cluster)
    text = made.to_json()
    if as_mermaid:
        verdict = None
        if against:
            verdict = snapshot_verdict(against, made, Target(made.flink_version))
        text = mermaid(made, verdict)
    _write(text, output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise GraphError(f"{output} can't be written: {error.strerror}") from error


def _made(jar: Path, program: Program, flink: str, flink_home: str, cluster: str) -> JobGraph:
    jar_content = content(str(jar))
    if cluster:
        client, version = client_at(cluster)
        _is_version(flink, version, cluster)
        source, found = Source.PLANS, read_by_cluster(client, version, jar, program)
    else:
        home = _home(flink_home, flink)
        version = flink_version(home)
        _is_version(flink, version, str(home))
        source, found = Source.DRIVER, read_by_driver(jar, program, home)
    what: dict[str, Any] = {
        "jar_content": jar_content,
        "entry_class": program.entry_class,
        "args": list(program.args),
        "parallelism": program.parallelism,
        "config": dict(program.config),
    }
    head = {
        "flink_version": version,
        "source": source,
        "jar": jar.name,
        "jar_content": jar_content,
        "jar_sha256": sha256_of(jar),
        "program": fingerprint(what),
    }
    return graph_of(head | found, str(jar))


def _home(given: str, flink: str) -> Path:
    home = given or os.environ.get("FLINK_HOME", "")
    if not home:
        raise GraphError(
            f"where Flink{f' {flink}' if flink else ''} is on this machine is not known: give "
            f"--flink-home DIR or set $FLINK_HOME (/opt/flink in Flink's images), or --cluster URL"
        )
    return Path(home)


def _is_version(wanted: str, found: str, where: str) -> None:
    if wanted and wanted != found and not found.startswith(f"{wanted}."):
        raise GraphError(
            f"{where} has Flink {found}, and --flink says {wanted}: generated ids and chains are "
            f"those of one version, so give the one on which the job shall run"
        )


def _words(args: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(args))
    except ValueError as error:
        raise GraphError(f"--args {args!r} can't be split into words: {error}") from error


def _options(given: list[str] | None) -> dict[str, str]:
    options = {}
    for text in given or ():
        name, separator, value = text.partition("=")
        if not (name and separator):
            raise GraphError(f"--config {text!r} is not a Flink option: write it as key=value")
        options[name] = value
    return options
