"""The bank of the sandbox tenant that takes part in the simulated clearing system."""

from typing import Final
from uuid import UUID

from bezant.banking import InstitutionNotFound, InstitutionService, NewInstitution
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.ledger import Ledger, schemas
from bezant.server.provisioning import SANDBOX
from bezant.server.sandboxing import SANDBOX_BANK, SANDBOX_BIC

_NAME: Final = "Sandbox Bank"
_BANK_CODE: Final = "99900099"
"""Nobody's in the Bundesbank's list of bank codes, so that no number under it is anybody's."""


class _OneId:
    """Names what is made after a constant."""

    def __init__(self, constant: UUID) -> None:
        self._constant = constant

    def new(self) -> UUID:
        """The constant."""
        return self._constant


async def open_sandbox_bank(database: Database, clock: Clock, ids: Ids, ledger: Ledger) -> None:
    """Make the bank and its book, unless they are there: through the same services as any other.

    Workers that start at once do it under the same keys, so that it is done once.
    """
    institutions = InstitutionService(database, clock, _OneId(SANDBOX_BANK), ledger)
    try:
        await institutions.find(SANDBOX, SANDBOX_BANK)
    except InstitutionNotFound:
        assets = [schemas.Asset("EUR", 2)]
        new_book = schemas.NewBook(_NAME, assets, "Europe/Berlin")
        made = await ledger.create_book(_call(ids, "book.create", "/v1/books"), new_book)
        book_id = made.value(schemas.Book).id
        new = NewInstitution(book_id, _NAME, "DE", _BANK_CODE, SANDBOX_BIC)
        await institutions.create(_call(ids, "institution.create", "/v1/institutions"), new)


def _call(ids: Ids, action: str, resource: str) -> Call:
    return Call(
        id=ids.new(),
        tenant_id=SANDBOX,
        actor="operator:up",
        action=action,
        resource=resource,
        origin="cli",
        idempotency_key=f"sandbox-bank:{action}",
    )
