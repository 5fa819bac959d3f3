"""What differs between Flink's versions."""

from __future__ import annotations

from dataclasses import fields

import pytest

from flink_components.flink.versions import Features, features, name_for, parse_version, supported

# One row per release: columns as in COLUMNS.
COLUMNS = (
    "metadata_format",
    "config_file",
    "claim_field",
    "status_endpoint",
    "run_configuration",
    "resource_requirements",
    "program_args",
    "refuses_unknown_fields",
    "ha_job_entry",
    "applications",
)
CONF, YAML = "flink-conf.yaml", "config.yaml"
GRAPH, PLAN = "jobGraph-", "executionPlan-"
ROWS = {
    "1.13": (3, CONF, None, False, False, False, True, True, GRAPH, False),
    "1.14": (3, CONF, None, False, False, False, True, True, GRAPH, False),
    "1.15": (3, CONF, "restoreMode", False, False, False, True, True, GRAPH, False),
    "1.16": (4, CONF, "restoreMode", True, False, False, True, True, GRAPH, False),
    "1.17": (4, CONF, "restoreMode", True, True, False, True, True, GRAPH, False),
    "1.18": (4, CONF, "restoreMode", True, True, True, True, True, GRAPH, False),
    "1.19": (4, YAML, "restoreMode", True, True, True, True, False, GRAPH, False),
    "1.20": (4, YAML, "claimMode", True, True, True, True, False, GRAPH, False),
    "2.0": (5, YAML, "claimMode", True, True, True, False, False, PLAN, False),
    "2.1": (6, YAML, "claimMode", True, True, True, False, False, PLAN, False),
    "2.2": (6, YAML, "claimMode", True, True, True, False, False, PLAN, False),
    "2.3": (6, YAML, "claimMode", True, True, True, False, False, PLAN, True),
}


@pytest.mark.parametrize("version", ROWS)
def test_a_release_has_what_was_found_in_it(version: str) -> None:
    found = features(version)
    assert tuple(getattr(found, column) for column in COLUMNS) == ROWS[version]


def test_every_release_of_the_table_is_supported_in_order() -> None:
    assert supported() == list(ROWS)


def test_a_patch_release_has_the_features_of_its_minor_release() -> None:
    assert features("1.20.3") is features("1.20")


def test_no_release_is_left_without_a_java() -> None:
    assert {features(version).javas for version in supported()} == {
        (8, 11),
        (8, 11, 17),
        (11, 17, 21),
    }


def test_a_version_is_three_numbers() -> None:
    assert parse_version("1.20.3") == (1, 20, 3)
    assert parse_version("2.0") == (2, 0, 0)


@pytest.mark.parametrize("version", ["1", "1.20.3-SNAPSHOT", "v1.20", ""])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="is not a Flink version"):
        parse_version(version)


def test_an_unknown_release_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"Flink 3\.0 is not one of 1\.13, 1\.14, .*, 2\.3"):
        features("3.0")


@pytest.mark.parametrize(
    ("option", "version", "expected"),
    [
        ("execution.checkpointing.dir", "1.19.1", "state.checkpoints.dir"),
        ("execution.checkpointing.dir", "1.20.0", "execution.checkpointing.dir"),
        ("state.checkpoints.dir", "2.3.0", "state.checkpoints.dir"),
        ("high-availability.type", "1.16.0", "high-availability"),
        ("parallelism.default", "1.15.0", "parallelism.default"),
    ],
)
def test_an_option_is_named_as_the_version_reads_it(
    option: str, version: str, expected: str
) -> None:
    assert name_for(option, version) == expected


def test_every_feature_is_described() -> None:
    text = Features.__doc__ or ""
    assert [f.name for f in fields(Features) if f.name != "minor" and f.name not in text] == []
