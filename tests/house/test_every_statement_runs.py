"""The last test of a whole run: the server got every statement of the stores, and no other."""

from pathlib import Path

from tools.sql_linter import HOUSE
from tools.sql_linter.executed import differences

ROOT = Path(__file__).parents[2]

# What tests put together from our statements, to seed a fault or to wait less; and a migration's.
SEEDED = [
    "UPDATE account_party SET on_behalf_of = sole.party_id …",
    "SET lock_timeout = '100ms'",
    "INSERT INTO gate … SET body = NULL",
    "EXPLAIN …",
    "INSERT INTO note … SET body = NULL",
    "UPDATE job SET … AND $4::bigint IS NOT NULL",
    "UPDATE lane SET … AND $3::bigint IS NOT NULL AND $4::bigint IS NOT NULL",
]


def test_the_run_sent_every_statement_of_the_stores_and_no_other(
    executed_sql: dict[str, bool],
) -> None:
    found = differences(executed_sql, ROOT / "src", ROOT / "tests", HOUSE, SEEDED)
    assert not found, "\n".join(found)
