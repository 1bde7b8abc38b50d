"""The engine: one question, the policies that answer it, and which of them did."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Self
from uuid import UUID

import cedarpy
import msgspec
import structlog
from msgspec import Struct

from bezant.identity.logins import Acr
from bezant.identity.policy.book import Demand, PolicyBook, shipped_policies
from bezant.identity.policy.domain import ENTITY_TYPES, strength_of
from bezant.identity.policy.schema import NAMESPACE, groups_of, shipped_schema
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.http import Action

ANSWERS_MAX: Final = 10_000
"""Answers that are remembered; the oldest is forgotten for another."""

log = structlog.get_logger("bezant.policy")


class Question(Struct, frozen=True):
    """All that an answer depends on.

    Attributes:
        tenant_id: whose the resource is.
        relations: of the caller's user to the resource.
        approved: whether as many others as are needed agreed.
        login_age_s: how long ago the user proved to be one; None for callers that are no user's.
    """

    principal: Principal
    action: Action
    tenant_id: UUID
    relations: frozenset[str] = frozenset()
    approved: bool = False
    login_age_s: int | None = None


class Verdict(Struct, frozen=True):
    """What the policies say.

    Attributes:
        policies: those that determined it, sorted; none when nothing permits.
        demand: what would turn it, where it is denied for want of that alone.
        is_error: whether it is denied because something could not be evaluated.
    """

    allowed: bool
    policies: tuple[str, ...]
    demand: Demand | None = None
    is_error: bool = False


class Engine:
    """Answers questions by policies. Whatever cannot be evaluated is denied.

    An answer is a function of its question, as the policies never change while a process runs: so
    it may be remembered for as long as the process likes, and no revocation has to reach it.

    Args:
        book: the policies.
        evaluate: the evaluator.
    """

    def __init__(
        self,
        book: PolicyBook,
        evaluate: Callable[..., cedarpy.AuthzResult] = cedarpy.is_authorized,
    ) -> None:
        self.book = book
        self._evaluate = evaluate
        self._answers: dict[Question, Verdict] = {}

    @classmethod
    def shipped(cls) -> Self:
        """With the policies that come with the platform.

        Raises:
            PolicyRefused: a policy cannot be used.
        """
        return cls(PolicyBook.read(shipped_policies(), shipped_schema()))

    def answer(self, question: Question) -> Verdict:
        """The verdict, with what would turn it."""
        verdict = self._answers.get(question)
        if verdict is None:
            verdict = self._consider(question)
            if len(self._answers) >= ANSWERS_MAX:
                del self._answers[next(iter(self._answers))]
            if not verdict.is_error:
                self._answers[question] = verdict
        return verdict

    def judge(self, question: Question) -> Verdict:
        """The verdict by itself, evaluated anew."""
        try:
            policies_of = self.book.slices.of(question.principal, question.action)
            result = self._evaluate(_request_of(question), policies_of, _entities_of(question))
            policies = tuple(sorted(result.diagnostics.reasons))
            errors = result.diagnostics.errors
            allowed = result.allowed
        except Exception as error:  # whatever it was, it is no permission
            log.exception("policy_not_evaluated", action=question.action.id)
            errors, policies, allowed = [type(error).__name__], (), False
        if errors:
            # Cedar itself would leave out a policy that fails, a forbidding one too.
            log.error("policy_failed", action=question.action.id, errors=errors)
            return Verdict(allowed=False, policies=policies, is_error=True)
        return Verdict(allowed, policies)

    def _consider(self, question: Question) -> Verdict:
        verdict = self.judge(question)
        demands = [
            self.book.demands[name] for name in verdict.policies if name in self.book.demands
        ]
        if verdict.allowed or len(demands) < max(1, len(verdict.policies)):
            return verdict
        # Somebody who may not do it at all is not asked for a stronger login, or for approval.
        met = self.judge(
            msgspec.structs.replace(
                question,
                principal=msgspec.structs.replace(question.principal, acr=list(Acr)[-1]),
                login_age_s=0,
                approved=True,
            )
        )
        if not met.allowed:
            return verdict
        return msgspec.structs.replace(verdict, demand=_all_of(demands))


def _all_of(demands: list[Demand]) -> Demand:
    together = Demand()
    for demand in demands:
        ages = [age for age in (together.max_age_s, demand.max_age_s) if age is not None]
        together = replace(
            together,
            acr=max(together.acr, demand.acr, key=strength_of),
            max_age_s=min(ages, default=None),
            approvals=max(together.approvals, demand.approvals),
        )
    return together


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{kind}", "id": name}


def _request_of(question: Question) -> dict[str, object]:
    principal = question.principal
    return {
        "principal": _uid(ENTITY_TYPES[principal.kind], principal.actor),
        "action": _uid("Action", question.action.id),
        "resource": _uid("Resource", str(question.tenant_id)),
        "context": {
            "operation": question.action.id,
            "scope": question.action.scope,
            "approved": question.approved,
            "delegated": bool(principal.through),
            "relations": sorted(question.relations),
        },
    }


def _entities_of(question: Question) -> list[dict[str, object]]:
    """Only those that the question is about: each further one costs every decision."""
    principal = question.principal
    attributes: dict[str, object] = {
        "tenant": str(principal.tenant_id),
        "scopes": sorted(principal.scopes),
    }
    parents = []
    if principal.kind is PrincipalKind.USER:
        attributes["acr"] = strength_of(principal.acr)
        if question.login_age_s is not None:
            attributes["login_age_s"] = question.login_age_s
        parents = [_uid("Role", role) for role in sorted(principal.roles)]
    return [
        {
            "uid": _uid(ENTITY_TYPES[principal.kind], principal.actor),
            "attrs": attributes,
            "parents": parents,
        },
        {
            "uid": _uid("Action", question.action.id),
            "attrs": {},
            "parents": [_uid("Action", group) for group in groups_of(question.action)],
        },
        {
            "uid": _uid("Resource", str(question.tenant_id)),
            "attrs": {"tenant": str(question.tenant_id)},
            "parents": [],
        },
    ]
