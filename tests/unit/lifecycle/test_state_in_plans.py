"""What a plan says of the state, by the job graph of the new program and a real checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flink_components.flink.metadata.reading import read_snapshot
from flink_components.plan.state.verdict import Verdict
from tests.unit.doubles.job_graphs import operator
from tests.unit.doubles.judged_job import (
    NUMBERS,
    OFFSETS,
    REMEMBER,
    RULES,
    SAME,
    SNAPSHOT,
    WINDOW,
    JudgedJob,
)
from tests.unit.doubles.world import Process, World, ref

HEAD = (
    "payments/fraud  r1 -> r2  {}\n"
    "    changed   jar_content 7f32efe1… -> 8d22f4c2…  (restarts the job)\n"
)
NO_UID = "    no uid    window: the next change of the graph may change their ids\n"
JUDGED_BY = (
    "    judged by chk-2, its latest completed checkpoint: the savepoint is yet to be taken\n"
)
FROM = (
    "    from      a savepoint taken by this up, native, below "
    "file:///data/savepoints/payments/fraud/\n"
    "              if it fails: r1 runs on\n"
    "    stable    every task RUNNING, restored = that savepoint, 1 checkpoint if checkpointing is "
    "on; limit 20 s\n"
    "    else      r1 again from that savepoint, unless r2 has completed a checkpoint"
)
LOST = (
    "    state     PARTIAL: 4 of 5 stateful operators find theirs (3 by uid, 1 by generated id); "
    "16.8 KiB; max parallelism 64\n"
    "              ee80cf1f8a547f701f43246f1b2ac71a keyed, 11.8 KiB, states largest + opaque + "
    "notes + counts + mean + account + timers: no operator takes it\n"
    "              new, starts empty: totals\n"
)
UNPROVEN = (
    "    unproven  serializers and state names of the new program: only the restore can tell\n"
)
ACCEPTED = {"operator": "remember", "up_to": "1Mi", "version": "2", "reason": "made again"}
WITHOUT_REMEMBER = (NUMBERS, OFFSETS, WINDOW, operator("totals", "numbers"), RULES)

OLDER = ref("older", version="1.15.4")
UP_TO_3 = (
    "Flink 1.15.4 reads metadata up to format 3, and {} has format 4, that of Flink 1.16 or later: "
    "go on with that Flink"
)


@pytest.fixture
def job(world: World) -> JudgedJob:
    return JudgedJob(world)


def test_full(job: JudgedJob) -> None:
    assert job.text(**job.next(*SAME, operator("score", "remember"))) == (
        HEAD.format("RESTARTS WITH ITS STATE")
        + "    state     FULL: 5 of 5 stateful operators find theirs (4 by uid, 1 by generated "
        "id); 16.8 KiB; max parallelism 64\n"
        "              new, starts empty: score\n"
        + NO_UID
        + "    unproven  serializers of BitSet (Kryo), SnapshotJob$Account, Tuple2 and state names "
        "of the new program: only the restore can tell\n" + JUDGED_BY + FROM
    )


def test_partial_is_refused_with_the_line_to_write(job: JudgedJob) -> None:
    assert job.text(**job.next(*WITHOUT_REMEMBER)) == (
        HEAD.format("REFUSED") + LOST + '    do one    accept=[{"operator": '
        '"ee80cf1f8a547f701f43246f1b2ac71a", "up_to": "1Mi", "version": "2", "reason": "…"}]\n'
        + NO_UID
        + UNPROVEN
        + JUDGED_BY
        + "    refused   state would be lost: keep it, or accept each loss by name"
    )


def test_a_loss_that_is_accepted_by_name_is_in_the_headline(job: JudgedJob) -> None:
    assert job.text(**job.next(*WITHOUT_REMEMBER), accept=[ACCEPTED]) == (
        HEAD.format("RESTARTS WITH PART OF ITS STATE")
        + LOST
        + NO_UID
        + UNPROVEN
        + "    accepted  remember for version 2: 11.8 KiB, of at most 1Mi\n"
        + JUDGED_BY
        + FROM
    )


def test_incompatible(job: JudgedJob) -> None:
    wide = operator("remember", parallelism=100)
    assert job.text(**job.next(NUMBERS, OFFSETS, WINDOW, wide, RULES)) == (
        HEAD.format("REFUSED") + "    state     INCOMPATIBLE: Flink would refuse this restore\n"
        "              remember has parallelism 100, above the max parallelism 64 of its state: "
        "lower its parallelism\n"
        + NO_UID
        + "    unproven  serializers of BitSet (Kryo), SnapshotJob$Account, Tuple2 and state names "
        "of the new program: only the restore can tell\n"
        + JUDGED_BY
        + "    refused   the new program can't go on from this state, whatever is accepted: mend "
        'that, or give the state up with upgrade_mode="stateless"'
    )


def test_unknown_without_a_job_graph(job: JudgedJob) -> None:
    assert job.text(jar=job.next_jar) == (
        HEAD.format("RESTARTS WITH ITS STATE")
        + "    state     UNKNOWN: there is no job graph (make one with "
        "`flink-components graph JAR -o FILE`, and set job_graph)\n" + FROM
    )


def test_nobody_accepts_that_all_state_is_lost(job: JudgedJob) -> None:
    found = job.planned(
        **job.next(operator("other")),
        accept=[{"operator": "*", "version": "2", "reason": "new"}],
    )
    assert found.refused == (
        "the new program can't go on from this state, whatever is accepted: keep the uids, or give "
        'the state up with upgrade_mode="stateless"'
    )


def reason(job: JudgedJob, **changes: Any) -> str:
    found = job.planned(**changes)
    assert (found.refused, found.state is None) == (None, False)
    assert found.state is not None
    assert found.state.verdict.verdict is Verdict.UNKNOWN
    return found.state.verdict.reason.replace(str(job.world.folder), "/data")


def test_a_snapshot_in_a_place_that_is_not_seen_from_here_is_unknown(job: JudgedJob) -> None:
    said = reason(job, **job.next(*SAME), restore_from="file:///nowhere/savepoint-1")
    assert said == "file:///nowhere/savepoint-1 can't be seen from here"


def test_a_checkpoint_that_flink_has_removed_meanwhile_is_unknown(job: JudgedJob) -> None:
    (job.checkpoint / "_metadata").unlink()
    said = reason(job, **job.next(*SAME))
    assert said.startswith("there is no file file:/data/checkpoints/")


def test_where_flink_has_removed_it_meanwhile_the_next_one_is_looked_at(job: JudgedJob) -> None:
    changes = job.next(*SAME)
    job.planned(**changes)  # what Flink answers then is in its cache
    shutil.rmtree(job.checkpoint)
    job.completes_another()
    found = job.planned(**changes).state
    assert found is not None
    assert found.by.startswith("chk-3, its latest completed checkpoint")
    assert found.verdict.verdict is Verdict.FULL


def test_a_job_that_has_no_snapshot_yet_is_unknown(job: JudgedJob) -> None:
    job.world.flink.kept_on_cancel = False
    said = reason(job, **job.next(*SAME))
    assert said == "no snapshot of the job is known yet, from which it could be told"


def test_a_given_snapshot_that_is_missing_where_it_would_be_seen_is_refused(job: JudgedJob) -> None:
    found = job.planned(**job.next(*SAME), restore_from=f"file://{job.world.folder}/savepoint-1")
    assert (found.headline, found.state is not None) == ("REFUSED", True)
    assert found.state is not None
    assert [
        line.replace(str(job.world.folder), "/data") for line in found.state.verdict.obstacles
    ] == [
        "there is no file file:///data/savepoint-1/_metadata; give the directory of one savepoint "
        "or checkpoint"
    ]


def test_a_given_snapshot_that_is_missing_is_refused_without_a_job_graph(job: JudgedJob) -> None:
    (job.world.folder / "savepoints").mkdir()
    found = job.planned(restore_from=f"file://{job.world.folder}/savepoint-1")
    assert found.headline == "REFUSED"
    assert found.state is not None
    assert found.state.verdict.obstacles == (
        f"there is no file file://{job.world.folder}/savepoint-1/_metadata; give the directory of "
        f"one savepoint or checkpoint",
    )


def test_where_the_folder_of_savepoints_is_not_seen_it_may_be_the_pods(job: JudgedJob) -> None:
    said = reason(job, restore_from=f"file://{job.world.folder}/savepoint-1")
    assert said.startswith("there is no job graph")


def impossible(job: JudgedJob, **changes: Any) -> tuple[str, ...]:
    """Why it is refused, whatever the new program is."""
    found = job.planned(**changes)
    assert found.headline == "REFUSED"
    assert found.state is not None
    assert found.state.verdict.verdict is Verdict.INCOMPATIBLE
    return found.state.verdict.obstacles


def test_a_savepoint_for_an_older_flink_is_refused_without_a_job_graph(job: JudgedJob) -> None:
    assert impossible(job, cluster=OLDER) == (UP_TO_3.format("a snapshot of Flink 1.20.3"),)


def test_so_is_a_known_point_that_an_older_flink_can_not_read(job: JudgedJob) -> None:
    Process(job.world).ensure(job.wish(state="cancelled"), job.wish())
    assert impossible(job, cluster=OLDER) == (UP_TO_3.format("this snapshot"),)


def test_so_is_a_given_snapshot_that_an_older_flink_can_not_read(job: JudgedJob) -> None:
    given = f"file://{job.checkpoint}"
    assert impossible(job, cluster=OLDER, restore_from=given) == (UP_TO_3.format("this snapshot"),)


def test_a_known_point_that_is_not_seen_from_here_is_unknown(job: JudgedJob) -> None:
    Process(job.world).ensure(job.wish(state="cancelled"), job.wish())
    shutil.rmtree(job.checkpoint)
    assert reason(job, cluster=OLDER).startswith("there is no job graph")


def test_directly_below_the_root_nothing_is_in_sight(job: JudgedJob) -> None:
    said = reason(job, **job.next(*SAME), restore_from="file:///savepoint-1")
    assert said == "file:///savepoint-1 can't be seen from here"


def test_a_given_snapshot_of_which_a_file_is_missing_is_refused(job: JudgedJob) -> None:
    lost = min(file for file in job.checkpoint.iterdir() if len(file.name) == len(str(uuid4())))
    lost.unlink()
    for changes in (job.next(*SAME), {}):
        found = job.planned(**changes, restore_from=f"file://{job.checkpoint}")
        assert found.headline == "REFUSED"
        assert found.state is not None
        assert found.state.verdict.obstacles == (
            f"the snapshot is incomplete: file://{lost} is missing: take another one",
        )


def test_files_of_state_that_is_lost_anyway_may_be_missing(job: JudgedJob) -> None:
    remembered = next(
        entry for entry in read_snapshot(str(job.checkpoint)).operators if entry.id == REMEMBER.id
    )
    (job.checkpoint / remembered.files[0].path).unlink()
    found = job.planned(
        **job.next(*WITHOUT_REMEMBER), accept=[ACCEPTED], restore_from=f"file://{job.checkpoint}"
    )
    assert found.state is not None
    assert (found.refused, found.state.verdict.verdict) == (None, Verdict.PARTIAL)


def test_a_given_snapshot_that_is_damaged_is_refused(job: JudgedJob) -> None:
    file = job.checkpoint / "_metadata"
    file.write_bytes(file.read_bytes()[:-40])
    found = job.planned(**job.next(*SAME), restore_from=f"file://{job.checkpoint}")
    assert found.state is not None
    assert "_metadata is damaged at byte" in found.state.verdict.obstacles[0]
    assert found.headline == "REFUSED"


def test_with_the_last_state_it_may_be_a_later_checkpoint(job: JudgedJob) -> None:
    found = job.planned(**job.next(*SAME), upgrade_mode="last_state")
    assert found.state is not None
    assert found.state.by == (
        "chk-2, its latest completed checkpoint: there may be a later one when it is cancelled"
    )


INCREMENTAL = SNAPSHOT.parent / "1.20.3-rocksdb-incremental"
ANOTHER_BACKEND = (
    "the snapshot is in the native format of the state backend rocksdb or forst, and the job has "
    "hashmap: keep that backend, or take a savepoint in the canonical format first"
)


def obstacles(job: JudgedJob, **changes: Any) -> tuple[str, ...]:
    found = job.planned(**changes).state
    assert found is not None
    return found.verdict.obstacles


def test_another_state_backend_needs_a_savepoint_in_the_canonical_format(job: JudgedJob) -> None:
    job.has_checkpoint(INCREMENTAL)
    changes = job.next(*SAME)
    assert obstacles(job, **changes) == (ANOTHER_BACKEND,)
    assert obstacles(job, **changes, savepoint_format="canonical") == ()


def test_a_savepoint_of_an_old_flink_is_canonical_whatever_is_declared(world: World) -> None:
    job = JudgedJob(world, version="1.13.6")
    job.has_checkpoint(SNAPSHOT.parent / "1.13.6-rocksdb-incremental")
    changes = job.next(*SAME, version="1.13.6")
    assert obstacles(job, **changes) == ()
    assert obstacles(job, **changes, upgrade_mode="last_state") == (ANOTHER_BACKEND,)


@pytest.mark.parametrize(
    "backend",
    [{"job": "rocksdb"}, {"cluster": "rocksdb"}, {"graph": "EmbeddedRocksDBStateBackend"}],
)
def test_the_state_backend_is_that_of_program_job_or_cluster(
    job: JudgedJob, backend: dict[str, str]
) -> None:
    job.has_checkpoint(INCREMENTAL)
    if "cluster" in backend:
        job.world.flink.config["state.backend.type"] = backend["cluster"]
    config = {"state.backend.type": backend["job"]} if "job" in backend else {}
    changes = job.next(*SAME, state_backend=backend.get("graph"))
    assert obstacles(job, **changes, config=config) == ()


@pytest.mark.parametrize("fields", [{"source": "plans"}, {"version": "2.0.2"}])
def test_a_backend_that_a_graph_does_not_tell_is_unproven(
    job: JudgedJob, fields: dict[str, str]
) -> None:
    job.has_checkpoint(INCREMENTAL)
    found = job.planned(**job.next(*SAME, **fields)).state
    assert found is not None
    assert found.verdict.obstacles == ()
    assert (
        "the state backend: the snapshot is in the native format of one" in found.verdict.unproven
    )


def test_a_savepoint_is_taken_of_a_changelog_but_its_checkpoint_is_not_gone_on_from(
    job: JudgedJob,
) -> None:
    job.has_checkpoint(SNAPSHOT.parent / "1.20.3-changelog")
    changes = job.next(*SAME, state_backend="EmbeddedRocksDBStateBackend")
    assert obstacles(job, **changes) == ()
    (said,) = obstacles(job, **changes, upgrade_mode="last_state")
    assert said.startswith("the checkpoint has a changelog")


def test_a_graph_of_other_arguments_is_said_to_be_unproven(job: JudgedJob) -> None:
    found = job.planned(**job.next(*SAME), args=["other"])
    assert found.state is not None
    assert found.state.verdict.unproven[-1] == (
        "ids and parallelism: the graph was made with another main class, other arguments, "
        "parallelism or options than the job has"
    )


def test_a_change_in_place_says_nothing_of_the_state(job: JudgedJob) -> None:
    found = job.planned(description="new")
    assert (found.headline, found.state) == ("RUNS ON", None)


def test_a_job_graph_restarts_nothing(job: JudgedJob) -> None:
    graph = job.next(*SAME)["job_graph"]
    found = job.planned(job_graph=graph)
    assert (found.headline, found.state) == ("RUNS ON", None)
    assert [(change.field, change.kind.value) for change in found.changed] == [
        ("job_graph", "in place")
    ]


def _written(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text) and None


def _changed(**fields: Any) -> Callable[[Path], None]:
    return lambda path: (
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields})) and None
    )


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BAD_FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (
        Path.unlink,
        "GRAPH is not there: make it with `flink-components graph JAR -o GRAPH`",
    ),
    "a folder": (_a_folder, "GRAPH can't be read: Is a directory; give the file of a job graph"),
    "empty": (
        _written(""),
        "GRAPH is not JSON: Expecting value: line 1 column 1 (char 0); make it again with "
        "`flink-components graph JAR -o GRAPH`",
    ),
    "a list": (
        _written("[]"),
        "GRAPH is not a job graph: it holds no JSON object; make it again with "
        "`flink-components graph JAR -o GRAPH`",
    ),
    "later schema": (
        _changed(schema_version=2),
        "GRAPH has schema_version 2, and this flink-components reads 1: upgrade it, or make the "
        "graph again",
    ),
    "no operators": (
        _changed(operators=[]),
        "GRAPH is not a job graph: operators: is empty; make the graph again",
    ),
    "unknown field": (
        _changed(tables=[]),
        "GRAPH is not a job graph: tables: there is no such field",
    ),
    "another jar": (
        _changed(jar_content="0" * 32),
        "GRAPH was made of another jar (dedup-4.2.0.jar) than JAR: make it again with "
        "`flink-components graph JAR -o GRAPH`",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_job_graph_is_one_clear_refusal(job: JudgedJob, name: str) -> None:
    spoil, expected = BAD_FILES[name]
    changes = job.next(*SAME)
    spoil(Path(changes["job_graph"]))
    found = job.planned(**changes)
    said = str(found.refused).replace(changes["job_graph"], "GRAPH").replace(job.next_jar, "JAR")
    assert said.partition("; the fields are")[0] == f"job_graph can't be used: {expected}"
    assert (found.headline, found.restore, found.state) == ("REFUSED", "", None)


def test_what_the_running_revision_has_added_is_unproven_while_it_has_no_snapshot(
    job: JudgedJob,
) -> None:
    job.up(**job.next(*SAME))
    record = job.world.record()
    assert record.restore is not None
    taken = Path(record.restore.path.removeprefix("file:"))
    shutil.copytree(SNAPSHOT, taken, dirs_exist_ok=True)
    job.world.advance(5)
    job.completes_another()
    job.world.advance(5)
    added = "state that r2 has added: no snapshot of it is known yet"
    kept = job.planned(**job.next(*SAME), args=["other"]).state
    job.world.flink.kept_on_cancel = False
    lost = job.planned(**job.next(*SAME), args=["other"]).state
    assert kept is not None
    assert lost is not None
    assert added not in kept.verdict.unproven
    assert added in lost.verdict.unproven
