"""`python -m flink_components.cli`."""

from flink_components.cli.app import main

main()
