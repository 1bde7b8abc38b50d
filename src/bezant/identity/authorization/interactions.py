"""Interactions: an authorization request while its user logs in and decides.

The authorization endpoint makes one and sends the browser to the pages; the pages say who logged in
and what was decided, and are told where the browser goes next. Neither knows the other.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec import Struct

from bezant.identity.authorization.domain import DECIDED_WITHIN
from bezant.identity.authorization.secrets import SECRET_BYTES, write_secret
from bezant.identity.logins import Acr, Login

COOKIE: Final = "__Host-bezant-interaction"
"""Holds what a browser's interactions are bound to; one value for all of them."""

_BROWSER: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def browser_in(cookies: Mapping[str, str], random_bytes: Callable[[int], bytes]) -> str:
    """What a browser is known by, or from now on.

    It is kept, so that several windows of one browser can each have an interaction.
    """
    browser = cookies.get(COOKIE, "")
    return browser if _BROWSER.fullmatch(browser) else write_secret(random_bytes(SECRET_BYTES))


def browser_cookie(browser: str) -> tuple[bytes, bytes]:
    """The header by which a browser keeps it."""
    seconds = int(DECIDED_WITHIN.total_seconds())
    # `Lax`: clients' sites send the browser here, and it must come with what it has.
    text = f"{COOKIE}={browser}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    return b"set-cookie", text.encode()


class Interaction(Struct, frozen=True):
    """What a user is asked, and what must be known of them before they may answer.

    Attributes:
        id: in the pages' paths. Worth nothing without the cookie of the browser that began it.
        client_name: as registered.
        redirect_host: where the answer goes, for people to read: host and port, or the scheme of an
            application of the user's own machine. None where a device waits for the answer, and
            the browser stays here (RFC 8628).
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
    redirect_host: str | None
    redirect_source: str | None
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
