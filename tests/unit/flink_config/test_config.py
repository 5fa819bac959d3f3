"""The configuration file of a session cluster."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.config import (
    ConfigFile,
    config_file,
    config_text,
    options_are_read,
)
from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import SessionClusterSpec


def cluster(version: str, **values: Any) -> SessionClusterSpec:
    base = {"name": "c", "namespace": "n", "flink_version": version}
    return load(SessionClusterSpec, {**base, **values}, checks=[options_are_read])


def file_of(version: str, **values: Any) -> ConfigFile:
    return config_file(cluster(version, **values), rpc_address="c-r1-rpc", cluster_id="c-r1")


def options_of(version: str, **values: Any) -> dict[str, str]:
    lines = file_of(version, **values).text.splitlines()
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("1.15.4", "flink-conf.yaml"),
        ("1.18.1", "flink-conf.yaml"),
        ("1.19.3", "config.yaml"),
        ("1.20.3", "config.yaml"),
        ("2.3.0", "config.yaml"),
    ],
)
def test_the_file_has_the_name_that_the_version_reads(version: str, name: str) -> None:
    assert file_of(version).name == name


def test_the_whole_file_of_1_17() -> None:
    text = file_of(
        "1.17.2",
        savepoint_dir="s3://b/sp",
        checkpoint_dir="s3://b/cp",
        config={"state.backend": "rocksdb", "a": 'it\'s: "x"'},
        task_manager={"slots": 2, "managed_memory_fraction": 0.5},
    ).text
    lines = [line for line in text.splitlines() if not line.startswith("env.java.opts")]
    assert lines == [
        'a: it\'s: "x"',
        "blob.server.port: 6124",
        "cluster.intercept-user-system-exit: THROW",
        "cluster.registration.error-delay: 1000",
        "execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION",
        "io.tmp.dirs: /var/lib/flink",
        "jobmanager.bind-host: 0.0.0.0",
        "jobmanager.memory.process.size: 1600m",
        "jobmanager.rpc.address: c-r1-rpc",
        "jobmanager.rpc.port: 6123",
        "metrics.internal.query-service.port: 6126",
        "rest.bind-address: 0.0.0.0",
        "rest.port: 8081",
        "state.backend: rocksdb",
        "state.checkpoints.dir: s3://b/cp",
        "state.savepoints.dir: s3://b/sp",
        "taskmanager.bind-host: 0.0.0.0",
        "taskmanager.data.port: 6121",
        "taskmanager.jvm-exit-on-oom: true",
        "taskmanager.memory.managed.fraction: 0.5",
        "taskmanager.memory.process.size: 1728m",
        "taskmanager.numberOfTaskSlots: 2",
        "taskmanager.registration.timeout: 15 min",
        "taskmanager.rpc.port: 6122",
        "web.refresh-interval: 200",
        "web.upload.dir: /var/lib/flink/upload",
    ]


def test_2_3_caches_jobs_under_an_option_of_its_own() -> None:
    assert options_of("2.3.0")["rest.cache.execution-graph.timeout"] == '"200 ms"'
    assert "rest.cache.execution-graph.timeout" not in options_of("2.2.0")


def test_the_user_goes_before_the_defaults() -> None:
    assert options_of("1.20.3", config={"web.refresh-interval": 5000.0})[
        "web.refresh-interval"
    ] == ("5000")


@pytest.mark.parametrize(
    ("version", "option"), [("1.16.3", "env.java.opts"), ("1.17.2", "env.java.opts.all")]
)
def test_java_17_finds_its_options_under_the_versions_own_name(version: str, option: str) -> None:
    flags = options_of(version)[option].split()
    assert flags[0] == "-XX:+IgnoreUnrecognizedVMOptions"
    assert "--add-exports=java.base/sun.net.util=ALL-UNNAMED" in flags
    assert "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED" in flags
    assert len(flags) == 21


@pytest.mark.parametrize("given_as", ["env.java.opts", "env.java.opts.all"])
def test_the_users_jvm_options_come_after_those_of_java_17(given_as: str) -> None:
    options = options_of("1.20.3", config={given_as: "-Dmine=1 -Xlog:gc"})
    flags = options["env.java.opts.all"].strip('"').split()
    assert flags[0] == "--add-exports=java.base/sun.net.util=ALL-UNNAMED"
    assert flags[-2:] == ["-Dmine=1", "-Xlog:gc"]
    assert "env.java.opts" not in options


def test_a_new_name_is_written_as_the_old_one_that_an_older_version_reads() -> None:
    given = {"execution.checkpointing.num-retained": 3, "state.backend.type": "rocksdb"}
    old, new = options_of("1.16.3", config=given), options_of("1.20.3", config=given)
    assert (old["state.checkpoints.num-retained"], old["state.backend"]) == ("3", "rocksdb")
    assert new["execution.checkpointing.num-retained"] == "3"
    assert new["state.backend.type"] == "rocksdb"


@pytest.mark.parametrize(
    ("version", "config", "expected"),
    [
        (
            "1.20.3",
            {"state.backend": "rocksdb", "state.backend.type": "hashmap"},
            'config["state.backend.type"]: is the new name of state.backend, which is given too '
            "(given: 'hashmap'); keep one of the two",
        ),
        (
            "2.0.0",
            {"pipeline.registered-kryo-types": "a"},
            "config[\"pipeline.registered-kryo-types\"]: is not read since Flink 2.0 (given: 'a'); "
            "use pipeline.serialization-config",
        ),
        (
            "1.18.1",
            {"metrics.scope.jm": "a#b"},
            'config["metrics.scope.jm"]: has a #, which Flink 1.18.1 takes as a comment '
            "(given: 'a#b'); use a value without # or Flink 1.19",
        ),
    ],
)
def test_an_option_that_would_not_be_read_is_refused(
    version: str, config: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        cluster(version, config=config)
    assert str(caught.value) == expected


def test_a_file_with_a_secret_says_so() -> None:
    assert file_of("1.20.3", config={"s3.secret-key": "x"}).sensitive
    assert not file_of("1.20.3", config={"s3.endpoint": "http://minio:9000"}).sensitive


def test_zookeeper_keeps_revisions_apart_without_kubernetes_options() -> None:
    options = options_of("1.20.3", config={"high-availability.type": "zookeeper"})
    assert options["high-availability.cluster-id"] == "/c-r1"
    assert "kubernetes.cluster-id" not in options


printable = st.text(
    st.characters(min_codepoint=32, max_codepoint=0xFFFF, exclude_categories=("C", "Z")),
    min_size=1,
).filter(str.isprintable)
words = st.lists(printable, min_size=1, max_size=4).map(" ".join)
names = st.from_regex(r"[a-z][a-z0-9-]{0,9}(\.[a-z][a-z0-9-]{0,9}){0,3}", fullmatch=True).filter(
    lambda name: name not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
)
values = words | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(names, words, max_size=8))
def test_text_in_config_yaml_is_read_back_as_it_was(options: dict[str, Any]) -> None:
    assert (yaml.safe_load(config_text(options, "1.20.3")) or {}) == options


@given(st.dictionaries(names, st.integers() | st.booleans(), max_size=8))
def test_numbers_in_config_yaml_are_read_back_as_they_were(options: dict[str, Any]) -> None:
    assert (yaml.safe_load(config_text(options, "2.3.0")) or {}) == options


@given(st.dictionaries(names, words.filter(lambda text: "#" not in text), max_size=8))
def test_text_in_flink_conf_yaml_is_read_back_as_it_was(options: dict[str, Any]) -> None:
    assert read_flat(config_text(options, "1.17.2")) == options


def read_flat(text: str) -> dict[str, str]:
    """As Flink's own parser reads it: no quotes, no escapes, `#` starts a comment."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, separator, value = line.split("#", 1)[0].strip().partition(": ")
        if separator:
            found[name.strip()] = value.strip()
    return found


@given(st.dictionaries(names, values, min_size=1, max_size=8))
def test_the_order_in_which_options_are_given_does_not_matter(options: dict[str, Any]) -> None:
    backwards = dict(reversed(list(options.items())))
    assert config_text(options, "1.20.3") == config_text(backwards, "1.20.3")
