"""What the token endpoint needs of the authorization endpoint and of OpenID Connect."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from msgspec import Struct

from bezant.identity.clients import Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import Grant
from bezant.identity.issuers import Issuer
from bezant.identity.polling import Unready

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class PresentedCode(Struct, frozen=True):
    """An authorization code with all that must fit it (RFC 6749, section 4.1.3; RFC 7636, 4.6).

    Attributes:
        client: who presents it, authenticated.
        verifier: the PKCE code verifier.
        confirmation: the key that was proven with the request: if the authorization request named
            one in `dpop_jkt`, it must be this (RFC 9449, section 10).
    """

    code: str
    client: Client
    redirect_uri: str | None
    verifier: str
    confirmation: Confirmation


class Redeemed(Struct, frozen=True):
    """A code that was good until now.

    Attributes:
        grant_id: what the code stood for.
        nonce: of the authorization request, for the ID token.
        claims: what the request's `claims` parameter asks of the ID token (OpenID Connect Core,
            section 5.5).
    """

    grant_id: UUID
    nonce: str | None = None
    claims: Mapping[str, Any] = {}


class Spent(Struct, frozen=True):
    """A code that was redeemed before: somebody else may have it.

    Attributes:
        grant_id: what it stood for, which the token endpoint revokes (RFC 6749, section 4.1.2).
    """

    grant_id: UUID


class CodeRedeemer(Protocol):
    """The authorization endpoint's codes."""

    async def redeem(
        self, connection: "Connection", presented: PresentedCode, at: datetime
    ) -> Redeemed | Spent | None:
        """Consume a code, by a conditional UPDATE in the token endpoint's own transaction.

        The tokens are written in the same commit, so a code is spent exactly when they are there.
        `Spent` is answered only to the client that the code was issued to.

        Returns:
            None where the code is unknown, expired, another client's, or does not fit.
        """
        ...


class PolledFor(Struct, frozen=True):
    """What a client polls for, with all that must fit it.

    Attributes:
        text: which it was given when it began.
        client: who presents it, authenticated.
        confirmation: the key that was proven with the request.
    """

    text: str
    client: Client
    confirmation: Confirmation


class Poller(Protocol):
    """A grant type whose user decides elsewhere, while the client polls the token endpoint.

    Attributes:
        parameter: of the token request, that says what is polled for.
    """

    @property
    def parameter(self) -> str:
        """See above."""
        ...

    async def poll(
        self, connection: "Connection", polled: PolledFor, at: datetime
    ) -> Redeemed | Spent | Unready | None:
        """Consume what is polled for, if its user has agreed, in the token endpoint's transaction.

        See `CodeRedeemer`. `Unready` is committed, and so is the pace of polls with it.

        Returns:
            None where it is unknown, another client's, or does not fit.
        """
        ...


class IdTokenIssuer(Protocol):
    """OpenID Connect's ID tokens."""

    async def issue(
        self, issuer: Issuer, client: Client, grant: Grant, redeemed: Redeemed, access_token: str
    ) -> str:
        """A signed ID token about the grant's login; asked for where `openid` was granted."""
        ...
