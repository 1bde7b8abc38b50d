"""What processes that pay have in common."""

from pathlib import Path
from typing import Final

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.payments import Rail
from bezant.server.banking import Banking
from bezant.server.payments import Payments

IDS: Final = TimeOrderedIds()


async def opened_payments(url: str, run_folder: str, *rails: Rail) -> Payments:
    """Payments as a process of the platform's has them, over some rails."""
    database, clock = await Database.open(url, name="payments"), SystemClock()
    ledger = Ledger(database, Path(run_folder), clock=clock, ids=IDS)
    await ledger.start()
    accounts = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32)).accounts
    named = {rail.name: rail for rail in rails}
    return Payments.of(database, clock, IDS, ledger, accounts, bytes(32), named)
