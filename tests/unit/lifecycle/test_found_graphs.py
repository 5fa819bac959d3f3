"""Where the job graph of a new program is found: in its file, kept from before, on the cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flink_components.flink.graph_cache import GraphCache
from flink_components.flink.job_graph import Operator, read_graph
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.planning import plan
from flink_components.plan.plan import Plan
from flink_components.plan.state.judgement import Judgement
from flink_components.plan.state.verdict import Verdict
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.job_graphs import operator
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, REMEMBER, RULES, SAME, WINDOW, JudgedJob
from tests.unit.doubles.wire import Answer, Call, Fault
from tests.unit.doubles.world import Process, World, calls_to

LOST = (NUMBERS, OFFSETS, WINDOW, RULES)
ASKED = {"preview_graph": "cluster", "entry_class": "org.acme.Next"}
FROM_CLUSTER = "from the cluster: its JobManager had the jar, and ran its main up to execute()"
FROM_CACHE = "from this machine's cache"
LEFT = "00000009-b0e0-4b6a-8a0e-000000000000_fc-graph-0123.jar"


class Machine:
    """One with a cache, that previews and upgrades the job."""

    def __init__(self, job: JudgedJob) -> None:
        self.job = job
        self.world = job.world
        self.cache = GraphCache(job.world.folder / "cache")
        self.process = self._process()

    def _process(self) -> Process:
        process = Process(self.world)
        process.shop = replace(process.shop, graphs=self.cache)
        return process

    def planned(self, **changes: Any) -> Plan:
        """What a preview says."""
        self.process = self._process()
        old = self.job.wish()
        before = {**old.spec.model_dump(mode="json"), "jar_content": old.content}
        return plan(self.process.shop, self.job.wish(**changes), before)

    def state(self, **changes: Any) -> Judgement:
        """What a preview says of the state."""
        found = self.planned(**changes).state
        assert found is not None
        return found

    def up(self, **changes: Any) -> None:
        """What `up` does."""
        self.process = self._process()
        self.process.ensure(self.job.wish(**changes), self.job.wish())

    def calls(self, method: str, ending: str) -> list[Call]:
        """What the last of them has asked Flink for."""
        when = calls_to(method, ending)
        return [call for call in self.process.wire.calls if when(call)]

    def tells(self, *operators: Operator) -> None:
        """What the cluster tells of the next program."""
        nodes = tuple(
            {
                "id": one.id,
                "description": one.name,
                "parallelism": one.parallelism,
                "inputs": [{"id": before, "ship_strategy": "HASH"} for before in one.inputs],
            }
            for one in operators
        )
        self.world.flink.behaviours["org.acme.Next"] = Behaviour(nodes=nodes)


@pytest.fixture
def machine(world: World) -> Machine:
    return Machine(JudgedJob(world))


def test_the_cluster_tells_the_graph_of_a_new_jar(machine: Machine) -> None:
    machine.tells(*SAME, operator("score", "remember"))
    found = machine.state(jar=machine.job.next_jar, **ASKED)
    assert found.verdict.verdict is Verdict.FULL
    assert [new.label for new in found.verdict.new] == ["score"]
    assert found.graph == FROM_CLUSTER
    assert f"\n    graph     {FROM_CLUSTER}\n" in found.text()
    assert "max parallelism, if the program sets one" in " ".join(found.verdict.unproven)


def test_it_is_asked_for_the_very_program_and_only_if_that_is_declared(machine: Machine) -> None:
    machine.tells(*SAME)
    changes = {"jar": machine.job.next_jar, "args": ["a"]}
    unknown = machine.state(**changes, entry_class="org.acme.Next")
    assert unknown.verdict.verdict is Verdict.UNKNOWN
    assert machine.calls("POST", "/plan") == machine.calls("POST", "/upload") == []
    machine.state(**changes, **ASKED, parallelism=3, config={"restart-strategy.type": "none"})
    chained, unchained = (call.body for call in machine.calls("POST", "/plan"))
    assert chained == {
        "entryClass": "org.acme.Next",
        "programArgsList": ["a"],
        "parallelism": 3,
        "flinkConfiguration": {"restart-strategy.type": "none"},
    }
    assert unchained == {
        **chained,
        "flinkConfiguration": {
            "restart-strategy.type": "none",
            "pipeline.operator-chaining": "false",
        },
    }


def test_a_preview_leaves_no_jar_on_the_cluster_and_nothing_in_the_ledger(
    machine: Machine,
) -> None:
    machine.tells(*SAME)
    jars, record = dict(machine.world.flink.jars), machine.world.record()
    machine.state(jar=machine.job.next_jar, **ASKED)
    assert len(machine.calls("POST", "/upload")) == 1
    assert machine.world.flink.jars == jars
    assert machine.world.record() == record


def test_a_jar_that_is_there_is_used_and_stays(machine: Machine) -> None:
    machine.tells(*SAME)
    jars = dict(machine.world.flink.jars)
    found = machine.state(args=["other"], **ASKED)
    assert found.graph == FROM_CLUSTER
    assert machine.calls("POST", "/upload") == []
    assert machine.world.flink.jars == jars


def test_the_jar_of_a_preview_is_none_that_up_would_use(machine: Machine) -> None:
    """Else the end of a preview could take it from an `up` that has stopped the job."""
    machine.tells(*SAME)
    names = []

    def note(call: Call) -> bool:
        if call.path.endswith("/plan"):
            names.extend(machine.world.flink.jars)
        return False

    process = Process(machine.world)
    process.inject(Fault.REFUSED, note)
    wish = machine.job.wish(jar=machine.job.next_jar, **ASKED)
    plan(process.shop, wish, machine.job.wish().spec.model_dump(mode="json"))
    lent = [name for name in names if "_fc-graph-" in name]
    assert len(lent) == 2
    assert not any(wish.content in name for name in lent)


def test_a_jar_that_a_preview_which_died_has_left_goes_after_an_hour(machine: Machine) -> None:
    machine.tells(*SAME)
    machine.world.flink.jars[LEFT] = b""
    machine.state(jar=machine.job.next_jar, **ASKED)
    assert LEFT not in machine.world.flink.jars


def test_a_jar_that_can_not_be_removed_is_said(machine: Machine) -> None:
    machine.tells(*SAME)
    machine.process = machine._process()
    process = machine.process
    process.inject(Answer(500, {"errors": ["no"]}), lambda call: call.method == "DELETE")
    old = machine.job.wish()
    before = {**old.spec.model_dump(mode="json"), "jar_content": old.content}
    found = plan(process.shop, machine.job.wish(jar=machine.job.next_jar, **ASKED), before).state
    assert found is not None
    assert found.verdict.verdict is Verdict.FULL
    assert "was left on the cluster: no" in found.graph


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(400, {"errors": ["main() failed"]}),
            "the cluster gave no job graph: main() failed",
        ),
        (Answer(200, {"plan": {"nodes": [{}]}}), "is not as Flink 1.20.3 gives it"),
        (Fault.REFUSED, "does not answer: connection refused"),
    ],
    ids=["main fails", "nonsense", "no answer"],
)
def test_a_cluster_that_tells_none_is_unknown(
    machine: Machine, answer: Answer | Fault, said: str
) -> None:
    machine.process = machine._process()
    machine.process.inject(answer, calls_to("POST", "/plan"), times=2)
    old = machine.job.wish()
    before = {**old.spec.model_dump(mode="json"), "jar_content": old.content}
    wish = machine.job.wish(jar=machine.job.next_jar, **ASKED)
    found = plan(machine.process.shop, wish, before)
    assert found.state is not None
    assert (found.refused, found.state.verdict.verdict) == (None, Verdict.UNKNOWN)
    assert said in found.state.verdict.reason
    assert [name for name in machine.world.flink.jars if "fc-graph" in name] == []


def test_what_the_cluster_has_told_is_asked_for_once(machine: Machine) -> None:
    machine.tells(*SAME)
    changes = {"jar": machine.job.next_jar, **ASKED}
    first = machine.state(**changes)
    again = machine.state(**changes)
    assert machine.calls("POST", "/plan") == machine.calls("POST", "/upload") == []
    assert again == replace(first, graph=FROM_CACHE)


def test_up_decides_by_the_same_graph(machine: Machine) -> None:
    machine.tells(*LOST)
    changes = {"jar": machine.job.next_jar, **ASKED}
    assert machine.planned(**changes).headline == "REFUSED"
    with pytest.raises(Refused, match="state would be lost"):
        machine.up(**changes)
    machine.up(**changes, accept=[{"operator": "remember", "version": "2", "reason": "made again"}])
    assert machine.world.the_job().request["allowNonRestoredState"] is True


def test_up_without_a_cache_asks_the_cluster(machine: Machine) -> None:
    machine.tells(*LOST)
    with pytest.raises(Refused, match="state would be lost"):
        machine.job.up(jar=machine.job.next_jar, **ASKED)


def test_a_start_keeps_the_graph_of_its_dry_run(machine: Machine) -> None:
    machine.tells(*SAME)
    machine.process = machine._process()
    machine.process.anchor("payments/other")
    wish = machine.job.wish(key="payments/other", name="other", args=["other"], **ASKED)
    machine.process.ensure(wish)
    assert len(machine.calls("POST", "/plan")) == 2
    found, _ = machine.cache.find(
        f"{wish.fingerprint} {wish.spec.cluster.key} r1 ", wish.spec.cluster.flink_version
    )
    assert found is not None
    assert {one.id for one in found.operators} == {one.id for one in SAME}


def test_a_start_without_the_option_runs_main_once(machine: Machine) -> None:
    machine.tells(*SAME)
    machine.up(jar=machine.job.next_jar, entry_class="org.acme.Next")
    assert len(machine.calls("POST", "/plan")) == 1


def test_a_declared_graph_is_kept_for_previews_without_the_file(machine: Machine) -> None:
    changes = machine.job.next(*SAME, operator("score", "remember"))
    machine.planned(**changes)
    del changes["job_graph"]
    found = machine.state(**changes)
    assert (found.verdict.verdict, found.graph) == (Verdict.FULL, FROM_CACHE)


def test_a_graph_of_other_arguments_is_not_kept(machine: Machine) -> None:
    changes = machine.job.next(*SAME)
    machine.planned(**changes, args=["other"])
    del changes["job_graph"]
    assert machine.state(**changes, args=["other"]).verdict.verdict is Verdict.UNKNOWN


def test_the_declared_file_goes_before_all_else(machine: Machine) -> None:
    machine.tells(*SAME)
    changes = {**machine.job.next(*LOST), "entry_class": "org.acme.Next"}
    found = machine.state(**changes, preview_graph="cluster")
    assert (found.verdict.verdict, found.graph) == (Verdict.PARTIAL, "")
    assert machine.calls("POST", "/plan") == []


def test_a_damaged_entry_is_said_beside_why_there_is_no_graph(machine: Machine) -> None:
    changes = machine.job.next(*SAME)
    machine.planned(**changes)
    for path in machine.cache.folder.iterdir():
        path.write_text("{")
    del changes["job_graph"]
    reason = machine.state(**changes).verdict.reason
    assert reason.startswith("there is no job graph (make one with")
    assert "; an entry of this machine's cache is ignored: " in reason


def test_the_graph_of_the_program_that_runs_names_what_is_lost(machine: Machine) -> None:
    """A snapshot of Flink 1.20 has no names in it."""
    job = machine.job
    job.up(**job.next(*SAME))
    runs = job.wish(**job.next(*SAME))
    job.completes_another()
    next_jar = machine.world.jar(entries="3")
    graph = job.next(*LOST, jar_content=job.wish(jar=next_jar).content)["job_graph"]
    before = {**runs.spec.model_dump(mode="json"), "jar_content": runs.content}

    def lost() -> list[str]:
        wish = job.wish(jar=next_jar, job_graph=graph, version="3")
        found = plan(machine._process().shop, wish, before).state
        assert found is not None
        return [one.label for one in found.verdict.dropped]

    assert lost() == [REMEMBER.id]
    known = job.next(*SAME)
    machine.cache.keep(read_graph(Path(known["job_graph"])), runs.fingerprint)
    job.next(*LOST, jar_content=job.wish(jar=next_jar).content)
    assert lost() == ["remember"]
