"""A verdict as a person and as a machine read it."""

from __future__ import annotations

import json

from flink_components.flink.job_graph import JobGraph
from flink_components.flink.metadata.contents import State
from flink_components.plan.state.judging import judge, unknown, unreadable
from flink_components.plan.state.limits import Target
from flink_components.plan.state.losses import refused_losses
from flink_components.plan.state.mermaid import mermaid
from flink_components.plan.state.rendering import as_json, as_markdown, as_text
from flink_components.plan.state.verdict import StateVerdict
from tests.unit.doubles.job_graphs import entry, graph, operator, snapshot

TARGET = Target("1.20.3")
STATES = (
    State("seen", "keyed value"),
    State("_timer_state/event_user-timers", "timers"),
    State("_timer_state/processing_user-timers", "timers"),
)
OLD = graph(operator("orders"), operator("dedup", "orders"), operator("sum", "dedup"))
STORED = snapshot(
    entry("orders", 4096, parts=("coordinator", "operator")),
    entry("dedup", 19_756_849_562, states=STATES),
    entry("sum", 1 << 20),
)
RENAMED = graph(operator("orders"), operator("dedup-v2", "orders"), operator("sum", "dedup-v2"))
FULL = judge(STORED, graph(*OLD.operators, operator("score", "sum")), TARGET)
PARTIAL = judge(STORED, RENAMED, TARGET, OLD)


def text(verdict: StateVerdict) -> str:
    return as_text(verdict, refused_losses(verdict, (), "4.2.0"))


def test_a_full_one() -> None:
    assert text(FULL) == (
        "    state     FULL: 3 of 3 stateful operators find theirs by uid; 18.4 GiB; "
        "max parallelism 128\n"
        "              new, starts empty: score\n"
        "    unproven  serializers and state names of the new program: only the restore can tell"
    )


def test_a_partial_one_says_what_is_likely_and_what_to_do() -> None:
    assert text(PARTIAL) == (
        "    state     PARTIAL: 2 of 3 stateful operators find theirs by uid; 18.4 GiB; "
        "max parallelism 128\n"
        "              dedup (5a872f…) keyed, 18.4 GiB, states seen + timers: "
        "no operator takes it\n"
        "              new, starts empty: dedup-v2\n"
        "    likely    the uid of dedup changed: dedup-v2 is new, same inputs, same parallelism\n"
        '    do one    keep .uid("dedup")\n'
        '              .setUidHash("5a872f3a73b9dad53994e3e6e14f16e6") on dedup-v2, '
        "for one release\n"
        '              accept=[{"operator": "dedup", "up_to": "21Gi", "version": "4.2.0", '
        '"reason": "…"}]\n'
        "    unproven  serializers and state names of the new program: only the restore can tell"
    )


def test_an_incompatible_one_says_what_flink_would_refuse() -> None:
    new = graph(operator("orders", parallelism=200), operator("dedup"), operator("sum"))
    assert text(judge(STORED, new, TARGET)) == (
        "    state     INCOMPATIBLE: Flink would refuse this restore\n"
        "              orders has parallelism 200, above the max parallelism 128 of its state: "
        "lower its parallelism\n"
        "    unproven  serializers and state names of the new program: only the restore can tell"
    )


def test_an_unknown_one_says_why() -> None:
    assert text(unknown("graph.json is not there")) == (
        "    state     UNKNOWN: graph.json is not there"
    )


def test_a_damaged_snapshot() -> None:
    assert text(unreadable("s3://b/_metadata is damaged at byte 17")) == (
        "    state     INCOMPATIBLE: Flink would refuse this restore\n"
        "              s3://b/_metadata is damaged at byte 17"
    )


def test_a_snapshot_without_state() -> None:
    assert text(judge(snapshot(entry("orders", 0)), OLD, TARGET)) == (
        "    state     FULL: the snapshot holds no state\n"
        "              new, starts empty: dedup, sum"
    )


def _without_uids() -> tuple[StateVerdict, JobGraph]:
    names = {"count": "0" * 31 + "1", "total": "0" * 31 + "2"}
    new = graph(
        operator("orders"),
        *(operator("", id=i, uid=None, name=n, generated=True) for n, i in names.items()),
    )
    stored = snapshot(entry("orders"), *(entry("", id=i) for i in names.values()))
    return judge(stored, new, TARGET), new


def test_operators_without_a_uid_are_named() -> None:
    lines = text(_without_uids()[0]).splitlines()
    assert lines[0] == (
        "    state     FULL: 3 of 3 stateful operators find theirs (2 by generated id, 1 by uid); "
        "3.0 GiB; max parallelism 128"
    )
    assert lines[1] == (
        "    no uid    count, total: the next change of the graph may change their ids"
    )


def test_each_loss_is_a_line_of_what_accepts_them_all() -> None:
    lines = text(judge(STORED, graph(operator("orders")), TARGET, OLD)).splitlines()
    first = lines.index("              accept=[")
    assert lines[first : first + 4] == [
        "              accept=[",
        '                {"operator": "dedup", "up_to": "21Gi", "version": "4.2.0", '
        '"reason": "…"},',
        '                {"operator": "sum", "up_to": "2Mi", "version": "4.2.0", "reason": "…"},',
        "              ]",
    ]


def test_what_is_long_is_counted() -> None:
    stored = snapshot(*(entry(f"u{number}") for number in range(50)))
    verdict = judge(stored, graph(operator("u0")), TARGET)
    lines = [line for line in text(verdict).splitlines() if "no operator takes it" in line]
    assert len(lines) == 20
    assert "              … and 29 more" in text(verdict)


def test_markdown_is_a_line_and_what_can_be_unfolded() -> None:
    assert as_markdown(PARTIAL) == (
        "**PARTIAL**: 2 of 3 stateful operators find theirs by uid; 18.4 GiB; max parallelism 128\n"
        "\n"
        "<details><summary>state, operator by operator</summary>\n"
        "\n"
        "```text\n"
        "          dedup (5a872f…) keyed, 18.4 GiB, states seen + timers: no operator takes it\n"
        "          new, starts empty: dedup-v2\n"
        "likely    the uid of dedup changed: dedup-v2 is new, same inputs, same parallelism\n"
        "unproven  serializers and state names of the new program: only the restore can tell\n"
        "```\n"
        "\n"
        "</details>"
    )


def test_no_name_ends_the_markdown_block() -> None:
    new = graph(*OLD.operators, operator("x", name="```", uid=None))
    assert as_markdown(judge(STORED, new, TARGET)).count("````") == 2
    assert as_markdown(unknown("<b> *is* gone")) == "**UNKNOWN**: \\<b\\> \\*is\\* gone"


def test_json_has_every_operator_and_a_version() -> None:
    found = json.loads(json.dumps(as_json(PARTIAL, refused_losses(PARTIAL, (), "4.2.0"))))
    assert found["schema_version"] == 1
    assert found["verdict"] == "partial"
    assert [one["label"] for one in found["matched"]] == ["orders", "sum"]
    assert found["dropped"][0]["candidates"][0]["operator"]["label"] == "dedup-v2"
    assert found["accept"] == [
        '{"operator": "dedup", "up_to": "21Gi", "version": "4.2.0", "reason": "…"}'
    ]


def test_a_picture_of_what_moves_is_new_and_is_lost() -> None:
    assert mermaid(RENAMED, PARTIAL) == (
        "flowchart LR\n"
        '  n0["orders<br/>4.0 KiB"]:::moves\n'
        '  n1["dedup-v2<br/>new"]:::new\n'
        '  n2["sum<br/>1.0 MiB"]:::moves\n'
        "  n0 --> n1\n"
        "  n1 --> n2\n"
        '  d0["dedup (5a872f…) keyed, 18.4 GiB, states seen + timers"]:::lost\n'
        "  d0 -. same inputs? .-> n1\n"
        "  classDef moves fill:#d8f0d8,stroke:#2e7d32\n"
        "  classDef new fill:#dbe9fb,stroke:#1f5fb0\n"
        "  classDef lost fill:#fbdcdc,stroke:#b71c1c\n"
    )


def test_a_picture_of_the_graph_alone() -> None:
    assert mermaid(graph(operator("a", name='say "<hi>" #1', uid=None))) == (
        'flowchart LR\n  n0["say #34;#60;hi#62;#34; #35;1"]\n'
    )
