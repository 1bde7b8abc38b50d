"""Making, changing, opening and finding contacts."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import msgspec

from bezant.banking.contacts import store
from bezant.banking.contacts.errors import ContactNotFound
from bezant.banking.contacts.fields import FIELDS
from bezant.banking.contacts.schemas import (
    MATCHES_MAX,
    Contact,
    ContactChange,
    Contacts,
    ContactSearch,
    FoundContacts,
    NewContact,
    OpenedContact,
    given_in,
)
from bezant.banking.sealing import AddedMeanwhile, SealedCommits
from bezant.kernel import outbox
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import Sealer, Sealing
from bezant.kernel.sealed_owners import SealedOwner

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    Columns = tuple[UUID | None, UUID | None, UUID | None, UUID | None]

_BEFORE_ALL: Final = UUID(int=0)
_TRIES_MAX: Final = 5
_MEMBERS: Final = ("name", "email", "phone", "iban")


class ContactService:
    """A tenant's contacts.

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
        """Which values contacts hold, for the sweep."""
        return SealedOwner(tuple(FIELDS.values()), self._find_held)

    async def create(self, call: Call, new: NewContact) -> Answer:
        """Make a contact (201 `Contact`)."""
        call = await self._sealer.cover(call)
        earlier = await self._commits.earlier(call)
        if earlier is not None:
            return earlier
        contact_id, subject_id = self._ids.new(), new.subject_id or uuid4()
        values = {
            member: value for member in _MEMBERS if (value := getattr(new, member)) is not None
        }
        references = {member: uuid4() for member in values}

        async def work(connection: "Connection") -> Answer:
            now = self._clock.now()
            made = _columns(references)
            name, email, phone, iban = made
            contact = Contact(contact_id, subject_id, 1, name, email, phone, iban, now, now)
            await connection.execute(
                store.INSERT, call.tenant_id, contact_id, subject_id, *made, now
            )
            await self._tell(connection, call, "contact.created", contact, list(values))
            return Answer.of(contact, 201)

        sealings = _sealings(subject_id, values, references)
        return await self._commits.commit(call, sealings, work)

    async def change(self, call: Call, contact_id: UUID, change: ContactChange) -> Answer:
        """Rectify or add values (200 `Contact`)."""
        call = await self._sealer.cover(call)
        for _ in range(_TRIES_MAX):
            earlier = await self._commits.earlier(call)
            if earlier is not None:
                return earlier
            try:
                return await self._change(call, contact_id, given_in(change))
            except AddedMeanwhile:
                continue  # so that what was to be added is rectified now
        raise Unavailable("Others change the contact: repeat the request with the same key.")

    async def _change(self, call: Call, contact_id: UUID, values: Mapping[str, str]) -> Answer:
        before = await self._find(call.tenant_id, contact_id)
        held = before.references()
        added = {member: uuid4() for member in values if member not in held}
        rectified = _sealings(before.subject_id, values, held)
        if rectified:
            # Before the commit: a change that was told of is there. A repeat rectifies to the same.
            await self._sealer.replace(call, rectified)

        async def work(connection: "Connection") -> Answer:
            changed = await connection.execute(
                store.CHANGE, call.tenant_id, contact_id, self._clock.now(), *_columns(added)
            )
            assert changed == "UPDATE 1"
            row = await connection.fetchrow(store.FIND, call.tenant_id, contact_id)
            assert row is not None
            contact = _contact(row)
            if not added.items() <= contact.references().items():
                raise AddedMeanwhile
            await self._tell(connection, call, "contact.changed", contact, list(values))
            return Answer.of(contact)

        sealings = _sealings(before.subject_id, values, added)
        return await self._commits.commit(call, sealings, work)

    async def open(self, call: Call, contact_id: UUID) -> OpenedContact:
        """A contact with its values, each of which the audit log then knows to have been opened.

        Raises:
            ContactNotFound: unknown, or another tenant's.
            SubjectRestricted: for the call's purpose they are not opened.
        """
        contact = await self._find(call.tenant_id, contact_id)
        references = contact.references()
        opened = (await self._sealer.open(call, list(references.values()))).values
        values = {member: opened.get(reference) for member, reference in references.items()}
        return OpenedContact(
            id=contact.id,
            subject_id=contact.subject_id,
            row_version=contact.row_version,
            name=values.get("name"),
            email=values.get("email"),
            phone=values.get("phone"),
            iban=values.get("iban"),
            created_at=contact.created_at,
            changed_at=contact.changed_at,
        )

    async def search(self, call: Call, search: ContactSearch) -> Answer:
        """Contacts with a value, without their values (200 `FoundContacts`)."""
        call = msgspec.structs.replace(await self._sealer.cover(call), purpose=search.purpose)
        earlier = await self._commits.earlier(call)
        if earlier is not None:
            return earlier
        [(member, value)] = given_in(search).items()
        references = list(await self._sealer.find(call, FIELDS[member], value))

        async def work(connection: "Connection") -> Answer:
            rows = await connection.fetch(store.FIND_BY_REFERENCES, call.tenant_id, references)
            return Answer.of(FoundContacts([_contact(row) for row in rows[:MATCHES_MAX]]))

        return await once(self._database, self._clock, call, work)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Contacts:
        """A tenant's contacts, oldest first, after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        contacts = [_contact(row) for row in rows[:limit]]
        return Contacts(contacts, str(contacts[-1].id) if len(rows) > limit else None)

    async def _find(self, tenant_id: UUID, contact_id: UUID) -> Contact:
        row = await self._database.fetchrow(store.FIND, tenant_id, contact_id)
        if row is None:
            raise ContactNotFound("There is no such contact.")
        return _contact(row)

    async def _find_held(self, tenant_id: UUID, references: Sequence[UUID]) -> Collection[UUID]:
        rows = await self._database.fetch(store.FIND_BY_REFERENCES, tenant_id, list(references))
        held = {reference for row in rows for reference in _contact(row).references().values()}
        return held & set(references)

    async def _tell(
        self,
        connection: "Connection",
        call: Call,
        kind: str,
        contact: Contact,
        members: Sequence[str],
    ) -> None:
        at: datetime = contact.changed_at
        told = {"row_version": contact.row_version, "fields": sorted(members)}
        event = outbox.event(self._ids.new(), kind, f"/v1/contacts/{contact.id}", at, told)
        await write_rows(connection, call.tenant_id, [event])


def _columns(references: Mapping[str, UUID]) -> "Columns":
    return (
        references.get("name"),
        references.get("email"),
        references.get("phone"),
        references.get("iban"),
    )


def _sealings(
    subject_id: UUID, values: Mapping[str, str], references: Mapping[str, UUID]
) -> list[Sealing]:
    """What is to be sealed: the values that have one of the references."""
    return [
        Sealing(reference, subject_id, FIELDS[member], values[member])
        for member, reference in references.items()
        if member in values
    ]


def _contact(row: "asyncpg.Record") -> Contact:
    return Contact(
        id=row["contact_id"],
        subject_id=row["subject_id"],
        row_version=row["row_version"],
        name_ref=row["name_ref"],
        email_ref=row["email_ref"],
        phone_ref=row["phone_ref"],
        iban_ref=row["iban_ref"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
