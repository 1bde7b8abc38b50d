"""Run the revisions, as the owner; then give each role what it needs and no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from bezant.server.migrations.contract import CONTRACT, KEYS_CONTRACT, SchemaTooNew
from bezant.server.migrations.store import (
    CREATE_CONTRACT,
    FIND_CONTRACT,
    GRANT,
    GRANT_SCHEMA,
    LOCK_TIMEOUT,
    SET_CONTRACT,
)

OLDEST_CONTRACT: Final = 1
"""The oldest contract that the schema still serves."""

# History is append-only: the application's role can neither change nor remove it. What the vault
# keeps it cannot even read.
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
    "signing_key": "SELECT, INSERT, DELETE",
    "oauth_client": "SELECT, INSERT, UPDATE",
    "client_registration": "SELECT, INSERT, UPDATE",
    "software_statement_issuer": "SELECT, INSERT, DELETE",
    "initial_access_token": "SELECT, INSERT, UPDATE, DELETE",
    "used_proof": "SELECT, INSERT, DELETE",
    "identity_user": "SELECT, INSERT, UPDATE",
    "identity_password": "SELECT, INSERT, UPDATE, DELETE",
    "identity_totp": "SELECT, INSERT, UPDATE, DELETE",
    "identity_recovery_code": "SELECT, INSERT, DELETE",
    "identity_passkey": "SELECT, INSERT, UPDATE, DELETE",
    "identity_device": "SELECT, INSERT, UPDATE, DELETE",
    "identity_approval": "SELECT, INSERT, UPDATE, DELETE",
    "identity_ticket": "SELECT, INSERT, DELETE",
    "identity_throttle": "SELECT, INSERT, UPDATE, DELETE",
    "identity_browser": "SELECT, INSERT, UPDATE",
    "identity_session": "SELECT, INSERT, UPDATE",
    "identity_session_client": "SELECT, INSERT, UPDATE, DELETE",
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
    "oauth_grant": "SELECT, INSERT, UPDATE",
    "access_token": "SELECT, INSERT, UPDATE, DELETE",
    "refresh_token": "SELECT, INSERT, UPDATE, DELETE",
    "pushed_request": "SELECT, INSERT, UPDATE, DELETE",
    "interaction": "SELECT, INSERT, DELETE",
    "authorization_code": "SELECT, INSERT, UPDATE, DELETE",
    "approval": "SELECT, INSERT, UPDATE, DELETE",
    "account_holder": "SELECT, INSERT, DELETE",
    "limit_setting": "SELECT, INSERT",
    "statement_cycle": "SELECT, INSERT",
    "statement_batch": "SELECT, INSERT",
    "balance_confirmation": "SELECT, INSERT",
    "limit_spend": "SELECT, INSERT, UPDATE, DELETE",
    "limit_counterparty": "SELECT, INSERT, UPDATE, DELETE",
    "account_party": "SELECT, INSERT, UPDATE",
    "signing_rule": "SELECT, INSERT",
    "order_approval": "SELECT, INSERT, UPDATE",
    "institution": "SELECT, INSERT",
    "product": "SELECT, INSERT",
    "legal_account_change": "SELECT",
    "bank_account": "SELECT, INSERT, UPDATE",
    "bank_account_change": "SELECT, INSERT",
    "bank_account_asset": "SELECT, INSERT",
    "account_block": "SELECT, INSERT, UPDATE",
    "legal_transition": "SELECT",
    "payment_order": "SELECT, INSERT, UPDATE",
    "payment_transition": "SELECT, INSERT",
    "payment_attempt": "SELECT, INSERT, UPDATE",
    "payment_content": "SELECT, INSERT, DELETE",
    "payment_incoming": "SELECT, INSERT",
    "payment_return": "SELECT, INSERT",
    "payment_recall": "SELECT, INSERT, UPDATE",
    "payment_claim": "SELECT, INSERT, UPDATE",
    "standing_order": "SELECT, INSERT, UPDATE",
    "standing_occurrence": "SELECT, INSERT",
    "bulk_payment": "SELECT, INSERT",
    "bulk_decision": "SELECT, INSERT",
    "bulk_reference": "SELECT, INSERT, DELETE",
    "bulk_item": "SELECT, INSERT, UPDATE",
    "payment_total": "SELECT, INSERT, UPDATE",
    "fee_schedule": "SELECT, INSERT",
    "payment_capture": "SELECT, INSERT",
    "payment_share": "SELECT, INSERT",
    "payment_refund": "SELECT, INSERT",
    "settlement_item": "SELECT, INSERT",
    "settlement_batch": "SELECT, INSERT",
    "payment_exchange": "SELECT, INSERT",
    "safeguarding_arrangement": "SELECT, INSERT, UPDATE",
    "safeguarding_terms": "SELECT, INSERT",
    "safeguarding_cut": "SELECT, INSERT",
    "legal_safeguarding_step": "SELECT",
    "safeguarding_incident": "SELECT, INSERT, UPDATE",
    "safeguarding_step": "SELECT, INSERT",
    "safeguarding_result": "SELECT, INSERT",
    "unapplied_money": "SELECT, INSERT, UPDATE",
    "unapplied_movement": "SELECT, INSERT",
    "payee_verification": "SELECT, INSERT",
    "payee_verification_content": "SELECT, INSERT, DELETE",
    "payee_verification_use": "SELECT, INSERT",
    "payee_answer": "SELECT, INSERT",
    "standing_payee": "SELECT, INSERT",
    "legal_direct_debit_step": "SELECT",
    "direct_debit_mandate": "SELECT, INSERT, UPDATE",
    "direct_debit_mandate_change": "SELECT, INSERT",
    "payer_mandate": "SELECT, INSERT, UPDATE",
    "direct_debit_control": "SELECT, INSERT",
    "direct_debit": "SELECT, INSERT, UPDATE",
    "direct_debit_step": "SELECT, INSERT",
    "direct_debit_content": "SELECT, INSERT, UPDATE, DELETE",
    "direct_debit_message": "SELECT, INSERT, DELETE",
    "direct_debit_creditor": "SELECT, INSERT",
    "direct_debit_batch": "SELECT, INSERT, UPDATE",
    "direct_debit_member": "SELECT, INSERT",
    "bulk_debit": "SELECT, INSERT",
    "restricted_subject": "SELECT",
    "bulk_debit_item": "SELECT, INSERT, UPDATE",
    "party": "SELECT, INSERT, UPDATE",
    "party_value": "SELECT, INSERT",
    "party_assessment": "SELECT, INSERT",
    "party_relationship": "SELECT, INSERT, UPDATE",
    "end_of_day_run": "SELECT, INSERT, UPDATE",
    "interest_accrual": "SELECT, INSERT",
    "interest_standing": "SELECT, INSERT, UPDATE",
    "interest_remainder": "SELECT, INSERT, UPDATE",
    "interest_booking": "SELECT, INSERT",
    "fee_charge": "SELECT, INSERT",
    "fee_returnable": "SELECT, INSERT",
    "fee_return": "SELECT, INSERT",
    "fee_waiver": "SELECT, INSERT, UPDATE",
    "backchannel_request": "SELECT, INSERT, UPDATE, DELETE",
    "device_authorization": "SELECT, INSERT, UPDATE, DELETE",
}


# The vault's role, in the same database: its own tables, and what its HTTPS listener needs to know
# and to record of calls.
VAULT_PRIVILEGES: Final = {
    "schema_contract": "SELECT",
    "tenant": "SELECT",
    "api_key": "SELECT, UPDATE",
    "session": "SELECT",
    "idempotency_record": "SELECT, INSERT, DELETE",
    "audit_entry": "SELECT, INSERT",
    "event_pending": "INSERT",
    "approval": "SELECT, UPDATE",
    # A person who is erased is let in no more, in the same transaction.
    "identity_user": "SELECT, UPDATE",
    "account_holder": "SELECT, DELETE",
    "account_party": "SELECT, UPDATE",
    "party": "SELECT, UPDATE",
    "party_relationship": "SELECT",
    # What payments say is kept for as long as the law asks, and no longer.
    "bank_account": "SELECT",
    "payment_order": "SELECT",
    "payment_content": "SELECT, DELETE",
    "payee_verification": "SELECT",
    "payee_verification_content": "SELECT, DELETE",
    "direct_debit": "SELECT",
    "direct_debit_content": "SELECT, DELETE",
    "direct_debit_message": "SELECT, DELETE",
    "direct_debit_mandate": "SELECT, UPDATE",
    "bulk_debit": "SELECT, UPDATE",
    "bulk_debit_item": "SELECT, UPDATE",
    "bulk_payment": "SELECT, UPDATE",
    "bulk_item": "SELECT, UPDATE",
    "bulk_reference": "SELECT, DELETE",
    "standing_order": "SELECT, UPDATE",
    **dict.fromkeys(
        (
            "identity_password",
            "identity_totp",
            "identity_recovery_code",
            "identity_passkey",
            "identity_device",
            "identity_approval",
            "identity_ticket",
            "identity_browser",
            "backchannel_request",
        ),
        "SELECT, DELETE",
    ),
    "vault_key": "SELECT, INSERT, UPDATE",
    "vault_subject": "SELECT, INSERT, UPDATE",
    "vault_value": "SELECT, INSERT, UPDATE, DELETE",
    "vault_index": "SELECT, INSERT, UPDATE, DELETE",
    "vault_hold": "SELECT, INSERT, UPDATE",
    "vault_retention": "SELECT, INSERT, UPDATE, DELETE",
    "vault_erasure": "SELECT, INSERT, UPDATE",
    "vault_token": "SELECT, INSERT, UPDATE, DELETE",
    "vault_destination": "SELECT, INSERT, DELETE",
    "vault_forward": "SELECT, INSERT, UPDATE, DELETE",
    "vault_rotation": "SELECT, INSERT, UPDATE",
    "vault_root": "SELECT, INSERT, UPDATE",
}

# The vault's role, in the database of keys. A destroyed key stays as a tombstone.
KEYS_PRIVILEGES: Final = {
    "schema_contract": "SELECT",
    "subject_key": "SELECT, INSERT, UPDATE",
    "tenant_key_floor": "SELECT, INSERT, UPDATE",
}


@dataclass(frozen=True, slots=True)
class _Schema:
    """One of the schemas.

    Attributes:
        revisions: the folder of its revisions, beside this file.
        oldest: the oldest contract that it still serves.
        newest: the newest.
    """

    revisions: str
    oldest: int
    newest: int


_MAIN: Final = _Schema("versions", OLDEST_CONTRACT, CONTRACT)
_KEYS: Final = _Schema("keys", KEYS_CONTRACT, KEYS_CONTRACT)


def _silent(_step: str) -> None:
    """Report nothing."""


async def migrate(
    owner_url: str,
    app_role: str,
    vault_role: str | None = None,
    progress: Callable[[str], None] = _silent,
) -> None:
    """Bring the schema up to this code, and grant the roles their rights. Safe to repeat.

    Args:
        owner_url: a URL of the role that owns the schema.
        app_role: the role that the application connects with.
        vault_role: the role that the vault connects with; None where there is no vault.
        progress: told of each step.

    Raises:
        SchemaTooNew: the database was contracted by a newer release.
    """
    progress("Migrating the schema")
    rights: dict[str, Mapping[str, str]] = {app_role: PRIVILEGES}
    if vault_role is not None:
        rights[vault_role] = VAULT_PRIVILEGES
    await _migrate(_MAIN, owner_url, rights)


async def migrate_keys(
    owner_url: str, vault_role: str, progress: Callable[[str], None] = _silent
) -> None:
    """The same for the database of keys, which is the vault's alone.

    Raises:
        SchemaTooNew: the database was contracted by a newer release.
    """
    progress("Migrating the schema of keys")
    await _migrate(_KEYS, owner_url, {vault_role: KEYS_PRIVILEGES})


async def _migrate(
    schema: _Schema, owner_url: str, rights: Mapping[str, Mapping[str, str]]
) -> None:
    await _refuse_newer(owner_url, schema)

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(owner_url)
        await connection.execute(LOCK_TIMEOUT)
        return connection

    # Imported late: it takes a fifth of a process's start, and workers and commands never migrate.
    from bezant.server.migrations.revisions import upgrade  # noqa: PLC0415

    await upgrade(connect, schema.revisions)
    await _grant(owner_url, schema, rights)


async def _refuse_newer(owner_url: str, schema: _Schema) -> None:
    owner = await asyncpg.connect(owner_url)
    try:
        contract = await _contract(owner)
    finally:
        await owner.close()
    if contract > schema.newest:
        raise SchemaTooNew(
            f"The database has schema contract {contract}; this code knows {schema.newest}."
            " Install the newer release."
        )


async def _contract(owner: "asyncpg.Connection[asyncpg.Record]") -> int:
    try:
        return int(await owner.fetchval(FIND_CONTRACT) or 0)
    except asyncpg.UndefinedTableError:
        return 0


async def schema_version(connection: "asyncpg.Connection[asyncpg.Record]") -> int | None:
    """The contract that a database's schema serves; None where there is no schema of ours."""
    try:
        row = await connection.fetchrow(FIND_CONTRACT)
    except asyncpg.UndefinedTableError:
        return None
    return None if row is None else int(row["schema_version"])


async def _grant(owner_url: str, schema: _Schema, rights: Mapping[str, Mapping[str, str]]) -> None:
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(LOCK_TIMEOUT)
        await owner.execute(CREATE_CONTRACT)
        await owner.execute(SET_CONTRACT, schema.oldest, schema.newest)
        for name, privileges_of in rights.items():
            role = '"' + name.replace('"', '""') + '"'
            await owner.execute(GRANT_SCHEMA.format(role=role))
            for table, privileges in privileges_of.items():
                await owner.execute(GRANT.format(privileges=privileges, table=table, role=role))
    finally:
        await owner.close()
