"""A user's own factors: enrolling, changing and removing them.

All of it takes a login that is minutes old and as strong as the user can make, and is told of.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.factors import (
    Passwords,
    RelyingParty,
    factors_of,
    listed,
    passkeys,
    recovery,
    store,
    totp,
)
from bezant.identity.factors.domain import Factor, reachable
from bezant.identity.factors.errors import (
    FactorNotFound,
    FreshLoginNeeded,
    ProofRefused,
    TooManyFactors,
)
from bezant.identity.sessions import Browsing
from bezant.identity.sessions.ports import BrowserSession, TotpOffer
from bezant.identity.tickets import Kind, Ticket, TicketOver, Tickets, new_text
from bezant.identity.users import UserService, is_active
from bezant.identity.users.means import Means
from bezant.identity.users.notices import audit_done, call_of, tell
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.kernel.sessions import SessionEnded

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

FRESH: Final = timedelta(minutes=5)
"""How old the login may be."""

OFFER: Final = timedelta(minutes=10)
PASSKEYS_MAX: Final = 20


class _Offered(Struct, frozen=True):
    """What a ticket of an enrolment holds.

    Attributes:
        session_id: the session that it was offered in, and no other takes it up.
        sealed: of an authenticator application, the secret.
    """

    session_id: UUID
    sealed: bytes = b""


class FactorService:
    """Users' factors. Implements `FactorKeeper`.

    Args:
        means: where rows, the time, identifiers and chance come from.
        users: tell what authenticators show.
        browsing: sessions end with the password that opened them.
        passwords: which are fit, and their hashes.
        sealer: where the secrets of authenticator applications go.
        party: whom passkeys are for.
    """

    def __init__(
        self,
        means: Means,
        users: UserService,
        browsing: Browsing,
        passwords: Passwords,
        sealer: SecretSealer,
        party: RelyingParty,
    ) -> None:
        self._database = means.database
        self._clock = means.clock
        self._ids = means.ids
        self._users = users
        self._browsing = browsing
        self._passwords = passwords
        self._sealer = sealer
        self._party = party
        self._random_bytes = means.random_bytes
        self._tickets = Tickets(means.database)

    async def list(self, session: BrowserSession) -> Sequence[Factor]:
        """The user's factors, the oldest first."""
        return listed(
            await self._database.fetch(store.FIND_ALL, session.tenant_id, session.user_id)
        )

    async def change_password(self, session: BrowserSession, password: str) -> None:
        """Set another password; every other session of the user ends."""
        await self.require_fresh(session)
        await self._passwords.require_fit(password, await self._shown(session))
        encoded = await self._passwords.hash(password)

        async def work(connection: "Connection") -> None:
            now = self._clock.now()
            tenant_id, user_id = session.tenant_id, session.user_id
            await connection.execute(store.SET_HASH, tenant_id, user_id, encoded, now)
            await self._tickets.revoke(connection, tenant_id, user_id, [Kind.RESET, Kind.LOGIN])

        await self._change(session, "user.password_changed", work)
        await self._browsing.end_others(session)

    async def begin_totp(self, session: BrowserSession) -> TotpOffer:
        """Offer a secret for an authenticator application."""
        await self.require_fresh(session)
        account, _ = await self._shown(session)
        secret = totp.new_secret(self._random_bytes)
        context = totp.context_of(session.tenant_id, session.user_id)
        offered = _Offered(session.id, self._sealer.seal(secret.encode(), context))
        text = await self._offer(session, Kind.TOTP_ENROLMENT, offered)
        return TotpOffer(text, secret, totp.uri_of(secret, self._party.name, account))

    async def confirm_totp(self, session: BrowserSession, ticket: str, code: str) -> None:
        """Enrol it: the application shows a right code.

        Raises:
            ProofRefused: it does not; the ticket remains good.
            TicketOver: enrolled already, or expired.
        """
        await self.require_fresh(session)
        tenant_id, user_id = session.tenant_id, session.user_id

        async def work(connection: "Connection") -> dict[str, str]:
            now = self._clock.now()
            offered = await self._taken(connection, session, Kind.TOTP_ENROLMENT, ticket)
            context = totp.context_of(tenant_id, user_id)
            secret = self._sealer.open(SealedSecret(offered.sealed), context).decode()
            step = totp.step_of(secret, code, now)
            if step is None:
                raise ProofRefused("The code is not right.")
            # The code that enrols is used up like any other.
            await connection.execute(
                store.SET_TOTP, tenant_id, user_id, self._ids.new(), offered.sealed, step, now
            )
            return {"factor": "totp"}

        await self._change(session, "user.factor_enrolled", work)

    async def begin_passkey(self, session: BrowserSession) -> str:
        """`PublicKeyCredentialCreationOptionsJSON` for `navigator.credentials.create`."""
        await self.require_fresh(session)
        shown = await self._shown(session)
        challenge = await self._offer(session, Kind.PASSKEY_ENROLMENT, _Offered(session.id))
        rows = await self._database.fetch(
            store.FIND_CREDENTIALS, session.tenant_id, session.user_id
        )
        if len(rows) >= PASSKEYS_MAX:
            raise TooManyFactors(f"A user has at most {PASSKEYS_MAX} passkeys.")
        has = [row["credential_id"] for row in rows]
        return passkeys.creation_options(self._party, challenge, session.user_id, shown, has)

    async def confirm_passkey(self, session: BrowserSession, credential: str) -> None:
        """Enrol what `navigator.credentials.create` made, as JSON.

        Raises:
            ProofRefused: it does not answer what was asked, or is enrolled already.
            TicketOver: the challenge was answered, has expired, or is another session's.
        """
        await self.require_fresh(session)
        challenge = passkeys.read(credential).challenge
        made = passkeys.verify_creation(self._party, credential, challenge)

        async def work(connection: "Connection") -> dict[str, str]:
            await self._taken(connection, session, Kind.PASSKEY_ENROLMENT, challenge)
            inserted = await connection.fetchrow(
                store.INSERT_PASSKEY, session.tenant_id, self._ids.new(), session.user_id,
                made.credential_id, made.public_key, made.sign_count, made.is_backup_eligible,
                made.is_backed_up, self._clock.now(),
            )  # fmt: skip
            if inserted is None:
                raise ProofRefused("The passkey is enrolled already.")
            return {"factor": "passkey"}

        await self._change(session, "user.factor_enrolled", work)

    async def new_recovery_codes(self, session: BrowserSession) -> Sequence[str]:
        """Ten codes, told this once, in the place of the former ones."""
        await self.require_fresh(session)
        codes = recovery.new_codes(self._random_bytes)
        tenant_id, user_id = session.tenant_id, session.user_id
        digests = [recovery.digest_of(user_id, code) for code in codes]

        async def work(connection: "Connection") -> None:
            await connection.execute(store.DELETE_RECOVERY_CODES, tenant_id, user_id)
            await connection.execute(
                store.INSERT_RECOVERY_CODES, tenant_id, user_id, digests, self._ids.new(),
                self._clock.now(),
            )  # fmt: skip

        await self._change(session, "user.recovery_codes_made", work)
        return codes

    async def remove(self, session: BrowserSession, factor_id: UUID) -> None:
        """Remove a factor that is no password.

        Raises:
            FactorNotFound: unknown, another user's, or a password.
        """
        await self.require_fresh(session)
        removals = {
            "totp": store.REMOVE_TOTP,
            "passkey": store.REMOVE_PASSKEY,
            "device": store.REMOVE_DEVICE,
            "recovery-code": store.REMOVE_RECOVERY_CODES,
        }

        async def work(connection: "Connection") -> dict[str, str]:
            for name, statement in removals.items():
                if await connection.fetch(statement, session.tenant_id, session.user_id, factor_id):
                    return {"factor": name}
            raise FactorNotFound("There is no such factor.")

        await self._change(session, "user.factor_removed", work)

    async def begin_device(self, session: BrowserSession) -> str:
        """A challenge for the device that is to be bound, for a QR code.

        The device answers `Approvals.bind`; it has no session.
        """
        await self.require_fresh(session)
        return await self._offer(session, Kind.DEVICE_ENROLMENT, _Offered(session.id))

    async def require_fresh(self, session: BrowserSession) -> None:
        """See to it that the login is minutes old, and with all that the user can prove.

        Raises:
            FreshLoginNeeded: it is not.
        """
        _require_fresh(session, await self.list(session), self._clock)

    async def _shown(self, session: BrowserSession) -> tuple[str, str]:
        """Login name and display name."""
        call = call_of(self._ids, session.tenant_id, session.user_id, "factor.enrol")
        opened = await self._users.open(call, session.user_id)
        return opened.email or "", opened.name or ""

    async def _offer(self, session: BrowserSession, kind: Kind, offered: _Offered) -> str:
        text = new_text(self._random_bytes)
        ticket = Ticket(kind, session.user_id, msgspec.json.encode(offered))

        async def work(connection: "Connection") -> None:
            now = self._clock.now()
            await self._tickets.make(connection, session.tenant_id, text, ticket, now, OFFER)

        await _commit(self._database, work)
        return text

    async def _taken(
        self, connection: "Connection", session: BrowserSession, kind: Kind, text: str
    ) -> _Offered:
        """What was offered to this very session, once. No other ticket enrols anything."""
        now = self._clock.now()
        ticket = await self._tickets.redeem(connection, session.tenant_id, text, [kind], now)
        if ticket is None or ticket.user_id != session.user_id:
            raise TicketOver("Begin anew.")
        offered = msgspec.json.decode(ticket.content, type=_Offered)
        if offered.session_id != session.id:
            raise TicketOver("Begin anew.")
        return offered

    async def _change(
        self,
        session: BrowserSession,
        event: str,
        work: "Callable[[Connection], Awaitable[dict[str, str] | None]]",
    ) -> None:
        """Commit a change with the event and the audit entry that tell of it.

        What the user has is looked at again within: of two changes at once, neither goes by what
        the other has overtaken.
        """
        tenant_id, user_id = session.tenant_id, session.user_id

        async def commit(connection: "Connection") -> None:
            now = self._clock.now()
            if not await is_active(connection, tenant_id, user_id):
                raise SessionEnded("The session is not valid, or no longer.")
            _require_fresh(session, await factors_of(connection, tenant_id, user_id), self._clock)
            told = await work(connection)
            await tell(connection, self._ids, tenant_id, user_id, event, now, told)
            call = call_of(self._ids, tenant_id, user_id, event.replace("user.", "factor."))
            await audit_done(connection, call, now)

        await _commit(self._database, commit)


def _require_fresh(session: BrowserSession, factors: Sequence[Factor], clock: Clock) -> None:
    needed, login = reachable(factors), session.login
    if clock.now() - login.at > FRESH or not login.acr.satisfies(needed):
        raise FreshLoginNeeded(needed)


async def _commit(database: Database, work: "Callable[[Connection], Awaitable[T]]") -> T:
    try:
        return await database.transaction(work)
    except CommitUnknown as error:
        raise Unavailable("Whether it was done is not known: look again.") from error
