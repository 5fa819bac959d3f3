"""The ports of Flink's processes in a pod; every pod has an address of its own."""

from __future__ import annotations

REST = 8081
TASK_MANAGER_DATA = 6121
TASK_MANAGER_RPC = 6122
JOB_MANAGER_RPC = 6123
BLOB = 6124
METRICS_QUERY = 6126
