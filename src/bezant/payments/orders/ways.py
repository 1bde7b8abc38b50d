"""Where a payment goes, and by what."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from bezant.banking import AccountPlace, AccountService, BankAccountNotFound
from bezant.kernel.telemetry import Sensitive
from bezant.payments.orders import errors, schemas
from bezant.payments.orders.domain import BOOK, Direction
from bezant.payments.rails import Rail


@dataclass(frozen=True, slots=True, repr=False)
class Way(Sensitive):
    """Where a payment goes, and by what."""

    rail: str
    direction: Direction
    creditor_account: UUID | None
    iban: str | None
    creditor_book: UUID | None = None

    @property
    def counterparty(self) -> str:
        """What limits and lists know the other side by."""
        return self.iban or str(self.creditor_account)


class Ways:
    """Finds the way of a payment.

    Args:
        accounts: tells whose account an IBAN is.
        rails: by name.
    """

    def __init__(self, accounts: AccountService, rails: Mapping[str, Rail]) -> None:
        self._accounts = accounts
        self._rails = rails

    async def find(self, tenant_id: UUID, payer: AccountPlace, new: schemas.NewPayment) -> Way:
        """The way that a payment asks for.

        Raises:
            UnknownRail: the platform has no such.
            Refusal: the creditor cannot be paid in this way.
        """
        account_id, iban = new.creditor.account_id, new.creditor.iban
        if iban is not None:
            iban = checked_iban(iban)
            account_id = await self._accounts.find_by_iban(tenant_id, iban)
        rail = new.rail or BOOK
        if rail == BOOK:
            payee = await self._own(tenant_id, payer, account_id)
            return Way(BOOK, Direction.INTERNAL, payee.id, iban, payee.book_id)
        if rail not in self._rails:
            raise errors.UnknownRail(f"There is no rail {rail}.", field="rail")
        if iban is None or new.debtor_name is None:
            raise errors.RailUnfit("A rail needs an IBAN, and who pays.", field="creditor")
        return Way(rail, Direction.OUT, None, iban)

    async def _own(
        self, tenant_id: UUID, payer: AccountPlace, account_id: UUID | None
    ) -> AccountPlace:
        if account_id is None:
            raise errors.UnknownCreditorAccount("Nobody here has it.", field="creditor")
        try:
            payee = await self._accounts.place(tenant_id, account_id)
        except BankAccountNotFound:
            raise errors.UnknownCreditorAccount(
                "There is no such account.", field="creditor.account_id"
            ) from None
        if payee.id == payer.id:
            raise errors.SameAccounts("An account does not pay itself.", field="creditor")
        return payee


def checked_iban(text: str) -> str:
    """An IBAN in its normal form.

    Raises:
        CreditorIbanInvalid: it is none.
    """
    try:
        return str(IBAN(text, validate_bban=True))
    except (SchwiftyException, ValueError):
        raise errors.CreditorIbanInvalid("It is no valid IBAN.", field="creditor.iban") from None
