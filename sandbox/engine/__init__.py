"""The Pulumi engine of the sandbox: finds or builds the CLI and what it needs beside it.

`ensure` gives the folder that `pulumi.automation.PulumiCommand` wants, `environment` the variables
with which `pulumi` works without an account, and `describe` says which parts are in effect.
"""

from sandbox.engine.environment import describe, environment
from sandbox.engine.folder import ensure

__all__ = ["describe", "ensure", "environment"]
