"""Whom a client means by a hint: a user, or nobody under an identifier of its own."""

from typing import Final, Protocol
from uuid import UUID

import msgspec

from bezant.identity.clients import Client
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer
from bezant.identity.signing import InvalidSignature, SigningKeys
from bezant.identity.users.notices import call_of
from bezant.kernel.calls import Call
from bezant.kernel.ids import Ids

ID_TOKEN: Final = "JWT"  # noqa: S105 - a type


class Names(Protocol):
    """Who has a login name; the doorkeeper knows."""

    async def named(self, call: Call, name: str) -> tuple[UUID, bool]:
        """Whose name it is, and whether they can log in; of nobody's an identifier of its own."""
        ...


class Hints:
    """Finds out whom a request is about, and never tells whether there is such a user."""

    def __init__(self, keys: SigningKeys, names: Names, ids: Ids) -> None:
        self._keys = keys
        self._names = names
        self._ids = ids

    async def user(self, issuer: Issuer, client: Client, name: str, value: str) -> UUID:
        """The user's identifier, or nobody's.

        Raises:
            OAuthError: an ID token that is none of this client's.
            TooManySearches: by this client.
        """
        if name == "id_token_hint":
            return await self._of_id_token(issuer, client, value)
        call = call_of(self._ids, issuer.tenant_id, None, "backchannel.identify")
        call = msgspec.structs.replace(call, actor=f"client:{client.id}")
        user_id, _ = await self._names.named(call, value)
        return user_id

    async def _of_id_token(self, issuer: Issuer, client: Client, token: str) -> UUID:
        """Whom an ID token is about that was given to this client, however long ago."""
        try:
            claims = await self._keys.verify(issuer.tenant_id, token, ID_TOKEN)
        except InvalidSignature:
            raise _refused() from None
        is_ours = claims.get("iss") == issuer.url and claims.get("aud") == str(client.id)
        subject = claims.get("sub")
        if not is_ours or not isinstance(subject, str):
            raise _refused()
        try:
            return UUID(subject)
        except ValueError:
            raise _refused() from None


def _refused() -> OAuthError:
    return OAuthError("invalid_request", "The id_token_hint is no ID token of this client.")
