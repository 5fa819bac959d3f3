"""What Flink is told to run, as `/jars/:id/run` and `/jars/:id/plan` take it."""

from typing import Any

from flink_components.spec.job import SessionJobSpec


def program(spec: SessionJobSpec) -> dict[str, Any]:
    """What Flink is told to run."""
    config = {name: _text(value) for name, value in spec.config.items()}
    return {
        "entry_class": spec.entry_class,
        "args": list(spec.args),
        "parallelism": spec.parallelism,
        "config": config,
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
