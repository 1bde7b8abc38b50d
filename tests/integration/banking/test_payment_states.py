"""Which state of a payment may follow which: the code and the database say the same."""

from bezant.kernel.database import Database
from bezant.payments.states import LEGAL


async def test_the_database_knows_the_same_states_of_payments_as_the_code(
    database: Database,
) -> None:
    rows = await database.fetch("SELECT from_state, to_state FROM legal_transition")
    written = {(before or "none", after) for before, every in LEGAL.items() for after in every}
    assert {(row["from_state"], row["to_state"]) for row in rows} == written
