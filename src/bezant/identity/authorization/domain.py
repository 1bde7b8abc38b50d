"""Authorization requests as values: what a client asked for, once it is known to be in order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.confirmation import Confirmation
from bezant.identity.logins import Acr, Login
from bezant.kernel.telemetry import Sensitive

PUSHED_FOR: Final = timedelta(seconds=60)
"""How long a pushed request waits for its browser (FAPI 2.0, section 5.3.2.2: under 600 s)."""

DECIDED_WITHIN: Final = timedelta(minutes=15)
"""How long a user may take, from when the browser came."""

CODE_FOR: Final = timedelta(seconds=60)
"""How long a code is good (FAPI 2.0, section 5.3.2.1: at most 60 s)."""

BEGUN_MAX: Final = 20
"""How often a browser may come with one pushed request."""


class ResponseMode(StrEnum):
    """How the answer travels to the client's redirect URI."""

    QUERY = "query"
    JWT = "jwt"
    """JARM: as one signed parameter of the query, `query.jwt`."""


class Wanted(Sensitive, Struct, frozen=True, kw_only=True):
    """What a client wants of a user, each member checked, however the user is asked.

    Attributes:
        details: RFC 9396, as their types understood them.
        resources: RFC 8707, section 2.
        acr: the login must be at least this strong.
        id_token_claims: of the parameter `claims`, what it asks of the ID token; of `acr` the names
            that its client knows, wherever it asked for them.
        confirmation: the key that what the client gets is bound to, where one was named or proven.
        until: when what is granted ends; None at its revocation.
        subject: of `id_token_hint`: nobody else may answer.
    """

    client_id: UUID
    scopes: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[str, ...] = ()
    nonce: str | None = None
    acr: Acr = Acr.PASSWORD
    max_age_s: int | None = None
    prompts: frozenset[str] = frozenset()
    login_hint: str | None = None
    locales: tuple[str, ...] = ()
    id_token_claims: Mapping[str, Any] = {}
    confirmation: Confirmation | None = None
    until: datetime | None = None
    subject: UUID | None = None

    def is_met_by(self, login: Login, *, begun_at: datetime, now: datetime) -> bool:
        """Whether a login is as strong and as new as was asked for, and by whom.

        For `prompt=login` none counts that was made before the browser came, at `begun_at`.
        """
        if not login.acr.satisfies(self.acr) or self.subject not in {None, login.user_id}:
            return False
        if "login" in self.prompts or self.max_age_s == 0:
            return login.at >= begun_at
        return self.max_age_s is None or now - login.at <= timedelta(seconds=self.max_age_s)


class AuthorizationRequest(Wanted, frozen=True, kw_only=True):
    """The same where a browser brings the user, and takes the answer back as a code.

    Attributes:
        redirect_uri: one of the client's, character by character.
        challenge: of PKCE, S256.
    """

    redirect_uri: str
    response_mode: ResponseMode
    challenge: str
    state: str | None = None
