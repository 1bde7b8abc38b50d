"""Making, changing, opening, finding and assessing parties."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import msgspec

from bezant.banking.parties import store
from bezant.banking.parties.errors import (
    PartyErased,
    PartyNotFound,
    UnfitForKind,
    UserLinked,
    UserUnfit,
)
from bezant.banking.parties.fields import FIELDS, SEARCHED, field_of, values_in, values_of
from bezant.banking.parties.schemas import (
    MATCHES_MAX,
    Assessed,
    Assessment,
    Assessments,
    FoundParties,
    NewParty,
    OpenedParty,
    Parties,
    Party,
    PartyChange,
    PartyKind,
    PartySearch,
    PartyStatus,
    PartyValues,
    Risk,
    UserLink,
    Verification,
)
from bezant.banking.sealing import AddedMeanwhile, SealedCommits
from bezant.identity.users import is_known
from bezant.kernel import audit, outbox
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import Sealer, Sealing
from bezant.kernel.sealed_owners import SealedOwner

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)
_TRIES_MAX: Final = 5
_ASSESSMENTS_MAX: Final = 100
_DISCLOSED: Final = Answer(200, b"")


class PartyService:
    """A tenant's parties.

    Args:
        database: connected as the application's role.
        sealer: what keeps the values.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._commits = SealedCommits(database, clock, sealer, self._find_held)

    def owner(self) -> SealedOwner:
        """Which values parties hold, for the sweep."""
        return SealedOwner(FIELDS, self._find_held)

    async def create(self, call: Call, new: NewParty) -> Answer:
        """Make a party (201 `Party`).

        Raises:
            UnfitForKind: a value is of the other kind of party.
            SubjectErased: nothing more is kept of the subject.
        """
        _check_fit(new.kind, new)
        call = await self._sealer.cover(call)
        earlier = await self._commits.earlier(call)
        if earlier is not None:
            return earlier
        party_id, subject_id = self._ids.new(), new.subject_id or uuid4()
        values = values_in(new)
        references = {slot: uuid4() for slot in values}

        async def work(connection: "Connection") -> Answer:
            await connection.execute(
                store.INSERT, call.tenant_id, party_id, new.kind, subject_id, Verification.NONE,
                Risk.UNRATED, PartyStatus.ACTIVE, self._clock.now(),
            )  # fmt: skip
            await self._hold(connection, call.tenant_id, party_id, references)
            party = await find_party(connection, call.tenant_id, party_id)
            await self._tell(connection, call, "party.created", party, fields=sorted(values))
            return Answer.of(party, 201)

        return await self._commits.commit(call, _sealings(subject_id, values, references), work)

    async def change(self, call: Call, party_id: UUID, change: PartyChange) -> Answer:
        """Rectify or add values (200 `Party`).

        Raises:
            PartyNotFound: unknown, or another tenant's.
            PartyErased: nothing about it changes any more.
        """
        call = await self._sealer.cover(call)
        for _ in range(_TRIES_MAX):
            earlier = await self._commits.earlier(call)
            if earlier is not None:
                return earlier
            try:
                return await self._change(call, party_id, change)
            except AddedMeanwhile:
                continue  # so that what was to be added is rectified now
        raise Unavailable("Others change the party: repeat the request with the same key.")

    async def _change(self, call: Call, party_id: UUID, change: PartyChange) -> Answer:
        before = await self.find(call.tenant_id, party_id)
        _check_fit(before.kind, change)
        if before.status is PartyStatus.ERASED:
            raise PartyErased("The party was erased.")
        values = values_in(change)
        added = {slot: uuid4() for slot in values if slot not in before.references}
        rectified = _sealings(before.subject_id, values, before.references)
        if rectified:
            # Before the commit: a change that was told of is there. A repeat rectifies to the same.
            await self._sealer.replace(call, rectified)

        async def work(connection: "Connection") -> Answer:
            changed = await connection.execute(
                store.CHANGE, call.tenant_id, party_id, self._clock.now()
            )
            if changed != "UPDATE 1":
                raise PartyErased("The party was erased.")
            await self._hold(connection, call.tenant_id, party_id, added)
            party = await find_party(connection, call.tenant_id, party_id)
            await self._tell(connection, call, "party.changed", party, fields=sorted(values))
            return Answer.of(party)

        return await self._commits.commit(call, _sealings(before.subject_id, values, added), work)

    async def open(self, call: Call, party_id: UUID) -> OpenedParty:
        """A party with its values, each of which the audit log then knows to have been opened.

        Raises:
            PartyNotFound: unknown, or another tenant's.
            SubjectRestricted: for the call's purpose they are not opened.
        """
        party = await self.find(call.tenant_id, party_id)
        opened = (await self._sealer.open(call, list(party.references.values()))).values
        slots = {
            slot: opened[reference]
            for slot, reference in party.references.items()
            if reference in opened
        }
        return OpenedParty(party, values_of(slots))

    async def search(self, call: Call, search: PartySearch) -> Answer:
        """Parties with a value, without their values (200 `FoundParties`)."""
        call = msgspec.structs.replace(await self._sealer.cover(call), purpose=search.purpose)
        earlier = await self._commits.earlier(call)
        if earlier is not None:
            return earlier
        [(member, value)] = search.given().items()
        references = list(await self._sealer.find(call, SEARCHED[member], value))

        async def work(connection: "Connection") -> Answer:
            held = await connection.fetch(store.FIND_HELD, call.tenant_id, references)
            found = sorted({row["party_id"] for row in held})[:MATCHES_MAX]
            rows = await connection.fetch(store.FIND, call.tenant_id, found)
            return Answer.of(FoundParties([_party(row) for row in rows]))

        return await once(self._database, self._clock, call, work)

    async def page(self, call: Call, *, after: str | None, limit: int) -> Parties:
        """A tenant's parties, oldest first, after the one with the identifier `after`.

        The audit entry is durable before the answer: what compliance found tells about people.
        """
        await audit.write(self._database, self._clock, call, _DISCLOSED)
        tenant_id = call.tenant_id
        start = _BEFORE_ALL if after is None else UUID(after)
        listed = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        chosen = [row["party_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.FIND, tenant_id, chosen)
        return Parties(
            [_party(row) for row in rows], str(chosen[-1]) if len(listed) > limit else None
        )

    async def assess(self, call: Call, party_id: UUID, assessment: Assessment) -> Answer:
        """Set what compliance found (200 `Party`); what it found before stays in history.

        Raises:
            PartyNotFound: unknown, or another tenant's.
            PartyErased: nothing about it changes any more.
        """
        status = PartyStatus.SUSPENDED if assessment.suspended else PartyStatus.ACTIVE

        async def work(connection: "Connection") -> Answer:
            now = self._clock.now()
            found = (assessment.verification, assessment.risk, status)
            changed = await connection.execute(store.ASSESS, call.tenant_id, party_id, *found, now)
            party = await find_party(connection, call.tenant_id, party_id)
            if changed != "UPDATE 1":
                raise PartyErased("The party was erased.")
            await connection.execute(
                store.INSERT_ASSESSMENT, call.tenant_id, party_id, party.row_version, *found, now,
                call.actor,
            )  # fmt: skip
            await self._tell(connection, call, "party.assessed", party)
            return Answer.of(party)

        return await once(self._database, self._clock, call, work)

    async def assessments(self, call: Call, party_id: UUID) -> Assessments:
        """A party's latest assessments, the latest first. The audit entry is durable before.

        Raises:
            PartyNotFound: unknown, or another tenant's.
        """
        await self.find(call.tenant_id, party_id)
        await audit.write(self._database, self._clock, call, _DISCLOSED)
        rows = await self._database.fetch(
            store.LIST_ASSESSMENTS, call.tenant_id, party_id, _ASSESSMENTS_MAX
        )
        return Assessments([msgspec.convert(dict(row), Assessed) for row in rows])

    async def link(self, call: Call, party_id: UUID, link: UserLink) -> Answer:
        """Let a user be the person that a party is (200 `Party`). Again is no error.

        Raises:
            UserUnfit: no such user, or one who is another subject.
            UserLinked: the user is another party, or the party another user.
        """

        async def work(connection: "Connection") -> Answer:
            tenant_id, user_id = call.tenant_id, link.user_id
            changed = await connection.execute(store.CHANGE, tenant_id, party_id, self._clock.now())
            party = await find_party(connection, tenant_id, party_id)
            if changed != "UPDATE 1":
                raise PartyErased("The party was erased.")
            if party.kind is not PartyKind.PERSON:
                raise UnfitForKind("An organisation is no user.", field="user_id")
            subject_id = await connection.fetchval(store.FIND_USERS_SUBJECT, tenant_id, user_id)
            is_user = await is_known(connection, tenant_id, user_id)
            if not is_user or subject_id != party.subject_id:
                raise UserUnfit("The user is not this person.", field="user_id")
            other = await connection.fetchval(store.FIND_OF_USER, tenant_id, user_id)
            if party.user_id not in {None, user_id} or other not in {None, party_id}:
                raise UserLinked("The user or the party is linked to another.")
            await connection.execute(store.LINK, tenant_id, party_id, user_id)
            party = await find_party(connection, tenant_id, party_id)
            await self._tell(connection, call, "party.user_linked", party)
            return Answer.of(party)

        return await once(self._database, self._clock, call, work)

    async def find(self, tenant_id: UUID, party_id: UUID) -> Party:
        """A party without its values.

        Raises:
            PartyNotFound: unknown, or another tenant's.
        """
        return _one(await self._database.fetch(store.FIND, tenant_id, [party_id]))

    async def _find_held(self, tenant_id: UUID, references: Sequence[UUID]) -> Collection[UUID]:
        rows = await self._database.fetch(store.FIND_HELD, tenant_id, list(references))
        return {row["reference"] for row in rows}

    async def _hold(
        self,
        connection: "Connection",
        tenant_id: UUID,
        party_id: UUID,
        references: Mapping[str, UUID],
    ) -> None:
        held = await connection.execute(
            store.INSERT_VALUES, tenant_id, party_id, list(references), list(references.values())
        )
        if held != f"INSERT 0 {len(references)}":
            raise AddedMeanwhile

    async def _tell(
        self, connection: "Connection", call: Call, kind: str, party: Party, **further: object
    ) -> None:
        told = {
            "row_version": party.row_version,
            "verification": party.verification,
            "status": party.status,
            **further,
        }
        subject = f"/v1/parties/{party.id}"
        event = outbox.event(self._ids.new(), kind, subject, party.changed_at, told)
        await write_rows(connection, call.tenant_id, [event])


async def find_party(connection: "Connection", tenant_id: UUID, party_id: UUID) -> Party:
    """A party as a transaction sees it.

    Raises:
        PartyNotFound: unknown, or another tenant's.
    """
    return _one(await connection.fetch(store.FIND, tenant_id, [party_id]))


def _one(rows: "Sequence[asyncpg.Record]") -> Party:
    if not rows:
        raise PartyNotFound("There is no such party.")
    return _party(rows[0])


def _party(row: "asyncpg.Record") -> Party:
    return Party(
        id=row["party_id"],
        kind=PartyKind(row["kind"]),
        subject_id=row["subject_id"],
        user_id=row["user_id"],
        verification=Verification(row["verification"]),
        risk=Risk(row["risk"]),
        status=PartyStatus(row["status"]),
        row_version=row["row_version"],
        references=dict(zip(row["slots"], row["refs"], strict=True)),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )


def _check_fit(kind: PartyKind, values: PartyValues) -> None:
    unfit = {
        PartyKind.PERSON: ("registration_number",),
        PartyKind.ORGANISATION: ("birth_date",),
    }
    for name in unfit[kind]:
        if getattr(values, name) is not None:
            raise UnfitForKind("Parties of this kind have no such thing.", field=name)


def _sealings(
    subject_id: UUID, values: Mapping[str, str], references: Mapping[str, UUID]
) -> list[Sealing]:
    """What is to be sealed: the values that have one of the references."""
    return [
        Sealing(reference, subject_id, field_of(slot), values[slot])
        for slot, reference in references.items()
        if slot in values
    ]
