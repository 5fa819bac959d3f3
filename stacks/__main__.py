"""What `pulumi` runs: reads the stack's configuration and makes what it declares."""

import sys
from pathlib import Path

# The engine starts this folder, not the package: its parent is where the package is found.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from stacks.program import deploy
from stacks.settings import settings

deploy(settings())
