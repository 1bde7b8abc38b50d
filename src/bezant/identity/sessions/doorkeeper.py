"""The doorkeeper: logins from their first step to a session."""

import hashlib
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

import msgspec

from bezant.identity.factors import Proving, factors_of, passkeys
from bezant.identity.factors import store as factors_store
from bezant.identity.factors.approvals import Approvals, ApprovalState
from bezant.identity.factors.domain import Method, standing
from bezant.identity.factors.errors import ApprovalOver, ProofRefused
from bezant.identity.logins import Acr
from bezant.identity.sessions.attempts import Attempt, Attempts
from bezant.identity.sessions.browsing import Browsing, Proof, device_hash_of
from bezant.identity.sessions.errors import LoginRefused, SessionEnded, TicketOver
from bezant.identity.sessions.ports import Browser, BrowserSession, Entered, Step
from bezant.identity.sessions.throttle import Counted, Throttle, network_of
from bezant.identity.tickets import Kind, Ticket, Tickets, new_text
from bezant.identity.users import UserService, is_active
from bezant.identity.users.domain import Status
from bezant.identity.users.means import Means
from bezant.identity.users.notices import audit_done, call_of
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import CommitUnknown
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.ids import derived_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

CARRIED: Final = timedelta(minutes=5)
"""How old a proof may be that a step-up adds to; else all is proven again."""

CHALLENGE: Final = timedelta(minutes=5)

_REFUSED: Final = Answer(LoginRefused.status, b"")


class Doorkeeper:
    """Lets users in. Implements the port of that name, where what is raised is described.

    Args:
        means: where rows, the time, identifiers and chance come from.
        users: who there is.
        proving: whether they prove what they should.
        browsing: the sessions that are opened.
        throttle: counts what is tried.
        approvals: what users decide on their devices.
    """

    def __init__(
        self,
        means: Means,
        users: UserService,
        proving: Proving,
        browsing: Browsing,
        throttle: Throttle,
        approvals: Approvals,
    ) -> None:
        self._database = means.database
        self._clock = means.clock
        self._ids = means.ids
        self._users = users
        self._proving = proving
        self._browsing = browsing
        self._throttle = throttle
        self._approvals = approvals
        self._random_bytes = means.random_bytes
        self._attempts = Attempts(means.database, means.clock, means.random_bytes)
        self._tickets = Tickets(means.database)

    def new_device(self) -> str:
        """A value for the cookie of a browser that has none."""
        return new_text(self._random_bytes)

    async def with_password(
        self, tenant_id: UUID, browser: Browser, name: str, password: str, needed: Acr
    ) -> Step:
        """Begin a login by name and password."""
        user_id, is_active = await self.identify(tenant_id, browser, name)
        counted = await self.count(tenant_id, browser, user_id, "password")
        # As much is done for who is not there: a hash is computed, and it is never right.
        is_right = await self._proving.password(tenant_id, user_id, password)
        if not (is_right and is_active):
            raise await self._refuse(tenant_id, user_id, "login.password")
        now = self._clock.now()
        attempt = Attempt(user_id, device_hash_of(browser), needed, (Method.PASSWORD,), now)

        async def work(connection: "Connection") -> Step:
            return await self._go_on(connection, tenant_id, attempt, "login.password", counted)

        return await self._commit(work)

    async def with_own_password(
        self, tenant_id: UUID, browser: Browser, ticket: str, password: str
    ) -> Step:
        """Go on with a login whose user is known, by the password."""
        user_id = (await self._attempts.find(tenant_id, browser, ticket)).user_id
        counted = await self.count(tenant_id, browser, user_id, "password")
        if not await self._proving.password(tenant_id, user_id, password):
            raise await self._refuse(tenant_id, user_id, "login.password")

        async def prove(_: "Connection") -> Method | None:
            return Method.PASSWORD

        return await self._prove(tenant_id, browser, ticket, prove, "login.password", counted)

    async def with_totp(self, tenant_id: UUID, browser: Browser, ticket: str, code: str) -> Step:
        """Go on with a login by a code of an authenticator application."""
        user_id = (await self._attempts.find(tenant_id, browser, ticket)).user_id
        counted = await self.count(tenant_id, browser, user_id, "second")
        step = await self._proving.totp_step(tenant_id, user_id, code)
        if step is None:
            raise await self._refuse(tenant_id, user_id, "login.totp")

        async def prove(connection: "Connection") -> Method | None:
            taken = await self._proving.take_totp_step(connection, tenant_id, user_id, step)
            return Method.TOTP if taken else None

        return await self._prove(tenant_id, browser, ticket, prove, "login.totp", counted)

    async def with_recovery_code(
        self, tenant_id: UUID, browser: Browser, ticket: str, code: str
    ) -> Step:
        """Go on with a login by a recovery code, which is used up."""
        found = await self._attempts.find(tenant_id, browser, ticket)
        user_id, action = found.user_id, "login.recovery_code"
        counted = await self.count(tenant_id, browser, user_id, "second")

        async def prove(connection: "Connection") -> Method | None:
            taken = await self._proving.take_recovery_code(connection, tenant_id, user_id, code)
            return Method.RECOVERY_CODE if taken else None

        return await self._prove(tenant_id, browser, ticket, prove, action, counted)

    async def passkey_options(
        self, tenant_id: UUID, browser: Browser, ticket: str | None = None
    ) -> str:
        """`PublicKeyCredentialRequestOptionsJSON` for `navigator.credentials.get`."""
        user_id, allowed = None, []
        if ticket is not None:
            user_id = (await self._attempts.find(tenant_id, browser, ticket)).user_id
            rows = await self._database.fetch(factors_store.FIND_CREDENTIALS, tenant_id, user_id)
            allowed = [row["credential_id"] for row in rows]
        challenge = new_text(self._random_bytes)
        made = Ticket(Kind.PASSKEY_LOGIN, user_id, device_hash_of(browser))

        async def work(connection: "Connection") -> None:
            now = self._clock.now()
            await self._tickets.make(connection, tenant_id, challenge, made, now, CHALLENGE)

        await self._commit(work)
        return passkeys.request_options(self._proving.party, challenge, allowed)

    async def with_passkey(
        self,
        tenant_id: UUID,
        browser: Browser,
        credential: str,
        needed: Acr,
        ticket: str | None = None,
    ) -> Step:
        """Begin a login, or go on with one, by the JSON of `navigator.credentials.get`.

        Keys cannot be guessed, so that attempts are counted by address only: whoever keeps a user's
        password from being tried does not keep the user out.
        """
        counted = (self._throttle.address(browser.address),)
        await self._throttle.take(tenant_id, *counted)
        try:
            claimed = passkeys.read(credential)
            user_id, asserted = await self._proving.passkey(tenant_id, claimed, credential)
        except ProofRefused:
            raise await self._refuse(tenant_id, None, "login.passkey") from None
        # Who is not known yet is named by the authenticator; who is, is nobody else.
        named = claimed.user_id
        if ticket is not None:
            named = (await self._attempts.find(tenant_id, browser, ticket)).user_id
        now, device_hash = self._clock.now(), device_hash_of(browser)

        async def work(connection: "Connection") -> Step | None:
            asked = await self._tickets.redeem(
                connection, tenant_id, claimed.challenge, [Kind.PASSKEY_LOGIN], now
            )
            if asked is None or asked.content != device_hash or named != user_id:
                return None
            method = await self._proving.take_passkey(connection, tenant_id, claimed, asserted)
            if method is None or not await is_active(connection, tenant_id, user_id):
                return None
            attempt = Attempt(user_id, device_hash, needed)
            if ticket is not None:
                attempt = await self._attempts.redeem(connection, tenant_id, browser, ticket)
            attempt = attempt.and_proven(method, now)
            return await self._go_on(connection, tenant_id, attempt, "login.passkey", counted)

        # What was found out about the passkey is kept, whatever is answered.
        step = await self._commit(work)
        if step is None:
            raise await self._refuse(tenant_id, user_id, "login.passkey")
        return step

    async def ask_device(self, tenant_id: UUID, browser: Browser, ticket: str) -> UUID:
        """Ask the user of a login under way to approve it on a device; for `with_device`."""
        user_id = (await self._attempts.find(tenant_id, browser, ticket)).user_id
        # Never given back: each request disturbs somebody, whatever they answer.
        await self.count(tenant_id, browser, user_id, "device")
        return await self._approvals.ask(tenant_id, user_id, _shown(ticket))

    async def with_device(
        self, tenant_id: UUID, browser: Browser, ticket: str, approval_id: UUID
    ) -> Step | None:
        """Go on with a login by what was approved; None while it is undecided."""
        user_id = (await self._attempts.find(tenant_id, browser, ticket)).user_id
        try:
            state = await self._approvals.state(tenant_id, approval_id)
        except ApprovalOver:
            state = ApprovalState.REFUSED
        if state is ApprovalState.ASKED:
            return None

        async def prove(connection: "Connection") -> Method | None:
            taken = await self._approvals.take(
                connection, tenant_id, approval_id, user_id, _shown(ticket)
            )
            return Method.DEVICE if taken else None

        return await self._prove(tenant_id, browser, ticket, prove, "login.device", ())

    async def again(
        self, session: BrowserSession, browser: Browser, needed: Acr, max_age_s: int | None = None
    ) -> Step:
        """Step up in a session: what it lacks for `needed`, or all, where it is too old."""
        now = self._clock.now()
        oldest = CARRIED if max_age_s is None else min(CARRIED, timedelta(seconds=max_age_s))
        is_carried = now - session.login.at < oldest
        attempt = Attempt(
            session.user_id,
            device_hash_of(browser),
            needed,
            session.proven if is_carried else (),
            session.login.at if is_carried else None,
            session.id,
        )

        async def work(connection: "Connection") -> Step:
            return await self._attempts.step(connection, session.tenant_id, attempt)

        return await self._commit(work)

    async def enter(
        self, tenant_id: UUID, browser: Browser, ticket: str, cookie: str | None = None
    ) -> Entered:
        """Open the session of a login, or make an existing one stronger under a new cookie."""
        current = await self._current(tenant_id, browser, cookie)

        async def work(connection: "Connection") -> Attempt:
            attempt = await self._attempts.redeem(connection, tenant_id, browser, ticket)
            factors = await factors_of(connection, tenant_id, attempt.user_id)
            stands = standing(attempt.proven, factors, attempt.needed)
            is_elsewhere = attempt.session_id is not None and (
                current is None or current.id != attempt.session_id
            )
            if not (stands.is_done or stands.must_enrol) or is_elsewhere:
                raise TicketOver("Begin the login anew.")
            return attempt

        attempt = await self._commit(work)
        assert attempt.proven_at is not None, "nothing proven is never enough"
        proof = Proof(attempt.proven, attempt.proven_at)
        if attempt.session_id is not None and current is not None and cookie is not None:
            return await self._browsing.strengthen(current, browser, cookie, proof)
        if current is not None:
            await self._browsing.leave(current)
        return await self._browsing.open(tenant_id, browser, attempt.user_id, proof)

    async def identify(self, tenant_id: UUID, browser: Browser, name: str) -> tuple[UUID, bool]:
        """Whose name it is, and whether they can log in; of nobody's an identifier of its own.

        So that whatever is done next is done for a name that nobody has as well.
        """
        address = self._throttle.digest("searcher", network_of(browser.address)).hex()
        call = call_of(self._ids, tenant_id, None, "login.identify")
        call = msgspec.structs.replace(call, actor=f"address:{address[:32]}")
        return await self.named(call, name)

    async def named(self, call: Call, name: str) -> tuple[UUID, bool]:
        """The same, for whoever else asks; the call's actor is counted as the searcher."""
        user = await self._users.find_by_name(call, name)
        if user is not None:
            return user.id, user.status is Status.ACTIVE
        nobody = self._throttle.digest("nobody", f"{call.tenant_id} {_folded(name)}")
        return derived_id(nobody), False

    async def count(
        self, tenant_id: UUID, browser: Browser, user_id: UUID, step: str
    ) -> tuple[Counted, ...]:
        """Count an attempt, in the browser if the user knows it; what was counted.

        Raises:
            TooManyAttempts: try again after `Retry-After`.
        """
        device_hash = device_hash_of(browser)
        is_known = await self._browsing.is_known(tenant_id, user_id, device_hash)
        whose = (
            self._throttle.browser(user_id, device_hash, step)
            if is_known
            else self._throttle.user(user_id, step)
        )
        counted = (whose, self._throttle.address(browser.address))
        await self._throttle.take(tenant_id, *counted)
        return counted

    async def _prove(
        self,
        tenant_id: UUID,
        browser: Browser,
        ticket: str,
        prove: "Callable[[Connection], Awaitable[Method | None]]",
        action: str,
        counted: tuple[Counted, ...],
    ) -> Step:
        """Use a proof and the ticket up together, or neither."""
        seen: list[UUID] = []

        async def work(connection: "Connection") -> Step:
            attempt = await self._attempts.redeem(connection, tenant_id, browser, ticket)
            seen[:] = [attempt.user_id]
            method = await prove(connection)
            if method is None:
                raise LoginRefused("That did not work.")
            attempt = attempt.and_proven(method, self._clock.now())
            return await self._go_on(connection, tenant_id, attempt, action, counted)

        try:
            return await self._commit(work)
        except LoginRefused:
            raise await self._refuse(tenant_id, seen[0], action) from None

    async def _go_on(
        self,
        connection: "Connection",
        tenant_id: UUID,
        attempt: Attempt,
        action: str,
        counted: tuple[Counted, ...],
    ) -> Step:
        now: datetime = self._clock.now()
        await self._throttle.give_back(connection, tenant_id, *counted)
        call = call_of(self._ids, tenant_id, attempt.user_id, action)
        await audit_done(connection, call, now)
        return await self._attempts.step(connection, tenant_id, attempt)

    async def _refuse(self, tenant_id: UUID, user_id: UUID | None, action: str) -> Refusal:
        """The one answer to whatever is wrong, once the audit log knows of it."""
        call = msgspec.structs.replace(
            call_of(self._ids, tenant_id, user_id, action), actor="anonymous"
        )
        await audit.write(self._database, self._clock, call, _REFUSED)
        return LoginRefused("That did not work.")

    async def _current(
        self, tenant_id: UUID, browser: Browser, cookie: str | None
    ) -> BrowserSession | None:
        if cookie is None:
            return None
        try:
            return await self._browsing.find(tenant_id, browser, cookie)
        except SessionEnded:
            return None

    async def _commit(self, work: "Callable[[Connection], Awaitable[T]]") -> T:
        try:
            return await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Whether it was done is not known: begin anew.") from error


def _shown(ticket: str) -> bytes:
    """What a device shows of a login: it is this one, and good for no other."""
    return msgspec.json.encode(
        {"kind": "login", "login": hashlib.sha256(ticket.encode(errors="replace")).hexdigest()}
    )


def _folded(name: str) -> str:
    """A name as the vault compares it, so that spellings of nobody's are counted as one, too."""
    text = unicodedata.normalize("NFKC", name.strip())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())
