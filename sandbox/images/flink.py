"""The image ``flink:<version>``: the Java base, Flink in ``/opt/flink``, an entrypoint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from sandbox.images import class_archives, tools
from sandbox.images.archive import ImageConfig, Layer, LayerWriter, write_image
from sandbox.images.base import FLINK_UID, JAVA_HOME, base_layer
from sandbox.images.distribution import distribution
from sandbox.images.versions import release
from sandbox.paths import CACHE
from sandbox.progress import SandboxError, say, step

_HERE = Path(__file__).parent
_SOURCES = (
    "archive.py", "base.py", "class_archives.py", "distribution.py", "docker-entrypoint.sh",
    "dump_classes.sh", "flink.py",
)  # fmt: skip
_FOLDER = CACHE / "images"
_HOME = "opt/flink"
_LISTEN_EVERYWHERE = (
    "rest.address",
    "rest.bind-address",
    "jobmanager.bind-host",
    "taskmanager.bind-host",
)
# A sandbox's pods live for minutes on few cores: one quick compiler halves what a start costs
_QUICK_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# Flink before 1.18 lacks these; given to the launcher, so that they hold for any config file
_JAVA_17_FLAGS = (
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in (
            "java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect",
            "java.text", "java.time", "java.util", "java.util.concurrent",
            "java.util.concurrent.atomic", "java.util.concurrent.locks",
        )
    ),
)  # fmt: skip


def ensure(version: str) -> Path:
    """Return the docker-archive of ``flink:<version>``, made if it is not in the cache.

    The image runs as root or as uid 9999 (``flink``), also with a read-only root when ``/tmp`` and
    ``/opt/flink/log`` can be written. Raises SandboxError with one line for an unknown version,
    a failed download, or a missing base that only root can make.
    """
    found = _found(version)
    if found is not None:
        return found
    with tools.locked(_FOLDER / f".{version}.lock"):
        return _found(version) or _make(version)


def is_built(version: str) -> bool:
    """Whether the cache holds the current image of this version."""
    return _found(version) is not None


def _found(version: str) -> Path | None:
    return next(_FOLDER.glob(f"{_recipe(version)}-*.tar"), None)


def _recipe(version: str) -> str:
    """The start of the archive's name: what it is made of."""
    digest = hashlib.sha256(repr((version, release(version))).encode())
    for source in _SOURCES:
        digest.update((_HERE / source).read_bytes())
    return f"{version}-{digest.hexdigest()[:12]}"


def _make(version: str) -> Path:
    home = distribution(version)
    base = base_layer()
    with (
        step(f"image flink:{version}: writing", f"image flink:{version}: written"),
        tools.scratch(_FOLDER) as work,
    ):
        layer = LayerWriter(work / "flink.tar")
        layer.directory("opt")
        layer.directory(_HOME, owner=FLINK_UID)
        settings = home / "conf" / _settings_file(home)
        layer.tree(home, _HOME, owner=FLINK_UID, skip=[str(settings.relative_to(home))])
        content = container_settings(settings.read_text()).encode()
        layer.file(f"{_HOME}/conf/{settings.name}", content, owner=FLINK_UID)
        entrypoint = (_HERE / "docker-entrypoint.sh").read_bytes()
        layer.file("docker-entrypoint.sh", entrypoint, mode=0o755)
        config = _config(version)
        layers = [base, layer.finish()]
        layers += class_layers(version, layers, config, work)
        made = work / "image.tar"
        write_image(made, f"flink:{version}", layers, config)
        for older in _FOLDER.glob(f"{version}-*.tar"):
            older.unlink()
        # Java writes other archives each time: one that was made again is another image
        return made.rename(_FOLDER / f"{_recipe(version)}-{layers[-1].digest[:8]}.tar")


def class_layers(version: str, layers: list[Layer], config: ImageConfig, work: Path) -> list[Layer]:
    """What makes each start of Flink a quarter cheaper; without it Flink starts as ever."""
    try:
        classes = class_archives.dump(layers, config.environment, work)
    except SandboxError as error:
        say(f"image flink:{version}: without class archives, so that Flink starts slower: {error}")
        return []
    layer = LayerWriter(work / "classes.tar")
    layer.directory(class_archives.FOLDER)
    layer.tree(classes, class_archives.FOLDER)
    return [layer.finish()]


def _config(version: str) -> ImageConfig:
    flags = _JAVA_17_FLAGS if release(version).java17_flags else ()
    environment = {
        "PATH": f"/{_HOME}/bin:{JAVA_HOME}/bin:/usr/local/sbin:/usr/local/bin:"
        "/usr/sbin:/usr/bin:/sbin:/bin",
        "JAVA_HOME": JAVA_HOME,
        "JDK_JAVA_OPTIONS": " ".join([*_QUICK_JAVA, *flags]),
        "FLINK_HOME": f"/{_HOME}",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }
    return ImageConfig(
        entrypoint=["/docker-entrypoint.sh"],
        command=["help"],
        environment=environment,
        working_dir=f"/{_HOME}",
        ports=["6123/tcp", "8081/tcp"],
    )


def _settings_file(home: Path) -> str:
    old = "flink-conf.yaml"
    return old if (home / "conf" / old).is_file() else "config.yaml"


def container_settings(shipped: str) -> str:
    """Return the shipped settings as flat ``key: value`` lines that suit a container.

    What listens on localhost listens on every interface, and ``taskmanager.host: localhost`` is
    left out, as in the official images.
    """
    lines = []
    for key, value in _flatten(shipped):
        if value != "localhost" or key not in {*_LISTEN_EVERYWHERE, "taskmanager.host"}:
            lines.append(f"{key}: {value}")
        elif key in _LISTEN_EVERYWHERE:
            lines.append(f"{key}: 0.0.0.0")
    return "".join(f"{line}\n" for line in lines)


def _flatten(yaml: str) -> Iterator[tuple[str, str]]:
    """The settings of a file of nested or flat keys with one-line values."""
    open_keys: list[tuple[int, str]] = []
    for match in re.finditer(r"^( *)([^\s#:]+):(?: +(\S.*))?$", yaml, re.MULTILINE):
        indent, key, value = len(match[1]), match[2], match[3]
        while open_keys and open_keys[-1][0] >= indent:
            open_keys.pop()
        if value:
            yield ".".join([*(name for _, name in open_keys), key]), value.strip()
        else:
            open_keys.append((indent, key))
