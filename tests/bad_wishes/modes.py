"""How a job is to run, stop and start: what is said of each wish that can't be met."""

from __future__ import annotations

from typing import Any

ON_AN_OLD_FLINK = {
    "key": "payments/main",
    "namespace": "payments",
    "name": "main",
    "revision": 1,
    "service": "main-r1-rest",
    "flink_version": "1.13.6",
}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "state-paused": (
        {"state": "paused"},
        (
            "state: is not one of the choices (given: 'paused'); use 'running', "
            "'suspended' or 'cancelled'"
        ),
    ),
    "state-true": (
        {"state": True},
        (
            "state: is not one of the choices (given: true); use 'running', "
            "'suspended' or 'cancelled'"
        ),
    ),
    "state-in-capitals": (
        {"state": "RUNNING"},
        (
            "state: is not one of the choices (given: 'RUNNING'); use 'running', "
            "'suspended' or 'cancelled'"
        ),
    ),
    "fallback-latest": (
        {"fallback": "latest"},
        ("fallback: is not one of the choices (given: 'latest'); use 'last_state'"),
    ),
    "fallback-with-a-dash": (
        {"fallback": "last-state"},
        ("fallback: is not one of the choices (given: 'last-state'); use 'last_state'"),
    ),
    "fallback-true": (
        {"fallback": True},
        ("fallback: is not one of the choices (given: true); use 'last_state'"),
    ),
    "fallback-of-last-state": (
        {"fallback": "last_state", "upgrade_mode": "last_state"},
        (
            "fallback: says what to do without a savepoint, and upgrade_mode is "
            "last_state; remove it, or set upgrade_mode to savepoint"
        ),
    ),
    "fallback-of-stateless": (
        {"fallback": "last_state", "upgrade_mode": "stateless"},
        (
            "fallback: says what to do without a savepoint, and upgrade_mode is "
            "stateless; remove it, or set upgrade_mode to savepoint"
        ),
    ),
    "age-without-unit": (
        {"max_restore_age": 300},
        (
            "max_restore_age: has no unit (given: 300); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "age-as-text-without-unit": (
        {"max_restore_age": "5"},
        (
            "max_restore_age: has no unit (given: '5'); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "age-in-words": (
        {"max_restore_age": "five minutes"},
        (
            "max_restore_age: is not a time (given: 'five minutes'); write a time "
            "with its unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "age-below-zero": (
        {"max_restore_age": "-5 min"},
        (
            "max_restore_age: is not a time (given: '-5 min'); write a time with "
            "its unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "keep-a-number": (
        {"keep_savepoints": 5},
        ("keep_savepoints: must be a mapping (given: 5); with the fields count, age"),
    ),
    "keep-none": (
        {"keep_savepoints": {"count": 0}},
        ("keep_savepoints.count: must be at least 1 (given: 0)"),
    ),
    "keep-too-many": (
        {"keep_savepoints": {"count": 1001}},
        ("keep_savepoints.count: must be at most 1000 (given: 1001)"),
    ),
    "keep-a-fraction": (
        {"keep_savepoints": {"count": 2.5}},
        ("keep_savepoints.count: must be a whole number (given: 2.5)"),
    ),
    "keep-age-without-unit": (
        {"keep_savepoints": {"age": 30}},
        (
            "keep_savepoints.age: has no unit (given: 30); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "keep-days": (
        {"keep_savepoints": {"days": 30}},
        ("keep_savepoints.days: there is no such field; the fields are count, age"),
    ),
    "keep-as-text": (
        {"keep_savepoints": "7 d"},
        ("keep_savepoints: must be a mapping (given: '7 d'); with the fields count, age"),
    ),
    "restart-number": ({"restart": 1}, ("restart: must be text (given: 1); put it in quotes")),
    "restart-empty": ({"restart": ""}, ("restart: is empty (given: ''); give a value")),
    "restart-true": ({"restart": True}, ("restart: must be text (given: true); put it in quotes")),
    "claim-without-snapshot": (
        {"claim_mode": "CLAIM"},
        (
            "claim_mode: is for the snapshot that restore_from names, and there is "
            "none (given: 'CLAIM'); remove it, or set restore_from"
        ),
    ),
    "claim-in-small-letters": (
        {"claim_mode": "claim", "restore_from": "s3://b/savepoint-1a2b3c"},
        (
            "claim_mode: is not one of the choices (given: 'claim'); use "
            "'NO_CLAIM', 'CLAIM' or 'LEGACY'"
        ),
    ),
    "claim-with-a-dash": (
        {"claim_mode": "NO-CLAIM"},
        (
            "claim_mode: is not one of the choices (given: 'NO-CLAIM'); use "
            "'NO_CLAIM', 'CLAIM' or 'LEGACY'"
        ),
    ),
    "legacy-without-snapshot": (
        {"claim_mode": "LEGACY"},
        (
            "claim_mode: is for the snapshot that restore_from names, and there is "
            "none (given: 'LEGACY'); remove it, or set restore_from"
        ),
    ),
    "claim-on-an-old-flink": (
        {
            "claim_mode": "CLAIM",
            "restore_from": "s3://b/savepoint-1a2b3c",
            "cluster": ON_AN_OLD_FLINK,
        },
        ("claim_mode: needs Flink 1.15, and the cluster runs 1.13.6 (given: 'CLAIM'); remove it"),
    ),
    "drain-number": ({"drain": 1}, ("drain: must be true or false (given: 1)")),
    "drain-text": ({"drain": "no"}, ("drain: must be true or false (given: 'no')")),
    "delete-true": (
        {"on_delete": True},
        ("on_delete: is not one of the choices (given: true); use 'savepoint', 'cancel' or 'keep'"),
    ),
    "delete-in-capitals": (
        {"on_delete": "SAVEPOINT"},
        (
            "on_delete: is not one of the choices (given: 'SAVEPOINT'); use "
            "'savepoint', 'cancel' or 'keep'"
        ),
    ),
    "delete-unknown": (
        {"on_delete": "retain"},
        (
            "on_delete: is not one of the choices (given: 'retain'); use "
            "'savepoint', 'cancel' or 'keep'"
        ),
    ),
    "mode-in-capitals": (
        {"upgrade_mode": "SAVEPOINT"},
        (
            "upgrade_mode: is not one of the choices (given: 'SAVEPOINT'); use "
            "'savepoint', 'last_state' or 'stateless'"
        ),
    ),
    "mode-true": (
        {"upgrade_mode": True},
        (
            "upgrade_mode: is not one of the choices (given: true); use "
            "'savepoint', 'last_state' or 'stateless'"
        ),
    ),
    "mode-none": (
        {"upgrade_mode": "none"},
        (
            "upgrade_mode: is not one of the choices (given: 'none'); use "
            "'savepoint', 'last_state' or 'stateless'"
        ),
    ),
    "stable-zero": (
        {"deadlines": {"stable": "0 s"}},
        ("deadlines.stable: is no time at all (given: '0 s'); write one like 90 s, 5 min or 1 h"),
    ),
    "savepoint-in-words": (
        {"deadlines": {"savepoint": "ten minutes"}},
        (
            "deadlines.savepoint: is not a time (given: 'ten minutes'); write a "
            "time with its unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "cancel-below-zero": (
        {"deadlines": {"cancel": -1}},
        (
            "deadlines.cancel: has no unit (given: -1); write a time with its "
            "unit, like 200 ms, 90 s, 5 min or 1 h"
        ),
    ),
    "deadlines-unknown": (
        {"deadlines": {"stable": "5 min", "start": "1 s", "wait": "1 s"}},
        (
            "deadlines.start: there is no such field; the fields are stable, "
            "savepoint, cancel\ndeadlines.wait: there is no such field; the fields "
            "are stable, savepoint, cancel"
        ),
    ),
    "version-number": ({"version": 2}, ("version: must be text (given: 2); put it in quotes")),
    "version-empty": ({"version": ""}, ("version: is empty (given: ''); give a value")),
    "accept-size": (
        {
            "version": "2",
            "accept": [{"operator": "*", "version": "2", "reason": "re-keyed", "up_to": "lots"}],
        },
        (
            "accept[0].up_to: is not a size (given: 'lots'); write a size with its "
            "unit, like 2Gi, 1600Mi or 1600m"
        ),
    ),
    "accept-empty-operator": (
        {"version": "2", "accept": [{"operator": "", "version": "2", "reason": "re-keyed"}]},
        ("accept[0].operator: is empty (given: ''); give a value"),
    ),
    "job-graph-a-jar": (
        {"job_graph": "build/job.jar"},
        (
            "job_graph: is a jar (given: 'build/job.jar'); make its job graph with "
            "`flink-components graph build/job.jar -o graph.json`"
        ),
    ),
    "job-graph-elsewhere": (
        {"job_graph": "s3://acme/graph.json"},
        (
            "job_graph: is not a path on this machine (given: 's3://acme/graph.json'); fetch the "
            "file beside the program, and give its path"
        ),
    ),
    "job-graph-empty": (
        {"job_graph": ""},
        "job_graph: is empty (given: ''); give a value",
    ),
    "job-graph-a-mapping": (
        {"job_graph": {"operators": []}},
        "job_graph: must be text (given: a mapping)",
    ),
    "accept-unknown-field": (
        {
            "version": "2",
            "accept": [{"operator": "*", "version": "2", "reason": "re-keyed", "until": "x"}],
        },
        (
            "accept[0].until: there is no such field; the fields are operator, "
            "version, reason, up_to"
        ),
    ),
    "accept-mapping": (
        {"version": "2", "accept": {"operator": "*", "version": "2", "reason": "re-keyed"}},
        (
            "accept: must be a list (given: a mapping); write a list of mappings "
            "with the fields operator, version, reason, up_to"
        ),
    ),
}
"""Arguments by the name of their case, with all that is said of them, a line each."""
