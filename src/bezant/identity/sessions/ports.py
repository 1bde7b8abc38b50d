"""What the pages need of users: to let them in, to say who is in, and to manage their factors.

Every refusal is a `Refusal` of the `errors` of sessions or factors; none tells whether a user
exists.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from bezant.identity.factors.domain import Factor, Method
from bezant.identity.logins import Acr, Login
from bezant.kernel.telemetry import Sensitive


class Browser(Sensitive, Struct, frozen=True):
    """Where a request comes from.

    Attributes:
        device: the value of the cookie `__Host-bezant-device`, which `new_device` makes for a
            browser that has none. Kept for a year; whatever is begun goes on with the same only.
        address: of the peer.
    """

    device: str
    address: str


class LinkKind(StrEnum):
    """What a one-time link is for."""

    OPERATOR = "operator"
    """Become the first operator: choose a login name, a display name and a password."""

    INVITATION = "invitation"
    """Choose the first password."""

    RESET = "reset"
    """Choose another password. It opens no session: whoever uses it still logs in."""


class Step(Sensitive, Struct, frozen=True):
    """How far a login is.

    Attributes:
        ticket: goes on with it, once, in this browser; for a hidden field of the next form.
        left: any one of these brings it further. With several, the user chooses.
        acr: what has been proven so far.
        is_done: it is as strong as was needed: `enter` with the ticket.
        must_enrol: the user has not the factors that it needs. `enter` opens a session of what was
            proven, in which they enrol one; then `again`.
    """

    ticket: str
    left: tuple[Method, ...]
    acr: Acr | None
    is_done: bool
    must_enrol: bool


class BrowserSession(Struct, frozen=True):
    """A user's session in one browser.

    Attributes:
        id: the same through step-ups and rotations of the cookie; the `sid` of ID tokens.
        login: what was proven last.
        proven: with what.
        token_id: what revokes it; changes with the cookie.
    """

    id: UUID
    tenant_id: UUID
    user_id: UUID
    login: Login
    proven: tuple[Method, ...]
    token_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class Entered(Sensitive, Struct, frozen=True):
    """A session, and the value of the cookie `__Host-bezant`, told this once."""

    cookie: str
    session: BrowserSession


class TotpOffer(Sensitive, Struct, frozen=True):
    """A new secret for an authenticator application, of no use until a code of it is confirmed.

    Attributes:
        ticket: for `confirm_totp`.
        secret: base32, to type in.
        uri: `otpauth://...`, for a QR code.
    """

    ticket: str
    secret: str
    uri: str


class Doorkeeper(Protocol):
    """Lets users in."""

    def new_device(self) -> str:
        """A value for the cookie of a browser that has none."""
        ...

    async def with_password(
        self, tenant_id: UUID, browser: Browser, name: str, password: str, needed: Acr
    ) -> Step:
        """Begin a login by name and password.

        Raises:
            LoginRefused: wrong, unknown, disabled: one answer for all.
            TooManyAttempts: try again after `Retry-After`.
        """
        ...

    async def with_own_password(
        self, tenant_id: UUID, browser: Browser, ticket: str, password: str
    ) -> Step:
        """Go on with a login whose user is known, as after `again`, by the password."""
        ...

    async def passkey_options(
        self, tenant_id: UUID, browser: Browser, ticket: str | None = None
    ) -> str:
        """`PublicKeyCredentialRequestOptionsJSON` for `navigator.credentials.get`.

        Without a ticket any discoverable credential answers, as conditional UI needs; with the
        ticket of a step, one of its user's.
        """
        ...

    async def with_passkey(
        self,
        tenant_id: UUID,
        browser: Browser,
        credential: str,
        needed: Acr,
        ticket: str | None = None,
    ) -> Step:
        """Begin a login, or go on with one, by the JSON of `navigator.credentials.get`."""
        ...

    async def with_totp(self, tenant_id: UUID, browser: Browser, ticket: str, code: str) -> Step:
        """Go on with a login by a code of an authenticator application.

        Raises:
            LoginRefused: wrong, or used before; the ticket remains good for another try.
            TicketOver: the login has gone on, expired, or is another browser's.
            TooManyAttempts: try again after `Retry-After`.
        """
        ...

    async def with_recovery_code(
        self, tenant_id: UUID, browser: Browser, ticket: str, code: str
    ) -> Step:
        """Go on with a login by a recovery code, which is used up."""
        ...

    async def ask_device(self, tenant_id: UUID, browser: Browser, ticket: str) -> UUID:
        """Ask the user of a login under way to approve it on a device; for `with_device`.

        Raises:
            TicketOver, TooManyAttempts: as for `with_totp`.
        """
        ...

    async def with_device(
        self, tenant_id: UUID, browser: Browser, ticket: str, approval_id: UUID
    ) -> Step | None:
        """Go on with a login by what was approved; None while it is undecided: ask again soon.

        Raises:
            LoginRefused: the user said no, or the time is over.
        """
        ...

    async def again(
        self, session: BrowserSession, browser: Browser, needed: Acr, max_age_s: int | None = None
    ) -> Step:
        """Step up in a session: what it lacks for `needed`, or all, where it is too old."""
        ...

    async def enter(
        self, tenant_id: UUID, browser: Browser, ticket: str, cookie: str | None = None
    ) -> Entered:
        """Open the session of a login, or make an existing one stronger under a new cookie.

        Raises:
            TicketOver: it was entered already, expired, or is another browser's.
        """
        ...

    async def look_at(self, tenant_id: UUID, link: str) -> LinkKind:
        """What a one-time link is for. Looking does not use it up.

        Raises:
            LinkOver: unknown, used or expired.
        """
        ...

    async def use_link(self, tenant_id: UUID, browser: Browser, link: str, password: str) -> Step:
        """Use an invitation, or a reset, up: set the password.

        An invitation's step is done with it; a reset's has proven nothing, and begins anew.

        Raises:
            LinkOver: unknown, used or expired.
            PasswordRefused: too short, too long, or known to attackers; the link remains good.
        """
        ...

    async def claim(
        self,
        tenant_id: UUID,
        browser: Browser,
        link: str,
        name: str,
        display_name: str,
        password: str,
    ) -> Step:
        """Use the first operator's link up: make the user, an owner.

        Raises:
            LinkOver: unknown, used or expired.
            PasswordRefused: as for `use_link`.
        """
        ...

    async def forgotten(self, tenant_id: UUID, browser: Browser, name: str) -> None:
        """Ask for a reset. The answer is the same whoever it is.

        Raises:
            TooManyAttempts: try again after `Retry-After`.
        """
        ...


class BrowserSessions(Protocol):
    """Who is in, where."""

    async def find(self, tenant_id: UUID, browser: Browser, cookie: str) -> BrowserSession:
        """The session of a cookie, in the browser that it was opened in.

        Raises:
            SessionEnded: it is over, or another browser's.
        """
        ...

    async def list(self, session: BrowserSession) -> Sequence[BrowserSession]:
        """Every session of the user that is not over, newest first, this one among them."""
        ...

    async def revoke(self, session: BrowserSession, which: UUID) -> None:
        """End one of the user's sessions; again is no error."""
        ...

    async def leave(self, session: BrowserSession) -> None:
        """Log out here."""
        ...

    async def leave_former(
        self, tenant_id: UUID, browser: Browser, user_id: UUID, session_id: UUID
    ) -> None:
        """Log out of a session of this browser, over or not; of none that was in another."""
        ...


class FactorKeeper(Protocol):
    """A user's own factors. Every change needs a login as strong as the user can make, and fresh.

    Changes raise `FreshLoginNeeded` without one: then `Doorkeeper.again` with its `needed`.
    Each of them is told of by an event.
    """

    async def list(self, session: BrowserSession) -> Sequence[Factor]:
        """The user's factors, the oldest first."""
        ...

    async def change_password(self, session: BrowserSession, password: str) -> None:
        """Set another password; every other session of the user ends."""
        ...

    async def begin_totp(self, session: BrowserSession) -> TotpOffer:
        """Offer a secret for an authenticator application."""
        ...

    async def confirm_totp(self, session: BrowserSession, ticket: str, code: str) -> None:
        """Enrol it: the application shows a right code.

        Raises:
            ProofRefused: it does not; the ticket remains good.
            TicketOver: enrolled already, or expired.
        """
        ...

    async def begin_passkey(self, session: BrowserSession) -> str:
        """`PublicKeyCredentialCreationOptionsJSON` for `navigator.credentials.create`."""
        ...

    async def confirm_passkey(self, session: BrowserSession, credential: str) -> None:
        """Enrol what `navigator.credentials.create` made, as JSON."""
        ...

    async def begin_device(self, session: BrowserSession) -> str:
        """A challenge for a telephone with an application of ours, for a QR code."""
        ...

    async def new_recovery_codes(self, session: BrowserSession) -> Sequence[str]:
        """Ten codes, told this once, in the place of the former ones."""
        ...

    async def remove(self, session: BrowserSession, factor_id: UUID) -> None:
        """Remove a factor that is no password.

        Raises:
            FactorNotFound: unknown, another user's, or a password.
        """
        ...
