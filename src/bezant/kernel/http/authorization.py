"""Authorization: who asks is established first, then whether they may; every operation waits.

The ports are here, so that operations need not know what decides. Whatever decides is asked with
the same four things (principal, action, resource, context), and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from starlette.types import Scope

from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.errors import Forbidden
from bezant.kernel.http.credentials import Credentials
from bezant.kernel.http.exchange import exchange_of


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
    """

    id: str
    scope: str


@dataclass(frozen=True, slots=True)
class Resource:
    """What it is to be done to.

    Attributes:
        tenant_id: whose it is.
        path: as it was asked for.
        names: the path's parameters, such as the `account` of `…/accounts/{account}`; none is
            checked yet.
    """

    tenant_id: UUID
    path: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What else may matter to a decision."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why.

    Attributes:
        policies: the identifiers of those that determined it, sorted; none when nothing permits.
        reason: one sentence that the caller may read.
    """

    allowed: bool
    policies: tuple[str, ...]
    reason: str


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
        return Decision(allowed=False, policies=(), reason=f"This needs the scope {action.scope}.")


@dataclass(frozen=True, slots=True)
class Guard:
    """Admits a request or refuses it."""

    authenticator: Authenticator
    authorizer: Authorizer

    async def admit(self, scope: Scope, action: Action) -> Principal:
        """The caller of a request who may do what it asks for.

        Raises:
            Unauthenticated: no valid credential.
            Forbidden: valid, but it may not do this.
            Unavailable: one of the two cannot be known now.
        """
        principal = await self.authenticator.authenticate(Credentials.of(scope))
        exchange_of(scope).actor = principal.actor
        resource = Resource(principal.tenant_id, scope["path"], scope.get("path_params", {}))
        decision = await self.authorizer.decide(principal, action, resource, Context())
        if not decision.allowed:
            raise Forbidden(decision.reason, scope=action.scope)
        return principal
