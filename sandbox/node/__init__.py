"""A real Kubernetes node on this machine, started and taken down as one thing."""
