"""Users and their sealed values: both, or neither.

Values go to the vault before the row that refers to them is committed, and are kept once it is.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import structlog
from msgspec import Struct

from bezant.identity.users import store
from bezant.identity.users.domain import Status, User
from bezant.identity.users.errors import LoginNameTaken
from bezant.identity.users.fields import EMAIL, FIELDS
from bezant.identity.users.schemas import NewUser
from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.idempotency import once
from bezant.kernel.sealed import Sealer, Sealing
from bezant.kernel.sealed_owners import COMMITTED_WITHIN, SealedOwner
from bezant.kernel.telemetry import Sensitive

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

log = structlog.get_logger("bezant.users")


class _TooLate(Exception):  # noqa: N818 - what happened
    """What was sealed for this commit may be swept away by now."""


class Person(Sensitive, Struct, frozen=True):
    """A user to be made, and what is sealed of them by member."""

    user: User
    values: Mapping[str, str]


class Persons:
    """Makes users whose values the vault has."""

    def __init__(self, database: Database, clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    def owner(self) -> SealedOwner:
        """Which values users hold, for the sweep."""
        return SealedOwner(tuple(FIELDS.values()), self._find_held)

    def person(self, user_id: UUID, new: NewUser, status: Status) -> Person:
        """A user with new references."""
        now = self._clock.now()
        values = {"name": new.name, "email": new.email}
        if new.phone is not None:
            values["phone"] = new.phone
        user = User(
            id=user_id,
            subject_id=new.subject_id or uuid4(),
            status=status,
            roles=sorted(set(new.roles)),
            row_version=1,
            name_ref=uuid4(),
            email_ref=uuid4(),
            phone_ref=None if new.phone is None else uuid4(),
            created_at=now,
            changed_at=now,
        )
        return Person(user, values)

    async def earlier(self, call: Call) -> Answer | None:
        """The answer to an earlier request with the call's key: then nothing is sealed again."""
        return (await idempotency.find(self._database, call.tenant_id, [call])).get(call.id)

    async def commit(
        self,
        call: Call,
        person: Person,
        work: "Callable[[Connection, User], Awaitable[Answer]]",
    ) -> Answer:
        """Seal the values, commit `work`, and keep them if it was this commit that holds them.

        Raises:
            Refusal: the values do not fit their fields.
        """
        begun, user = self._clock.now(), person.user
        references = list(user.references().values())
        sealings = [
            Sealing(reference, user.subject_id, FIELDS[member], person.values[member])
            for member, reference in user.references().items()
        ]
        await self._sealer.seal(call, sealings)
        others = await self._others(call, user, person.values["email"])

        async def in_time(connection: "Connection") -> Answer:
            if self._clock.now() - begun > COMMITTED_WITHIN:
                raise _TooLate
            if others:
                raise LoginNameTaken("Somebody else of this tenant has that address.")
            return await work(connection, user)

        try:
            answer = await once(self._database, self._clock, call, in_time)
        except _TooLate:
            raise Unavailable("It took too long: repeat the request with the same key.") from None
        await self._settle(call.tenant_id, user.id, references, answer)
        return answer

    async def _others(self, call: Call, user: User, email: str) -> set[UUID]:
        """Who else has the login name, or is just being given it.

        The value is sealed by now, so that of two at once each finds the other, or one of them
        both: never neither.
        """
        # Whose processing is restricted is found for few purposes, and is in the way all the same.
        search = msgspec.structs.replace(call, purpose="protection_of_others")
        found = await self._sealer.find(search, EMAIL, email)
        return set(found) - {user.email_ref}

    async def _settle(
        self, tenant_id: UUID, user_id: UUID, references: Sequence[UUID], answer: Answer
    ) -> None:
        is_ours = not answer.is_refusal
        if is_ours and answer.is_replay:
            # Of another request, or of this very commit, whose outcome was not known at first.
            row = await self._database.fetchrow(store.FIND, tenant_id, user_id)
            is_ours = row is not None
        try:
            if is_ours:
                await self._sealer.keep(tenant_id, references)
            else:
                await self._sealer.discard(tenant_id, references)
        except Unavailable:
            # The sweep will: until then what is provisional opens as what is kept.
            log.warning("sealed_values_left_to_the_sweep", count=len(references))

    async def _find_held(self, tenant_id: UUID, references: Sequence[UUID]) -> Collection[UUID]:
        rows = await self._database.fetch(store.FIND_BY_REFERENCES, tenant_id, list(references))
        held = {reference for row in rows for reference in row.values()}
        return held & set(references)
