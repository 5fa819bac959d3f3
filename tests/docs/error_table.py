"""The page of errors, from the code: ``python -m tests.docs.error_table > docs/errors.md``.

Each text is what the code raises, with the names of what it fills in.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import flink_components
from flink_components.lifecycle import errors

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

_PACKAGE = Path(flink_components.__path__[0])
# what each module does when it raises, as a user knows it
_STEPS = {
    "cli/graph.py": "read a job graph",
    "cli/plan.py": "`flink-components plan`",
    "cli/previewing.py": "`flink-components plan`",
    "flink/checkpoint_files.py": "look for what a lost job has left",
    "flink/cluster_graph.py": "read a job graph",
    "flink/graph_cache.py": "read a job graph",
    "flink/graph_driver/__init__.py": "read a job graph",
    "flink/jar.py": "read the jar",
    "flink/metadata/files.py": "look into a snapshot",
    "flink/metadata/presence.py": "look into a snapshot",
    "flink/metadata/reading.py": "look into a snapshot",
    "flink/job_graph.py": "read a job graph",
    "flink/plan_graph.py": "read a job graph",
    "flink/storage.py": "read a jar, a snapshot, or what a lost job has left",
    "kube/access.py": "connect",
    "lifecycle/adopting.py": "adopt",
    "lifecycle/agreeing.py": "`flink:plan_file`",
    "lifecycle/anchoring.py": "make, rename or delete the job",
    "lifecycle/application_by_hand.py": "roll back by hand",
    "lifecycle/application_place.py": "start an application",
    "lifecycle/by_hand.py": "a step by hand",
    "lifecycle/checkpointing.py": "take a checkpoint",
    "lifecycle/graphs.py": "restart with the state",
    "lifecycle/history.py": "read the history",
    "lifecycle/jars.py": "upload the jar",
    "lifecycle/kept.py": "roll back by hand",
    "lifecycle/key_secret.py": "read what is kept of a key's past",
    "lifecycle/kept_revisions.py": "roll back by hand",
    "lifecycle/ledger.py": "read or write the ledger",
    "lifecycle/planning.py": "rename",
    "lifecycle/programs.py": "read the kept programs",
    "lifecycle/rehearsal.py": "dry run",
    "lifecycle/rescaling.py": "rescale",
    "lifecycle/revisions.py": "make or remove a revision of an application",
    "lifecycle/savepoints.py": "take a savepoint",
    "lifecycle/session_cluster.py": "make or upgrade a session cluster",
    "lifecycle/session_job.py": "`pulumi up`",
    "lifecycle/snapshot.py": "take or dispose of a snapshot",
    "lifecycle/standing.py": "see whether an application runs",
    "lifecycle/starting.py": "start",
    "lifecycle/starting_by_hand.py": "resume or roll back by hand",
    "lifecycle/stopping.py": "stop",
    "lifecycle/submitting.py": "submit",
    "lifecycle/triggers.py": "stop",
    "lifecycle/turns.py": "`pulumi up` of a fleet",
    "lifecycle/way_back.py": "take an upgrade back",
    "plan/due.py": "plan",
    "providers/standing.py": "`pulumi destroy`",
}
_KINDS = {
    "Refused": "Nothing was changed: what ran runs on, with its state.",
    "StepFailed": "The ledger says how far it came, and the message where the state is. "
    "The next `pulumi up` goes on from there.",
    "FailedByItself": "Flink restarts the job from its latest checkpoint, and nothing else was "
    "changed: the next `pulumi up` stops it again.",
    "LeftToGuard": "The job is left to its JobManager's guard, which goes on with it from the "
    "savepoint once the lock is free; the next `pulumi up` sees that.",
    "AnswerLost": "Nothing is started beside what may run: the next `pulumi up` looks first.",
    "WrongState": "The attempt is ended, its state is not used, and the program before it runs "
    "again from the hand-over point.",
    "Locked": "Nothing was changed: another run works on this job.",
    "LockLost": "This run did nothing more; the one that took the lock goes on.",
    "LifecycleError": "Nothing more was changed: what ran runs on.",
    "AccessError": "Nothing was changed: no cluster was reached.",
    "StorageError": "Nothing was changed: it is part of the reason of a refusal.",
    "MetadataError": "Nothing was changed: the snapshot was reached, and can't be used as it is.",
    "GraphError": "Nothing was changed: a job graph is read, and no job is started.",
    "JarError": "Nothing was changed: the jar is read before anything else is done.",
    "PlanError": "Nothing was changed: there is no plan, and no preview that is complete.",
    "PlanFileError": "The job was not touched: it is compared with its plan before that.",
}
_REFUSALS = {"_refused": "Refused", "_lose": "LockLost", "_failed_stop": "StepFailed"}


class Said(NamedTuple):
    """A text, by which step, and of which kind."""

    kind: str
    step: str
    text: str


def all_said() -> list[Said]:
    """Every error of the life cycle that the code can raise."""
    found: set[Said] = set()
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = str(path.relative_to(_PACKAGE))
        for kind, text in _raised(ast.parse(path.read_text())):
            found.add(Said(kind, _STEPS[name], text))
    return sorted(found)


def _raised(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        kind = _REFUSALS.get(name, name)
        if kind not in _KINDS or not node.args:
            continue
        text = _text(node.args[-1] if name == "_failed_stop" else node.args[0])
        if re.search(r"[a-z]{3}.* ", re.sub(r"{[^}]*}", "", text)):
            yield kind, text


def _text(node: ast.expr) -> str:
    """The text of an expression, with what is filled in by its name."""
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(map(_text, node.values))
        case ast.FormattedValue():
            return _text(node.value) if _is_text(node.value) else _name(node.value)
        case ast.BinOp(op=ast.Add()):
            return _text(node.left) + _text(node.right)
        case ast.IfExp():
            return f"[{_text(node.body)}]"
    return _name(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.IfExp)


def _name(node: ast.expr) -> str:
    names = [part for part in re.findall(r"[a-zA-Z_]+", ast.unparse(node)) if part != "str"]
    return "{" + (names[-1].strip("_").replace("_", " ") if names else "…") + "}"


def page() -> str:
    """The whole page."""
    lines = [
        "# Errors",
        "",
        "What `pulumi up`, `preview`, `refresh`, `destroy` and `flink-components` say of a job or",
        "a cluster when a step is refused or fails; each on the job's own row, in one line. Names",
        "in `{…}` are filled in, parts in `[…]` are said where they apply. Wrong arguments are",
        "said by the field, in a preview: `field: what is wrong (given …); what to do`.",
        "",
        "This page is made from the code: `python -m tests.docs.error_table > docs/errors.md`.",
    ]
    said = all_said()
    for kind, meaning in _KINDS.items():
        of_kind = [one for one in said if one.kind == kind]
        if not of_kind:
            continue
        known = getattr(errors, kind, None)
        title = (inspect.getdoc(known) if known else "") or ""
        lines += ["", f"## {kind}", "", *([title, ""] if title else []), meaning, ""]
        lines += ["| when | what is said |", "|---|---|"]
        lines += [f"| {one.step} | {_cell(one.text)} |" for one in of_kind]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


if __name__ == "__main__":
    print(page(), end="")
