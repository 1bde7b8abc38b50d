"""Run the revisions, as the owner; then give the application's role what it needs and no more."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bezant.server.migrations.contract import CONTRACT, SchemaTooNew
from bezant.server.migrations.store import (
    CREATE_CONTRACT,
    FIND_CONTRACT,
    GRANT,
    GRANT_SCHEMA,
    LOCK_TIMEOUT,
    SET_CONTRACT,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FOLDER: Final = Path(__file__).parent

OLDEST_CONTRACT: Final = 1
"""The oldest contract that the schema still serves."""

# History is append-only: the application's role can neither change nor remove it.
PRIVILEGES: Final = {
    "schema_contract": "SELECT",
    "tenant": "SELECT, INSERT",
    "api_key": "SELECT, INSERT, UPDATE",
    "session": "SELECT, INSERT, UPDATE",
    "idempotency_record": "SELECT, INSERT, DELETE",
    "audit_entry": "SELECT, INSERT",
    "book": "SELECT, INSERT",
    "asset": "SELECT, INSERT",
    "lane": "SELECT, INSERT, UPDATE",
    "account": "SELECT, INSERT, UPDATE",
    "balance": "SELECT, INSERT, UPDATE",
    "transfer": "SELECT, INSERT",
    "transaction_content": "SELECT, INSERT, DELETE",
    "account_event": "SELECT, INSERT",
    "batch": "SELECT, INSERT",
    "hold": "SELECT, INSERT, UPDATE",
    "hold_event": "SELECT, INSERT",
    "limit_group": "SELECT, INSERT, UPDATE",
    "limit_group_event": "SELECT, INSERT",
    "history_block": "SELECT, INSERT",
    "history_chunk": "SELECT, INSERT",
    "history_progress": "SELECT, INSERT, UPDATE",
    "refused_transaction": "SELECT, INSERT, DELETE",
    "period_event": "SELECT, INSERT",
    "period_reopening": "SELECT, INSERT",
    "period_reopening_outcome": "SELECT, INSERT",
    "chart": "SELECT, INSERT",
    "fx_settings": "SELECT, INSERT",
    "fx_rate": "SELECT, INSERT",
    "fx_quote": "SELECT, INSERT, DELETE",
    "fx_conversion": "SELECT, INSERT",
    "fx_revaluation": "SELECT, INSERT",
    "reversal": "SELECT, INSERT",
    "schedule": "SELECT, INSERT, UPDATE",
    "schedule_event": "SELECT, INSERT",
    "statement_key": "SELECT, INSERT, DELETE",
    "statement_import": "SELECT, INSERT",
    "bank_statement": "SELECT, INSERT",
    "statement_line": "SELECT, INSERT",
    "statement_line_content": "SELECT, INSERT, DELETE",
    "reconciliation": "SELECT, INSERT",
    "reconciliation_result": "SELECT, INSERT",
    "reconciliation_match": "SELECT, INSERT",
    "reconciliation_undoing": "SELECT, INSERT",
    "reconciliation_break": "SELECT, INSERT",
    "reconciled_item": "SELECT, INSERT, DELETE",
    "contact": "SELECT, INSERT, UPDATE",
    "lease": "SELECT, INSERT, UPDATE, DELETE",
    "job_partition": "SELECT, UPDATE",
    "job": "SELECT, INSERT, UPDATE, DELETE",
    "event_stream": "SELECT, INSERT, UPDATE",
    "event_pending": "SELECT, INSERT, DELETE",
    "event": "SELECT, INSERT, DELETE",
    "webhook_endpoint": "SELECT, INSERT, UPDATE",
    "webhook_key": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_dispatch": "SELECT, INSERT, UPDATE",
    "webhook_cursor": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_delivery": "SELECT, INSERT, UPDATE, DELETE",
    "log_node": "SELECT, INSERT",
    "checkpoint": "SELECT, INSERT",
    "checkpoint_key": "SELECT, INSERT, UPDATE",
}


def _silent(_step: str) -> None:
    """Report nothing."""


async def migrate(owner_url: str, app_role: str, progress: Callable[[str], None] = _silent) -> None:
    """Bring the schema up to this code, and grant `app_role` its rights. Safe to repeat.

    Args:
        owner_url: a URL of the role that owns the schema.
        app_role: the role that the application connects with.
        progress: told of each step.

    Raises:
        SchemaTooNew: the database was contracted by a newer release.
    """
    await _refuse_newer(owner_url)

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(owner_url)
        await connection.execute(LOCK_TIMEOUT)
        return connection

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    progress("Migrating the schema")
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()
    await _grant(owner_url, app_role)


def _upgrade(connection: "Connection") -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER))
    command.upgrade(config, "head")


async def _refuse_newer(owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    try:
        contract = await _contract(owner)
    finally:
        await owner.close()
    if contract > CONTRACT:
        raise SchemaTooNew(
            f"The database has schema contract {contract}; this code knows {CONTRACT}."
            " Install the newer release."
        )


async def _contract(owner: "asyncpg.Connection[asyncpg.Record]") -> int:
    try:
        return int(await owner.fetchval(FIND_CONTRACT) or 0)
    except asyncpg.UndefinedTableError:
        return 0


async def _grant(owner_url: str, app_role: str) -> None:
    role = '"' + app_role.replace('"', '""') + '"'
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(LOCK_TIMEOUT)
        await owner.execute(CREATE_CONTRACT)
        await owner.execute(SET_CONTRACT, OLDEST_CONTRACT, CONTRACT)
        await owner.execute(GRANT_SCHEMA.format(role=role))
        for table, privileges in PRIVILEGES.items():
            await owner.execute(GRANT.format(privileges=privileges, table=table, role=role))
    finally:
        await owner.close()
