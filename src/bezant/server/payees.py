"""The one place where verifications of payees, and codes, are put together from their parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec
from fastapi import FastAPI

from bezant.banking import AccountHolders
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.http import Guard, Operation
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import Sealer
from bezant.payments import (
    BulkPayeeRuns,
    ListedPayees,
    OwnPayees,
    Patience,
    PayeeAnswers,
    PayeeAsker,
    PayeeDirectory,
    PaymentService,
    QrCodeService,
    SchemeEndpoint,
    VerificationService,
    VerificationSources,
    add_payee_scheme,
    payee_operations,
    qr_operations,
    sandbox_vop,
)
from bezant.server.banking import Banking
from bezant.server.contents_key import contents_sealer
from bezant.server.errors import PayeeDirectoryUnusable
from bezant.server.task import Simulated


def payee_directory(path: str | None) -> ListedPayees:
    """The banks that are asked about payees; nobody without a file.

    Raises:
        PayeeDirectoryUnusable: the file cannot be read, or is no such list.
    """
    try:
        return ListedPayees([]) if path is None else ListedPayees.read(Path(path))
    except (OSError, msgspec.DecodeError) as error:
        raise PayeeDirectoryUnusable(
            f"{path} is no list of banks that verify payees: {error}.",
            "Correct the file that payee_directory names.",
        ) from error


def simulated_payees(simulated: Simulated) -> ListedPayees:
    """The banks of the sandbox."""
    authority = None if simulated.authority is None else Path(simulated.authority)
    return ListedPayees(sandbox_vop.responders(simulated.payees_url, authority))


@dataclass(frozen=True, slots=True)
class Payees:
    """What a worker serves of payees: verifications, to payers and to other banks, and codes."""

    verifications: VerificationService
    answers: PayeeAnswers
    asker: PayeeAsker
    codes: QrCodeService
    clock: Clock
    ids: Ids

    @classmethod
    def of(
        cls,
        database: Database,
        clock: Clock,
        ids: Ids,
        banking: Banking,
        sealer: Sealer,
        sealing_key: bytes,
        directory: PayeeDirectory,
        patience: Patience,
    ) -> Self:
        """Put it together.

        Args:
            database: connected as the application's role.
            clock: stamps what is asked and answered.
            ids: of verifications.
            banking: the accounts and institutions that they are about.
            sealer: the vault, which opens names.
            sealing_key: of the platform, under which what was asked is sealed.
            directory: of the banks that are asked.
            patience: with them, with the vault, and with ourselves.
        """
        fingerprints = Fingerprints(sealing_key)
        own = OwnPayees(banking.accounts, AccountHolders(database, clock, sealer), patience)
        asker = PayeeAsker(clock, patience)
        return cls(
            VerificationService(
                database, clock, ids, banking.accounts, banking.institutions,
                VerificationSources(own, directory, asker, patience), contents_sealer(sealing_key),
                fingerprints,
            ),
            PayeeAnswers(database, clock, ids, banking.accounts, own, fingerprints, patience),
            asker,
            QrCodeService(database, clock, banking.accounts, banking.institutions, fingerprints),
            clock,
            ids,
        )  # fmt: skip

    def of_files(self, database: Database, payments: PaymentService) -> BulkPayeeRuns:
        """What verifies the payees of files."""
        return BulkPayeeRuns(database, self.clock, self.ids, payments, self.verifications)

    @property
    def operations(self) -> Sequence[Operation]:
        """Of the API."""
        return [*payee_operations(self.verifications), *qr_operations(self.codes)]

    def add_scheme(self, app: FastAPI, guard: Guard) -> None:
        """Give an application the path that other banks call."""
        add_payee_scheme(app, SchemeEndpoint(self.answers, guard, self.clock, self.ids))
