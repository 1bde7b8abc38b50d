"""Mutants that give tokens wrongly."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import structs

from bezant.identity.authorization import INTENT, codes, store
from bezant.identity.authorization.secrets import challenge_of
from bezant.identity.clients import Client
from bezant.identity.http import ProtocolRequest
from bezant.identity.http.forms import Form
from bezant.identity.issuers import Endpoint
from bezant.identity.openid import IdTokens, id_tokens
from bezant.identity.tokens import RefreshTokens, TokenEndpoint
from bezant.identity.tokens import store as tokens_store
from bezant.identity.tokens.domain import digest
from bezant.identity.tokens.endpoint import TokenAnswer
from bezant.identity.tokens.giving import Givers, _invalid
from bezant.identity.tokens.ports import PresentedCode
from conformance.fapi.mutants.mutant import UK, Original, Patch, around, in_sql, mutant
from conformance.fapi.mutants.requests import reading

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

NO_VERIFIER = "-"


@mutant("codes live for 120 s", "ensure-token-endpoint-fails-with-expired-auth-code")
def _(patch: Patch) -> None:
    patch.setattr(codes, "CODE_FOR", timedelta(seconds=120))


@mutant("a code is good twice", "attempt-reuse-authorization-code-after-one-second")
def _(patch: Patch) -> None:
    in_sql(patch, store, "REDEEM", "AND redeemed_at IS NULL", "")


@mutant(
    "who uses a code twice keeps the tokens", "attempt-reuse-authorization-code-after-one-second"
)
def _(patch: Patch) -> None:
    async def refused(*_given: object) -> object:
        return _invalid("A mutant says so.")

    patch.setattr(Givers, "_end", refused)


def any_client(patch: Patch) -> None:
    """Give whichever client asks what was granted to another."""

    def make(grant: Original) -> Original:
        async def changed(
            self: Givers, connection: "Connection", client: Client, grant_id: UUID, at: object
        ) -> object:
            found = await self.grants.look(connection, client.tenant_id, grant_id)
            return await grant(
                self, connection, structs.replace(client, id=found.client_id), grant_id, at
            )

        return changed

    around(patch, Givers, "_grant", make)


@mutant("a code is good for every client", "ensure-authorization-code-is-bound-to-client")
def _(patch: Patch) -> None:
    in_sql(patch, store, "REDEEM", "AND client_id = $3", "AND $3::uuid IS NOT NULL")
    any_client(patch)


@mutant("a refresh token is good for every client", "refresh-token")
def _(patch: Patch) -> None:
    def make(present: Original) -> Original:
        async def changed(
            self: RefreshTokens, connection: "Connection", client: Client, text: str, *given: object
        ) -> object:
            row = await connection.fetchrow(
                tokens_store.FIND_REFRESH, client.tenant_id, digest(text)
            )
            assert row is not None
            holder = structs.replace(client, id=row["client_id"])
            return await present(self, connection, holder, text, *given)

        return changed

    around(patch, RefreshTokens, "present", make)
    any_client(patch)


def without_verifier(patch: Patch, is_taken: Callable[[str], bool]) -> None:
    """Take a code whatever its verifier, if `is_taken` says so of that."""

    def make(fits: Original) -> Original:
        def changed(row: Mapping[str, object], presented: PresentedCode) -> bool:
            if is_taken(presented.verifier):
                row = {**row, "challenge": challenge_of(presented.verifier)}
            return bool(fits(row, presented))

        return changed

    around(patch, codes, "_fits", make)


@mutant("a code needs no verifier", "ensure-pkce-code-verifier-required")
def _(patch: Patch) -> None:
    def fill(request: ProtocolRequest) -> ProtocolRequest:
        form = {each: request.form.every(each) for each in request.form}
        whole = {"code_verifier": (NO_VERIFIER,)} | form
        return replace(request, form=Form(whole))

    reading(patch, Endpoint.TOKEN, fill)
    without_verifier(patch, lambda verifier: verifier == NO_VERIFIER)


@mutant("a verifier is not compared", "incorrect-pkce-code-verifier-rejected")
def _(patch: Patch) -> None:
    without_verifier(patch, lambda _verifier: True)


def answering(patch: Patch, change: Callable[[TokenAnswer], TokenAnswer]) -> None:
    """Answer token requests otherwise."""

    def make(answer: Original) -> Original:
        async def changed(self: TokenEndpoint, *given: object) -> TokenAnswer:
            told: TokenAnswer = change(await answer(self, *given))
            return told

        return changed

    around(patch, TokenEndpoint, "_answer", make)


@mutant("every token is called a bearer token", "happy-flow")
def _(patch: Patch) -> None:
    answering(patch, lambda answer: structs.replace(answer, token_type="Bearer"))


@mutant("refresh tokens are rotated", "refresh-token")
def _(patch: Patch) -> None:
    answering(patch, lambda answer: structs.replace(answer, refresh_token="bzr_another"))


@mutant("no refresh tokens are given", "refresh-token")
def _(patch: Patch) -> None:
    answering(patch, lambda answer: structs.replace(answer, refresh_token=None))


def telling(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Say something else in ID tokens; `change` has the claims."""

    def make(issue: Original) -> Original:
        async def changed(self: IdTokens, *given: object) -> str:
            sign = self._keys.sign

            async def signed(tenant_id: UUID, claims: dict[str, Any], *, typ: str) -> str:
                return await sign(tenant_id, change(claims), typ=typ)

            other = IdTokens(_Signing(signed), self._people, self._clock)  # type: ignore[arg-type]
            text: str = await issue(other, *given)
            return text

        return changed

    around(patch, IdTokens, "issue", make)


class _Signing:
    """Keys that sign something else."""

    def __init__(self, sign: Original) -> None:
        self.sign = sign


@mutant(
    "the nonce is left out of ID tokens",
    "happy-flow",
    "ensure-authorization-request-with-64-char-nonce-success",
    "ensure-authorization-request-with-long-nonce",
    "ensure-authorization-request-with-long-state",
    "ensure-different-nonce-inside-and-outside-request-object",
)
def _(patch: Patch) -> None:
    telling(patch, lambda claims: {k: v for k, v in claims.items() if k != "nonce"})


@mutant(
    "an ID token has a nonce that nobody sent",
    "ensure-authorization-request-without-nonce-success",
)
def _(patch: Patch) -> None:
    telling(patch, lambda claims: {"nonce": "made up"} | claims)


@mutant("the intent is not told back", "ensure-server-handles-non-matching-intent-id", variant=UK)
def _(patch: Patch) -> None:
    telling(patch, lambda claims: {k: v for k, v in claims.items() if k != INTENT})


@mutant("acr is told by our name", "test-essential-acr-sca-claim", variant=UK)
def _(patch: Patch) -> None:
    patch.setattr(id_tokens, "name_of", lambda acr, _names: acr.value)


@mutant("acr is always that of a password", "test-essential-acr-sca-claim")
def _(patch: Patch) -> None:
    telling(patch, lambda claims: claims | {"acr": "urn:bezant:acr:password"})


@mutant(
    "claims that are asked of the ID token are not told", "test-claims-parameter-identity-claims"
)
def _(patch: Patch) -> None:
    patch.setattr(id_tokens, "covered", lambda _scopes: frozenset())
