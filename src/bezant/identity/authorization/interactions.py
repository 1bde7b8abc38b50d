"""Interactions: an authorization request while its user logs in and decides.

The authorization endpoint makes one and sends the browser to the pages; the pages say who logged in
and what was decided, and are told where the browser goes next. Neither knows the other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec import Struct

from bezant.identity.logins import Acr, Login

COOKIE: Final = "__Host-bezant-interaction"
"""Holds what a browser's interactions are bound to; one value for all of them."""


class Interaction(Struct, frozen=True):
    """What a user is asked, and what must be known of them before they may answer.

    Attributes:
        id: in the pages' paths. Worth nothing without the cookie of the browser that began it.
        client_name: as registered.
        redirect_host: where the answer goes, for people to read: host and port, or the scheme of an
            application of the user's own machine.
        redirect_source: the same as browsers know it, such as `https://client.example:8443`; named
            in `form-action`, since Chromium holds the redirect after a form to it as well.
        scopes: asked for.
        details: RFC 9396 `authorization_details`, each of a known type.
        acr: the login must be at least this strong.
        max_age_s: it may be at most so old; None for any.
        prompts: `login`, `consent`, `select_account`; `none` never comes here.
        login_hint: what the client believes the user to be called; never filled in by us unseen.
        granted_until: when what is granted ends; None at the grant's revocation.
        begun_at: no login of before it is one that `prompt=login` asked for.
        locales: the client's `ui_locales`, best first.
        subject: of an `id_token_hint`: who alone may answer.
    """

    id: UUID
    tenant_id: UUID
    client_id: UUID
    client_name: str
    redirect_host: str
    redirect_source: str
    scopes: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...]
    acr: Acr
    max_age_s: int | None
    prompts: frozenset[str]
    login_hint: str | None
    granted_until: datetime | None
    begun_at: datetime
    expires_at: datetime
    locales: tuple[str, ...] = ()
    subject: UUID | None = None


class Interactions(Protocol):
    """What the pages need of the authorization endpoint."""

    async def find(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> Interaction:
        """The interaction, for the browser that began it.

        `browser` is the value of the cookie that the authorization endpoint set.

        Raises:
            InteractionOver: unknown, answered, expired, or of another browser: one answer for all.
        """
        ...

    async def approve(
        self, tenant_id: UUID, interaction_id: UUID, browser: str, login: Login
    ) -> str:
        """Grant what was asked, once; the URL that the browser is sent to.

        Raises:
            InteractionOver: see `find`.
            LoginTooWeak: the login is not what the interaction needs, or its session has ended.
        """
        ...

    async def refuse(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> str:
        """The user says no, or cannot log in: `access_denied`; the URL to go to."""
        ...
