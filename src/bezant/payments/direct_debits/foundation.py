"""What services of direct debits stand on, and how they keep what is said of people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.banking import AccountService
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.payments.direct_debits import schemas
from bezant.payments.direct_debits.domain import identity_of
from bezant.payments.direct_debits.errors import DebitMandateEnded
from bezant.payments.direct_debits.mandates import Held
from bezant.payments.direct_debits.rail import DebitRail
from bezant.payments.orders import Secrecy

if TYPE_CHECKING:
    from bezant.kernel.fingerprints import Fingerprints
    from bezant.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Foundation:
    """What services of direct debits stand on.

    Attributes:
        database: connected as the application's role.
        ledger: in whose commits collections are taken and carried out.
        accounts: tells whose account an IBAN is.
        secrecy: of what mandates and collections say.
        rails: to other banks, by name; the first takes what leaves the house.
        allow_unregistered: whether a creditor identifier that nobody has registered collects.
    """

    database: Database
    clock: Clock
    ids: Ids
    ledger: "Ledger"
    accounts: AccountService
    secrecy: Secrecy
    rails: Mapping[str, DebitRail]
    allow_unregistered: bool = False


class Words:
    """What mandates and collections say: sealed, opened, and recognised by fingerprints."""

    def __init__(self, secrecy: Secrecy) -> None:
        self._sealer: SecretSealer = secrecy.sealer
        self.fingerprints: Fingerprints = secrecy.fingerprints

    def creditor(self, creditor_id: str) -> bytes:
        """What a creditor is recognised by."""
        return self.fingerprints.of("sepa creditor", identity_of(creditor_id))

    def reference(self, creditor_id: str, reference: str) -> bytes:
        """What a mandate is recognised by: references are unique for each creditor."""
        text = f"{identity_of(creditor_id)} {reference.strip()}"
        return self.fingerprints.of("sepa mandate", text)

    def seal_mandate(
        self, tenant_id: UUID, mandate_id: UUID, content: schemas.MandateContent
    ) -> bytes:
        """A mandate's content as it is stored."""
        context = b"direct_debit_mandate" + tenant_id.bytes + mandate_id.bytes
        return self._sealer.seal(msgspec.json.encode(content), context)

    def mandate(self, tenant_id: UUID, held: Held) -> schemas.MandateContent:
        """What a mandate says.

        Raises:
            DebitMandateEnded: nothing any more: it was erased.
        """
        if not held.sealed:
            raise DebitMandateEnded("What it says is not kept any more.")
        context = b"direct_debit_mandate" + tenant_id.bytes + held.id.bytes
        return schemas.MANDATE.decode(self._sealer.open(SealedSecret(held.sealed), context))

    def seal_debit(self, tenant_id: UUID, debit_id: UUID, content: schemas.DebitContent) -> bytes:
        """A collection's content as it is stored."""
        context = b"direct_debit" + tenant_id.bytes + debit_id.bytes
        return self._sealer.seal(msgspec.json.encode(content), context)

    def debit(self, tenant_id: UUID, debit_id: UUID, sealed: bytes) -> schemas.DebitContent:
        """What a collection says."""
        context = b"direct_debit" + tenant_id.bytes + debit_id.bytes
        return schemas.CONTENT.decode(self._sealer.open(SealedSecret(sealed), context))

    def seal_message(self, tenant_id: UUID, debit_id: UUID, message: bytes) -> bytes:
        """A message of another bank as it is stored; nothing for none."""
        context = b"direct_debit_message" + tenant_id.bytes + debit_id.bytes
        return self._sealer.seal(message, context) if message else b""
