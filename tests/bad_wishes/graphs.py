"""Files that are no job graph, or none that can be, and what is said of each."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.doubles.job_graphs import graph, operator

_AGAIN = "; make it again with `flink-components graph JAR -o GRAPH`"
_RIGHT: dict[str, Any] = json.loads(
    graph(operator("source"), operator("count", "source")).to_json()
)
_FIELDS = (
    "; the fields are schema_version, flink_version, source, jar, jar_content, jar_sha256, "
    "program, state_backend, operators"
)
_SOURCE, _COUNT = _RIGHT["operators"]


def _graph(**fields: Any) -> bytes:
    return json.dumps(_RIGHT | fields).encode()


def _without(name: str) -> bytes:
    return json.dumps({key: value for key, value in _RIGHT.items() if key != name}).encode()


def _operator(**fields: Any) -> bytes:
    return _graph(operators=[_SOURCE, _COUNT | fields])


FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "GRAPH is not JSON: Expecting value: line 1 column 1 (char 0)" + _AGAIN),
    "a jar": (
        b"PK\x03\x04\x14\x00\x08\x08",
        "GRAPH is not JSON: Expecting value: line 1 column 1 (char 0)" + _AGAIN,
    ),
    "text": (b"graph", "GRAPH is not JSON: Expecting value: line 1 column 1 (char 0)" + _AGAIN),
    "cut": (
        _graph()[:-10],
        "GRAPH is not JSON: Unterminated string starting at: line 1 column 728 (char 727)" + _AGAIN,
    ),
    "two graphs": (
        _graph() + _graph(),
        "GRAPH is not JSON: Extra data: line 1 column 765 (char 764)" + _AGAIN,
    ),
    "yaml": (
        b"operators: []\n",
        "GRAPH is not JSON: Expecting value: line 1 column 1 (char 0)" + _AGAIN,
    ),
    "nested without end": (
        b"[" * 100_000,
        "GRAPH is not JSON: it is nested too deep" + _AGAIN,
    ),
    "nested mappings without end": (
        b'{"a":' * 100_000,
        "GRAPH is not JSON: it is nested too deep" + _AGAIN,
    ),
    "a list": (b"[]", "GRAPH is not a job graph: it holds no JSON object" + _AGAIN),
    "a number": (b"7", "GRAPH is not a job graph: it holds no JSON object" + _AGAIN),
    "nothing": (b"null", "GRAPH is not a job graph: it holds no JSON object" + _AGAIN),
    "of a later version": (
        _graph(schema_version=2),
        "GRAPH has schema_version 2, and this flink-components reads 1: upgrade it, or "
        "make the graph again",
    ),
    "of version 0": (
        _graph(schema_version=0),
        "GRAPH is not a job graph: schema_version: is not one of the choices (given: 0); use 1",
    ),
    "a version that is no number": (
        _graph(schema_version="1"),
        "GRAPH is not a job graph: schema_version: is not one of the choices (given: '1'); use 1",
    ),
    "a plan": (
        b'{"schema_version": 1, "stack": "acme/flink/prod", "jobs": []}',
        (
            "GRAPH is not a job graph: 9 things to correct:\n"
            "  - flink_version: is missing; give the Flink that made it\n"
            "  - source: is missing; give driver, or plans of a cluster\n"
            "  - jar: is missing; give the file's name, for people\n"
            "  - jar_content: is missing; give what the jar contains, hashed\n"
            "  - jar_sha256: is missing; give SHA-256 of the jar file\n"
            "  - program: is missing; give jar, class, arguments, options and parallelism, hashed\n"
            "  - operators: is missing; give in the order in which Flink numbers them\n"
            "  - stack: there is no such field; the fields are schema_version, "
            "flink_version, source, jar, jar_content, jar_sha256, program, state_backend, "
            "operators\n"
            "  - jobs: there is no such field; the fields are schema_version, flink_version, "
            "source, jar, jar_content, jar_sha256, program, state_backend, operators"
        ),
    ),
    "without operators": (
        _graph(operators=[]),
        "GRAPH is not a job graph: operators: is empty; make the graph again",
    ),
    "operators that are none": (
        _graph(operators="all"),
        "GRAPH is not a job graph: operators: must be a list (given: 'all'); write a "
        "list of mappings with the fields id, name, parallelism, max_parallelism, uid, "
        "uid_hash, generated, inputs, head",
    ),
    "without its jar": (
        _without("jar_content"),
        "GRAPH is not a job graph: jar_content: is missing; give what the jar contains, hashed",
    ),
    "of no Flink": (
        _graph(flink_version="0.9"),
        "GRAPH is not a job graph: flink_version: is not supported (given: '0.9'); use a "
        "release of 1.13, 1.14, 1.15, 1.16, 1.17, 1.18, 1.19, 1.20, 2.0, 2.1, 2.2, 2.3",
    ),
    "from a guess": (
        _graph(source="guess"),
        "GRAPH is not a job graph: source: is not one of the choices (given: 'guess'); "
        "use 'driver' or 'plans'",
    ),
    "another field": (
        _graph(tables=[]),
        f"GRAPH is not a job graph: tables: there is no such field{_FIELDS}",
    ),
    "an id that is none": (
        _operator(id="count"),
        "GRAPH is not a job graph: operators[1].id: is not the id of an operator (given: "
        "'count'); give its 32 hex digits",
    ),
    "an id twice": (
        _graph(operators=[_SOURCE, _SOURCE]),
        (
            "GRAPH is not a job graph: 2 things to correct:\n"
            "  - operators[0].id: is there twice (given: "
            "'e5a72f353fc1e6bbf3bd96a41384998c'); make the graph again\n"
            "  - operators[1].id: is there twice (given: "
            "'e5a72f353fc1e6bbf3bd96a41384998c'); make the graph again"
        ),
    ),
    "an input from nowhere": (
        _graph(operators=[_COUNT]),
        "GRAPH is not a job graph: operators[0].inputs: names no operator (given: "
        "'e5a72f353fc1e6bbf3bd96a41384998c'); make the graph again",
    ),
    "a chain of nothing": (
        _operator(head="0" * 32),
        "GRAPH is not a job graph: operators[1].head: names no operator (given: "
        "'00000000000000000000000000000000'); make the graph again",
    ),
    "parallelism 0": (
        _operator(parallelism=0),
        "GRAPH is not a job graph: operators[1].parallelism: must be at least 1 (given: 0)",
    ),
    "parallelism that lies": (
        _operator(parallelism=1 << 40),
        "GRAPH is not a job graph: operators[1].parallelism: must be at most 32768 "
        "(given: 1099511627776)",
    ),
    "max parallelism below zero": (
        _operator(max_parallelism=-1),
        "GRAPH is not a job graph: operators[1].max_parallelism: must be at least 1 (given: -1)",
    ),
    "a name that is none": (
        _operator(name=7),
        "GRAPH is not a job graph: operators[1].name: must be text (given: 7); put it in quotes",
    ),
    "generated in words": (
        _operator(generated="no"),
        "GRAPH is not a job graph: operators[1].generated: must be true or false (given: 'no')",
    ),
}
