"""Fees of events in the lane of their book."""

from uuid import UUID

import msgspec

from bezant.banking.accounts import AssetNotHeld, account_of
from bezant.banking.accounts.errors import AccountChanged
from bezant.banking.fees.events import charge_event, reads_of_event
from bezant.banking.fees.schemas import Charges
from bezant.banking.terms.fees import Fee
from bezant.kernel.calls import Answer
from bezant.ledger import Decision, Reads, RiderKinds, Seen


@RiderKinds.register
class ChargeFees(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/fees`: the fees of an event, once for each reference.

    Attributes:
        fees: that the version of the product has for the event.
    """

    id: UUID
    product_version: int
    asset: str
    reference: str
    fees: list[Fee]

    @property
    def weight(self) -> int:
        """The bank's part and the VAT of each."""
        return 2 * len(self.fees) + 1

    def reads(self) -> Reads:
        """The account, and what was charged for this before."""
        return reads_of_event(self.id, self.asset, self.reference, self.fees)

    def decide(self, seen: Seen) -> Decision:
        """Charge them, or find that it was done.

        Raises:
            AssetNotHeld: see there.
            AccountChanged: it is under other terms than when it was looked at.
        """
        account = account_of(seen, self.id)
        if self.asset not in account.assets:
            raise AssetNotHeld(f"Account {self.id} does not hold {self.asset}.", field="asset")
        if account.product_version != self.product_version:
            raise AccountChanged(f"Account {self.id} has changed; ask again under a new key.")
        rows, charges = charge_event(seen, self.id, self.asset, self.reference, self.fees)
        return Decision(Answer.of(Charges(charges), 201), rows)
