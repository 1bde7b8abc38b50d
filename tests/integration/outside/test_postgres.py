"""A PostgreSQL by URL: served, verified, and refused where money would not be safe on it."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from bezant.kernel.clock import SystemClock
from bezant.server.development_ca import DevelopmentCa
from bezant.server.migrations.migrate import PRIVILEGES
from integration.outside.servers import APP, OWNER, PASSWORD, STRANGER, Cluster
from integration.outside.till import (
    NO_CACHE,
    bezant,
    migrated,
    serving,
    up_refused,
    verified,
)
from running_platform import until

pytestmark = pytest.mark.long

HISTORY = ("transfer", "batch", "account_event", "audit_entry")
FULL = "verify-full"
LOOPBACK_FLAG = "--allow-plaintext-loopback"


@pytest.fixture(scope="module")
async def database(postgres: Cluster) -> str:
    """A migrated database of the module; its name."""
    return await postgres.migrated_database("kept")


async def test_it_serves_verifies_and_keeps_everything_there(
    postgres: Cluster, folder: Path
) -> None:
    await postgres.new_database("served")
    app = postgres.by_socket(APP, "served")
    await migrated(postgres.by_socket(OWNER, "served"), app)
    async with serving(folder / "data", "--database-url", app, *NO_CACHE) as (till, client):
        assert (await till.pay(client, "first", 1250)).status_code == 201
        assert await till.balance(client) == 1250
        [report] = await verified("--data-dir", str(till.platform.data_dir))
    assert not (folder / "data" / "postgres").exists(), "no embedded database was made"
    assert [report] == await verified("--database-url", app)
    assert (report["book_id"], report["findings"]) == (till.book, [])


async def test_migrating_again_changes_nothing(postgres: Cluster, database: str) -> None:
    await migrated(postgres.by_socket(OWNER, database), postgres.by_socket(APP, database))


async def test_the_application_can_neither_change_nor_remove_history(
    postgres: Cluster, database: str
) -> None:
    async with postgres.connected(APP, database) as application:
        for table in HISTORY:
            for statement in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await application.execute(statement)
        for statement in ("TRUNCATE transfer", "DROP TABLE transfer", "CREATE TABLE mine ()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await application.execute(statement)


async def test_the_application_holds_the_declared_rights_and_no_others(
    postgres: Cluster, database: str
) -> None:
    async with postgres.connected("postgres", database) as superuser:
        rows = await superuser.fetch(
            """
            SELECT g.table_name, g.privilege_type
            FROM information_schema.role_table_grants g
            WHERE g.grantee = $1 AND g.table_schema = 'public'
            """,
            APP,
        )
    declared = {
        (table, privilege)
        for table, privileges in PRIVILEGES.items()
        for privilege in privileges.split(", ")
    }
    assert {(row["table_name"], row["privilege_type"]) for row in rows} == declared


async def test_tcp_needs_verification_or_the_flag_for_loopback(
    postgres: Cluster, database: str, folder: Path
) -> None:
    plain = postgres.by_loopback(APP, database)
    ended = await bezant("up", "--data-dir", str(folder / "data"), "--database-url", plain)
    assert (ended.status, ended.output) == (2, "")
    assert "needs sslmode=verify-full, or allow_plaintext_loopback" in ended.errors
    assert await verified("--database-url", plain, LOOPBACK_FLAG) == []


async def test_a_server_is_believed_by_its_own_authority_alone(
    postgres: Cluster, database: str, folder: Path
) -> None:
    other = DevelopmentCa(folder / "tls", SystemClock())
    other.ca.parent.mkdir()
    other.ensure("127.0.0.1")
    options = ("--database-url", postgres.verified(APP, database), *NO_CACHE)
    async with serving(folder / "data", *options) as (till, client):
        assert (await till.pay(client, "over-tls")).status_code == 201
        async with postgres.connected("postgres", database) as superuser:
            rows = await superuser.fetch(
                """
                SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a ON a.pid = s.pid
                WHERE a.usename = $1
                """,
                APP,
            )
        assert rows
        assert all(row["ssl"] for row in rows)
    untrusted = postgres.verified(APP, database, other.ca)
    problem, unsaid, missing = await asyncio.gather(
        up_refused(folder / "data", "--database-url", untrusted),
        # By the authorities of the user who asks, who knows nothing of this server's.
        bezant("verify", "--database-url", postgres.by_loopback(APP, database, sslmode=FULL)),
        bezant("verify", "--database-url", postgres.verified(APP, database, folder / "absent")),
    )
    assert "cannot be reached" in problem
    assert "certificate verify failed" in problem
    assert "cannot be reached" in unsaid.refusal
    assert missing.status == 2
    assert f"{folder}/absent, which is no readable file" in missing.errors


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
async def test_a_server_that_may_forget_what_it_said_is_refused(
    postgres: Cluster, database: str, folder: Path, setting: str
) -> None:
    url = postgres.by_socket(APP, database)
    async with postgres.connected("postgres", database) as superuser:

        async def reads(value: str) -> bool:
            return bool(await superuser.fetchval("SELECT current_setting($1)", setting) == value)

        await superuser.execute(f"ALTER SYSTEM SET {setting} = off")
        await superuser.execute("SELECT pg_reload_conf()")
        try:
            await until(lambda: reads("off"))
            problem, ended = await asyncio.gather(
                up_refused(folder / "data", "--database-url", url),
                bezant("verify", "--database-url", url),
            )
        finally:
            await superuser.execute(f"ALTER SYSTEM RESET {setting}")
            await superuser.execute("SELECT pg_reload_conf()")
            await until(lambda: reads("on"))
    assert f"not fit to keep money on: {setting} = off" in problem
    assert f"{setting} = off" in ended.refusal


async def test_a_schema_is_migrated_by_its_owner_alone(postgres: Cluster, database: str) -> None:
    await postgres.new_database("empty")

    async def refused(role: str, name: str) -> str:
        ended = await bezant(
            "migrate", "--owner-url", postgres.by_socket(role, name),
            "--database-url", postgres.by_socket(APP, name),
        )  # fmt: skip
        return ended.refusal

    for problem in await asyncio.gather(
        refused(STRANGER, "empty"), refused(STRANGER, database), refused(APP, database)
    ):
        assert "permission denied" in problem
        assert "--owner-url" in problem
    assert 'database "nowhere" does not exist' in await refused(OWNER, "nowhere")


async def test_a_role_that_does_not_exist_receives_no_rights(
    postgres: Cluster, database: str
) -> None:
    ended = await bezant(
        "migrate", "--owner-url", postgres.by_socket(OWNER, database),
        "--database-url", postgres.by_socket("nobody_here", database),
    )  # fmt: skip
    assert 'role "nobody_here" does not exist' in ended.refusal


async def test_the_role_may_have_any_name(postgres: Cluster, database: str) -> None:
    role, in_url = '"or ""1""@x"', "or%20%221%22%40x"
    async with postgres.connected("postgres", database) as superuser:
        await superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    app_url = postgres.by_socket(in_url, database)
    await migrated(postgres.by_socket(OWNER, database), app_url)
    await verified("--database-url", app_url)


async def test_a_role_that_asks_for_less_durability_is_refused(
    postgres: Cluster, database: str
) -> None:
    url = postgres.by_socket(APP, database)
    async with postgres.connected("postgres", database) as superuser:
        await superuser.execute(f"ALTER ROLE {APP} SET synchronous_commit = off")
        try:
            ended = await bezant("verify", "--database-url", url)
        finally:
            await superuser.execute(f"ALTER ROLE {APP} RESET synchronous_commit")
    assert "synchronous_commit = off" in ended.refusal


async def test_a_schema_that_does_not_fit_the_code_is_refused(
    postgres: Cluster, folder: Path
) -> None:
    await postgres.new_database("older")
    await postgres.migrated_database("newer")
    async with postgres.connected(OWNER, "newer") as connection:
        await connection.execute("UPDATE schema_contract SET contract = 99, schema_version = 99")
    owner, newer = postgres.by_socket(OWNER, "newer"), postgres.by_socket(APP, "newer")
    older = postgres.by_socket(APP, "older")
    unmigrated, serving_it, migrating_it = await asyncio.gather(
        up_refused(folder / "data", "--database-url", older),
        up_refused(folder / "other", "--database-url", newer),
        bezant("migrate", "--owner-url", owner, "--database-url", newer),
    )
    assert "has no Bezant schema yet. Run `bezant migrate`" in unmigrated
    for problem in (serving_it, migrating_it.refusal):
        assert "has schema contract 99" in problem
        assert "Install the newer release" in problem


async def test_a_role_without_rights_is_told_to_migrate_for_it(
    postgres: Cluster, database: str, folder: Path
) -> None:
    url = postgres.by_socket(STRANGER, database)
    problem = await up_refused(folder / "data", "--database-url", url)
    assert "permission denied" in problem
    assert "bezant migrate" in problem
