"""The routes of parties."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.parties.errors import (
    AlreadyRelated,
    PartyErased,
    PartyNotFound,
    RelationshipEnded,
    RelationshipNotFound,
    UnfitForKind,
    UnknownParty,
    UserLinked,
    UserUnfit,
)
from bezant.banking.parties.relationships import RelationshipService
from bezant.banking.parties.schemas import (
    Assessment,
    Assessments,
    FoundParties,
    NewParty,
    NewRelationship,
    OpenedParty,
    Opening,
    Parties,
    Party,
    PartyChange,
    PartySearch,
    PurposedPage,
    Relationship,
    Relationships,
    UserLink,
)
from bezant.banking.parties.service import PartyService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, turn_page
from bezant.kernel.sealed import (
    REFUSALS,
    FieldValueRefused,
    InvalidSealedValue,
    SubjectErased,
    SubjectRestricted,
    TooManySearches,
)

READ: Final = "parties:read"
WRITE: Final = "parties:write"
COMPLIANCE: Final = "parties:compliance"

_TAG: Final = "parties"
_PARTIES: Final = "/v1/parties"
_PARTY: Final = f"{_PARTIES}/{{party}}"
_RELATIONSHIPS: Final = f"{_PARTY}/relationships"
_ASSESSMENTS: Final = f"{_PARTY}/assessments"
_EXAMPLE_ID: Final = "0198c2b4-0000-7000-8000-000000000001"
_PERSON: Final = {
    "kind": "person",
    "legal_name": "Ada Lovelace",
    "birth_date": "1990-12-10",
    "emails": ["ada@example.com"],
    "addresses": [{"country": "GB", "town": "London"}],
    "tax_residencies": [{"country": "DE", "tax_id": "12345678903"}],
}
_ON_RECORD: Final = "The audit log has an entry before the answer is sent."
_SEALED: Final = (*REFUSALS, FieldValueRefused, InvalidSealedValue, SubjectErased, UnfitForKind)


class PartyPath(Struct, frozen=True):
    """A party."""

    party: UUID


class RelationshipPath(PartyPath, frozen=True):
    """A party's relationship."""

    relationship: UUID


class Routes:
    """The handlers."""

    def __init__(self, parties: PartyService, relationships: RelationshipService) -> None:
        self._parties = parties
        self._relationships = relationships

    async def create(self, asked: Writing[Nothing, NewParty]) -> Answer:
        """`POST /v1/parties`."""
        return await self._parties.create(asked.call, asked.body)

    async def page(self, asked: Reading[Nothing, PurposedPage]) -> Parties:
        """`GET /v1/parties`."""
        call = asked.call("party.list", asked.query.purpose)
        return await turn_page(
            _PARTIES,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._parties.page(call, after=after, limit=limit),
        )

    async def open(self, asked: Reading[PartyPath, Opening]) -> OpenedParty:
        """`GET /v1/parties/{party}`."""
        call = asked.call("party.open", asked.query.purpose)
        return await self._parties.open(call, asked.path.party)

    async def change(self, asked: Writing[PartyPath, PartyChange]) -> Answer:
        """`PATCH /v1/parties/{party}`."""
        return await self._parties.change(asked.call, asked.path.party, asked.body)

    async def search(self, asked: Writing[Nothing, PartySearch]) -> Answer:
        """`POST /v1/parties/search`."""
        return await self._parties.search(asked.call, asked.body)

    async def assess(self, asked: Writing[PartyPath, Assessment]) -> Answer:
        """`POST …/assessments`."""
        return await self._parties.assess(asked.call, asked.path.party, asked.body)

    async def assessments(self, asked: Reading[PartyPath, Opening]) -> Assessments:
        """`GET …/assessments`."""
        call = asked.call("party.list_assessments", asked.query.purpose)
        return await self._parties.assessments(call, asked.path.party)

    async def link(self, asked: Writing[PartyPath, UserLink]) -> Answer:
        """`POST …/user`."""
        return await self._parties.link(asked.call, asked.path.party, asked.body)

    async def relate(self, asked: Writing[PartyPath, NewRelationship]) -> Answer:
        """`POST …/relationships`."""
        return await self._relationships.add(asked.call, asked.path.party, asked.body)

    async def part(self, asked: Writing[RelationshipPath, Nothing]) -> Answer:
        """`POST …/relationships/{relationship}/end`."""
        path = asked.path
        return await self._relationships.end(asked.call, path.party, path.relationship)

    async def relationships(self, asked: Reading[PartyPath, PurposedPage]) -> Relationships:
        """`GET …/relationships`."""
        call = asked.call("party.list_relationships", asked.query.purpose)
        party = asked.path.party
        return await turn_page(
            f"/v1/parties/{party}/relationships",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._relationships.page(call, party, after=after, limit=limit),
        )


def operations(parties: PartyService, relationships: RelationshipService) -> Sequence[Operation]:
    """The operations on parties."""
    routes = Routes(parties, relationships)
    # Before `{party}`, which its path would be taken for.
    return [
        _searching(routes),
        *_writing(routes),
        *_reading(routes),
        *_relating(routes),
        *_assessing(routes),
    ]


def _searching(routes: Routes) -> Operation:
    return WriteOperation(
        id="search_parties",
        path=f"{_PARTIES}/search",
        tag=_TAG,
        summary="Find parties by e-mail address, phone number, IBAN or tax number",
        description=(
            "By equality of the whole value. A POST, because addresses of requests are kept in"
            " places where values must not be."
        ),
        scope=READ,
        action="party.search",
        body_type=PartySearch,
        example={"purpose": "customer_service", "email": "ada@example.com"},
        answer_type=FoundParties,
        refusals=(*REFUSALS, FieldValueRefused, InvalidSealedValue, TooManySearches),
        handler=routes.search,
    )


def _writing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_party",
            path=_PARTIES,
            tag=_TAG,
            summary="Make a person or an organisation known",
            description="Its values go to the vault; answers and events have references to them.",
            scope=WRITE,
            action="party.create",
            body_type=NewParty,
            example=_PERSON,
            status=201,
            answer_type=Party,
            refusals=_SEALED,
            handler=routes.create,
        ),
        WriteOperation(
            id="change_party",
            path=_PARTY,
            tag=_TAG,
            summary="Rectify a party's values, or add some",
            description="References stay; former values stay in what the person may ask for.",
            scope=WRITE,
            action="party.change",
            method="PATCH",
            path_type=PartyPath,
            body_type=PartyChange,
            example={"legal_name": "Ada King"},
            answer_type=Party,
            refusals=(*_SEALED, PartyNotFound, PartyErased),
            handler=routes.change,
        ),
        WriteOperation(
            id="link_party_user",
            path=f"{_PARTY}/user",
            tag=_TAG,
            summary="Let a user be the person that a party is",
            description="Both are about one subject, so that erasure ends both.",
            scope=WRITE,
            action="party.link_user",
            path_type=PartyPath,
            body_type=UserLink,
            example={"user_id": _EXAMPLE_ID},
            answer_type=Party,
            refusals=(PartyNotFound, PartyErased, UnfitForKind, UserUnfit, UserLinked),
            handler=routes.link,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_parties",
            path=_PARTIES,
            tag=_TAG,
            summary="Your parties, oldest first, without their values",
            description=f"Their verification and risk tell about people. {_ON_RECORD}",
            scope=READ,
            query_type=PurposedPage,
            answer_type=Parties,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="open_party",
            path=_PARTY,
            tag=_TAG,
            summary="A party with its values",
            description="The audit log has an entry for every value before the answer is sent.",
            scope=READ,
            path_type=PartyPath,
            query_type=Opening,
            answer_type=OpenedParty,
            refusals=(*REFUSALS, PartyNotFound, SubjectRestricted),
            handler=routes.open,
        ),
    ]


def _relating(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="add_party_relationship",
            path=_RELATIONSHIPS,
            tag=_TAG,
            summary="Say what another party is to a party",
            description="A director, shareholder or beneficial owner; of a person, a guardian.",
            scope=WRITE,
            action="party.relate",
            path_type=PartyPath,
            body_type=NewRelationship,
            example={"kind": "director", "related_party_id": _EXAMPLE_ID},
            status=201,
            answer_type=Relationship,
            refusals=(PartyNotFound, UnknownParty, PartyErased, UnfitForKind, AlreadyRelated),
            handler=routes.relate,
        ),
        ReadOperation(
            id="list_party_relationships",
            path=_RELATIONSHIPS,
            tag=_TAG,
            summary="What others are and were to a party",
            description=_ON_RECORD,
            scope=READ,
            path_type=PartyPath,
            query_type=PurposedPage,
            answer_type=Relationships,
            refusals=(PartyNotFound, InvalidCursor),
            handler=routes.relationships,
        ),
        WriteOperation(
            id="end_party_relationship",
            path=f"{_RELATIONSHIPS}/{{relationship}}/end",
            tag=_TAG,
            summary="End a relationship",
            description="From now on; that there was one stays.",
            scope=WRITE,
            action="party.part",
            path_type=RelationshipPath,
            body_type=Nothing,
            example={},
            answer_type=Relationship,
            refusals=(RelationshipNotFound, RelationshipEnded),
            handler=routes.part,
        ),
    ]


def _assessing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="assess_party",
            path=_ASSESSMENTS,
            tag=_TAG,
            summary="Set a party's verification, risk and suspension",
            description="Takes the place of the last assessment, which stays in the history.",
            scope=COMPLIANCE,
            action="party.assess",
            path_type=PartyPath,
            body_type=Assessment,
            example={"verification": "standard", "risk": "low"},
            answer_type=Party,
            refusals=(PartyNotFound, PartyErased),
            handler=routes.assess,
        ),
        ReadOperation(
            id="list_party_assessments",
            path=_ASSESSMENTS,
            tag=_TAG,
            summary="A party's latest assessments, the latest first",
            description=_ON_RECORD,
            scope=COMPLIANCE,
            path_type=PartyPath,
            query_type=Opening,
            answer_type=Assessments,
            refusals=(PartyNotFound,),
            handler=routes.assessments,
        ),
    ]
