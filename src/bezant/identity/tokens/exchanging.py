"""Token exchange (RFC 8693): a token for another audience, of as much of another token or less."""

from typing import TYPE_CHECKING, Final

from bezant.identity.clients import Client
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Endpoint
from bezant.identity.tokens import store
from bezant.identity.tokens.access import AccessTokens, InvalidAccessToken
from bezant.identity.tokens.domain import ACTORS_MAX, Actor, Claims, digest
from bezant.identity.tokens.giving import Asked, Given
from bezant.identity.tokens.narrowing import narrow_details, narrow_scopes
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
"""The one type of tokens that are taken and given (section 3)."""


class TokenExchange:
    """Gives tokens for tokens.

    The subject token cannot be proven by whom it was passed on to, since it is bound to another's
    key. So it has to be meant for the exchanging client, by its `aud`; or it is the client's own,
    whose key the request proves. What is given is bound to the client's key, names the client as
    actor, and holds no longer than any token that it came of.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, access: AccessTokens) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._access = access

    async def give(self, asked: Asked) -> Given:
        """A token for the subject token of a request, and perhaps an actor token.

        Raises:
            OAuthError: `invalid_request` for what is wrong with tokens (section 2.2.2);
                `invalid_target`, `invalid_scope`.
        """
        form, client = asked.form, asked.client
        if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise OAuthError("invalid_request", "Only access tokens are given.")
        subject = await self._subject(asked)
        actor = await self._actor(asked)
        sources = [subject] if actor is None else [subject, actor]
        claims = self._access.exchanged(
            subject,
            client,
            asked.confirmation,
            until=min(source.exp for source in sources),
            scopes=narrow_scopes(form.get("scope"), subject.scopes & client.scopes),
            audience=_audience(asked),
            act=_acting(client, subject, actor),
            details=narrow_details(
                form.get("authorization_details"), tuple(subject.authorization_details)
            ),
        )
        await self._write(client, claims, sources)
        return Given(claims)

    async def _subject(self, asked: Asked) -> Claims:
        subject = await self._read(asked, "subject_token")
        is_own = (subject.client_id, subject.cnf) == (asked.client.id, asked.confirmation)
        if not is_own and str(asked.client.id) not in subject.audience:
            raise _invalid("subject_token")
        return subject

    async def _actor(self, asked: Asked) -> Claims | None:
        """The actor token, which is the client's own, by the key that the request proves."""
        if not asked.form.keys() & {"actor_token", "actor_token_type"}:
            return None
        actor = await self._read(asked, "actor_token")
        is_own = (actor.client_id, actor.cnf) == (asked.client.id, asked.confirmation)
        if not is_own or actor.act is not None:
            raise _invalid("actor_token")
        return actor

    async def _read(self, asked: Asked, name: str) -> Claims:
        if asked.form.required(f"{name}_type") != ACCESS_TOKEN:
            raise OAuthError("invalid_request", f"The {name} has to be an access token.")
        try:
            return await self._access.read(asked.issuer, asked.form.required(name))
        except InvalidAccessToken:
            raise _invalid(name) from None

    async def _write(self, client: Client, claims: Claims, sources: list[Claims]) -> None:
        """Write down a token with all that it came of: the end of any of these is its end.

        Sources that end meanwhile need no other look: who checks the token will see it.
        """
        digests = [digest(source.jti) for source in sources]
        # Whom the token does not name, since the client may hide itself, the audit log does.
        chain = () if claims.act is None else claims.act.chain
        through = tuple(dict.fromkeys((f"client:{client.id}", *chain)))
        call = Call(
            id=self._ids.new(),
            tenant_id=client.tenant_id,
            actor=f"{'client' if claims.grant_id is None else 'user'}:{claims.sub}",
            action="token.exchange",
            resource=f"/id/{client.tenant_id}/{Endpoint.TOKEN}",
            origin="http",
            through=through,
        )

        async def work(connection: "Connection") -> None:
            rows = await connection.fetch(store.FIND_SOURCES, client.tenant_id, digests)
            came_of = {*digests}.union(*(row["came_of"] for row in rows))
            await self._access.write_exchanged(
                connection, client.tenant_id, claims, sorted(came_of)
            )
            entry = audit.entry(call, Answer(200, b""), self._clock.now())
            await write_rows(connection, client.tenant_id, entry)

        try:
            await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Whether the token was given is not known.") from error


def _audience(asked: Asked) -> str | list[str]:
    """The `aud`, by `audience` and `resource`; the one that is registered if neither is there."""
    allowed = asked.client.exchange_audiences
    named = {*asked.form.every("audience"), *asked.form.every("resource")}
    if not named and len(allowed) == 1:
        named = {*allowed}
    if not named or not named <= allowed:
        raise OAuthError("invalid_target", "The client may not ask for this audience.")
    return next(iter(named)) if len(named) == 1 else sorted(named)


def _acting(client: Client, subject: Claims, actor: Claims | None) -> Actor | None:
    """The `act` of a token: whoever acted before stays in it."""
    who = str(client.id) if actor is None else actor.sub
    former = subject.act
    is_itself = who == subject.sub and former is None
    is_again = former is not None and (who, client.id) == (former.sub, former.client_id)
    if is_itself or is_again or (client.impersonates and actor is None):
        return former
    acting = Actor(who, client.id, former)
    if len(acting.chain) > ACTORS_MAX:
        raise OAuthError("invalid_request", "Too many act one for another.")
    return acting


def _invalid(name: str) -> OAuthError:
    return OAuthError("invalid_request", f"The {name} is not valid, or not for this client.")
