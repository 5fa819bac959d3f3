"""Jars on a session cluster."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flink_components.flink.errors import FlinkError
from flink_components.flink.jar import content
from flink_components.lifecycle.by_hand import suspend_by_hand
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.jars import ensure_jar, supply_jar
from flink_components.plan.record import Phase
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Fault, Killed
from tests.unit.doubles.world import Process, World, calls_to, ref
from tests.unit.lifecycle.scenarios import running


def run(world: World, key: str, **changes: object) -> None:
    process = Process(world)
    process.anchor(key)
    name = key.rsplit("/", 1)[1]
    process.ensure(world.wish(key=key, name=name, args=[name], **changes))


def test_one_content_is_uploaded_once_for_all_jobs(world: World) -> None:
    run(world, "payments/a")
    run(world, "payments/b")
    assert world.flink.uploads == 1
    (jar,) = world.flink.jars
    assert jar.endswith("_fc-7f32efe111a4c98bf2f8925fa642e539.jar")


def test_an_upgrade_removes_the_jar_that_nobody_needs_any_more(world: World) -> None:
    run(world, "payments/a")
    run(world, "payments/a", jar=world.jar(entries="2"))
    (jar,) = world.flink.jars
    assert jar.endswith("_fc-8d22f4c27ebb2583aa1efd71890ebd9f.jar")


def test_an_upgrade_keeps_a_jar_that_another_job_needs(world: World) -> None:
    run(world, "payments/a")
    run(world, "payments/b")
    run(world, "payments/a", jar=world.jar(entries="2"))
    assert len(world.flink.jars) == 2


def test_jars_of_other_people_are_left_alone(world: World) -> None:
    world.flink.jars["1234_by-hand.jar"] = b""
    run(world, "payments/a")
    run(world, "payments/a", jar=world.jar(entries="2"))
    assert "1234_by-hand.jar" in world.flink.jars


def test_a_removal_that_fails_does_not_fail_the_upgrade(world: World) -> None:
    run(world, "payments/a")
    process = Process(world)
    process.inject(Answer(500, {"errors": ["disk"]}), lambda call: call.method == "DELETE")
    wish = world.wish(key="payments/a", name="a", args=["a"], jar=world.jar(entries="2"))
    assert process.ensure(wish).phase.value == "STABLE"


def test_a_jar_whose_removal_failed_is_removed_by_the_next_run(world: World) -> None:
    run(world, "payments/a")
    process = Process(world)
    process.inject(Answer(500, {"errors": ["disk"]}), lambda call: call.method == "DELETE", times=9)
    wish = world.wish(key="payments/a", name="a", args=["a"], jar=world.jar(entries="2"))
    process.ensure(wish)
    assert len(world.flink.jars) == 2
    Process(world).ensure(wish)
    (jar,) = world.flink.jars
    assert jar.endswith("_fc-8d22f4c27ebb2583aa1efd71890ebd9f.jar")


def test_a_jar_that_was_uploaded_for_a_start_that_is_refused_is_removed(world: World) -> None:
    run(world, "payments/a")
    process = Process(world)
    process.inject(Answer(400, {"errors": ["main() failed"]}), calls_to("POST", "/plan"))
    wish = world.wish(key="payments/a", name="a", args=["a"], jar=world.jar(entries="2"))
    with pytest.raises(Refused, match="nothing was changed"):
        process.ensure(wish)
    (jar,) = world.flink.jars
    assert jar.endswith("_fc-7f32efe111a4c98bf2f8925fa642e539.jar")


def test_so_is_that_of_a_first_start_that_is_refused(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.inject(Answer(400, {"errors": ["main() failed"]}), calls_to("POST", "/plan"))
    with pytest.raises(Refused, match="nothing was changed"):
        process.ensure(world.wish())
    assert (world.flink.uploads, world.flink.jars) == (1, {})


def test_where_its_removal_fails_the_next_run_removes_it(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.inject(Answer(400, {"errors": ["main() failed"]}), calls_to("POST", "/plan"))
    process.inject(Answer(500, {"errors": ["disk"]}), lambda call: call.method == "DELETE", times=9)
    with pytest.raises(Refused, match="nothing was changed"):
        process.ensure(world.wish(jar=world.jar(entries="2")))
    assert len(world.flink.jars) == 1
    Process(world).ensure(world.wish())
    (jar,) = world.flink.jars
    assert jar.endswith("_fc-7f32efe111a4c98bf2f8925fa642e539.jar")


def test_a_job_that_failed_to_start_and_is_given_up_leaves_no_jar(world: World) -> None:
    run(world, "payments/a")
    process = Process(world)
    old = world.wish(key="payments/a", name="a", args=["a"])
    down = world.wish(key="payments/a", name="a", args=["a"], state="suspended")
    given_up = world.wish(key="payments/a", name="a", args=["a"], state="cancelled")
    process.ensure(down, old)
    process.inject(Answer(400, {"errors": ["x.Boom: 1"]}), calls_to("POST", "/run"))
    with pytest.raises(StepFailed, match="Boom"):
        process.ensure(old, down)
    assert len(world.flink.jars) == 1
    process.ensure(given_up, old)
    assert world.flink.jars == {}


@pytest.mark.parametrize("state", ["cancelled", "suspended"])
def test_a_refused_start_of_a_job_that_is_down_leaves_no_jar(world: World, state: str) -> None:
    runs, down = world.wish(), world.wish(state=state)
    process = Process(world)
    process.anchor()
    process.ensure(runs)
    process.ensure(down, runs)
    assert world.flink.jars == {}
    process.inject(Answer(400, {"errors": ["no such class"]}), calls_to("POST", "/plan"))
    with pytest.raises(Refused, match="nothing was changed"):
        process.ensure(world.wish(entry_class="org.acme.Missing"), down)
    assert (world.flink.uploads, world.flink.jars) == (2, {})


def test_a_refused_start_leaves_what_a_person_may_resume_from(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.ensure(world.wish())
    suspend_by_hand(process.shop, process.ledger())
    before = dict(world.flink.jars)
    process.inject(Answer(400, {"errors": ["no such class"]}), calls_to("POST", "/plan"), times=2)
    with pytest.raises(Refused, match="nothing was changed"):
        process.ensure(world.wish(entry_class="org.acme.Missing"), world.wish())
    assert world.flink.jars == before
    assert len(before) == 1


def test_a_job_that_has_finished_leaves_no_jar(world: World) -> None:
    world.flink.behaviours["org.acme.Fraud"] = Behaviour(finishes=True)
    process = Process(world)
    process.anchor()
    assert process.ensure(world.wish()).phase is Phase.FINISHED
    assert (world.flink.uploads, world.flink.jars) == (1, {})


class TestADeathAfterAnUpload:
    """The ledger names the jar before it is uploaded."""

    def die(self, world: World, fault: Fault = Fault.KILLED_AFTER) -> None:
        victim = Process(world)
        victim.anchor()
        victim.inject(fault, calls_to("POST", "/upload"))
        with pytest.raises(Killed):
            victim.ensure(world.wish(jar=world.jar(entries="2")))

    def test_the_next_run_removes_a_jar_that_is_not_declared_any_more(self, world: World) -> None:
        self.die(world)
        Process(world).ensure(world.wish())
        (jar,) = world.flink.jars
        assert jar.endswith("_fc-7f32efe111a4c98bf2f8925fa642e539.jar")

    def test_so_it_is_where_another_job_ran(self, world: World) -> None:
        running(world)
        self.die(world)
        Process(world).ensure(world.wish(jar=world.jar(entries="3")), world.wish())
        (jar,) = world.flink.jars
        assert jar.endswith(f"_fc-{content(world.jar(entries='3'))}.jar")

    def test_a_delete_removes_it(self, world: World) -> None:
        self.die(world)
        Process(world).release(world.wish())
        assert world.flink.jars == {}

    def test_the_same_job_finds_it(self, world: World) -> None:
        self.die(world)
        Process(world).ensure(world.wish(jar=world.jar(entries="2")))
        assert (world.flink.uploads, len(world.flink.jars)) == (1, 1)
        assert world.record().jars_left == ()

    def test_one_that_arrives_after_the_next_run_goes_with_the_run_after_that(
        self, world: World
    ) -> None:
        self.die(world, Fault.KILLED_LATE)
        Process(world).ensure(world.wish())
        world.advance(300)
        assert len(world.flink.jars) == 2
        Process(world).ensure(world.wish(), world.wish())
        (jar,) = world.flink.jars
        assert jar.endswith("_fc-7f32efe111a4c98bf2f8925fa642e539.jar")
        assert world.record().jars_left == ()


def test_an_upload_that_arrives_late_is_removed_by_the_run_after_it(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.inject(Fault.LATE, calls_to("POST", "/upload"))
    with pytest.raises(FlinkError, match="does not answer"):
        process.ensure(world.wish(jar=world.jar(entries="2")))
    world.advance(300)
    assert len(world.flink.jars) == 1
    Process(world).ensure(world.wish())
    (jar,) = world.flink.jars
    assert jar.endswith("_fc-7f32efe111a4c98bf2f8925fa642e539.jar")


def test_a_move_that_is_refused_leaves_no_jar_on_the_new_cluster(world: World) -> None:
    run(world, "payments/a")
    world.add_cluster("etl", revision=2)
    process = Process(world)
    process.inject(Answer(400, {"errors": ["main() failed"]}), calls_to("POST", "/plan"))
    wish = world.wish(key="payments/a", name="a", args=["a"], cluster=ref(revision=2))
    with pytest.raises(Refused, match="nothing was changed"):
        process.ensure(wish)
    assert [len(cluster.jars) for cluster in world.clusters.values()] == [1, 0]


def test_a_jar_that_vanished_before_the_run_is_uploaded_again(world: World) -> None:
    process = Process(world)
    process.anchor()

    def vanish(call: object) -> bool:
        if str(getattr(call, "path", "")).endswith("/run") and world.flink.uploads == 1:
            world.flink.jars.clear()
        return False

    process.inject(Fault.LOST, vanish)
    process.ensure(world.wish())
    assert world.flink.uploads == 2
    assert len(world.active()) == 1


def test_a_jar_whose_file_is_missing_is_refused(world: World) -> None:
    wish = world.wish(jar=world.jar(entries="9"))
    Path(wish.spec.jar).unlink()
    process = Process(world)
    process.anchor()
    with pytest.raises(Refused, match="there is no such file here"):
        process.ensure(wish)


def test_a_jar_of_another_sha256_is_refused_before_it_is_uploaded(world: World) -> None:
    jar = world.jar()
    wish = world.wish(jar=jar, jar_sha256=hashlib.sha256(Path(jar).read_bytes()).hexdigest())
    Path(jar).write_bytes(Path(world.jar(entries="2")).read_bytes())
    with pytest.raises(Refused, match=r"has SHA-256 [0-9a-f]{64}, and [0-9a-f]{64} was declared"):
        ensure_jar(Process(world).flink(wish.spec.cluster), wish.spec, wish.content)
    assert world.flink.uploads == 0


def test_a_jar_of_the_image_is_used_where_it_is(world: World) -> None:
    world.flink.jars["image_job.jar"] = b""
    process = Process(world)
    process.anchor()
    process.ensure(world.wish(jar="local:///opt/flink/usrlib/job.jar"))
    assert world.flink.uploads == 0
    assert world.the_job().jar == "image_job.jar"


def test_a_jar_that_is_not_in_the_image_is_refused(world: World) -> None:
    process = Process(world)
    process.anchor()
    with pytest.raises(Refused, match="is not in the image of session cluster payments/etl"):
        process.ensure(world.wish(jar="local:///opt/flink/usrlib/job.jar"))


def test_two_uploads_at_once_make_one(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    wish = world.wish()
    flinks = [Process(world).flink(wish.spec.cluster) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda flink: ensure_jar(flink, wish.spec, wish.content), flinks))
    assert len(ids) == 1
    assert world.flink.uploads == 1


def test_an_upload_whose_answer_is_lost_is_not_repeated_by_the_next_run(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.inject(Fault.LOST, calls_to("POST", "/upload"))
    with pytest.raises(Exception, match="does not answer: timed out"):
        process.ensure(world.wish())
    Process(world).ensure(world.wish())
    assert world.flink.uploads == 1


class TestGivenByHand:
    def test_a_jar_from_https_is_known_by_its_sha256(self, world: World) -> None:
        right = hashlib.sha256(Path(world.jar()).read_bytes()).hexdigest()
        wish = world.wish(jar="https://jars.example.org/fraud.jar", jar_sha256=right)
        flink = Process(world).flink(wish.spec.cluster)
        with pytest.raises(Refused, match="is not the jar that payments/fraud is to run"):
            supply_jar(flink, wish.spec, wish.content, world.jar(entries="2"))
        supply_jar(flink, wish.spec, wish.content, world.jar())
        assert ensure_jar(flink, wish.spec, wish.content).endswith(f"_fc-{right[:32]}.jar")
        assert world.flink.uploads == 1

    def test_a_jar_of_the_image_can_not_be_given(self, world: World) -> None:
        wish = world.wish(jar="local:///opt/flink/usrlib/fraud.jar")
        flink = Process(world).flink(wish.spec.cluster)
        with pytest.raises(Refused) as error:
            supply_jar(flink, wish.spec, wish.content, world.jar())
        assert str(error.value) == (
            "payments/fraud runs local:///opt/flink/usrlib/fraud.jar of its cluster's image: "
            "leave out --jar"
        )

    def test_one_that_the_cluster_has_is_not_uploaded_again(self, world: World) -> None:
        run(world, "payments/a")
        wish = world.wish(key="payments/a", name="a", args=["a"])
        supply_jar(Process(world).flink(wish.spec.cluster), wish.spec, wish.content, world.jar())
        assert world.flink.uploads == 1
