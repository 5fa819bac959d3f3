"""A certificate authority that lives as long as the node, and the certificates it signs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.progress import SandboxError

_DAYS = "3650"


@dataclass(frozen=True)
class Identity:
    """Whom a certificate names: a user and its group, and the addresses a server answers at."""

    name: str
    user: str
    group: str = ""
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def subject(self) -> str:
        """Return the subject as openssl takes it."""
        return (f"/O={self.group}" if self.group else "") + f"/CN={self.user}"

    def extensions(self) -> str:
        """Return the X.509 extensions as an openssl section."""
        lines = [
            "basicConstraints = critical, CA:FALSE",
            "keyUsage = critical, digitalSignature, keyEncipherment",
            "extendedKeyUsage = clientAuth, serverAuth",
        ]
        alternatives = [f"IP:{address}" for address in self.addresses]
        alternatives += [f"DNS:{name}" for name in self.names]
        if alternatives:
            lines.append(f"subjectAltName = {', '.join(alternatives)}")
        return "".join(f"{line}\n" for line in lines)


class Authority:
    """Signs certificates into one folder: ``<name>.crt`` and ``<name>.key`` for each identity."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.crt"
        self._key = folder / "ca.key"

    def create(self) -> None:
        """Make the authority's own key and certificate."""
        self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        new_key(self._key)
        _openssl(
            "req", "-x509", "-new", "-key", self._key, "-days", _DAYS, "-out", self.certificate,
            "-subj", "/CN=flink-components-sandbox",
            "-addext", "keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign",
        )  # fmt: skip

    def sign(self, identity: Identity) -> None:
        """Make the key and certificate of one identity."""
        key, request, extensions, certificate = (
            self._folder / f"{identity.name}.{ending}" for ending in ("key", "csr", "ext", "crt")
        )
        new_key(key)
        _openssl("req", "-new", "-key", key, "-subj", identity.subject(), "-out", request)
        extensions.write_text(identity.extensions())
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
            "-CAcreateserial", "-days", _DAYS, "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        request.unlink()
        extensions.unlink()


def new_key(path: Path) -> None:
    """Write a new private key that only its owner can read."""
    path.touch(mode=0o600)
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def public_key(private: Path, path: Path) -> None:
    """Write the public half of a private key."""
    _openssl("ec", "-in", private, "-pubout", "-out", path)


def _openssl(*arguments: str | Path) -> None:
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise SandboxError(f"`{' '.join(command[:2])}` failed: {said[0]}")
