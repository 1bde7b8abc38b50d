"""The one place where direct debits are put together from their parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from bezant.banking import AccountService, InstitutionService
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.http import Operation
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling
from bezant.ledger import Ledger
from bezant.payments import (
    CreditorService,
    DebitFileRuns,
    DebitFoundation,
    DebitIntake,
    DebitRail,
    DebitReports,
    DebitRuns,
    DirectDebitService,
    IncomingCollections,
    Secrecy,
    UnappliedService,
    bulk_debit_operations,
    direct_debit_operations,
    unapplied_operations,
)
from bezant.server.contents_key import contents_sealer


@dataclass(frozen=True, slots=True)
class DirectDebits:
    """What a worker serves and carries out of direct debits.

    Attributes:
        collections: where rails hand over what other banks send.
        rails: to other banks, by name.
    """

    debits: DirectDebitService
    collections: IncomingCollections
    runs: DebitRuns
    rails: Mapping[str, DebitRail]
    creditors: CreditorService
    intake: DebitIntake
    reports: DebitReports
    file_runs: DebitFileRuns
    unapplied: UnappliedService

    @classmethod
    def of(
        cls,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: Ledger,
        accounts: AccountService,
        sealing_key: bytes,
        rails: Mapping[str, DebitRail],
        *,
        allow_unregistered_creditors: bool = False,
    ) -> Self:
        """Put it together.

        Args:
            database: connected as the application's role.
            clock: for whatever no lane decides.
            ids: of new records.
            ledger: in whose commits collections are taken and carried out.
            accounts: of customers.
            sealing_key: of the platform, under which what mandates say is sealed.
            rails: to other banks, by name; without any, both sides are customers here.
            allow_unregistered_creditors: let an identifier collect that nobody has registered.
        """
        secrecy = Secrecy(contents_sealer(sealing_key), Fingerprints(sealing_key))
        foundation = DebitFoundation(
            database, clock, ids, ledger, accounts, secrecy, rails, allow_unregistered_creditors
        )
        debits = DirectDebitService(foundation)
        collections = IncomingCollections(foundation, debits)
        return cls(
            debits,
            collections,
            DebitRuns(foundation, debits, collections),
            rails,
            CreditorService(
                database,
                clock,
                InstitutionService(database, clock, ids, ledger),
                secrecy.fingerprints,
            ),
            DebitIntake(database, clock, ids, secrecy, accounts),
            DebitReports(database, clock, ids, secrecy),
            DebitFileRuns(database, clock, ids, debits, secrecy),
            UnappliedService(database, ids, ledger, accounts, debits),
        )

    @property
    def operations(self) -> Sequence[Operation]:
        """Of the API."""
        return [
            *direct_debit_operations(self.debits, self.creditors),
            *bulk_debit_operations(self.intake, self.reports),
            *unapplied_operations(self.unapplied),
        ]

    def handlings(self) -> list[Handling[Any]]:
        """The jobs that carry collections out."""
        return [*self.runs.handlings(), self.file_runs.handling()]
