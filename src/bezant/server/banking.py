"""The one place where banking is put together from its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from bezant.banking import (
    AccountService,
    ClosingService,
    ContactService,
    CounterpartyLists,
    CustomerStatements,
    EndOfDayService,
    FeeService,
    FeeWaiverService,
    HolderService,
    HoldsMandate,
    InstitutionService,
    LimitService,
    MandateService,
    OwnsAccount,
    PartyService,
    ProductService,
    RelationshipService,
    account_operations,
    closing_operations,
    contact_operations,
    customer_statement_operations,
    end_of_day_operations,
    fee_operations,
    holder_operations,
    institution_operations,
    limit_operations,
    mandate_operations,
    party_operations,
    product_operations,
)
from bezant.identity.policy import Relation
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.http import Operation
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling
from bezant.kernel.retention import RemoveAnswers
from bezant.kernel.sealed import Sealer
from bezant.kernel.sealed_owners import SealedOwner
from bezant.kernel.sealing import KeySealer
from bezant.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Banking:
    """What a worker serves, sweeps and asks of banking."""

    contacts: ContactService
    parties: PartyService
    relationships: RelationshipService
    holders: HolderService
    institutions: InstitutionService
    products: ProductService
    accounts: AccountService
    limits: LimitService
    counterparties: CounterpartyLists
    mandates: MandateService
    statements: CustomerStatements
    relations: Sequence[Relation]
    ends_of_days: EndOfDayService
    closings: ClosingService
    fees: FeeService
    fee_waivers: FeeWaiverService

    @classmethod
    def of(
        cls,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: Ledger,
        sealer: Sealer,
        sealing_key: bytes,
    ) -> Self:
        """Put it together.

        Args:
            database: connected as the application's role.
            clock: for whatever no lane decides.
            ids: of new records.
            ledger: in whose commits accounts change.
            sealer: the vault, for what identifies people.
            sealing_key: of the platform, under which account numbers are sealed and found.
        """
        parties = PartyService(database, clock, ids, sealer)
        products = ProductService(database, clock, ids)
        accounts = AccountService(
            database, clock, ids, ledger, KeySealer(sealing_key), Fingerprints(sealing_key)
        )
        return cls(
            contacts=ContactService(database, clock, ids, sealer),
            parties=parties,
            relationships=RelationshipService(database, clock, ids, parties),
            holders=HolderService(database, clock, ids, ledger),
            institutions=InstitutionService(database, clock, ids, ledger),
            products=products,
            accounts=accounts,
            limits=LimitService(database, clock, ids),
            counterparties=CounterpartyLists(database, clock, Fingerprints(sealing_key)),
            mandates=MandateService(database, ledger),
            statements=CustomerStatements(database, clock, ids, accounts, ledger),
            relations=[OwnsAccount(database), HoldsMandate(database, clock)],
            ends_of_days=EndOfDayService(database, clock, ids, ledger),
            closings=ClosingService(
                database, ledger, accounts, products, Fingerprints(sealing_key)
            ),
            fees=FeeService(database, ledger, accounts, products),
            fee_waivers=FeeWaiverService(database, clock, ids, accounts, products),
        )

    @property
    def operations(self) -> Sequence[Operation]:
        """Of the API."""
        return [
            *contact_operations(self.contacts),
            *party_operations(self.parties, self.relationships),
            *holder_operations(self.holders),
            *institution_operations(self.institutions),
            *product_operations(self.products),
            *account_operations(self.accounts),
            *limit_operations(self.limits, self.counterparties),
            *mandate_operations(self.mandates),
            *customer_statement_operations(self.statements),
            *end_of_day_operations(self.ends_of_days),
            *closing_operations(self.closings),
            *fee_operations(self.fees, self.fee_waivers),
        ]

    def handlings(self) -> list[Handling[Any]]:
        """The jobs that end days."""
        return [self.ends_of_days.handling()]

    @property
    def removals(self) -> Mapping[str, RemoveAnswers]:
        """What retention removes of the domain's tables."""
        return {"limit_spend": self.limits.remove_old_spends}

    @property
    def owners(self) -> Sequence[SealedOwner]:
        """Of sealed values."""
        return [self.contacts.owner(), self.parties.owner()]
