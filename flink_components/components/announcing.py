"""Says in a preview, and again in `up`, what will happen to a job."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi import ResourceHookArgs
from pulumi.resource import DependencyResource

from flink_components.flink.jar import JarError, content
from flink_components.kube.access import Access
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.session_job import Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import plain
from flink_components.providers.session_job import last_run
from flink_components.spec.base import SpecError, load
from flink_components.spec.job import SessionJobSpec

_ACCESS = Access()
# Not the event loop's own threads: each registration that waits for a hook holds one of them.
_THREADS = ThreadPoolExecutor(8, "flink-plan")


async def announce(args: ResourceHookArgs) -> None:
    """Logs the plan of a job that is made or changed on its row. Raises ValueError to refuse."""
    new, hidden = await _revealed(args.new_inputs or {})
    row = DependencyResource(new["urn"])
    wish = _wish(new)
    if wish is None:
        pulumi.log.info(
            "what happens to the job can't be said before `up`: some of its arguments are "
            "not known yet",
            row,
        )
        return
    before = last = None
    if args.old_inputs is not None:
        old, hidden_before = await _revealed(args.old_inputs)
        before, hidden = plain(old), hidden | hidden_before
    if args.old_outputs is not None:
        last = last_run((await _revealed(args.old_outputs))[0])
    found = await asyncio.get_running_loop().run_in_executor(
        _THREADS, plan, Workshop(_ACCESS), wish, before, new.get("previous_key"), last
    )
    found = found.hiding(hidden)
    if found.refused is not None:
        raise ValueError(found.text())
    log = pulumi.log.warn if found.unknown else pulumi.log.info
    log(found.text(), row)


async def _revealed(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The inputs with secrets as plain values, and the names of those that hold one.

    The SDK hands on a property that holds a secret as an Output.
    """
    hidden = {name for name, value in inputs.items() if isinstance(value, pulumi.Output)}
    revealed = dict(inputs)
    for name in hidden:
        revealed[name] = await inputs[name].future(with_unknowns=True)
    return revealed, hidden


def _wish(inputs: Mapping[str, Any]) -> Wish | None:
    """The declared job, or None while something of it is not known."""
    given = {
        field: plain(inputs[field])
        for field in SessionJobSpec.model_fields
        if inputs.get(field) is not None
    }
    try:
        spec = load(SessionJobSpec, given)
        return Wish(spec, inputs.get("jar_content") or content(spec.jar, spec.jar_sha256))
    except (SpecError, JarError):
        return None
