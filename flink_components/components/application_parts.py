"""The children of an ApplicationDeployment."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions

from flink_components.components.arguments import lifted
from flink_components.components.cluster_parts import Identity
from flink_components.components.drawn import Drawn, after, has_policy, is_secret, of_a_revision
from flink_components.components.fleet import Place
from flink_components.components.plan_hook import has_plan, plan_hooks
from flink_components.components.refusal import refuse
from flink_components.components.resources import ApplicationRevision, JobAnchor, JobSwitch
from flink_components.kube.objects.application import (
    CHECKS,
    ApplicationObjects,
    cluster_ref,
    names,
    render,
)
from flink_components.plan.changes import plain
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import SpecError, load
from flink_components.spec.connection import Connection
from flink_components.spec.errors import hiding_secrets
from flink_components.spec.job import AnchorSpec

OF_THE_ANCHOR = tuple(set(AnchorSpec.model_fields) & set(ApplicationSpec.model_fields))
# What only files and pods show: a secret there makes nothing else one.
_FILES = ("config", "log4j")
_PODS = ("env", "args")


class Parts:
    """The children of an ApplicationDeployment, in the order in which they are made.

    The account comes first, and so goes last: what runs needs it until the anchor has ended it.
    """

    def __init__(
        self,
        component: pulumi.ComponentResource,
        given: Identity,
        own: Mapping[str, Any],
        ignored: Sequence[str],
        guard: bytes,
        place: Place | None = None,
    ) -> None:
        """`ignored`: paths in the spec that stay as they were made. `guard`: the agent's jar.

        `place`: that of the job in its fleet.
        """
        self._name, self._values, self._guard = given.name, given.values, guard
        self._connection = load(Connection, given.connection)
        self._secret = is_secret(given.values.get("config") or {})
        parent = ResourceOptions(parent=component)
        declared = Output.from_input(given.values).apply(self._load)
        account = self._account(declared, parent)
        anchor = self._anchor(given, own, ignored, after(parent, account))
        revision = ApplicationRevision(
            f"{given.name}-revision",
            {**given.values, **given.common, "previous_key": own["previous_key"]},
            ResourceOptions.merge(
                after(parent, [anchor]),
                ResourceOptions(hooks=plan_hooks(), ignore_changes=list(ignored)),
            ),
        )
        has_plan(revision)
        self._spec: Output[ApplicationSpec] = lifted(
            lambda _, known: self._load(known), declared, revision.declared
        )
        self._number: Output[int] = revision.number.apply(int)
        self.public = self._without(self._spec, *_FILES, *_PODS)
        before = [revision, *(place.after if place else [])]
        made = self._make(after(parent, before))
        settings = place.settings if place else None
        self.switch = self._switch(given, revision, settings, after(parent, made))
        has_plan(self.switch)
        if place is not None:
            place.taken(self.switch, self._declared(given, revision), "application")

    def _load(self, values: Mapping[str, Any]) -> ApplicationSpec:
        try:
            return load(ApplicationSpec, plain(values), checks=CHECKS)
        except SpecError as error:
            problems = [hiding_secrets(problem) for problem in error.problems]
            refuse(f"ApplicationDeployment {self._name}", problems)
            raise

    def _without(self, spec: Output[ApplicationSpec], *hidden: str) -> Output[ApplicationSpec]:
        """The spec for what does not show these fields: it is no secret for their sake."""
        others = {field: value for field, value in self._values.items() if field not in hidden}
        return lifted(lambda spec, _: spec, Output.unsecret(spec), others)

    def _drawn(self, spec: Output[ApplicationSpec], number: Output[int] | int) -> Drawn:
        """The objects of a revision, as secret as what each of them shows."""

        def draw(spec: ApplicationSpec, number: int) -> ApplicationObjects:
            return render(spec, number, self._guard, self._secret)

        return Drawn(
            lifted(draw, self._without(spec, *_FILES, *_PODS), number),
            lifted(draw, self._without(spec, *_FILES), number),
            lifted(draw, spec, number),
            self._secret,
        )

    def _account(
        self, declared: Output[ApplicationSpec], opts: ResourceOptions
    ) -> list[pulumi.Resource]:
        """The account of all revisions, if it is made here."""
        if self._values.get("service_account"):
            return []
        return [self._drawn(declared, 1).service_account(self._name, opts)]

    def _anchor(
        self,
        given: Identity,
        own: Mapping[str, Any],
        ignored: Sequence[str],
        opts: ResourceOptions,
    ) -> JobAnchor:
        fixed = [path for path in ignored if path.partition(".")[0] in OF_THE_ANCHOR]
        return JobAnchor(
            f"{given.name}-anchor",
            {
                **{field: given.values.get(field) for field in OF_THE_ANCHOR},
                **given.common,
                "adopt": own["adopt"] or None,
                "previous_key": own["previous_key"],
            },
            ResourceOptions.merge(opts, ResourceOptions(ignore_changes=fixed)),
        )

    def _make(self, opts: ResourceOptions) -> list[pulumi.Resource]:
        """The Kubernetes objects; lifecycle removes those of a revision, Pulumi forgets them."""
        name, drawn, revision = (
            self._name,
            self._drawn(self._spec, self._number),
            of_a_revision(opts),
        )
        made: list[pulumi.Resource] = []
        if has_policy(self._values):
            made.append(drawn.network_policy(name, opts))
        guard = k8s.core.v1.ConfigMap(
            f"{name}-guard",
            metadata=drawn.of("guard", "metadata"),
            binary_data=drawn.of("guard", "binaryData"),
            opts=revision,
        )
        rest = drawn.service(f"{name}-rest", "rest_service", revision)
        rpc = drawn.service(f"{name}-rpc", "rpc_service", revision)
        self._uid = rest.metadata.apply(lambda metadata: metadata.get("uid"))
        made += [drawn.config(name, revision), guard, rest, rpc]
        made += drawn.rights(name, revision, self._uid).values()
        made += drawn.deployments(name, after(revision, made)).values()
        return [*made, drawn.stable_service(name, opts)]

    def _declared(self, given: Identity, revision: ApplicationRevision) -> dict[str, Any]:
        """What its revision was given, as it is then known."""
        known = {"number": revision.number, "fingerprint": revision.fingerprint}
        of_the_spec = {field: getattr(revision, field) for field in revision.given}
        return {**of_the_spec, **known, **given.common}

    def _switch(
        self,
        given: Identity,
        revision: ApplicationRevision,
        fleet: Mapping[str, Any] | None,
        opts: ResourceOptions,
    ) -> JobSwitch:
        public, number = self.public, self._number

        def job(spec: ApplicationSpec, number: int) -> dict[str, Any]:
            declared = spec.job(cluster_ref(spec, number, self._connection))
            return declared.model_dump(mode="json", exclude_none=True)

        return JobSwitch(
            f"{given.name}-switch",
            {
                "key": given.common["key"],
                "urn": given.common["urn"],
                "stack": given.common["stack"],
                "fleet": fleet,
                "spec": lifted(job, public, number),
                "service_uid": self._uid,
                "fingerprint": revision.fingerprint,
                "revision": number,
                "task_managers": public.apply(lambda spec: spec.task_managers),
                "job_managers": public.apply(lambda spec: spec.job_manager.replicas),
                "ha": public.apply(lambda spec: spec.high_availability_kind is not None),
                "stable_service": public.apply(lambda spec: names(spec.name, 1).stable_service),
            },
            ResourceOptions.merge(opts, ResourceOptions(hooks=plan_hooks())),
        )
