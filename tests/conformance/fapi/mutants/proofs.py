"""Mutants that judge DPoP proofs and certificates wrongly."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bezant.identity.clients import Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.jose import JoseRefused, Token
from bezant.identity.proofs import DpopVerifier, Presented, dpop
from bezant.identity.proofs.dpop import token_hash
from bezant.identity.resources import guard
from bezant.identity.tokens import endpoint
from bezant.kernel.errors import Unauthenticated
from bezant.kernel.http import BEARER, DPOP, Headers
from conformance.fapi.mutants.mutant import Original, Patch, around, mutant
from conformance.fapi.mutants.parameters import confirming
from conformance.fapi.peers import Authentication, Binding, Profile, Variant

NEGATIVE = "dpop-negative-tests"
BY_CERTIFICATE = Variant(Authentication.MTLS, Binding.MTLS, Profile.SECURITY)


@mutant("proofs with nbf or exp are refused", "check-dpop-proof-nbf-exp")
def _(patch: Patch) -> None:
    def make(check: Original) -> Original:
        def changed(claims: Mapping[str, Any], now: datetime) -> None:
            if not {"nbf", "exp"}.isdisjoint(claims):
                raise JoseRefused("A mutant says so.")
            check(claims, now)

        return changed

    around(patch, dpop, "_check_time", make)


@mutant("a proof of 10 s ago is too old", "ensure-dpopproof-with-iat-10seconds-before-succeeds")
def _(patch: Patch) -> None:
    patch.setattr(dpop, "AGE_MAX", timedelta(seconds=8))


@mutant(
    "the clock of who proves a key may not be ahead",
    "ensure-dpopproof-with-iat-10seconds-after-succeeds",
)
def _(patch: Patch) -> None:
    patch.setattr(dpop, "AHEAD_MAX", timedelta(seconds=1))


def claimed(patch: Patch, change: Callable[[dict[str, Any], Presented], dict[str, Any]]) -> None:
    """Read what proofs claim as something else."""

    def make(check: Original) -> Original:
        def changed(claims: Mapping[str, Any], presented: Presented, now: datetime) -> str:
            jti: str = check(change(dict(claims), presented), presented, now)
            return jti

        return changed

    around(patch, dpop, "_check", make)


@mutant("a proof needs no jti", NEGATIVE)
def _(patch: Patch) -> None:
    claimed(patch, lambda claims, _presented: {"jti": "any"} | claims)


@mutant("htm is not checked", NEGATIVE)
def _(patch: Patch) -> None:
    claimed(patch, lambda claims, presented: claims | {"htm": presented.method})


@mutant("htu is not checked", NEGATIVE)
def _(patch: Patch) -> None:
    claimed(patch, lambda claims, presented: claims | {"htu": presented.url})


@mutant("ath is not checked", NEGATIVE)
def _(patch: Patch) -> None:
    claimed(
        patch,
        lambda claims, presented: claims | {"ath": token_hash(presented.access_token or "")},
    )


@mutant("iat of a proof is not checked", NEGATIVE)
def _(patch: Patch) -> None:
    patch.setattr(dpop, "_check_time", lambda _claims, _now: None)


@mutant("any token is a proof", NEGATIVE)
def _(patch: Patch) -> None:
    signing(patch, lambda header: header | {"typ": dpop.TYPE})


@mutant("a proof may hold a private key", NEGATIVE)
def _(patch: Patch) -> None:
    def without(header: dict[str, Any]) -> dict[str, Any]:
        public = {name: value for name, value in header["jwk"].items() if name != "d"}
        return header | {"jwk": public}

    signing(patch, without)


def signing(patch: Patch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Read the header of proofs as another."""

    def make(signer: Original) -> Original:
        def changed(token: Token) -> str:
            jkt: str = signer(replace(token, header=change(dict(token.header))))
            return jkt

        return changed

    around(patch, dpop, "_signer", make)


@mutant("signatures of proofs are not checked", NEGATIVE)
def _(patch: Patch) -> None:
    patch.setattr(dpop, "is_signed_by", lambda _text, _key: True)


def proven(patch: Patch, or_if: Callable[[Confirmation, str, str | None], bool]) -> None:
    """Take further requests for those of a token's holder; not those by certificates."""

    def make(is_proven: Original) -> Original:
        def changed(
            confirmation: Confirmation, scheme: str, jkt: str | None, certificate: object
        ) -> bool:
            by = confirmation.jkt is not None and or_if(confirmation, scheme, jkt)
            return by or bool(is_proven(confirmation, scheme, jkt, certificate))

        return changed

    around(patch, guard, "is_proven", make)


@mutant("any key proves a token's", NEGATIVE, "happy-flow")
def _(patch: Patch) -> None:
    proven(patch, lambda _confirmation, _scheme, jkt: jkt is not None)


@mutant("bound tokens are bearer tokens too", NEGATIVE)
def _(patch: Patch) -> None:
    proven(patch, lambda _confirmation, scheme, _jkt: scheme == BEARER)


@mutant("who brings no proof needs none", NEGATIVE)
def _(patch: Patch) -> None:
    proven(patch, lambda _confirmation, scheme, jkt: scheme == DPOP and jkt is None)


@mutant("whoever has a certificate holds the token", "happy-flow", variant=BY_CERTIFICATE)
def _(patch: Patch) -> None:
    def make(is_proven: Original) -> Original:
        def changed(
            confirmation: Confirmation, scheme: str, jkt: str | None, certificate: object
        ) -> bool:
            return certificate is not None or bool(
                is_proven(confirmation, scheme, jkt, certificate)
            )

        return changed

    around(patch, guard, "is_proven", make)


@mutant("tokens are given to who proves no key", "ensure-holder-of-key-required", "refresh-token")
def _(patch: Patch) -> None:
    def make(confirm: Original) -> Original:
        async def changed(
            request: ProtocolRequest, client: Client, proofs: DpopVerifier
        ) -> Confirmation:
            if not request.headers.every(b"dpop"):
                return Confirmation(jkt="A" * 43)
            confirmation: Confirmation = await confirm(request, client, proofs)
            return confirmation

        return changed

    around(patch, endpoint, "confirm", make)


@mutant(
    "clients by certificate need none for tokens",
    "ensure-holder-of-key-required",
    variant=Variant(Authentication.PRIVATE_KEY_JWT, Binding.MTLS, Profile.SECURITY),
)
def _(patch: Patch) -> None:
    def make(confirm: Original) -> Original:
        async def changed(
            request: ProtocolRequest, client: Client, proofs: DpopVerifier
        ) -> Confirmation:
            try:
                confirmation: Confirmation = await confirm(request, client, proofs)
            except OAuthError:
                return Confirmation(x5t_s256="A" * 43)
            return confirmation

        return changed

    around(patch, endpoint, "confirm", make)
    # The code would be bound to the certificate that the pushed request came with.
    confirming(patch, lambda _right, _named: None)


@mutant("the scheme of a token is spelled in one way", "access-token-type-header-case-sensitivity")
def _(patch: Patch) -> None:
    def make(authorization: Original) -> Original:
        def changed(self: Headers) -> tuple[str, str]:
            scheme, token = authorization(self)
            raw = self.every(b"authorization")[0].partition(b" ")[0]
            if raw not in {b"DPoP", b"Bearer"}:
                raise Unauthenticated("A mutant says so.")
            return scheme, token

        return changed

    around(patch, Headers, "authorization", make)
