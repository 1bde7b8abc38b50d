"""Logouts that clients ask for (OpenID Connect RP-Initiated Logout 1.0)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from bezant.identity.authorization import source_of
from bezant.identity.clients import Client, Clients
from bezant.identity.issuers import Issuer
from bezant.identity.openid.hints import Hint, IdTokenHints
from bezant.kernel.errors import Refusal

TEXT_CHARACTERS_MAX: Final = 8_192


class LogoutRefused(Refusal):
    """What the client asked for contradicts itself, or what is registered of it (section 4)."""

    status, code, title = 400, "LOGOUT_REFUSED", "The logout request is not in order"


class LogoutRequest(Struct, frozen=True):
    """What a browser came with.

    Attributes:
        hint: of an ID token that is ours; whoever has it was told of the login.
        client: who is named, if anybody is.
        url: where the browser goes afterwards, `state` and all; one that is registered.
        fields: what a form of ours carries along, to be read and judged again.
        locales: `ui_locales`, best first.
    """

    hint: Hint | None
    client: Client | None
    url: str | None
    fields: Mapping[str, str]
    locales: tuple[str, ...]

    @property
    def source(self) -> str | None:
        """What a policy of browsers calls where it goes."""
        return None if self.url is None else source_of(self.url)


class LogoutRequests:
    """Reads them."""

    def __init__(self, clients: Clients, hints: IdTokenHints) -> None:
        self._clients = clients
        self._hints = hints

    async def read(self, issuer: Issuer, given: Mapping[str, str]) -> LogoutRequest:
        """A request. An ID token that is not ours counts as none: the user is asked.

        Raises:
            LogoutRefused: it names a client that there is not, or not the token's, or an address
                that is not one of the client's.
        """
        if any(len(value) > TEXT_CHARACTERS_MAX for value in given.values()):
            raise LogoutRefused("A parameter is too long.")
        text = given.get("id_token_hint")
        hint = None if text is None else await self._hints.read(issuer, text)
        client = await self._client(issuer, given.get("client_id"), hint)
        return LogoutRequest(
            hint,
            client,
            _url(client, given),
            _fields(client, given),
            tuple(given.get("ui_locales", "").split()),
        )

    async def _client(self, issuer: Issuer, named: str | None, hint: Hint | None) -> Client | None:
        if hint is not None:
            if named not in {None, str(hint.client_id)}:
                raise LogoutRefused("The ID token was given to another client.")
            named = str(hint.client_id)
        if named is None:
            return None
        client = await self._clients.find(issuer.tenant_id, named)
        if client is None or client.disabled_at is not None:
            raise LogoutRefused("There is no such client.")
        return client


def _url(client: Client | None, given: Mapping[str, str]) -> str | None:
    uri = given.get("post_logout_redirect_uri")
    if uri is None or client is None:
        # Nobody's address is nowhere to send a browser to.
        return None
    # As text, like redirect URIs: two readers of URLs may each see another host in one.
    if uri not in client.post_logout_redirect_uris:
        raise LogoutRefused("The address is not one of the client's.")
    state = given.get("state")
    if state is None:
        return uri
    return uri + ("&" if "?" in uri else "?") + urlencode({"state": state})


def _fields(client: Client | None, given: Mapping[str, str]) -> Mapping[str, str]:
    kept = ("post_logout_redirect_uri", "state", "ui_locales")
    fields = {name: given[name] for name in kept if name in given}
    return fields if client is None else fields | {"client_id": str(client.id)}
