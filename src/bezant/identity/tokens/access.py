"""Access tokens: signed, bound to a key, and each with a row that a revocation finds."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from bezant.identity.clients import Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import Grant
from bezant.identity.issuers import Issuer
from bezant.identity.jose import read_token
from bezant.identity.signing import InvalidSignature, SigningKeys
from bezant.identity.tokens import store
from bezant.identity.tokens.domain import (
    ACCESS_TOKEN_VALID,
    SECRET_BYTES,
    Actor,
    Claims,
    digest,
)
from bezant.identity.tokens.standing import TokenStandings
from bezant.kernel.clock import Clock

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

TYPE: Final = "at+jwt"
VERIFIED_MAX: Final = 20_000


class InvalidAccessToken(Exception):  # noqa: N818 - an answer, not a fault
    """Not ours, not in order, expired or revoked. Which of these is not told."""


class AccessTokens:
    """Issues and reads access tokens (RFC 9068).

    A token is worth what its row says: who forges a signature has no row, and who has only the
    database signs nothing. The signatures that were verified are remembered, so that a token in
    use costs one look into memory.
    """

    def __init__(
        self,
        keys: SigningKeys,
        standings: TokenStandings,
        clock: Clock,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._keys = keys
        self._standings = standings
        self._clock = clock
        self._random_bytes = random_bytes
        self._verified: dict[bytes, tuple[str, Claims]] = {}

    def claims(
        self,
        issuer: Issuer,
        client: Client,
        confirmation: Confirmation,
        at: datetime,
        *,
        scopes: frozenset[str],
        audience: str | list[str],
        grant: Grant | None = None,
        details: tuple[Mapping[str, Any], ...] = (),
    ) -> Claims:
        """What a new token says. It ends with its grant, if that is sooner."""
        until = at + ACCESS_TOKEN_VALID
        if grant is not None and grant.until is not None:
            until = min(until, grant.until)
        return Claims(
            iss=issuer.url,
            sub=str(client.id if grant is None else grant.login.user_id),
            aud=audience,
            client_id=client.id,
            scope=" ".join(sorted(scopes)),
            jti=self._new_jti(),
            iat=int(at.timestamp()),
            exp=int(until.timestamp()),
            cnf=confirmation,
            grant_id=None if grant is None else grant.id,
            auth_time=None if grant is None else int(grant.login.at.timestamp()),
            acr=None if grant is None else grant.login.acr,
            authorization_details=list(details),
        )

    def exchanged(
        self,
        subject: Claims,
        client: Client,
        confirmation: Confirmation,
        *,
        until: int,
        scopes: frozenset[str],
        audience: str | list[str],
        act: Actor | None,
        details: tuple[Mapping[str, Any], ...],
    ) -> Claims:
        """What a token says that is given for another (RFC 8693): who it is about stays."""
        at = self._clock.now()
        return msgspec.structs.replace(
            subject,
            aud=audience,
            client_id=client.id,
            scope=" ".join(sorted(scopes)),
            jti=self._new_jti(),
            iat=int(at.timestamp()),
            exp=min(int((at + ACCESS_TOKEN_VALID).timestamp()), until),
            cnf=confirmation,
            act=act,
            authorization_details=list(details),
        )

    def _new_jti(self) -> str:
        return urlsafe_b64encode(self._random_bytes(SECRET_BYTES)).rstrip(b"=").decode()

    async def write(self, connection: "Connection", tenant_id: UUID, claims: Claims) -> None:
        """Write down a token, within the commit that gives it."""
        await connection.execute(
            store.INSERT_ACCESS,
            tenant_id,
            digest(claims.jti),
            claims.client_id,
            claims.grant_id,
            datetime.fromtimestamp(claims.iat, UTC),
            datetime.fromtimestamp(claims.exp, UTC),
        )

    async def write_exchanged(
        self,
        connection: "Connection",
        tenant_id: UUID,
        claims: Claims,
        came_of: Sequence[bytes],
    ) -> None:
        """The same of an exchanged token, with the digests of all tokens that it came of."""
        await connection.execute(
            store.INSERT_EXCHANGED,
            tenant_id,
            digest(claims.jti),
            claims.client_id,
            claims.grant_id,
            datetime.fromtimestamp(claims.iat, UTC),
            datetime.fromtimestamp(claims.exp, UTC),
            came_of,
        )

    async def sign(self, tenant_id: UUID, claims: Claims) -> str:
        """The token's text."""
        return await self._keys.sign(tenant_id, msgspec.to_builtins(claims), typ=TYPE)

    async def read(self, issuer: Issuer, text: str) -> Claims:
        """What a token says that holds now. Who presents it must still prove its key.

        Raises:
            InvalidAccessToken: it does not.
            Unavailable: that cannot be known.
        """
        name = digest(f"{issuer.url} {text}")
        verified = self._verified.get(name)
        if verified is None:
            verified = await self._verify(issuer, text)
            self._verified[name] = verified
            if len(self._verified) > VERIFIED_MAX:
                del self._verified[next(iter(self._verified))]
        kid, claims = verified
        if claims.is_over(self._clock.now()):
            raise InvalidAccessToken
        if not await self._keys.holds(issuer.tenant_id, kid):
            raise InvalidAccessToken
        if not await self._standings.holds(issuer.tenant_id, claims.jti):
            raise InvalidAccessToken
        return claims

    async def roles(self, issuer: Issuer, claims: Claims) -> frozenset[str]:
        """The roles that who gave a token has now.

        Raises:
            Unavailable: they cannot be known.
        """
        return await self._standings.roles(issuer.tenant_id, claims.jti)

    async def _verify(self, issuer: Issuer, text: str) -> tuple[str, Claims]:
        """The key that signed a token, and what it says."""
        try:
            payload = await self._keys.verify(issuer.tenant_id, text, TYPE)
            claims = msgspec.convert(payload, Claims)
        except (InvalidSignature, msgspec.ValidationError):
            raise InvalidAccessToken from None
        if claims.iss != issuer.url:
            raise InvalidAccessToken
        kid = read_token(text).kid
        assert kid is not None, "it was found by it"
        return kid, claims
