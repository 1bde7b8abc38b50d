"""The routes of the registry of creditors."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking import InstitutionNotFound, PartyNotFound
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.payments.direct_debits import errors, schemas
from bezant.payments.direct_debits.creditors import CreditorService

_TAG: Final = "direct debits"
_CREDITORS: Final = "/v1/direct-debit-creditors"


class CreditorPath(Struct, frozen=True):
    """A creditor."""

    creditor: UUID


class Routes:
    """The handlers."""

    def __init__(self, creditors: CreditorService) -> None:
        self._creditors = creditors

    async def register(self, asked: Writing[Nothing, schemas.NewCreditor]) -> Answer:
        """`POST /v1/direct-debit-creditors`."""
        return await self._creditors.register(asked.call, asked.body)

    async def find(self, asked: Reading[CreditorPath, Nothing]) -> schemas.Creditor:
        """`GET /v1/direct-debit-creditors/{creditor}`."""
        return await self._creditors.find(asked.principal.tenant_id, asked.path.creditor)

    async def page(self, asked: Reading[Nothing, schemas.Paged]) -> schemas.Creditors:
        """`GET /v1/direct-debit-creditors`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            _CREDITORS,
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._creditors.page(tenant_id, after=after, limit=limit),
        )


def creditor_operations(creditors: CreditorService) -> Sequence[Operation]:
    """The operations on creditors."""
    routes = Routes(creditors)
    return [
        WriteOperation(
            id="register_direct_debit_creditor",
            path=_CREDITORS,
            tag=_TAG,
            summary="Register whose a creditor identifier is",
            description=(
                "From then on it collects for accounts alone that the party may act for. Its check"
                " digits are those of ISO 7064; its business code is left out of the comparison."
            ),
            scope="orders:write",
            action="direct_debit_creditor.register",
            body_type=schemas.NewCreditor,
            example={
                "institution_id": "0198c2b4-0000-7000-8000-000000000001",
                "party_id": "0198c2b4-0000-7000-8000-000000000002",
                "creditor_id": "DE98ZZZ09999999999",
            },
            status=201,
            answer_type=schemas.Creditor,
            refusals=(
                errors.CreditorIdentifierInvalid,
                errors.CreditorRegistered,
                InstitutionNotFound,
                PartyNotFound,
            ),
            handler=routes.register,
        ),
        ReadOperation(
            id="list_direct_debit_creditors",
            path=_CREDITORS,
            tag=_TAG,
            summary="Your creditors, without what identifies them",
            scope="orders:read",
            query_type=schemas.Paged,
            answer_type=schemas.Creditors,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_direct_debit_creditor",
            path=f"{_CREDITORS}/{{creditor}}",
            tag=_TAG,
            summary="One creditor",
            scope="orders:read",
            path_type=CreditorPath,
            answer_type=schemas.Creditor,
            refusals=(errors.CreditorNotFound,),
            handler=routes.find,
        ),
    ]
