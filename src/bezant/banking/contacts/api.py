"""The routes of contacts."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.contacts.errors import ContactNotFound
from bezant.banking.contacts.schemas import (
    Contact,
    ContactChange,
    Contacts,
    ContactSearch,
    FoundContacts,
    NewContact,
    OpenedContact,
    Opening,
)
from bezant.banking.contacts.service import ContactService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.kernel.sealed import (
    REFUSALS,
    FieldValueRefused,
    InvalidSealedValue,
    SubjectErased,
    SubjectRestricted,
    TooManySearches,
)

READ: Final = "contacts:read"
WRITE: Final = "contacts:write"

_TAG: Final = "contacts"
_CONTACTS: Final = "/v1/contacts"
_CONTACT: Final = f"{_CONTACTS}/{{contact}}"
_PERSON: Final = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+442071838750",
    "iban": "GB33BUKB20201555555555",
}


class ContactPath(Struct, frozen=True):
    """A contact."""

    contact: UUID


class Routes:
    """The handlers."""

    def __init__(self, contacts: ContactService) -> None:
        self._contacts = contacts

    async def create(self, asked: Writing[Nothing, NewContact]) -> Answer:
        """`POST /v1/contacts`."""
        return await self._contacts.create(asked.call, asked.body)

    async def page(self, asked: Reading[Nothing, Page]) -> Contacts:
        """`GET /v1/contacts`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _CONTACTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._contacts.page(tenant_id, after=after, limit=limit),
        )

    async def open(self, asked: Reading[ContactPath, Opening]) -> OpenedContact:
        """`GET /v1/contacts/{contact}`."""
        call = asked.call("contact.open", asked.query.purpose)
        return await self._contacts.open(call, asked.path.contact)

    async def change(self, asked: Writing[ContactPath, ContactChange]) -> Answer:
        """`PATCH /v1/contacts/{contact}`."""
        return await self._contacts.change(asked.call, asked.path.contact, asked.body)

    async def search(self, asked: Writing[Nothing, ContactSearch]) -> Answer:
        """`POST /v1/contacts/search`."""
        return await self._contacts.search(asked.call, asked.body)


def operations(contacts: ContactService) -> Sequence[Operation]:
    """The operations on contacts."""
    routes = Routes(contacts)
    # Before `{contact}`, which its path would be taken for.
    return [_searching(routes), *_writing(routes), *_reading(routes)]


def _writing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_contact",
            path=_CONTACTS,
            tag=_TAG,
            summary="Make a contact",
            description="Its values go to the vault; answers and events have references to them.",
            scope=WRITE,
            action="contact.create",
            body_type=NewContact,
            example=_PERSON,
            status=201,
            answer_type=Contact,
            refusals=(*REFUSALS, FieldValueRefused, InvalidSealedValue, SubjectErased),
            handler=routes.create,
        ),
        WriteOperation(
            id="change_contact",
            path=_CONTACT,
            tag=_TAG,
            summary="Rectify a contact's values, or add some",
            description="References stay; former values stay in what the person may ask for.",
            scope=WRITE,
            action="contact.change",
            method="PATCH",
            path_type=ContactPath,
            body_type=ContactChange,
            example={"name": "Ada King"},
            answer_type=Contact,
            refusals=(
                *REFUSALS,
                ContactNotFound,
                FieldValueRefused,
                InvalidSealedValue,
                SubjectErased,
            ),
            handler=routes.change,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_contacts",
            path=_CONTACTS,
            tag=_TAG,
            summary="Your contacts, oldest first, without their values",
            scope=READ,
            query_type=Page,
            answer_type=Contacts,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="open_contact",
            path=_CONTACT,
            tag=_TAG,
            summary="A contact with its values",
            description="The audit log has an entry for every value before the answer is sent.",
            scope=READ,
            path_type=ContactPath,
            query_type=Opening,
            answer_type=OpenedContact,
            refusals=(*REFUSALS, ContactNotFound, SubjectRestricted),
            handler=routes.open,
        ),
    ]


def _searching(routes: Routes) -> Operation:
    return WriteOperation(
        id="search_contacts",
        path=f"{_CONTACTS}/search",
        tag=_TAG,
        summary="Find contacts by e-mail address, phone number or IBAN",
        description=(
            "By equality of the whole value. A POST, because addresses of requests are kept in"
            " places where values must not be."
        ),
        scope=READ,
        action="contact.search",
        body_type=ContactSearch,
        example={"purpose": "customer_service", "email": "ada@example.com"},
        answer_type=FoundContacts,
        refusals=(*REFUSALS, FieldValueRefused, InvalidSealedValue, TooManySearches),
        handler=routes.search,
    )
