"""Example Flink jobs: Java sources, the build of their jars, and a check of what they wrote."""
