"""Flink's options for a StateStorage: how its file system reaches it, and gives up in seconds."""

from __future__ import annotations

from urllib.parse import urlsplit

from flink_components.spec.options import Scalar
from flink_components.spec.state_storage import S3Access, StateStorage

# Without these the plugins try for minutes, and a savepoint stays IN_PROGRESS meanwhile.
_GIVES_UP_SOON: dict[str, dict[str, Scalar]] = {
    "hadoop": {
        "s3.attempts.maximum": 1,
        "s3.retry.limit": 2,
        "s3.retry.interval": "200ms",
        "s3.connection.establish.timeout": 2000,
        "s3.connection.timeout": 5000,
    },
    "presto": {
        "presto.s3.max-client-retries": 2,
        "presto.s3.max-error-retries": 2,
        "presto.s3.max-retry-time": "10s",
        "presto.s3.connect-timeout": "2s",
        "presto.s3.socket-timeout": "5s",
    },
    # The native plugin gives up within four seconds by itself.
    "native": {},
}
# The chain of the hadoop plugin does not ask for a pod's identity by itself; the others' do.
_WEB_IDENTITY = "com.amazonaws.auth.WebIdentityTokenCredentialsProvider"
_AZURE_KEY = "org.apache.flink.fs.azurefs.EnvironmentVariableKeyProvider"


def storage_options(storage: StateStorage) -> dict[str, Scalar]:
    """What Flink needs to reach the storage, without any key; a user's option goes before each."""
    options: dict[str, Scalar] = {}
    if storage.s3_plugin:
        options |= _GIVES_UP_SOON[storage.s3_plugin]
        if storage.identity and storage.s3_plugin == "hadoop":
            options["s3.aws.credentials.provider"] = _WEB_IDENTITY
    if storage.s3:
        options |= _of_s3(storage.s3, storage.s3_plugin)
    if storage.azure:
        account = urlsplit(storage.base).hostname
        options[f"fs.azure.account.keyprovider.{account}"] = _AZURE_KEY
    return options


def _of_s3(access: S3Access, plugin: str | None) -> dict[str, Scalar]:
    options: dict[str, Scalar] = {}
    if access.endpoint:
        options["s3.endpoint"] = access.endpoint
    if access.path_style:
        options["s3.path.style.access"] = True
    if access.region and plugin != "presto":
        options["s3.region" if plugin == "native" else "s3.endpoint.region"] = access.region
    return options
