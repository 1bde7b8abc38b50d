"""Giving tokens: what each grant type decides and writes, in one commit."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from bezant.identity.clients import Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import Grant, GrantNotFound, GrantService
from bezant.identity.http import Form, OAuthError
from bezant.identity.issuers import Issuer
from bezant.identity.polling import Unready
from bezant.identity.tokens.access import AccessTokens
from bezant.identity.tokens.domain import Claims, Rotation
from bezant.identity.tokens.narrowing import narrow_audience, narrow_details, narrow_scopes
from bezant.identity.tokens.ports import (
    CodeRedeemer,
    PolledFor,
    Poller,
    PresentedCode,
    Redeemed,
    Spent,
)
from bezant.identity.tokens.refreshing import RefreshTokens
from bezant.identity.tokens.standing import TokenStandings
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_OF_USERS: Final = frozenset({"openid", "offline_access"})
"""Scopes that say something about a user, so nothing where there is none."""


class Asked(NamedTuple):
    """A token request whose client is authenticated and whose key is proven."""

    issuer: Issuer
    client: Client
    confirmation: Confirmation
    form: Form


class Given(NamedTuple):
    """What was written down; the texts of tokens are made after the commit.

    Attributes:
        redeemed: the code, where there was one.
    """

    claims: Claims
    grant: Grant | None = None
    refresh_token: str | None = None
    redeemed: Redeemed | None = None


@dataclass(frozen=True, slots=True)
class Givers:
    """What giving tokens needs."""

    database: Database
    clock: Clock
    grants: GrantService
    access: AccessTokens
    refresh: RefreshTokens
    standings: TokenStandings
    codes: CodeRedeemer

    async def client_credentials(self, asked: Asked) -> Given:
        """A token of the client's own (RFC 6749, section 4.4)."""
        scopes = narrow_scopes(asked.form.get("scope"), asked.client.scopes - _OF_USERS)
        if asked.form.get("authorization_details") is not None:
            raise OAuthError("invalid_authorization_details", "They are given by users.")
        audience = narrow_audience(asked.form.every("resource"), (), asked.issuer)
        claims = self.access.claims(
            asked.issuer,
            asked.client,
            asked.confirmation,
            self.clock.now(),
            scopes=scopes,
            audience=audience,
        )

        async def work(connection: "Connection") -> Given:
            await self.access.write(connection, asked.client.tenant_id, claims)
            return Given(claims)

        return await self._commit(work)

    async def code(self, asked: Asked) -> Given:
        """The tokens of an authorization code (RFC 6749, section 4.1.3)."""
        client, form = asked.client, asked.form
        presented = PresentedCode(
            form.required("code"),
            client,
            form.get("redirect_uri"),
            form.required("code_verifier"),
            asked.confirmation,
        )

        async def work(connection: "Connection") -> Given | OAuthError:
            at = self.clock.now()
            redeemed = await self.codes.redeem(connection, presented, at)
            if redeemed is None:
                raise _invalid("The authorization code is not valid.")
            return await self._redeemed(connection, asked, redeemed, at)

        return await self._commit(work)

    async def polled(self, poller: Poller, asked: Asked) -> Given:
        """The tokens of what a user allowed elsewhere (RFC 8628, section 3.4)."""
        text = asked.form.required(poller.parameter)
        polled = PolledFor(text, asked.client, asked.confirmation)

        async def work(connection: "Connection") -> Given | OAuthError | Unready:
            at = self.clock.now()
            redeemed = await poller.poll(connection, polled, at)
            if redeemed is None:
                raise _invalid(f"The {poller.parameter} is not valid.")
            if isinstance(redeemed, Unready):
                return redeemed
            return await self._redeemed(connection, asked, redeemed, at)

        return await self._commit(work)

    async def refreshed(self, asked: Asked) -> Given:
        """A new access token of a refresh token (RFC 6749, section 6)."""
        client, text = asked.client, asked.form.required("refresh_token")

        async def work(connection: "Connection") -> Given | OAuthError:
            at = self.clock.now()
            presented = await self.refresh.present(connection, client, text, asked.confirmation, at)
            if presented is None:
                raise _invalid("The refresh token is not valid.")
            if presented.rotation is Rotation.REUSED:
                return await self._end(connection, client, presented.grant_id, at)
            grant = await self._grant(connection, client, presented.grant_id, at)
            claims = await self._write(connection, asked, grant, at)
            return Given(claims, grant, presented.successor)

        return await self._commit(work)

    async def _redeemed(
        self, connection: "Connection", asked: Asked, redeemed: Redeemed | Spent, at: datetime
    ) -> Given | OAuthError:
        """The first tokens of a grant."""
        client = asked.client
        if isinstance(redeemed, Spent):
            # Committed with the answer: whoever redeemed it first loses what they got.
            return await self._end(connection, client, redeemed.grant_id, at)
        grant = await self._grant(connection, client, redeemed.grant_id, at)
        claims = await self._write(connection, asked, grant, at)
        refresh_token = None
        if "refresh_token" in client.grant_types:
            refresh_token = await self.refresh.begin(
                connection, client, grant, asked.confirmation, at
            )
        return Given(claims, grant, refresh_token, redeemed)

    async def _grant(
        self, connection: "Connection", client: Client, grant_id: UUID, at: datetime
    ) -> Grant:
        try:
            grant = await self.grants.look(connection, client.tenant_id, grant_id)
        except GrantNotFound:
            raise _invalid("The grant has ended.") from None
        if grant.client_id != client.id or not grant.holds_at(at):
            raise _invalid("The grant has ended.")
        return grant

    async def _write(
        self, connection: "Connection", asked: Asked, grant: Grant, at: datetime
    ) -> Claims:
        """An access token of a grant, of as little of it as was asked for."""
        form = asked.form
        claims = self.access.claims(
            asked.issuer,
            asked.client,
            asked.confirmation,
            at,
            # A client that lost a scope since does not get it from former grants.
            scopes=narrow_scopes(form.get("scope"), grant.scopes & asked.client.scopes),
            audience=narrow_audience(form.every("resource"), grant.resources, asked.issuer),
            grant=grant,
            details=narrow_details(form.get("authorization_details"), grant.details),
        )
        await self.access.write(connection, asked.client.tenant_id, claims)
        return claims

    async def _end(
        self, connection: "Connection", client: Client, grant_id: UUID, at: datetime
    ) -> OAuthError:
        await self.grants.end(connection, client.tenant_id, grant_id, at)
        return _invalid("It was used before: the grant has been revoked.")

    async def _commit(
        self, work: "Callable[[Connection], Awaitable[Given | OAuthError | Unready]]"
    ) -> Given:
        try:
            given = await self.database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Whether the tokens were given is not known.") from error
        if isinstance(given, Unready):
            raise given.error
        if isinstance(given, OAuthError):
            self.standings.forget_all()
            raise given
        return given


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)
