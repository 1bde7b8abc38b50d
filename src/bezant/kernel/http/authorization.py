"""Authorization: who asks is established first, then whether they may; every operation waits.

The ports are here, so that operations need not know what decides. Whatever decides is asked with
the same four things (principal, action, resource, context), and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from starlette.types import Scope

from bezant.kernel.calls import Call, Principal, PrincipalKind
from bezant.kernel.errors import ApprovalNotUsable, Forbidden, Refusal
from bezant.kernel.http.challenges import challenged
from bezant.kernel.http.credentials import Credentials
from bezant.kernel.http.exchange import exchange_of
from bezant.kernel.http.headers import Headers


class Authenticator(Protocol):
    """Turns credentials into the caller behind them."""

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller.

        Raises:
            Unauthenticated: unknown, expired or revoked, or not the sender's own.
            Unavailable: that cannot be known now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done.

    Attributes:
        id: of the operation, such as `close_period`.
        scope: that a credential has to grant for it, such as `ledger:close`.
        changes: whether it changes something.
        takes_approval: whether a caller can show that somebody else agreed.
    """

    id: str
    scope: str
    changes: bool = False
    takes_approval: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """What it is to be done to.

    Attributes:
        tenant_id: whose it is.
        template: of the path, such as `/v1/books/{book}`.
        names: the path's parameters; none is checked yet.
    """

    tenant_id: UUID
    template: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What else matters to a decision.

    Attributes:
        approval: that the caller wants to spend on this request, if any.
    """

    approval: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why.

    Attributes:
        policies: the identifiers of those that determined it, sorted; none when nothing permits.
        reason: one sentence that the caller may read.
        refusal: what the caller is told instead of `Forbidden`, where something can be done.
        approval: has to be spent for it, before anything is done.
    """

    allowed: bool
    policies: tuple[str, ...]
    reason: str
    refusal: Refusal | None = None
    approval: UUID | None = None


class Authorizer(Protocol):
    """Decides whether a caller may do something."""

    async def decide(
        self, principal: Principal, action: Action, resource: Resource, context: Context
    ) -> Decision:
        """The decision. What cannot be evaluated is denied.

        Raises:
            Unavailable: what the decision depends on cannot be known now.
        """
        ...

    async def spend(self, approval: UUID, action: Action, call: Call) -> None:
        """Spend an approval on a request. Repeats of that very request need no other.

        Raises:
            Refusal: it is not there, or not for this, or spent.
        """
        ...


class ScopeAuthorizer:
    """Knows one rule: an API key may do what its scopes say. Nobody else may do anything."""

    async def decide(
        self,
        principal: Principal,
        action: Action,
        resource: Resource,
        context: Context,  # noqa: ARG002 - the rule needs none
    ) -> Decision:
        """The decision."""
        is_key = principal.kind is PrincipalKind.API_KEY
        is_own = principal.tenant_id == resource.tenant_id
        if is_key and is_own and action.scope in principal.scopes:
            return Decision(allowed=True, policies=("scopes",), reason="The key grants it.")
        return Decision(allowed=False, policies=(), reason=needs_scope(action))

    async def spend(
        self,
        approval: UUID,  # noqa: ARG002 - whichever it is
        action: Action,  # noqa: ARG002 - as above
        call: Call,  # noqa: ARG002 - as above
    ) -> None:
        """No decision asks for one, so there is none to spend."""
        raise ApprovalNotUsable("No approval is needed here.")


def needs_scope(action: Action) -> str:
    """What a caller without the scope of an action is told."""
    return f"This needs the scope {action.scope}."


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who may do what is asked for.

    Attributes:
        approval: that has to be spent first.
    """

    principal: Principal
    approval: UUID | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Admits a request or refuses it."""

    authenticator: Authenticator
    authorizer: Authorizer

    async def admit(self, scope: Scope, action: Action) -> Admitted:
        """The caller of a request who may do what it asks for.

        Raises:
            Unauthenticated: no valid credential, or not by a login that is strong enough.
            Forbidden: valid, but it may not do this.
            Unavailable: one of the two cannot be known now.
        """
        headers = Headers(scope["headers"])
        credentials = Credentials.of(scope)
        principal = await self.authenticator.authenticate(credentials)
        exchange = exchange_of(scope)
        exchange.actor = principal.actor
        exchange.signs_for = principal.tenant_id if principal.has_signed else None
        route = scope.get("route")
        resource = Resource(
            principal.tenant_id,
            scope["path"] if route is None else route.path,
            scope.get("path_params", {}),
        )
        context = Context(headers.approval() if action.takes_approval else None)
        decision = await self.authorizer.decide(principal, action, resource, context)
        if not decision.allowed:
            refusal = decision.refusal or Forbidden(decision.reason, scope=action.scope)
            raise challenged(refusal, credentials.scheme)
        return Admitted(principal, decision.approval)
