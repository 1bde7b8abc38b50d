"""The authorization endpoint: a browser comes with a request, and is sent on to log in."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

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
from bezant.identity.authorization.responses import Responses
from bezant.identity.authorization.secrets import digest
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
        responses: Responses,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._clients = clients
        self._responses = responses
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
        interaction_id, asked = begun
        if "none" in asked.prompts:
            # Users are always asked here, so that nothing is given behind their backs.
            error = {
                "error": "interaction_required",
                "error_description": "Users are asked about every request.",
            }
            return ProtocolAnswer.redirect(await self._responses.url(issuer, asked, error))
        url = f"{issuer.url}/{INTERACTIONS}/{interaction_id}"
        return ProtocolAnswer.redirect(url, [browser_cookie(browser)])

    async def _begin(
        self, client: Client, uri: str, browser: str
    ) -> tuple[UUID, AuthorizationRequest] | None:
        """A new interaction of a pushed request, if it is the client's and still good."""
        interaction_id = self._ids.new()
        uri_hash = digest(uri)

        async def work(connection: "Connection") -> "asyncpg.Record | None":
            now = self._clock.now()
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
        return None if row is None else (interaction_id, _asked.decode(row["request"]))


def _refused(text: str) -> ProtocolAnswer:
    return notice("This request cannot go on", text, 400)
