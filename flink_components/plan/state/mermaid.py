"""A job graph as a Mermaid flow chart: what takes state over, what is new, what is lost."""

from collections.abc import Iterator

from flink_components.flink.job_graph import JobGraph
from flink_components.plan.state.facts import lost
from flink_components.plan.state.losses import size_text
from flink_components.plan.state.verdict import StateVerdict

_CLASSES = {
    "moves": "fill:#d8f0d8,stroke:#2e7d32",
    "new": "fill:#dbe9fb,stroke:#1f5fb0",
    "lost": "fill:#fbdcdc,stroke:#b71c1c",
}


def mermaid(graph: JobGraph, verdict: StateVerdict | None = None) -> str:
    """The chart; without a verdict just the operators and their edges."""
    return "\n".join(["flowchart LR", *_lines(graph, verdict)]) + "\n"


def _lines(graph: JobGraph, verdict: StateVerdict | None) -> Iterator[str]:
    names = {operator.id: f"n{i}" for i, operator in enumerate(graph.operators)}
    takes = {one.id: one for one in verdict.matched} if verdict else {}
    new = {one.id for one in verdict.new} if verdict else set()
    for operator in graph.operators:
        mark, words = "", ""
        if operator.id in takes:
            mark, words = ":::moves", f"<br/>{size_text(takes[operator.id].size)}"
        elif operator.id in new:
            mark, words = ":::new", "<br/>new"
        yield f'  {names[operator.id]}["{_quoted(operator.label)}{words}"]{mark}'
    for operator in graph.operators:
        for before in operator.inputs:
            yield f"  {names[before]} --> {names[operator.id]}"
    if verdict is None:
        return
    for number, dropped in enumerate(verdict.dropped):
        yield f'  d{number}["{_quoted(lost(dropped))}"]:::lost'
        for candidate in dropped.candidates:
            yield f"  d{number} -. {candidate.why[0]}? .-> {names[candidate.operator.id]}"
    yield from (f"  classDef {name} {style}" for name, style in _CLASSES.items())


def _quoted(text: str) -> str:
    """Mermaid's own way to write what would end a label, or be taken for HTML."""
    for character in '#&"<>`':  # its own sign first
        text = text.replace(character, f"#{ord(character)};")
    return text
