"""The routes of institutions."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.institutions.errors import (
    BankCodeInvalid,
    BicInvalid,
    InstitutionExists,
    InstitutionNotFound,
)
from bezant.banking.institutions.schemas import Institution, Institutions, NewInstitution
from bezant.banking.institutions.service import InstitutionService
from bezant.banking.scopes import READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import BookNotFound

_TAG: Final = "banking"
_INSTITUTIONS: Final = "/v1/institutions"


class InstitutionPath(Struct, frozen=True):
    """An institution."""

    institution: UUID


class Routes:
    """The handlers."""

    def __init__(self, institutions: InstitutionService) -> None:
        self._institutions = institutions

    async def create(self, asked: Writing[Nothing, NewInstitution]) -> Answer:
        """`POST /v1/institutions`."""
        return await self._institutions.create(asked.call, asked.body)

    async def find(self, asked: Reading[InstitutionPath, Nothing]) -> Institution:
        """`GET /v1/institutions/{institution}`."""
        return await self._institutions.find(asked.principal.tenant_id, asked.path.institution)

    async def page(self, asked: Reading[Nothing, Page]) -> Institutions:
        """`GET /v1/institutions`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _INSTITUTIONS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._institutions.page(tenant_id, after=after, limit=limit),
        )


def operations(institutions: InstitutionService) -> Sequence[Operation]:
    """The operations on institutions."""
    routes = Routes(institutions)
    return [
        WriteOperation(
            id="create_institution",
            path=_INSTITUTIONS,
            tag=_TAG,
            summary="Say under which bank code, and in which book, accounts are opened",
            scope=WRITE,
            action="institution.create",
            body_type=NewInstitution,
            example={
                "book_id": "0198c2b4-0000-7000-8000-000000000001",
                "name": "Example Bank",
                "country": "DE",
                "bank_code": "37040044",
                "bic": "COBADEFFXXX",
            },
            status=201,
            answer_type=Institution,
            refusals=(BookNotFound, BankCodeInvalid, BicInvalid, InstitutionExists),
            handler=routes.create,
        ),
        ReadOperation(
            id="list_institutions",
            path=_INSTITUTIONS,
            tag=_TAG,
            summary="Your institutions, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=Institutions,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_institution",
            path=f"{_INSTITUTIONS}/{{institution}}",
            tag=_TAG,
            summary="One institution",
            scope=READ,
            path_type=InstitutionPath,
            answer_type=Institution,
            refusals=(InstitutionNotFound,),
            handler=routes.find,
        ),
    ]
