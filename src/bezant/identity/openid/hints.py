"""ID tokens that clients bring back (`id_token_hint`): good for saying who and where, for long."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct

from bezant.identity.clients import Client
from bezant.identity.issuers import Issuer
from bezant.identity.openid.id_tokens import TYPE
from bezant.identity.signing import InvalidSignature, SigningKeys


class Hint(Struct, frozen=True):
    """What an ID token of ours says.

    Attributes:
        client_id: whom it was given to.
        session_id: the browser's session that it tells of; None where there was none.
    """

    client_id: UUID
    user_id: UUID
    session_id: UUID | None


class IdTokenHints:
    """Reads them.

    They may have expired (RP-Initiated Logout 1.0, section 2). The signature must hold, so they are
    good for as long as its key is published.
    """

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    async def read(self, issuer: Issuer, text: str) -> Hint | None:
        """What a token says; None unless this issuer gave it as an ID token."""
        try:
            claims = await self._keys.verify(issuer.tenant_id, text, TYPE)
        except InvalidSignature:
            return None
        return _hint_of(claims) if claims.get("iss") == issuer.url else None

    async def subject(self, issuer: Issuer, client: Client, hint: str) -> UUID | None:
        """Whom a token of the client's is about. See `Hints`."""
        found = await self.read(issuer, hint)
        return None if found is None or found.client_id != client.id else found.user_id


def _hint_of(claims: Mapping[str, Any]) -> Hint | None:
    try:
        session_id = UUID(claims["sid"]) if "sid" in claims else None
        return Hint(UUID(claims["aud"]), UUID(claims["sub"]), session_id)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
