"""What parties are to each other: adding, ending and listing."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking.parties import store
from bezant.banking.parties.errors import (
    AlreadyRelated,
    PartyErased,
    PartyNotFound,
    RelationshipEnded,
    RelationshipNotFound,
    UnfitForKind,
    UnknownParty,
)
from bezant.banking.parties.schemas import (
    NewRelationship,
    Party,
    PartyKind,
    PartyStatus,
    Relationship,
    Relationships,
    Tie,
)
from bezant.banking.parties.service import PartyService, find_party
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)

_ANY: Final = frozenset(PartyKind)
_PERSONS: Final = frozenset({PartyKind.PERSON})
_ORGANISATIONS: Final = frozenset({PartyKind.ORGANISATION})

# Whose they may be, and who may be one. Ownership by an organisation is a shareholding: a
# beneficial owner is always a person (Directive (EU) 2015/849, article 3(6)).
_FIT: Final = {
    Tie.DIRECTOR: (_ORGANISATIONS, _ANY),
    Tie.SHAREHOLDER: (_ORGANISATIONS, _ANY),
    Tie.BENEFICIAL_OWNER: (_ORGANISATIONS, _PERSONS),
    Tie.GUARDIAN: (_PERSONS, _PERSONS),
}


class RelationshipService:
    """How a tenant's parties are related.

    Args:
        database: connected as the application's role.
        parties: tells which parties there are.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, parties: PartyService) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._parties = parties

    async def add(self, call: Call, party_id: UUID, new: NewRelationship) -> Answer:
        """Relate another party to a party (201 `Relationship`).

        Raises:
            PartyNotFound: unknown, or another tenant's.
            UnfitForKind: parties of these kinds are not so related, nor is one to itself.
            AlreadyRelated: they are, in this way.
        """
        made = Relationship(
            id=self._ids.new(),
            party_id=party_id,
            related_party_id=new.related_party_id,
            kind=new.kind,
            share=new.share,
            valid_from=self._clock.now(),
            valid_until=None,
            added_by=call.actor,
        )

        async def work(connection: "Connection") -> Answer:
            party = await find_party(connection, call.tenant_id, party_id)
            try:
                related = await find_party(connection, call.tenant_id, new.related_party_id)
            except PartyNotFound:
                raise UnknownParty("There is no such party.", field="related_party_id") from None
            _check_fit(new.kind, party, related)
            added = await connection.execute(
                store.INSERT_RELATIONSHIP, call.tenant_id, made.id, party_id, related.id, new.kind,
                new.share, made.valid_from, made.added_by,
            )  # fmt: skip
            if added != "INSERT 0 1":
                raise AlreadyRelated("The parties are related in this way.")
            await self._tell(connection, call, "party.related", made)
            return Answer.of(made, 201)

        return await once(self._database, self._clock, call, work)

    async def end(self, call: Call, party_id: UUID, relationship_id: UUID) -> Answer:
        """End a relationship now (200 `Relationship`); that there was one stays.

        Raises:
            RelationshipNotFound: the party has no such relationship.
            RelationshipEnded: before.
        """

        async def work(connection: "Connection") -> Answer:
            named = (call.tenant_id, party_id, relationship_id)
            ended = await connection.execute(store.END_RELATIONSHIP, *named, self._clock.now())
            row = await connection.fetchrow(store.FIND_RELATIONSHIP, *named)
            if row is None:
                raise RelationshipNotFound("The party has no such relationship.")
            if ended != "UPDATE 1":
                raise RelationshipEnded("The relationship has ended before.")
            relationship = _relationship(row)
            await self._tell(connection, call, "party.parted", relationship)
            return Answer.of(relationship)

        return await once(self._database, self._clock, call, work)

    async def page(
        self, call: Call, party_id: UUID, *, after: str | None, limit: int
    ) -> Relationships:
        """What others are and were to a party, oldest first. The audit entry is durable before.

        Raises:
            PartyNotFound: unknown, or another tenant's.
        """
        await self._parties.find(call.tenant_id, party_id)
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(
            store.LIST_RELATIONSHIPS, call.tenant_id, party_id, start, limit + 1
        )
        found = [_relationship(row) for row in rows[:limit]]
        return Relationships(found, str(found[-1].id) if len(rows) > limit else None)

    async def _tell(
        self, connection: "Connection", call: Call, kind: str, relationship: Relationship
    ) -> None:
        subject = f"/v1/parties/{relationship.party_id}/relationships/{relationship.id}"
        at = relationship.valid_until or relationship.valid_from
        row = event(self._ids.new(), kind, subject, at, relationship)
        await write_rows(connection, call.tenant_id, [row])


def _check_fit(kind: Tie, party: Party, related: Party) -> None:
    if PartyStatus.ERASED in {party.status, related.status}:
        raise PartyErased("One of the parties was erased.")
    whose, who = _FIT[kind]
    if party.id == related.id or party.kind not in whose or related.kind not in who:
        raise UnfitForKind("Parties of these kinds are not so related.", field="kind")


def _relationship(row: "asyncpg.Record") -> Relationship:
    values = dict(row)
    return msgspec.convert({"id": values.pop("relationship_id"), **values}, Relationship)
