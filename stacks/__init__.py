"""The Pulumi program of an environment, over the typed configuration in Pulumi.yaml."""
