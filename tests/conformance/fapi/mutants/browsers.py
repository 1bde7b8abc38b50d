"""Mutants that take browsers in wrongly."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import msgspec
from starlette.types import Receive, Scope, Send

from bezant.identity.authorization import (
    AuthorizationEndpoint,
    DetailTypes,
    PushedRequests,
    RequestReader,
    beginning,
    store,
)
from bezant.identity.authorization.domain import AuthorizationRequest
from bezant.identity.authorization.parameters import Parameters
from bezant.identity.authorization.pushing import URI_PREFIX
from bezant.identity.authorization.secrets import digest
from bezant.identity.authorization.silent import Waiting
from bezant.identity.clients import Client
from bezant.identity.http import ProtocolRequest, endpoints
from bezant.identity.issuers import Endpoint, Issuer
from conformance.fapi.mutants.flows import FLOWS, MAY_BE_REFUSED
from conformance.fapi.mutants.mutant import Original, Patch, around, in_sql, mutant
from conformance.fapi.mutants.requests import query_with, reading

Begun = Waiting | None


class NoHints:
    """Nobody is hinted at in these requests."""

    async def subject(self, issuer: Issuer, client: Client, hint: str) -> UUID | None:
        raise AssertionError(f"{client.id} hints at somebody to {issuer.url}: {hint}")


FIND = "SELECT request FROM pushed_request WHERE tenant_id = $1 AND uri_hash = $2"
CHANGE = """
    UPDATE pushed_request SET request = $3 WHERE tenant_id = $1 AND uri_hash = $2
    RETURNING uri_hash
"""

_asked = msgspec.json.Decoder(AuthorizationRequest)
_come: ContextVar[ProtocolRequest] = ContextVar("come")


@mutant(
    "a request that a browser has seen is over",
    "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
)
def _(patch: Patch) -> None:
    patch.setattr(beginning, "BEGUN_MAX", 1)


@mutant("a request that was decided is not over", "par-attempt-reuse-request_uri")
def _(patch: Patch) -> None:
    in_sql(patch, store, "TAKE_PUSHED", "DELETE FROM", "UPDATE")
    in_sql(patch, store, "TAKE_PUSHED", "WHERE", "SET begun = begun WHERE")


@mutant(
    "a request_uri is good for every client", "par-attempt-to-use-request_uri-for-different-client"
)
def _(patch: Patch) -> None:
    in_sql(patch, store, "BEGIN", "AND client_id = $3", "AND $3::uuid IS NOT NULL")


@mutant("pushed requests wait for ever", "par-attempt-to-use-expired-request_uri")
def _(patch: Patch) -> None:
    in_sql(patch, store, "BEGIN", "AND expires_at > $4", "AND $4::timestamptz IS NOT NULL")


@mutant(
    "the browser must bring the response_type again",
    "user-rejects-authentication",
    *(name for name in FLOWS if name not in MAY_BE_REFUSED),
)
def _(patch: Patch) -> None:
    def change(request: ProtocolRequest) -> ProtocolRequest:
        is_there = "response_type" in request.query
        return request if is_there else query_with(request, {"request_uri": "missing"})

    reading(patch, Endpoint.AUTHORIZATION, change)


@mutant(
    "what was not pushed is taken from the browser",
    "ensure-unsigned-authorization-request-without-using-par-fails",
)
def _(patch: Patch) -> None:
    def change(request: ProtocolRequest) -> ProtocolRequest:
        _come.set(request)
        return query_with(request, {"request_uri": URI_PREFIX} | dict(request.query))

    def make(begin: Original) -> Original:
        async def changed(
            self: AuthorizationEndpoint, client: Client, uri: str, browser: str
        ) -> Begun:
            request = _come.get()
            if "request_uri" not in request.query:
                reader = RequestReader(DetailTypes(), NoHints())
                given = Parameters(request.query)
                asked = await reader.read(request.issuer, client, given, None)
                # It keeps what it needs for that under the same names.
                uri = await PushedRequests._keep(self, client, asked)  # type: ignore[arg-type]
            begun: Begun = await begin(self, client, uri, browser)
            return begun

        return changed

    reading(patch, Endpoint.AUTHORIZATION, change)
    around(patch, AuthorizationEndpoint, "_begin", make)


def brought(
    patch: Patch, change: Callable[[dict[str, Any], ProtocolRequest], dict[str, Any]]
) -> None:
    """Have what the browser brings change what was pushed."""

    def keep(request: ProtocolRequest) -> ProtocolRequest:
        _come.set(request)
        return request

    def make(begin: Original) -> Original:
        async def changed(
            self: AuthorizationEndpoint, client: Client, uri: str, browser: str
        ) -> Begun:
            key = (client.tenant_id, digest(uri))
            row = await self._database.fetchrow(FIND, *key)
            if row is not None:
                pushed = msgspec.to_builtins(_asked.decode(row["request"]))
                whole = change(pushed, _come.get())
                await self._database.fetchrow(CHANGE, *key, msgspec.json.encode(whole))
            begun: Begun = await begin(self, client, uri, browser)
            return begun

        return changed

    reading(patch, Endpoint.AUTHORIZATION, keep)
    around(patch, AuthorizationEndpoint, "_begin", make)


def outside(request: ProtocolRequest, name: str) -> dict[str, str]:
    """A parameter of the browser's, if it has it."""
    return {name: request.query[name]} if name in request.query else {}


@mutant("the browser's nonce is used", "ensure-different-nonce-inside-and-outside-request-object")
def _(patch: Patch) -> None:
    brought(patch, lambda pushed, request: pushed | outside(request, "nonce"))


@mutant(
    "the browser's state is used",
    "ensure-different-state-inside-and-outside-request-object",
    "state-only-outside-request-object-not-used",
)
def _(patch: Patch) -> None:
    brought(patch, lambda pushed, request: pushed | outside(request, "state"))


@mutant(
    "the browser's state is used where none was pushed",
    "state-only-outside-request-object-not-used",
)
def _(patch: Patch) -> None:
    def fill(pushed: dict[str, Any], request: ProtocolRequest) -> dict[str, Any]:
        return pushed if pushed.get("state") else pushed | outside(request, "state")

    brought(patch, fill)


@mutant("every method is POST", "par-attempt-invalid-http-method")
def _(patch: Patch) -> None:
    def make(call: Original) -> Original:
        async def changed(
            self: endpoints._Path, scope: Scope, receive: Receive, send: Send
        ) -> None:
            if scope["path"].endswith(f"/{Endpoint.PUSHED_REQUEST}"):
                scope = {**scope, "method": "POST"}
            await call(self, scope, receive, send)

        return changed

    around(patch, endpoints._Path, "__call__", make)
