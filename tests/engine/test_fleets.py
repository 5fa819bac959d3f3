"""What the real engine does with a fleet: what it shows, in what order, and where it stops."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster.stacks import ENGINE, PROVIDER
from tests.engine.fleets import SIX, WITHOUT_STATE, Ground, refusals, row
from tests.lifecycle.kubernetes import until
from tests.unit.doubles.served import served

pytestmark = pytest.mark.engine

MANY = 120
PAGE = (Path(__file__).parents[2] / "docs/fleet.md").read_text()
SHOWN = [block.strip("\n") for block in PAGE.split("```")[1::2]]
"""What the page of fleets shows: programs, commands and rows."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Six jobs of version 1, which run."""
    home = tmp_path_factory.mktemp("fleets")
    with served(home / "world") as world:
        made = Ground(world, home)
        run = made.up(made.program(1))
        assert run.ok, run.error
        yield made


def all_of(version: int, **others: int) -> dict[str, int]:
    """Every job of this version, but for some."""
    return {name: others.get(name, version) for name in SIX}


def test_a_row_tells_of_all_jobs_also_where_nothing_changes(ground: Ground) -> None:
    now = ground.version
    run = ground.preview(ground.program(now))
    assert run.ok, run.error
    assert row(run) == "payments  6 jobs: 6 untouched"
    assert ground.served.asked("GET", "/leases") == 2, (
        "one list of the program, one of the provider"
    )
    assert ground.served.asked("GET", "/jobs/overview") == 1

    failed = next(job for job in ground.served.world.flink.active() if job.group == "rules")
    ground.served.world.flink.fail(failed.id, "out of memory")
    run = ground.preview(ground.program(now, SIX[:5]))
    failed.state = "RUNNING"
    assert row(run) == (
        "payments  5 jobs: 1 deleted, 5 untouched\n"
        "    deleted   payments/totals\n"
        "    look at   payments/rules is FAILED; this change does not touch it"
    )
    assert row(run) in SHOWN


def test_a_preview_shows_every_refusal_and_up_touches_no_job(ground: Ground) -> None:
    new = ground.next()
    old = new - 1
    bad = {"dedup": WITHOUT_STATE, "hourly": WITHOUT_STATE}
    program = ground.program(new, each=bad, canary="fraud", max_in_flight=2)
    run = ground.preview(program)
    assert not run.ok
    assert refusals(run) == ["dedup", "hourly"]
    assert row(run) == (
        "payments  6 jobs: 2 are refused, 4 restart with their state\n"
        "    refused   payments/dedup, payments/hourly\n"
        "    restart   payments/daily, payments/fraud (canary), payments/rules, payments/totals"
    )
    assert row(run) in SHOWN
    for options in ({}, {"continue_on_error": True, "parallel": 1}):
        run = ground.up(program, **options)
        assert not run.ok
        assert "REFUSED" in run.said("error")
        assert (ground.served.order, ground.versions()) == ([], all_of(old))

    others = ground.up(program, target=["**rules*"])
    assert others.ok, others.error
    assert ground.versions() == all_of(old, rules=new)
    rest = ground.up(program, exclude=["**dedup*", "**hourly*"])
    assert rest.ok, rest.error
    assert ground.versions() == all_of(new, dedup=old, hourly=old)


def test_the_canary_comes_first_and_then_so_many_at_a_time(ground: Ground) -> None:
    new = ground.next()
    run = ground.up(ground.program(new, canary="hourly", max_in_flight=2))
    assert run.ok, run.error
    assert row(run) in SHOWN
    assert (ground.served.order[0], ground.served.most_held) == ("hourly", 2)
    assert ground.versions() == all_of(new)
    new = ground.next()
    run = ground.up(ground.program(new, canary="totals"), parallel=1)
    assert run.ok, run.error
    assert (ground.served.order[0], ground.served.most_held) == ("totals", 1)
    assert ground.versions() == all_of(new)


@pytest.mark.parametrize("goes_on", [False, True])
def test_where_the_canary_fails_no_other_job_is_touched(ground: Ground, goes_on: bool) -> None:
    new = ground.next()
    ground.fails("hourly")
    program = ground.program(new, canary="hourly")
    run = ground.up(program, continue_on_error=goes_on)
    assert not run.ok
    assert "out of memory" in run.said("error", "hourly-job")
    assert ground.served.order == ["hourly"]
    problem = next(block for block in SHOWN if block.startswith("Fleet payments: its canary"))
    assert (problem in run.said("error")) is goes_on
    ground.fails()
    again = ground.up(program)
    assert again.ok, again.error
    assert (ground.served.order[0], ground.versions()) == ("hourly", all_of(new))


def test_after_enough_failures_no_further_job_is_touched(ground: Ground) -> None:
    new = ground.next()
    ground.fails(*SIX)
    program = ground.program(new, max_in_flight=1, stop_after_failures=2)
    run = ground.up(program, continue_on_error=True)
    assert not run.ok
    tried = ground.served.order
    assert len(tried) == 2
    for name in set(SIX).difference(tried):
        said = run.said("error", f"{name}-job")
        assert said.partition("stops after ")[2] in PAGE
        assert said.startswith(f"payments/{name} was not touched: payments/{tried[0]}, payments/")
        assert "fleet payments stops after 2 failures" in said
    ground.fails()
    again = ground.up(program)
    assert again.ok, again.error
    assert ground.versions() == all_of(new)


def test_an_up_that_was_killed_is_made_good_by_the_next_one(ground: Ground) -> None:
    new = ground.next()
    ground.served.world.flink.savepoint_seconds = 1.0
    program = ground.program(new, canary="daily", max_in_flight=2)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(ground.up, program)
        until("two jobs in flight", 120, lambda: ground.served.most_held == 2)
        # First the engine, which waits: it writes its file in place where a provider has died.
        found = [one for what in (ENGINE, PROVIDER) for one in ground.stack.processes(what)]
        for process in found:
            ground.stack.end(process)
        assert not run.result(timeout=120).ok
    assert ground.versions() != all_of(new)
    ground.stack.cancel()
    ground.served.held.clear()
    ground.served.world.flink.savepoint_seconds = 0.0
    again = ground.up(program)
    assert again.ok, again.error
    assert "daily" not in ground.served.order, "the canary is done"
    assert ground.served.most_held <= 2
    assert ground.versions() == all_of(new)


def test_a_fleet_of_many_jobs_is_read_by_few_calls(tmp_path: Path) -> None:
    names = [f"job-{number}" for number in range(MANY)]
    with served(tmp_path / "world") as world:
        ground = Ground(world, tmp_path, "many")
        run = ground.preview(ground.program(1, names, canary="job-7"))
        assert run.ok, run.error
        assert row(run).splitlines()[0] == f"payments  {MANY} jobs: {MANY} start"
        planned = {who for _, text, who in run.messages if "STARTS" in text}
        assert planned == set(names)
        assert ground.served.asked("GET", "/leases") <= 3
