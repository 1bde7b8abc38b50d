"""DPoP proofs (RFC 9449): a request shows the key that its token is bound to."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.jose import (
    JoseRefused,
    Token,
    is_signed_by,
    read_instant,
    read_public_key,
    read_token,
)
from bezant.identity.proofs.nonces import Nonces
from bezant.identity.proofs.urls import normalized
from bezant.identity.proofs.used import UsedProofs, Uses
from bezant.kernel.clock import Clock

TYPE: Final = "dpop+jwt"

AGE_MAX: Final = timedelta(seconds=60)
"""How old a proof may be."""

AHEAD_MAX: Final = timedelta(seconds=30)
"""How far ahead a client's clock may be; FAPI 2.0 has 10 s taken and over 60 s refused."""

NONCE_AGE_MAX: Final = timedelta(seconds=30)
"""How old the nonce may be of a proof that is not used up: for so long the request can be replayed.

Only what changes nothing is asked so, with the same method, URL and token.
"""

NONCE_AGE_MAX_DURABLE: Final = timedelta(minutes=5)
"""The same of a proof that is used up."""

JTI_CHARACTERS_MAX: Final = 512
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request shows.

    Attributes:
        proofs: every value of its `DPoP` header.
        method: of the request.
        url: of the request, as the client knows it; a query does not count.
        access_token: that comes with it; None at the token endpoint.
        is_durable: whether the proof is used up: wherever something changes or is given out.
    """

    proofs: Sequence[str]
    method: str
    url: str
    access_token: str | None = None
    is_durable: bool = True


class DpopVerifier:
    """Verifies proofs.

    A proof is used up in the database where something is changed or given out; where nothing is,
    nothing is written. With a token it needs a nonce in either case: proofs that were made ahead by
    who had the key for a while are worth nothing (RFC 9449, section 11.2).
    """

    def __init__(self, used: UsedProofs, nonces: Nonces, clock: Clock) -> None:
        self._used = used
        self._nonces = nonces
        self._clock = clock

    def together(self, tenant_id: UUID) -> AbstractAsyncContextManager[Uses]:
        """What a request uses up in one commit with what it brings. See `UsedProofs`."""
        return self._used.together(tenant_id)

    async def verify(
        self,
        request: ProtocolRequest,
        *,
        access_token: str | None = None,
        durable: bool = True,
        uses: Uses | None = None,
    ) -> str | None:
        """The thumbprint of the key that a request proves; None where it has no proof.

        Args:
            request: what came.
            access_token: that came with it.
            durable: whether the proof is used up.
            uses: where that is noted; without it, it is done at once.

        Raises:
            OAuthError: `invalid_dpop_proof`; `use_dpop_nonce`, with a nonce to use.
            Unavailable: whether the proof was used before cannot be known.
        """
        proofs = [value.decode("latin-1") for value in request.headers.every(b"dpop")]
        presented = Presented(proofs, request.method, request.url, access_token, durable)
        return await self.prove(request.issuer.tenant_id, presented, uses)

    async def prove(
        self, tenant_id: UUID, presented: Presented, uses: Uses | None = None
    ) -> str | None:
        """The same of a request to anything else of a tenant's. See `verify`."""
        if not presented.proofs:
            return None
        if len(presented.proofs) > 1:
            raise _invalid("There is more than one proof.")
        now = self._clock.now()
        try:
            token = read_token(presented.proofs[0])
            jkt = _signer(token)
            jti = _check(token.claimed, presented, now)
        except JoseRefused as refused:
            raise _invalid(str(refused)) from None
        self._check_nonce(token.claimed, tenant_id, jkt, now, presented)
        if presented.is_durable:
            until = now + AGE_MAX + AHEAD_MAX
            name, refusal = f"dpop {jkt} {jti}", _invalid("The proof was used before.")
            if uses is not None:
                uses.note(name, until, refusal)
            elif not await self._used.use(tenant_id, name, until):
                raise refusal
        return jkt

    async def bound_key(self, request: ProtocolRequest, named: str | None) -> str | None:
        """The key that an authorization request binds its code to (RFC 9449, section 10).

        By a proof with the pushed request, by `dpop_jkt`, or by both, which then agree.

        Args:
            request: the pushed request.
            named: its parameter `dpop_jkt`, if it has one.

        Raises:
            OAuthError: they do not, or one of them is not in order.
        """
        proven = await self.verify(request)
        if named is not None and not _THUMBPRINT.fullmatch(named):
            raise OAuthError("invalid_request", "The dpop_jkt is no SHA-256 thumbprint.")
        if proven is not None and named is not None and proven != named:
            raise _invalid("The dpop_jkt is that of another key.")
        return proven or named

    def nonce(self, tenant_id: UUID, jkt: str) -> tuple[bytes, bytes]:
        """A header with a nonce for a key's next proof (section 8.2)."""
        return (b"dpop-nonce", self._nonces.make(tenant_id, jkt, self._clock.now()).encode())

    def _check_nonce(
        self,
        claims: Mapping[str, Any],
        tenant_id: UUID,
        jkt: str,
        now: datetime,
        presented: Presented,
    ) -> None:
        """Require a nonce of whoever uses a token; elsewhere one that is there is right.

        At the token endpoint, and with pushed requests, the client authenticates too.
        """
        nonce = claims.get("nonce")
        if nonce is None and presented.access_token is None:
            return
        age_max = NONCE_AGE_MAX_DURABLE if presented.is_durable else NONCE_AGE_MAX
        if not self._nonces.is_fresh(nonce, tenant_id, jkt, now, age_max):
            raise OAuthError(
                "use_dpop_nonce",
                "The proof needs the nonce that comes with this answer.",
                headers=[self.nonce(tenant_id, jkt)],
            )


def _signer(token: Token) -> str:
    """The thumbprint of the key that is in a proof and signed it."""
    if token.header.get("typ") != TYPE:
        raise JoseRefused(f"Its typ is {TYPE}.")
    jwk = token.header.get("jwk")
    if not isinstance(jwk, dict):
        raise JoseRefused("Its header has the public key as jwk.")
    key = read_public_key(jwk)
    if key.algorithm is not token.algorithm or not is_signed_by(token.text, key):
        raise JoseRefused("It is not signed by its own key.")
    return key.thumbprint


def _check(claims: Mapping[str, Any], presented: Presented, now: datetime) -> str:
    """Check what a proof claims; its `jti`."""
    if claims.get("htm") != presented.method:
        raise JoseRefused("Its htm is the request's method.")
    htu = claims.get("htu")
    asked = normalized(presented.url)
    if not isinstance(htu, str) or asked is None or normalized(htu) != asked:
        raise JoseRefused("Its htu is the request's URL.")
    _check_time(claims, now)
    if presented.access_token is not None:
        ath = claims.get("ath")
        if not isinstance(ath, str) or not compare_digest(
            ath.encode(), token_hash(presented.access_token).encode()
        ):
            raise JoseRefused("Its ath is the hash of the access token.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARACTERS_MAX:
        raise JoseRefused(f"It needs a jti of at most {JTI_CHARACTERS_MAX} characters.")
    return jti


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    made = read_instant(claims, "iat")
    if made is None:
        raise JoseRefused("It needs iat.")
    if not now - AGE_MAX <= made <= now + AHEAD_MAX:
        raise JoseRefused("Its iat is not of now.")
    from_when = read_instant(claims, "nbf")
    if from_when is not None and from_when > now + AHEAD_MAX:
        raise JoseRefused("Its nbf is in the future.")
    until = read_instant(claims, "exp")
    if until is not None and until <= now:
        raise JoseRefused("It has expired.")


def token_hash(access_token: str) -> str:
    """`ath`: the SHA-256 of an access token, base64url (section 4.2)."""
    return urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_dpop_proof", description)
