"""Mutants that authenticate clients wrongly."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bezant.identity.clients import ClientAuthenticator, assertions, authentication
from bezant.identity.clients.assertions import GoodAssertion
from bezant.identity.clients.authentication import AuthenticatedClient
from bezant.identity.http import ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import Token
from conformance.fapi.mutants.mutant import Original, Patch, around, mutant
from conformance.fapi.mutants.requests import form_without
from conformance.fapi.mutants.signed import with_claims, with_rs256


def audience(patch: Patch, takes: Callable[[Any, Issuer], bool]) -> None:
    """Take further audiences of assertions."""

    def make(check: Original) -> Original:
        def changed(claims: dict[str, Any], issuer: Issuer, now: datetime) -> GoodAssertion:
            if takes(claims.get("aud"), issuer):
                claims = {**claims, "aud": issuer.url}
            good: GoodAssertion = check(claims, issuer, now)
            return good

        return changed

    around(patch, authentication, "check_claims", make)


@mutant("an assertion may be for another server", "ensure-client-assertion-with-wrong-aud-fails")
def _(patch: Patch) -> None:
    audience(patch, lambda aud, issuer: isinstance(aud, str) and issuer.origin not in aud)


@mutant("an assertion may be for several servers", "par-test-array-as-audience-fails")
def _(patch: Patch) -> None:
    audience(patch, lambda aud, issuer: isinstance(aud, list) and issuer.url in aud)


@mutant("an assertion may be for the PAR endpoint", "par-test-par-endpoint-url-as-audience-fails")
def _(patch: Patch) -> None:
    audience(patch, lambda aud, issuer: bool(aud == issuer.at(Endpoint.PUSHED_REQUEST)))


@mutant(
    "an assertion may be for the token endpoint", "par-test-token-endpoint-url-as-audience-fails"
)
def _(patch: Patch) -> None:
    audience(patch, lambda aud, issuer: bool(aud == issuer.at(Endpoint.TOKEN)))


@mutant("assertions do not expire", "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails")
def _(patch: Patch) -> None:
    with_claims(
        patch,
        authentication,
        lambda claims: claims | {"exp": max(claims["exp"], time.time() + 60)},
    )


@mutant("an assertion needs no sub", "ensure-client-assertion-with-no-sub-fails")
def _(patch: Patch) -> None:
    def make(subject_of: Original) -> Original:
        def changed(token: Token) -> str:
            claimed = {"sub": token.claimed.get("iss")} | dict(token.claimed)
            subject: str = subject_of(replace(token, claimed=claimed))
            return subject

        return changed

    around(patch, authentication, "subject_of", make)


@mutant("assertions are taken with RS256", "ensure-signed-client-assertion-with-RS256-fails")
def _(patch: Patch) -> None:
    with_rs256(patch, authentication)


@mutant(
    "the clock of who signs an assertion may not be ahead",
    "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted",
)
def _(patch: Patch) -> None:
    patch.setattr(assertions, "AHEAD_MAX", timedelta(0))


@mutant(
    "nbf and iat of an assertion may be far ahead",
    "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails",
)
def _(patch: Patch) -> None:
    patch.setattr(assertions, "AHEAD_MAX", timedelta(hours=1))


@mutant("a client that names itself is believed", "ensure-client-assertion-in-token-endpoint")
def _(patch: Patch) -> None:
    def make(authenticate: Original) -> Original:
        async def changed(self: ClientAuthenticator, request: ProtocolRequest) -> object:
            if "client_assertion" in request.form:
                return await authenticate(self, request)
            client = await self._find(request.issuer, request.form["client_id"])
            return AuthenticatedClient(client)

        return changed

    around(patch, ClientAuthenticator, "authenticate", make)


@mutant("client_id may be another client's", "ensure-client-id-in-token-endpoint")
def _(patch: Patch) -> None:
    def make(authenticate: Original) -> Original:
        async def changed(self: ClientAuthenticator, request: ProtocolRequest) -> object:
            if "client_assertion" in request.form:
                request = form_without(request, "client_id")
            return await authenticate(self, request)

        return changed

    around(patch, ClientAuthenticator, "authenticate", make)
