"""Authorization codes: what a client exchanges, once, for the tokens of a grant."""

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from bezant.identity.authorization import store
from bezant.identity.authorization.domain import CODE_FOR, AuthorizationRequest
from bezant.identity.authorization.secrets import challenge_of, digest
from bezant.identity.confirmation import Confirmation
from bezant.identity.tokens import PresentedCode, Redeemed, Spent

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_confirmation: Final = msgspec.json.Decoder(Confirmation)
_claims: Final = msgspec.json.Decoder(dict[str, Any])


class Codes:
    """Issues and redeems codes, within the commits of whoever decides and whoever gives."""

    async def issue(
        self,
        connection: "Connection",
        tenant_id: UUID,
        code: str,
        asked: AuthorizationRequest,
        grant_id: UUID,
        at: datetime,
    ) -> None:
        """Write down a code for what a user decided."""
        bound = asked.confirmation
        await connection.execute(
            store.INSERT_CODE,
            tenant_id,
            digest(code),
            asked.client_id,
            grant_id,
            asked.redirect_uri,
            asked.challenge,
            None if bound is None else msgspec.json.encode(bound),
            asked.nonce,
            msgspec.json.encode(asked.id_token_claims),
            at,
            at + CODE_FOR,
        )

    async def redeem(
        self, connection: "Connection", presented: PresentedCode, at: datetime
    ) -> Redeemed | Spent | None:
        """Consume a code. See `CodeRedeemer`.

        One that does not fit is consumed as well, unless the caller then rolls back; which it does,
        since whoever intercepts a code must not be able to spoil it.
        """
        client, code_hash = presented.client, digest(presented.code)
        key = (client.tenant_id, code_hash, client.id)
        row = await connection.fetchrow(store.REDEEM, *key, at)
        if row is None:
            spent = await connection.fetchrow(store.FIND_REDEEMED, *key)
            return None if spent is None else Spent(spent["grant_id"])
        if not _fits(row, presented):
            return None
        return Redeemed(row["grant_id"], row["nonce"], _claims.decode(row["asked"]))


def _fits(row: "asyncpg.Record", presented: PresentedCode) -> bool:
    bound = row["confirmation"]
    if bound is not None and _confirmation.decode(bound) != presented.confirmation:
        return False
    # RFC 6749, section 4.1.3: the request named it, so the exchange does, in the same text.
    if row["redirect_uri"] != presented.redirect_uri:
        return False
    return hmac.compare_digest(row["challenge"], challenge_of(presented.verifier))
