"""Who may do what in the databases: the application, and the vault."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from bezant.server.embedded import EmbeddedServers
from bezant.server.migrations import migrate, migrate_keys
from bezant.server.migrations.migrate import KEYS_PRIVILEGES, PRIVILEGES, VAULT_PRIVILEGES

HELD = """
    SELECT table_name, privilege_type FROM information_schema.role_table_grants
    WHERE grantee = $1 AND table_schema = 'public'
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture(scope="module")
async def servers(embedded_servers: EmbeddedServers) -> EmbeddedServers:
    """Both databases, migrated."""
    await migrate(embedded_servers.postgres.owner_url, "bezant_app", "bezant_vault")
    for _ in range(2):  # again changes nothing
        await migrate_keys(embedded_servers.keys.owner_url, "bezant_vault")
    return embedded_servers


def url_of(servers: EmbeddedServers, role: str, cluster: str) -> str:
    return str(getattr(servers, cluster).urls[role])


@pytest.mark.parametrize(
    ("cluster", "role", "declared"),
    [
        ("postgres", "bezant_app", PRIVILEGES),
        ("postgres", "bezant_vault", VAULT_PRIVILEGES),
        ("keys", "bezant_vault", KEYS_PRIVILEGES),
    ],
)
async def test_a_role_holds_the_declared_rights_and_no_others(
    servers: EmbeddedServers, cluster: str, role: str, declared: Mapping[str, str]
) -> None:
    connection = await asyncpg.connect(url_of(servers, role, cluster))
    rows = await connection.fetch(HELD, role)
    await connection.close()
    # Other tests make tables of their own in the same database.
    found = {tuple(row) for row in rows if not row[0].startswith("test_")}
    assert found == {
        (table, privilege)
        for table, privileges in declared.items()
        for privilege in privileges.split(", ")
    }


@pytest.mark.parametrize(
    ("role", "closed"),
    [
        ("bezant_app", {"vault_key", "vault_subject", "vault_value", "vault_index"}),
        (
            "bezant_vault",
            {"transfer", "account", "balance", "book", "transaction_content", "statement_key"}
            | {"webhook_key", "webhook_endpoint", "event", "checkpoint_key", "lease", "job"},
        ),
    ],
)
async def test_the_application_reads_nothing_of_the_vault_and_the_vault_nothing_of_the_ledger(
    servers: EmbeddedServers, role: str, closed: set[str]
) -> None:
    connection = await asyncpg.connect(url_of(servers, role, "postgres"))
    tables = {row["tablename"] for row in await connection.fetch(TABLES)}
    assert closed <= tables
    readable = set()
    for table in tables:
        try:
            await connection.fetch(f"SELECT 1 FROM {table} LIMIT 0")
        except asyncpg.InsufficientPrivilegeError:
            continue
        readable.add(table)
    await connection.close()
    assert "tenant" in readable, "the control"
    assert not readable & closed


async def test_the_keys_are_reached_by_the_vault_alone(
    servers: EmbeddedServers, session_data: Path
) -> None:
    vault = await asyncpg.connect(servers.keys.vault_url)
    await vault.fetch("SELECT tenant_id FROM subject_key LIMIT 0")
    for statement in ("DELETE FROM subject_key", "TRUNCATE subject_key", "CREATE TABLE mine ()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await vault.execute(statement)
    await vault.close()
    assert "bezant_app" not in (session_data / "keys-passwords.json").read_text()
    for role in ("bezant_app", "bezant_owner"):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(servers.keys.vault_url.replace("bezant_vault", role))
