"""What an image's Java keeps of Flink's classes, so that each start maps them, not loads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.images import tools
from sandbox.images.archive import Layer
from sandbox.progress import SandboxError

FOLDER = "/opt/class-archives"
"""Where the image has them; its entrypoint looks there."""

NAMES = ("jobmanager.jsa", "taskmanager.jsa", "utils.jsa")
"""One for each class path that Flink's scripts start Java with."""

_SCRIPT = Path(__file__).parent / "dump_classes.sh"
_NAMESPACES = ("--mount", "--net", "--uts", "--pid", "--fork", "--kill-child")


def dump(layers: Sequence[Layer], environment: Mapping[str, str], work: Path) -> Path:
    """Return a folder with the files of ``NAMES``, made by a Flink that runs once in the layers.

    Java takes an archive only with the very jars, by path and time, that it was made of: so Flink
    runs on the files of the image itself, under ``work``, as root and for some seconds. Raises
    SandboxError with one line when it can't, or does not get ready.
    """
    unshare = tools.need("unshare", "util-linux")
    tools.need("ip", "iproute2")
    root = work / "root"
    root.mkdir()
    for layer in layers:
        tools.run(["tar", "-xf", str(layer.path), "-C", str(root)], "unpacking a layer")
    variables = [f"{name}={value}" for name, value in environment.items()]
    script = ["bash", str(_SCRIPT), str(root), FOLDER, *variables]
    tools.run([unshare, *_NAMESPACES, *script], "running Flink once for its classes")
    made = root / FOLDER.strip("/")
    missing = [name for name in NAMES if not (made / name).is_file()]
    if missing:
        raise SandboxError(f"Java left no archive of its classes: {', '.join(missing)} missing")
    return made
