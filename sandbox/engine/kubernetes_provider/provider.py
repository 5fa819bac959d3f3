"""The provider, without its wire: what each call of the engine means for one resource."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy

from pulumi.runtime.proto import provider_pb2

from sandbox.engine.kubernetes_provider.api import Api, ApiError, NoSuchKindError, UnreachableError
from sandbox.engine.kubernetes_provider.awaits.waiting import AwaitError
from sandbox.engine.kubernetes_provider.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from sandbox.engine.kubernetes_provider.cluster import Cluster
from sandbox.engine.kubernetes_provider.kubeconfig import Connection, KubeconfigError
from sandbox.engine.kubernetes_provider.logs import INFO, WARNING
from sandbox.engine.kubernetes_provider.manifests import (
    PATCH_FIELD_MANAGER,
    annotation,
    id_of,
    kind_of,
    split_id,
)
from sandbox.engine.kubernetes_provider.normalize import normalize, prune
from sandbox.engine.kubernetes_provider.planning import Planner
from sandbox.engine.kubernetes_provider.resources import (
    Diff,
    Found,
    PartialError,
    ProviderError,
    Resource,
)
from sandbox.engine.kubernetes_provider.settings import Settings
from sandbox.engine.kubernetes_provider.values import (
    Manifest,
    Properties,
    has_unknown,
    manifest_of,
    mark_secrets,
    properties_of,
)

_DELETE_UNREACHABLE_HELP = (
    "you can remove this resource from Pulumi state by rerunning the operation with the "
    'PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ROLLOUT_REVISION = "deployment.kubernetes.io/revision"
_SERVER_METADATA = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


class Provider:
    """The provider of one configuration."""

    def __init__(self, settings: Settings, connect: Callable[[Settings], Connection]) -> None:
        self._settings = settings
        self._cancelled = threading.Event()
        namespace = settings.namespace
        self._cluster: Cluster | None = None
        self._unreachable = ""
        try:
            connection = connect(settings)
            namespace = connection.namespace
            api = Api(connection)
            api.version()
            self._cluster = Cluster(api, settings, self._cancelled)
        except KubeconfigError as error:
            self._unreachable = (
                "unable to load Kubernetes client configuration from kubeconfig file. Make sure "
                "you have: \n\n \t • set up the provider as per https://www.pulumi.com/registry/"
                f"packages/kubernetes/installation-configuration/ \n\n {error}"
            )
        except (ApiError, UnreachableError) as error:
            self._unreachable = f"unable to load schema information from the API server: {error}"
        self._planner = Planner(settings, namespace, self._cluster)

    def cancel(self) -> None:
        """End the waits that are under way."""
        self._cancelled.set()

    def check(
        self,
        resource: Resource,
        old: Properties,
        new: Properties,
        seed: bytes,
        autonaming: provider_pb2.CheckRequest.AutonamingOptions | None,
    ) -> Properties:
        """Return the inputs as they will be used: named, in a namespace, normalized."""
        return self._planner.check(resource, old, new, seed, autonaming)

    def diff(
        self, resource: Resource, old: Properties, new: Properties, ignored: Sequence[str]
    ) -> Diff:
        """Return what changes, compared with the object as the state knows it."""
        return self._planner.diff(resource, old, new, ignored)

    def create(
        self, resource: Resource, new: Properties, preview: bool, timeout: float
    ) -> tuple[str, Properties]:
        """Create the object. Returns the id ("" in a preview) and the outputs."""
        inputs = manifest_of(new)
        manager = self._field_manager("", inputs)
        if preview:
            live = self._preview_create(resource, inputs, manager)
            if live is None:
                return "", new
            return "", self._outputs(inputs, live, new, kind_of(inputs).api_version, manager)
        cluster = self._reachable()
        failure: AwaitError | None = None
        try:
            live = cluster.create(inputs, manager, resource.log, timeout)
        except NoSuchKindError as error:
            raise ProviderError(
                f'creation of resource "{resource.urn}" with kind {kind_of(inputs).api_version}/'
                f"{kind_of(inputs).kind} failed because the Kubernetes API server reported that "
                "the apiVersion for this resource does not exist. Verify that any required CRDs "
                f"have been created: {error}"
            ) from error
        except (ApiError, UnreachableError) as error:
            raise _refused(resource, error) from error
        except AwaitError as error:
            live, failure = error.live, error
        outputs = self._outputs(inputs, live, new, kind_of(inputs).api_version, manager)
        if failure is not None:
            raise PartialError(
                f'resource "{resource.urn}" was successfully created, but the Kubernetes API '
                f"server reported that it failed to fully initialize or become live: {failure}",
                id_of(live),
                outputs,
                failure.reasons,
            ) from failure
        return id_of(live), outputs

    def update(
        self,
        resource: Resource,
        old: Properties,
        new: Properties,
        ignored: Sequence[str],
        preview: bool,
        timeout: float,
    ) -> Properties:
        """Change the object and return the outputs."""
        inputs, checkpoint = normalize(manifest_of(new)), read_checkpoint(old)
        old_inputs = prune(checkpoint.live, normalize(checkpoint.inputs))
        manager = self._field_manager(checkpoint.field_manager, inputs)
        version = checkpoint.initial_version or kind_of(inputs).api_version
        if preview and (has_unknown(inputs) or not self._serves(inputs)):
            return new
        cluster = self._reachable()
        failure: AwaitError | None = None
        try:
            if preview:
                changed = cluster.preview_update(
                    inputs, old_inputs, checkpoint.live, manager, ignored
                )
                return (
                    new
                    if changed is None
                    else self._outputs(inputs, changed, new, version, manager)
                )
            live = cluster.update(
                inputs, old_inputs, checkpoint.live, manager, ignored, resource.log, timeout
            )
        except (ApiError, NoSuchKindError, UnreachableError) as error:
            raise ProviderError(f'update of resource "{resource.urn}" failed: {error}') from error
        except AwaitError as error:
            live, failure = error.live, error
        outputs = self._outputs(inputs, live, new, version, manager)
        if failure is not None:
            raise PartialError(
                f'the Kubernetes API server reported that "{id_of(live)}" failed to fully '
                f"initialize or become live: {failure}",
                id_of(live),
                outputs,
                failure.reasons,
            ) from failure
        if checkpoint.field_manager not in ("", manager):
            cluster.give_up_fields(live, checkpoint.field_manager)
        return outputs

    def read(
        self, resource: Resource, resource_id: str, state: Properties, given: Properties
    ) -> Found:
        """Return the object as it is; without a state (get, import) its inputs come from it."""
        if not self._cluster:
            return self._read_unreachable(resource, resource_id, state, given)
        namespace, name = split_id(resource_id)
        checkpoint, inputs = read_checkpoint(state), normalize(manifest_of(given))
        is_new = not inputs.get("kind") and not checkpoint.live.get("kind")
        if not inputs.get("kind"):
            kind = resource.kind if is_new else kind_of(checkpoint.live)
            inputs |= {"apiVersion": kind.api_version, "kind": kind.kind}
            metadata = inputs.setdefault("metadata", {})
            metadata.setdefault("name", name)
            if namespace:
                metadata.setdefault("namespace", namespace)
        failure: AwaitError | None = None
        try:
            live = self._cluster.read(inputs, name, resource.log, look=not is_new)
        except NoSuchKindError:
            return Found()
        except UnreachableError as error:
            raise ProviderError(str(error)) from error
        except ApiError as error:
            if error.status == 404:
                return Found()
            raise ProviderError(str(error)) from error
        except AwaitError as error:
            live, failure = error.live, error
        live_inputs = prune(live, inputs)
        if is_new:
            live_inputs = _inputs_from(live) if kind_of(live).is_built_in else live_inputs
        version = checkpoint.initial_version or kind_of(inputs).api_version
        manager = self._field_manager(checkpoint.field_manager, inputs)
        outputs = self._outputs(live_inputs, live, given, version, manager)
        new_inputs = properties_of(live_inputs)
        mark_secrets(new_inputs, given)
        if failure is not None:
            partial = PartialError(str(failure), resource_id, outputs, failure.reasons)
            partial.inputs = new_inputs
            raise partial from failure
        return Found(resource_id, outputs, new_inputs)

    def delete(
        self, resource: Resource, resource_id: str, state: Properties, timeout: float
    ) -> None:
        """Delete the object, and return when it is gone."""
        checkpoint = read_checkpoint(state)
        if not self._cluster:
            self._warn_unreachable(resource)
            if self._settings.delete_unreachable:
                self._say_deleted_from_state(resource)
                return
            raise ProviderError(
                "configured Kubernetes cluster is unreachable. If the cluster was deleted, "
                + _DELETE_UNREACHABLE_HELP
            )
        try:
            self._cluster.delete(
                checkpoint.inputs,
                checkpoint.live,
                split_id(resource_id)[1],
                resource.log,
                timeout,
            )
        except (ApiError, UnreachableError) as error:
            raise ProviderError(str(error)) from error
        except AwaitError as error:
            outputs = self._outputs(
                checkpoint.live,
                error.live,
                state,
                checkpoint.initial_version,
                checkpoint.field_manager,
            )
            raise PartialError(str(error), id_of(error.live), outputs, error.reasons) from error

    def _preview_create(
        self, resource: Resource, inputs: Manifest, manager: str
    ) -> Manifest | None:
        if (
            not self._cluster
            or has_unknown(inputs)
            or not self._settings.server_side_apply
            or not self._serves(inputs)
        ):
            return None
        try:
            return self._cluster.preview_create(inputs, manager)
        except (ApiError, UnreachableError) as error:
            raise _refused(resource, error) from error

    def _outputs(
        self, inputs: Manifest, live: Manifest, given: Properties, version: str, manager: str
    ) -> Properties:
        return write_checkpoint(Checkpoint(inputs, live, version, manager), given)

    def _serves(self, inputs: Manifest) -> bool:
        if not self._cluster:
            return False
        try:
            return self._cluster.api.serves(kind_of(inputs))
        except (ApiError, UnreachableError):
            return False

    def _field_manager(self, known: str, inputs: Manifest) -> str:
        if not self._settings.server_side_apply:
            return "pulumi-kubernetes"
        named = annotation(inputs, PATCH_FIELD_MANAGER)
        return named or known or f"pulumi-kubernetes-{secrets.token_hex(4)}"

    def _reachable(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError(
                f"configured Kubernetes cluster is unreachable: {self._unreachable}"
            )
        return self._cluster

    def _warn_unreachable(self, resource: Resource) -> None:
        resource.log.permanent(
            WARNING, f"configured Kubernetes cluster is unreachable: {self._unreachable}"
        )

    def _say_deleted_from_state(self, resource: Resource) -> None:
        resource.log.permanent(
            INFO,
            "configured Kubernetes cluster is unreachable and the `deleteUnreachable` option is "
            "enabled. Deleting the unreachable resource from Pulumi state",
        )

    def _read_unreachable(
        self, resource: Resource, resource_id: str, state: Properties, given: Properties
    ) -> Found:
        self._warn_unreachable(resource)
        if self._settings.delete_unreachable:
            self._say_deleted_from_state(resource)
            return Found()
        if self._settings.skip_update_unreachable:
            resource.log.permanent(
                INFO,
                "configured Kubernetes cluster is unreachable and the `skipUnreachable` option is "
                "enabled. Returned data could not reflect the actual cluster configuration.",
            )
            return Found(resource_id, state, given)
        raise ProviderError(
            "failed to read resource state due to unreachable cluster. If the cluster was deleted, "
            + _DELETE_UNREACHABLE_HELP
        )


def _refused(resource: Resource, error: Exception) -> ProviderError:
    return ProviderError(
        f'resource "{resource.urn}" was not successfully created by the Kubernetes API server: '
        f"{error}"
    )


def _inputs_from(live: Manifest) -> Manifest:
    """What a program would have to say to get this object."""
    inputs = deepcopy({key: value for key, value in live.items() if key != "status"})
    metadata = inputs.get("metadata", {})
    for key in _SERVER_METADATA:
        metadata.pop(key, None)
    annotations = metadata.get("annotations") or {}
    for key in (_ROLLOUT_REVISION, _LAST_APPLIED):
        annotations.pop(key, None)
    return inputs
