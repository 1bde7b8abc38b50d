"""One-time links: what they are for, and their use, which is one.

A link proves that who uses it was sent it, and nothing else. It sets a password; it enrols no
other factor and removes none, and after a reset whoever had a second factor still proves it.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.factors import Passwords, Proving
from bezant.identity.factors import store as factors_store
from bezant.identity.factors.approvals import Approvals
from bezant.identity.factors.domain import Method
from bezant.identity.logins import Acr
from bezant.identity.sessions.attempts import Attempt
from bezant.identity.sessions.browsing import Browsing, device_hash_of
from bezant.identity.sessions.doorkeeper import Doorkeeper
from bezant.identity.sessions.errors import LinkOver
from bezant.identity.sessions.ports import Browser, LinkKind, Step
from bezant.identity.sessions.throttle import Throttle
from bezant.identity.tickets import Kind, Ticket, Tickets, new_link
from bezant.identity.users import UserService, is_active
from bezant.identity.users.domain import User
from bezant.identity.users.errors import LoginNameTaken
from bezant.identity.users.means import Means
from bezant.identity.users.notices import audit_done, call_of, tell
from bezant.identity.users.schemas import NewUser
from bezant.kernel.calls import RefusedAnswer

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

OPERATOR: Final = timedelta(days=7)

_LINKS: Final = [Kind.OPERATOR, Kind.INVITATION, Kind.RESET]
_NOBODY: Final = UUID(int=0)
"""Whose a link is that makes a user: so that a new one takes the place of the former."""


class OperatorLinks:
    """Links that make an operator: for whoever has the machine, and so the database, anyway."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._tickets = Tickets(means.database)

    async def make(self, tenant_id: UUID) -> str:
        """A new link's text, in the place of every former one."""
        text = new_link(self._means.random_bytes)

        async def work(connection: "Connection") -> None:
            now = self._means.clock.now()
            await self._tickets.revoke(connection, tenant_id, _NOBODY, [Kind.OPERATOR])
            ticket = Ticket(Kind.OPERATOR, _NOBODY, b"")
            await self._tickets.make(connection, tenant_id, text, ticket, now, OPERATOR)
            call = call_of(self._means.ids, tenant_id, None, "operator.link")
            await audit_done(connection, call, now)

        await self._means.database.transaction(work)
        return text


class Entrance(Doorkeeper):
    """The doorkeeper with the links. Implements the port of that name whole.

    Args:
        passwords: which are fit.
    """

    def __init__(
        self,
        means: Means,
        users: UserService,
        proving: Proving,
        browsing: Browsing,
        throttle: Throttle,
        approvals: Approvals,
        passwords: Passwords,
    ) -> None:
        super().__init__(means, users, proving, browsing, throttle, approvals)
        self._passwords = passwords

    async def look_at(self, tenant_id: UUID, link: str) -> LinkKind:
        """What a one-time link is for. Looking does not use it up.

        Raises:
            LinkOver: unknown, used or expired.
        """
        found = await self._tickets.find(tenant_id, link, _LINKS, self._clock.now())
        if found is None:
            raise _over()
        return LinkKind(found.kind)

    async def use_link(self, tenant_id: UUID, browser: Browser, link: str, password: str) -> Step:
        """Use an invitation, or a reset, up: set the password.

        Raises:
            LinkOver: unknown, used or expired.
            PasswordRefused: too short, too long, or known to attackers; the link remains good.
        """
        kinds = [Kind.INVITATION, Kind.RESET]
        if await self._tickets.find(tenant_id, link, kinds, self._clock.now()) is None:
            raise _over()
        await self._passwords.require_fit(password)
        encoded = await self._passwords.hash(password)

        async def work(connection: "Connection") -> tuple[Kind, UUID, Step]:
            now = self._clock.now()
            used = await self._tickets.redeem(connection, tenant_id, link, kinds, now)
            if used is None or used.user_id is None:
                raise _over()
            user_id, is_new = used.user_id, used.kind is Kind.INVITATION
            if is_new:
                await self._users.activate(connection, tenant_id, user_id)
            if not await is_active(connection, tenant_id, user_id):
                raise _over()
            await self._set_password(connection, tenant_id, user_id, encoded)
            call = call_of(self._ids, tenant_id, user_id, f"link.{used.kind}")
            await audit_done(connection, call, now)
            attempt = Attempt(user_id, device_hash_of(browser), Acr.PASSWORD)
            if is_new:
                attempt = attempt.and_proven(Method.PASSWORD, now)
            return used.kind, user_id, await self._attempts.step(connection, tenant_id, attempt)

        kind, user_id, step = await self._commit(work)
        if kind is Kind.RESET:
            await self._browsing.end_all(tenant_id, user_id)
        return step

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
            LoginNameTaken: somebody has that name already.
            Refusal: the name is no e-mail address.
        """
        kinds = [Kind.OPERATOR]
        if await self._tickets.find(tenant_id, link, kinds, self._clock.now()) is None:
            raise _over()
        await self._passwords.require_fit(password, (name, display_name))
        encoded = await self._passwords.hash(password)

        async def work(connection: "Connection", made: User) -> None:
            now = self._clock.now()
            if await self._tickets.redeem(connection, tenant_id, link, kinds, now) is None:
                raise _over()
            await self._set_password(connection, tenant_id, made.id, encoded)

        call = call_of(self._ids, tenant_id, None, "operator.claim")
        try:
            user_id = await self._users.add_owner(call, NewUser(display_name, name), work)
        except RefusedAnswer as refused:
            if refused.code == LoginNameTaken.code:
                raise LoginNameTaken("Somebody has that name already.") from None
            raise _over() from None
        attempt = Attempt(user_id, device_hash_of(browser), Acr.PASSWORD)
        attempt = attempt.and_proven(Method.PASSWORD, self._clock.now())
        return await self._commit(
            lambda connection: self._attempts.step(connection, tenant_id, attempt)
        )

    async def forgotten(self, tenant_id: UUID, browser: Browser, name: str) -> None:
        """Ask for a reset. The answer is the same whoever it is.

        The tenant's own systems hear of it by an event, make a link by the API, and send it.

        Raises:
            TooManyAttempts: try again after `Retry-After`.
        """
        user_id, is_active = await self.identify(tenant_id, browser, name)
        await self.count(tenant_id, browser, user_id, "forgotten")

        async def work(connection: "Connection") -> None:
            now = self._clock.now()
            call = call_of(self._ids, tenant_id, None, "login.forgotten")
            await audit_done(connection, call, now)
            if is_active:
                await tell(connection, self._ids, tenant_id, user_id, "user.recovery_asked", now)

        await self._commit(work)

    async def _set_password(
        self, connection: "Connection", tenant_id: UUID, user_id: UUID, encoded: str
    ) -> None:
        """Set it, and end whatever was begun with, or for, another one."""
        now = self._clock.now()
        await connection.execute(factors_store.SET_HASH, tenant_id, user_id, encoded, now)
        ended = [Kind.INVITATION, Kind.RESET, Kind.LOGIN]
        await self._tickets.revoke(connection, tenant_id, user_id, ended)
        await tell(connection, self._ids, tenant_id, user_id, "user.password_changed", now)


def _over() -> LinkOver:
    return LinkOver("The link is unknown, used or expired.")
