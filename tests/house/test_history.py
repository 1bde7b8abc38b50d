"""History is append-only for the application's role too, whatever a statement says."""

from bezant.server.migrations.migrate import PRIVILEGES
from tools.sql_linter import HOUSE


def test_the_application_may_add_to_history_and_nothing_else() -> None:
    granted = {table: PRIVILEGES[table] for table in HOUSE.history}
    assert granted == dict.fromkeys(HOUSE.history, "SELECT, INSERT")
