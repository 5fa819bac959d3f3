"""The application of the demo: the job of the session cluster, on pods of its own."""

from stacks.demo_ground import jar

NAME = "numbers"


def declared() -> dict[str, object]:
    """The entry of `flink:applications`."""
    return {
        "name": NAME,
        "jar": jar("v1"),
        "args": [
            "--name", NAME, "--output", f"/data/{NAME}", "--rate", "100", "--keys", "10",
            "--checkpoint-interval", "1000",
        ],
        "job_manager": {"cpu": "100m", "memory": "1200Mi"},
        "task_manager": {"cpu": "100m", "memory": "1200Mi"},
    }  # fmt: skip
