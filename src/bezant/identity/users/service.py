"""Inviting, listing, opening and disabling users, and what roles they have."""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.identity.logout import Endings
from bezant.identity.tickets import Kind, Ticket, Tickets, new_link
from bezant.identity.users import store
from bezant.identity.users.domain import Role, Status, User
from bezant.identity.users.errors import (
    LinkNotFitting,
    UserDisabled,
    UserNotFound,
)
from bezant.identity.users.fields import EMAIL
from bezant.identity.users.notices import tell
from bezant.identity.users.persons import Persons
from bezant.identity.users.schemas import (
    InvitedUser,
    IssuedLink,
    NewLink,
    NewRoles,
    NewUser,
    OpenedUser,
    Users,
)
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import FieldValueRefused, InvalidSealedValue, Sealer
from bezant.kernel.sealed_owners import SealedOwner
from bezant.kernel.sessions import Sessions

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

INVITATION: Final = timedelta(days=7)
RESET: Final = timedelta(hours=1)

_BEFORE_ALL: Final = UUID(int=0)


class UserService:
    """A tenant's users.

    Args:
        database: connected as the application's role.
        sealer: what keeps the values that identify people.
        sessions: end when their user is disabled.
        random_bytes: where links come from.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        sessions: Sessions,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._endings = Endings(ids, sessions)
        self._random_bytes = random_bytes
        self._tickets = Tickets(database)
        self._persons = Persons(database, clock, sealer)

    def owner(self) -> SealedOwner:
        """Which values users hold, for the sweep."""
        return self._persons.owner()

    async def invite(self, call: Call, new: NewUser) -> Answer:
        """Make a user, who logs in once they have used the link (201 `InvitedUser`)."""
        call = await self._sealer.cover(call)
        earlier = await self._persons.earlier(call)
        if earlier is not None:
            return earlier
        user_id, text = self._ids.new(), new_link(self._random_bytes)

        async def work(connection: "Connection", made: User) -> Answer:
            await self._insert(connection, call.tenant_id, made, "user.invited")
            issued = await self._issue(connection, call.tenant_id, user_id, Kind.INVITATION, text)
            return Answer.of(InvitedUser(made, issued.expires_at, None), 201)

        person = self._persons.person(user_id, new, Status.INVITED)
        answer = await self._persons.commit(call, person, work)
        if answer.is_refusal or answer.is_replay:
            return answer
        invited = msgspec.structs.replace(answer.value(InvitedUser), link=text)
        return Answer.of(invited, answer.status)

    async def add_owner(
        self,
        call: Call,
        new: NewUser,
        work: "Callable[[Connection, User], Awaitable[None]]",
    ) -> UUID:
        """Make the first operator: an active user with every right.

        Args:
            call: of the operator's browser.
            new: as for `invite`.
            work: what else commits with it: it uses the link up, or refuses.

        Raises:
            RefusedAnswer: see `invite`; or what `work` raised.
        """
        user_id = self._ids.new()

        async def insert(connection: "Connection", made: User) -> Answer:
            await self._insert(connection, call.tenant_id, made, "user.activated")
            await work(connection, made)
            return Answer.of(made, 201)

        new = msgspec.structs.replace(new, roles=[Role.OWNER])
        person = self._persons.person(user_id, new, Status.ACTIVE)
        return (await self._persons.commit(call, person, insert)).value(User).id

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Users:
        """A tenant's users, oldest first, after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        users = [user_of(row) for row in rows[:limit]]
        return Users(users, str(users[-1].id) if len(rows) > limit else None)

    async def find(self, tenant_id: UUID, user_id: UUID) -> User:
        """A user without values.

        Raises:
            UserNotFound: unknown, or another tenant's.
        """
        return _found(await self._database.fetchrow(store.FIND, tenant_id, user_id))

    async def find_by_name(self, call: Call, name: str) -> User | None:
        """Who logs in under a name; None for nobody, or where it can be no name at all.

        Raises:
            TooManySearches: by the call's actor.
        """
        try:
            references = list(await self._sealer.find(call, EMAIL, name))
        except (FieldValueRefused, InvalidSealedValue):
            references = []
        row = await self._database.fetchrow(store.FIND_BY_EMAIL, call.tenant_id, references)
        return None if row is None else user_of(row)

    async def open(self, call: Call, user_id: UUID) -> OpenedUser:
        """A user with the values, each of which the audit log then knows to have been opened.

        Raises:
            UserNotFound: unknown, or another tenant's.
            SubjectRestricted: for the call's purpose they are not opened.
        """
        user = await self.find(call.tenant_id, user_id)
        references = user.references()
        opened = (await self._sealer.open(call, list(references.values()))).values
        values = {member: opened.get(reference) for member, reference in references.items()}
        return OpenedUser(
            id=user.id,
            subject_id=user.subject_id,
            status=user.status,
            roles=user.roles,
            row_version=user.row_version,
            name=values.get("name"),
            email=values.get("email"),
            phone=values.get("phone"),
            created_at=user.created_at,
            changed_at=user.changed_at,
        )

    async def disable(self, call: Call, user_id: UUID) -> Answer:
        """Let a user in no more (200 `User`); every session ends. Again is no error."""
        end = msgspec.structs.replace(call, id=self._ids.new(), idempotency_key=None)
        ended: list[UUID] = []

        async def work(connection: "Connection") -> Answer:
            _found(await connection.fetchrow(store.FIND, call.tenant_id, user_id))
            now = self._clock.now()
            done = await connection.execute(
                store.SET_STATUS, call.tenant_id, user_id, Status.DISABLED, now
            )
            await self._tickets.revoke(connection, call.tenant_id, user_id, list(Kind))
            if done == "UPDATE 1":
                await tell(connection, self._ids, call.tenant_id, user_id, "user.disabled", now)
            # In this commit, so that no crash leaves clients untold of it.
            ended[:] = await self._endings.end_all(
                connection, end, user_id, subject_of(user_id), now
            )
            return Answer.of(_found(await connection.fetchrow(store.FIND, call.tenant_id, user_id)))

        answer = await once(self._database, self._clock, call, work)
        await self._endings.forget(call.tenant_id, ended)
        return answer

    async def set_roles(self, call: Call, user_id: UUID, new: NewRoles) -> Answer:
        """Give a user these roles and no others (200 `User`)."""

        async def work(connection: "Connection") -> Answer:
            _found(await connection.fetchrow(store.FIND, call.tenant_id, user_id))
            now = self._clock.now()
            roles = sorted(set(new.roles))
            await connection.execute(store.SET_ROLES, call.tenant_id, user_id, roles, now)
            told = {"roles": " ".join(roles)}
            await tell(
                connection, self._ids, call.tenant_id, user_id, "user.roles_changed", now, told
            )
            return Answer.of(_found(await connection.fetchrow(store.FIND, call.tenant_id, user_id)))

        return await once(self._database, self._clock, call, work)

    async def issue_link(self, call: Call, user_id: UUID, new: NewLink) -> Answer:
        """Make a one-time link in the place of the former one (201 `IssuedLink`)."""
        text = new_link(self._random_bytes)
        kind = Kind(new.kind)

        async def work(connection: "Connection") -> Answer:
            user = _found(await connection.fetchrow(store.FIND, call.tenant_id, user_id))
            if user.status is Status.DISABLED:
                raise UserDisabled("Nothing lets a disabled user in.")
            if (user.status is Status.INVITED) != (kind is Kind.INVITATION):
                raise LinkNotFitting(f"The user is {user.status}.")
            await self._tickets.revoke(connection, call.tenant_id, user_id, [kind])
            issued = await self._issue(connection, call.tenant_id, user_id, kind, text)
            return Answer.of(issued, 201)

        answer = await once(self._database, self._clock, call, work)
        if answer.is_refusal or answer.is_replay:
            return answer
        issued = msgspec.structs.replace(answer.value(IssuedLink), link=text)
        return Answer.of(issued, answer.status)

    async def activate(self, connection: "Connection", tenant_id: UUID, user_id: UUID) -> None:
        """An invited user has used the link, in the transaction that used it up."""
        now: datetime = self._clock.now()
        await connection.execute(store.ACTIVATE, tenant_id, user_id, now)
        await tell(connection, self._ids, tenant_id, user_id, "user.activated", now)

    async def _insert(
        self, connection: "Connection", tenant_id: UUID, user: User, event: str
    ) -> None:
        await connection.execute(
            store.INSERT, tenant_id, user.id, user.subject_id, user.status, user.roles,
            user.name_ref, user.email_ref, user.phone_ref, user.created_at,
        )  # fmt: skip
        await tell(connection, self._ids, tenant_id, user.id, event, user.created_at)

    async def _issue(
        self, connection: "Connection", tenant_id: UUID, user_id: UUID, kind: Kind, text: str
    ) -> IssuedLink:
        now, lifetime = self._clock.now(), INVITATION if kind is Kind.INVITATION else RESET
        ticket = Ticket(kind, user_id, b"")
        await self._tickets.make(connection, tenant_id, text, ticket, now, lifetime)
        await tell(
            connection, self._ids, tenant_id, user_id, "user.link_issued", now, {"kind": kind}
        )
        return IssuedLink(user_id, kind, now + lifetime, None)


async def is_active(connection: "Connection", tenant_id: UUID, user_id: UUID) -> bool:
    """Whether a user can log in, as the transaction sees it."""
    status = await connection.fetchval(store.FIND_STATUS, tenant_id, user_id)
    return bool(status == Status.ACTIVE)


async def is_known(connection: "Connection", tenant_id: UUID, user_id: UUID) -> bool:
    """Whether a user can log in, now or once they have used their invitation."""
    status = await connection.fetchval(store.FIND_STATUS, tenant_id, user_id)
    return status in {Status.INVITED, Status.ACTIVE}


def subject_of(user_id: UUID) -> str:
    """Whose sessions a user's are, for the kernel; the actor of what the user does."""
    return f"user:{user_id}"


def user_of(row: "asyncpg.Record") -> User:
    """A user from the row."""
    return User(
        id=row["user_id"],
        subject_id=row["subject_id"],
        status=Status(row["status"]),
        roles=[Role(role) for role in row["roles"]],
        row_version=row["row_version"],
        name_ref=row["name_ref"],
        email_ref=row["email_ref"],
        phone_ref=row["phone_ref"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )


def _found(row: "asyncpg.Record | None") -> User:
    if row is None:
        raise UserNotFound("There is no such user.")
    return user_of(row)
