"""The platform's authorizer: policies, with what only the database knows."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bezant.identity.policy.approvals import ApprovalService
from bezant.identity.policy.audited import DecisionLog
from bezant.identity.policy.book import Demand
from bezant.identity.policy.engine import Engine, Question, Verdict
from bezant.identity.policy.relations import Relations
from bezant.identity.policy.schema import SCOPES
from bezant.kernel.calls import Call, Principal, PrincipalKind
from bezant.kernel.clock import Clock
from bezant.kernel.errors import ApprovalNeeded, Refusal, StepUpNeeded
from bezant.kernel.http import Action, Context, Decision, Resource, needs_scope

_PERMITTED: Final = "A policy permits it."

log = structlog.get_logger("bezant.policy")


class PolicyAuthorizer:
    """Decides by the shipped policies.

    Args:
        engine: with the policies.
        relations: what domains know of people and things.
        approvals: what others agreed to.
        decisions: where denied and sensitive decisions are audited.
        clock: tells how old a login is.
    """

    def __init__(
        self,
        engine: Engine,
        relations: Relations,
        approvals: ApprovalService,
        decisions: DecisionLog,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._relations = relations
        self._approvals = approvals
        self._decisions = decisions
        self._clock = clock

    async def decide(
        self, principal: Principal, action: Action, resource: Resource, context: Context
    ) -> Decision:
        """The decision. What cannot be evaluated is denied.

        Raises:
            Unavailable: a relation cannot be looked up now, or the decision not be audited.
        """
        try:
            question = await self._question(principal, action, resource)
        except Refusal:
            raise
        except Exception:  # whatever a relation failed with, it is no permission
            log.exception("relation_failed", action=action.id)
            decision = _decision(Verdict(allowed=False, policies=(), is_error=True), action, None)
            self._decisions.note(principal, action, resource, decision)
            return decision
        verdict, approval = self._engine.answer(question), None
        if context.approval is not None and verdict.demand and verdict.demand.approvals:
            verdict = self._engine.answer(msgspec.structs.replace(question, approved=True))
            approval = context.approval if verdict.allowed else None
        decision = _decision(verdict, action, approval)
        if not decision.allowed or self._is_sensitive(principal, action):
            self._decisions.note(principal, action, resource, decision)
        return decision

    async def spend(self, approval: UUID, action: Action, call: Call) -> None:
        """Spend an approval on a request. Repeats of that very request need no other.

        Raises:
            ApprovalNotUsable: see there.
        """
        await self._approvals.spend(approval, action, call)

    async def _question(self, principal: Principal, action: Action, resource: Resource) -> Question:
        if principal.user_id is None:
            return Question(principal, action, resource.tenant_id)
        relations = await self._relations.of(resource.tenant_id, principal.user_id, resource.names)
        return Question(
            principal,
            action,
            resource.tenant_id,
            relations,
            login_age_s=_login_age_s(principal, self._clock),
        )

    def _is_sensitive(self, principal: Principal, action: Action) -> bool:
        # Keys are servers', and what these read of people the vault audits itself.
        is_person = principal.kind is not PrincipalKind.API_KEY
        return is_person and action.scope in self._engine.book.sensitive


def may_do(engine: Engine, clock: Clock) -> Callable[[Principal, Action], bool]:
    """Whether somebody could do something in their own tenant, if as many as needed agreed."""

    def may(principal: Principal, action: Action) -> bool:
        question = Question(
            principal,
            action,
            principal.tenant_id,
            approved=True,
            login_age_s=_login_age_s(principal, clock),
        )
        return engine.answer(question).allowed

    return may


def usable_scopes(engine: Engine, clock: Clock) -> Callable[[Principal], frozenset[str]]:
    """Those of somebody's scopes that policies let them use in their own tenant, to the full.

    A credential that stands for itself, such as an API key, is bound by its scopes alone: who makes
    one by a role that may only read under a scope, or not use it at all, would gain by it.
    """
    may = may_do(engine, clock)

    def usable(principal: Principal) -> frozenset[str]:
        return frozenset(
            scope
            for scope in principal.scopes & SCOPES
            if all(may(principal, Action("any", scope, changes)) for changes in (False, True))
        )

    return usable


def _login_age_s(principal: Principal, clock: Clock) -> int | None:
    if principal.authenticated_at is None:
        return None
    return max(0, int((clock.now() - principal.authenticated_at).total_seconds()))


def _decision(verdict: Verdict, action: Action, approval: UUID | None) -> Decision:
    if verdict.allowed:
        return Decision(
            allowed=True, policies=verdict.policies, reason=_PERMITTED, approval=approval
        )
    reason, refusal = _reason(verdict, action), None
    if verdict.demand is not None:
        refusal = _refusal_of(verdict.demand)
        reason = refusal.detail
    return Decision(allowed=False, policies=verdict.policies, reason=reason, refusal=refusal)


def _reason(verdict: Verdict, action: Action) -> str:
    if verdict.is_error:
        return "The policies could not be evaluated; nothing is permitted then."
    if "granted-scopes-only" in verdict.policies:
        return needs_scope(action)
    if verdict.policies:
        return f"Forbidden by the policy {', '.join(verdict.policies)}."
    return "No policy permits this."


def _refusal_of(demand: Demand) -> Refusal:
    if demand.acr is not None or demand.max_age_s is not None:
        return StepUpNeeded(
            "Log in again, by stronger means.", acr=demand.acr, max_age_s=demand.max_age_s
        )
    return ApprovalNeeded("Ask for an approval of this request, and send it as Bezant-Approval.")
