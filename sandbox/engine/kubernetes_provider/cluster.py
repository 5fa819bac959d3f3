"""What the provider does to the cluster: create, update, read and delete one object."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from copy import deepcopy

from sandbox.engine.kubernetes_provider.api import Api, ApiError, NoSuchKindError
from sandbox.engine.kubernetes_provider.awaits.conditions import WaitForError, wait_for
from sandbox.engine.kubernetes_provider.awaits.progress import Awaited
from sandbox.engine.kubernetes_provider.awaits.waiting import (
    AWAITED,
    DEFAULT_SECONDS,
    AwaitError,
    Waiter,
)
from sandbox.engine.kubernetes_provider.logs import INFO, Log
from sandbox.engine.kubernetes_provider.manifests import (
    DELETION_PROPAGATION,
    PATCH_FORCE,
    SKIP_AWAIT,
    TIMEOUT_SECONDS,
    WAIT_FOR,
    Kind,
    annotation,
    has_annotation,
    is_crd,
    kind_of,
    name_of,
    namespace_of,
    pluck,
    set_metadata,
)
from sandbox.engine.kubernetes_provider.ownership import (
    CREATOR,
    must_force,
    take_over,
    without_ignored,
)
from sandbox.engine.kubernetes_provider.settings import Settings
from sandbox.engine.kubernetes_provider.values import Manifest

_CREATE_RETRIES = 5

_EXISTS_HELP = """

The resource already exists in the cluster. This can happen when:

  - Renaming a Pulumi resource: use an alias to preserve the identity,
    or use deleteBeforeReplace if the resource needs replacement.
  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)
    to manage specific fields without owning the resource lifecycle.
  - Adopting a resource into Pulumi: use `pulumi import`. Note that
    protected resources (e.g. kube-system) cannot be deleted on destroy.
  - Intentional upsert: set upsertExistingObjects on the provider to allow
    server-side apply to update existing objects on create."""

_CONFLICT_HELP = (
    "server-side apply field conflict detected, see "
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"
    "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources "
    "for troubleshooting help"
)

# A refresh of these does not wait for their deletion when they say skipAwait.
_DELETED_WITHOUT_WAIT = {
    Kind("apps/v1", "DaemonSet"),
    Kind("apps/v1", "Deployment"),
    Kind("apps/v1", "StatefulSet"),
    Kind("batch/v1", "Job"),
    Kind("v1", "Namespace"),
    Kind("v1", "Pod"),
    Kind("v1", "ReplicationController"),
}


class Cluster:
    """One cluster, under the settings of one provider."""

    def __init__(self, api: Api, settings: Settings, cancelled: threading.Event) -> None:
        self.api = api
        self._settings = settings
        self._cancelled = cancelled
        self._waiter = Waiter(api, cancelled)

    def create(self, inputs: Manifest, manager: str, log: Log, timeout: float) -> Manifest:
        """Create the object and wait until it is ready.

        Raises ApiError if it is refused or exists already, NoSuchKindError if its kind never came,
        and AwaitError if it does not become ready.
        """
        live = self._create_with_retries(inputs, manager, log)
        log.status(INFO, "")
        return self._wait(inputs, live, None, log, timeout)

    def preview_create(self, inputs: Manifest, manager: str) -> Manifest | None:
        """What the object would be, or None where the server cannot say beforehand."""
        try:
            live = self._send_create(inputs, manager, dry_run=True)
        except ApiError as error:
            if error.is_missing_namespace or error.reason in ("AlreadyExists", "Forbidden"):
                return None
            if error.status == 400 and "dry run" in str(error):
                return None
            raise
        live.pop("status", None)
        return live

    def update(
        self,
        inputs: Manifest,
        old_inputs: Manifest,
        old: Manifest,
        manager: str,
        ignored: Sequence[str],
        log: Log,
        timeout: float,
    ) -> Manifest:
        """Change the object and wait until it is ready; raises as `create` does."""
        before = self.live(old)
        live = self._send_update(inputs, old_inputs, before, manager, ignored, dry_run=False)
        return self._wait(inputs, live, before, log, timeout)

    def preview_update(
        self,
        inputs: Manifest,
        old_inputs: Manifest,
        old: Manifest,
        manager: str,
        ignored: Sequence[str],
    ) -> Manifest | None:
        """What the object would become, or None where we may not ask."""
        try:
            before = self.live(old)
            return self._send_update(inputs, old_inputs, before, manager, ignored, dry_run=True)
        except ApiError as error:
            if error.reason == "Forbidden":
                return None
            raise

    def read(self, inputs: Manifest, name: str, log: Log, look: bool) -> Manifest:
        """The live object. Raises ApiError (404), and AwaitError if ``look`` finds it unready."""
        kind = kind_of(inputs)
        live = self.api.get(kind, namespace_of(inputs), name)
        awaited = AWAITED.get(kind)
        if look and awaited and awaited.on_read and not has_annotation(inputs, SKIP_AWAIT):
            self._waiter.check_now(awaited, live, log)
            log.status(INFO, "")
        return live

    def delete(self, inputs: Manifest, live: Manifest, name: str, log: Log, timeout: float) -> None:
        """Delete the object and wait until it is gone; one that does not exist is gone.

        Raises AwaitError if it is still there at the end of the timeout.
        """
        kind, namespace = kind_of(live), namespace_of(live)
        policy = annotation(inputs, DELETION_PROPAGATION).capitalize()
        policy = policy if policy in ("Orphan", "Background") else "Foreground"
        try:
            self.api.delete(kind, namespace, name, policy)
        except NoSuchKindError:
            return
        except ApiError as error:
            if error.status == 404:
                return
            raise
        if has_annotation(inputs, SKIP_AWAIT) and kind in _DELETED_WITHOUT_WAIT:
            return
        self._waiter.until_deleted(live, log, _seconds(timeout, inputs))
        log.status(INFO, "")

    def live(self, old: Manifest) -> Manifest:
        """The object as it is now. Raises ApiError with status 404 if it is gone."""
        return self.api.get(kind_of(old), namespace_of(old), name_of(old))

    def give_up_fields(self, live: Manifest, manager: str) -> None:
        """Let go of all fields that a manager owns."""
        kind = kind_of(live)
        identity = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name_of(live), "namespace": namespace_of(live)},
        }
        self.api.apply(identity, manager, force=False, dry_run=False)

    def _create_with_retries(self, inputs: Manifest, manager: str, log: Log) -> Manifest:
        # A namespace or a CRD of the same program may come a moment later.
        for attempt in range(_CREATE_RETRIES + 1):
            try:
                return self._send_create(inputs, manager, dry_run=False)
            except (ApiError, NoSuchKindError) as error:
                missing = isinstance(error, NoSuchKindError) or error.status == 404
                if not missing or attempt == _CREATE_RETRIES or self._cancelled.is_set():
                    raise
                log.status(INFO, f"Retry #{attempt}; creation failed: {error}")
                time.sleep(2.0**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _send_create(self, inputs: Manifest, manager: str, dry_run: bool) -> Manifest:
        try:
            if self._settings.server_side_apply and self._settings.upsert_existing:
                force = self._forced(inputs) or must_force(None, preview=dry_run)
                return self.api.apply(inputs, manager, force, dry_run)
            return self.api.create(inputs, CREATOR, dry_run)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                raise ApiError(
                    error.status, error.reason, f"{error}{_EXISTS_HELP}", error.details
                ) from error
            raise _explained(error, manager) from error

    def _send_update(
        self,
        inputs: Manifest,
        old_inputs: Manifest,
        before: Manifest,
        manager: str,
        ignored: Sequence[str],
        dry_run: bool,
    ) -> Manifest:
        if is_crd(inputs):
            replacement = deepcopy(inputs)
            version = str(pluck(before, "metadata", "resourceVersion"))
            set_metadata(replacement, "resourceVersion", version)
            return self.api.replace(replacement, manager, dry_run)
        if not self._settings.server_side_apply:
            wanted = without_ignored(inputs, before, manager, ignored)
            return self.api.merge(before, merge_patch(old_inputs, wanted), manager, dry_run)
        operations = [] if dry_run else take_over(before, manager)
        if operations:
            before = self.api.patch(before, operations)
        # Whose an ignored field is shows only after the create's fields were taken over.
        wanted = without_ignored(inputs, before, manager, ignored)
        force = self._forced(inputs) or must_force(before, dry_run)
        try:
            return self.api.apply(wanted, manager, force, dry_run)
        except ApiError as error:
            raise _explained(error, manager) from error

    def _forced(self, inputs: Manifest) -> bool:
        return self._settings.patch_force or has_annotation(inputs, PATCH_FORCE)

    def _wait(
        self, inputs: Manifest, live: Manifest, before: Manifest | None, log: Log, timeout: float
    ) -> Manifest:
        try:
            awaited = _awaited(inputs, log)
        except WaitForError as error:
            raise AwaitError(str(error), live, []) from error
        if awaited is None:
            return live
        ready = self._waiter.until_ready(awaited, live, before, log, _seconds(timeout, inputs))
        log.status(INFO, "")
        return ready


def merge_patch(old: Manifest, new: Manifest) -> Manifest:
    """The JSON merge patch that leads from one manifest to another."""
    patch: Manifest = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = merge_patch(before, value)
            if inner:
                patch[key] = inner
        elif value != before:
            patch[key] = value
    return patch


def _awaited(inputs: Manifest, log: Log) -> Awaited | None:
    if has_annotation(inputs, SKIP_AWAIT):
        log.status(INFO, "Skipping await logic")
        return None
    expression = annotation(inputs, WAIT_FOR)
    return wait_for(expression) if expression else AWAITED.get(kind_of(inputs))


def _seconds(timeout: float, inputs: Manifest) -> float:
    if timeout:
        return timeout
    given = annotation(inputs, TIMEOUT_SECONDS)
    return float(given) if given.isdigit() else DEFAULT_SECONDS


def _explained(error: ApiError, manager: str) -> ApiError:
    if error.status != 409 or error.reason != "Conflict":
        return error
    text = (
        f"{_CONFLICT_HELP}\n"
        f'The resource managed by field manager "{manager}" had an apply conflict: {error}'
    )
    return ApiError(error.status, error.reason, text, error.details)
