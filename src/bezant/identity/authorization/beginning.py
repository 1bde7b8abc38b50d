"""The authorization endpoint: a browser comes with a request, and is sent on to log in."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from bezant.identity.authorization import store
from bezant.identity.authorization.committing import commit
from bezant.identity.authorization.domain import (
    BEGUN_MAX,
    DECIDED_WITHIN,
    AuthorizationRequest,
)
from bezant.identity.authorization.interactions import browser_cookie, browser_in
from bezant.identity.authorization.notices import notice
from bezant.identity.authorization.pushing import URI_PREFIX
from bezant.identity.authorization.secrets import digest
from bezant.identity.authorization.silent import Silent, Waiting
from bezant.identity.clients import Client, Clients
from bezant.identity.http import ProtocolAnswer, ProtocolRequest
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

INTERACTIONS: Final = "interactions"
"""Where the pages of interactions are, below the issuer; by way of the login, if one is needed."""

_asked: Final = msgspec.json.Decoder(AuthorizationRequest)


class AuthorizationEndpoint:
    """Takes browsers in.

    Only what was pushed counts: whatever else the browser brings is not looked at, since anybody
    may have put it there (RFC 9101, section 5; RFC 9126, section 4).
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        clients: Clients,
        silent: Silent,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._clients = clients
        self._silent = silent
        self._random_bytes = random_bytes

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`GET {issuer}/authorize`, or POST (OpenID Connect Core, section 3.1.2.1)."""
        given = request.query if request.method == "GET" else request.form
        issuer = request.issuer
        client = await self._clients.find(issuer.tenant_id, given.get("client_id", ""))
        if client is None or client.disabled_at is not None:
            return _refused("The application that sent you here is not known.")
        uri = given.get("request_uri")
        if uri is None or not uri.startswith(URI_PREFIX):
            return _refused("The application did not announce what it wants.")
        browser = browser_in(request.cookies, self._random_bytes)
        begun = await self._begin(client, uri, browser)
        if begun is None:
            return _refused(
                "What the application wants was decided already, or announced too long ago."
                " Go back to it and begin again."
            )
        if "none" in begun.asked.prompts:
            return ProtocolAnswer.redirect(await self._silent.decide(request, begun))
        url = f"{issuer.url}/{INTERACTIONS}/{begun.id}"
        return ProtocolAnswer.redirect(url, [browser_cookie(browser)])

    async def _begin(self, client: Client, uri: str, browser: str) -> Waiting | None:
        """A new interaction of a pushed request, if it is the client's and still good."""
        interaction_id = self._ids.new()
        uri_hash = digest(uri)

        now = self._clock.now()

        async def work(connection: "Connection") -> "asyncpg.Record | None":
            row = await connection.fetchrow(
                store.BEGIN,
                client.tenant_id,
                uri_hash,
                client.id,
                now,
                now + DECIDED_WITHIN,
                BEGUN_MAX,
            )
            if row is not None:
                await connection.execute(
                    store.INSERT_INTERACTION,
                    client.tenant_id,
                    interaction_id,
                    digest(browser),
                    uri_hash,
                    now,
                    row["expires_at"],
                )
            return row

        row = await commit(self._database, work)
        if row is None:
            return None
        return Waiting(interaction_id, browser, _asked.decode(row["request"]), now)


def _refused(text: str) -> ProtocolAnswer:
    return notice("This request cannot go on", text, 400)
