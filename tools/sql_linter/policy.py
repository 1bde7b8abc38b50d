"""What this repository declares to the linter.

Every exception has a reason, and is a finding itself when nothing needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    """The tables that are special, and the exceptions.

    A path is from the source folder; a statement is `path:NAME`.

    Attributes:
        history: tables that are only ever inserted into.
        global_tables: tables without a tenant, with the reason.
        across_tenants: statements that may reach every tenant, or indexes that serve these, with
            the reason.
        across_books: statements that may reach every book of their tenant, with the reason.
        accelerators: files that may use COPY behind the capability flag, with the reason.
        templates: statements whose `{names}` are filled with identifiers, which parameters cannot
            carry; and values to read them with.
        formatted: functions (`path:function`) that may join constants, with the reason.
        unparsed: statements that the parser cannot read, with the reason.
        unexecuted: statements that no test can run, with the reason.
    """

    history: frozenset[str] = frozenset()
    global_tables: Mapping[str, str] = field(default_factory=dict)
    across_tenants: Mapping[str, str] = field(default_factory=dict)
    across_books: Mapping[str, str] = field(default_factory=dict)
    accelerators: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    formatted: Mapping[str, str] = field(default_factory=dict)
    unparsed: Mapping[str, str] = field(default_factory=dict)
    unexecuted: Mapping[str, str] = field(default_factory=dict)


_JOB_TABLES = "bezant/server/migrations/versions/0005_jobs.py"
_EVERY_TENANTS_JOBS = "A worker serves the jobs of every tenant in a partition."
_EVERY_STREAM = "One sequencer numbers the events of every tenant."

_EVERY_ERASURE = "One journal tells of the erasures of every tenant."

_GROWN_BOOKS = "bezant/ledger/history/snapshots/store.py:FIND_GROWN_BOOKS"

_IDENTIFIERS = "bezant/server/migrations/store.py"

HOUSE = Policy(
    history=frozenset(
        {
            "transfer",
            "batch",
            "account_event",
            "hold_event",
            "limit_group_event",
            "period_event",
            "period_reopening",
            "period_reopening_outcome",
            "chart",
            "reversal",
            "schedule_event",
            "history_block",
            "history_chunk",
            "audit_entry",
            "fx_settings",
            "fx_rate",
            "fx_conversion",
            "fx_revaluation",
            "log_node",
            "checkpoint",
            "statement_import",
            "bank_statement",
            "statement_line",
            "reconciliation",
            "reconciliation_result",
            "reconciliation_match",
            "reconciliation_undoing",
            "reconciliation_break",
            "balance_confirmation",
            "limit_setting",
            "statement_cycle",
            "statement_batch",
            "signing_rule",
            "bank_account_change",
            "payment_transition",
            "payment_incoming",
            "payment_return",
            "standing_occurrence",
            "bulk_decision",
            "fee_schedule",
            "payment_capture",
            "payment_share",
            "payment_refund",
            "settlement_item",
            "settlement_batch",
            "payment_exchange",
            "direct_debit_creditor",
            "direct_debit_mandate_change",
            "direct_debit_control",
            "direct_debit_step",
            "direct_debit_member",
            "unapplied_movement",
            "safeguarding_terms",
            "safeguarding_cut",
            "safeguarding_step",
            "safeguarding_result",
            "party_assessment",
            "payee_verification",
            "payee_verification_use",
            "payee_answer",
            "standing_payee",
            "interest_accrual",
            "interest_booking",
            "fee_charge",
            "fee_returnable",
            "fee_return",
        }
    ),
    global_tables={
        "schema_contract": "One row for the whole deployment, written by migrations.",
        "lease": "Which process is alive is no tenant's matter.",
        "job_partition": "One row per partition, which holds jobs of every tenant.",
        "vault_root": "The root is every tenant's.",
        "legal_direct_debit_step": "Which state may follow which is the same for everybody.",
        "legal_safeguarding_step": "Which state may follow which is the same for everybody.",
        "legal_transition": "Which state may follow which is the same for everybody.",
        "legal_account_change": "Which status may follow which is the same for everybody.",
    },
    across_tenants={
        **{
            f"{_JOB_TABLES}:{index}": _EVERY_TENANTS_JOBS
            for index in ("JOB_DUE", "JOB_UNSEEN", "JOB_RUNNING", "JOB_ENDED")
        },
        **{
            f"bezant/kernel/jobs/store.py:{name}": _EVERY_TENANTS_JOBS
            for name in (
                "FIND_PARTITIONS",
                "FIND_UNSEEN",
                "FIND_DUE",
                "FIND_LOST",
                "COUNT_WAITING",
                "DELETE_ENDED",
            )
        },
        **{
            f"bezant/kernel/outbox/store.py:{name}": _EVERY_STREAM
            for name in ("FIND_PENDING_TENANTS", "COUNT_PENDING")
        },
        "bezant/server/migrations/versions/0050_files_verified_and_erased.py:RESTRICTED_SUBJECT": (
            "A view of the whole table: who reads it names the tenant."
        ),
        **{
            f"bezant/server/migrations/versions/0051_unapplied_money.py:{name}": (
                "What waits of any tenant's is listed from then on."
            )
            for name in ("UNAPPLIED_OF_DEBITS", "UNAPPLIED_OF_RETURNS")
        },
        "bezant/server/migrations/versions/0053_who_signs_for_whom.py:OF_SOLE_HOLDERS": (
            "Any tenant's attorneys act for somebody from then on."
        ),
        "bezant/payments/safeguarding/store.py:COUNT_UNCLOSED": "The figure is of the platform.",
        "bezant/ledger/checkpoints/store.py:FIND_TENANTS": "Every tenant's books are signed.",
        "bezant/kernel/retention/store.py:FIND_TENANTS": "Retention visits every tenant.",
        "bezant/vault/store.py:FIND_TENANTS": "What is over is removed of every tenant.",
        "bezant/server/store.py:FIND_VAULT_KEY": "The key store is everybody's.",
        "bezant/ledger/verify/store.py:FIND_TENANTS": "The operator's check visits every tenant.",
        "bezant/kernel/webhooks/store.py:FIND_ENABLED": "Any tenant's may have work.",
        "bezant/vault/rotation/store.py:FIND_RUNNING": "Goes on with any tenant's rotation.",
        **{
            f"bezant/vault/rotation/store.py:{name}": "The root wraps every tenant's keys."
            for name in (
                "COUNT_KEYS",
                "COUNT_KEYS_OF_ROOT",
                "COUNT_KEYS_OF_OTHER_ROOTS",
                "FIND_KEYS_OF_OTHER_ROOTS",
            )
        },
        "bezant/ledger/lane/store.py:FIND_DUE_BOOKS": "Looks after the holds of every quiet book.",
        _GROWN_BOOKS: "Any tenant's may need a snapshot.",
        "bezant/vault/fields/store.py:FIND_PROVISIONAL": "Whoever sealed them was killed.",
        "bezant/vault/subjects/store.py:FIND_TENANTS_WITH_EXPIRED": "Any tenant's may be due.",
        "bezant/server/migrations/versions/0017_subjects.py:VAULT_ERASURE_HEAD": _EVERY_ERASURE,
        "bezant/server/migrations/versions/0030_holders.py:ACCOUNT_HOLDER_BY_USER": (
            "A person's accounts are in any book of their tenant."
        ),
        **{
            f"bezant/vault/subjects/store.py:{name}": _EVERY_ERASURE
            for name in ("FIND_PENDING", "FIND_HEAD", "FIND_ALL_ERASURES")
        },
    },
    across_books={
        "bezant/ledger/lane/store.py:FIND_DUE_BOOKS": "Reads outside of any batch, as above.",
        _GROWN_BOOKS: "Reads outside of any batch, as above.",
        "bezant/ledger/store.py:DELETE_REFUSED": "Retention visits every book of a tenant.",
        "bezant/ledger/fx/store.py:DELETE_QUOTES": "Retention visits every book of a tenant.",
        "bezant/ledger/checkpoints/store.py:FIND_STANDINGS": "Tells which books have grown.",
        "bezant/ledger/verify/store.py:FIND_BOOKS": "The operator's check visits every book.",
        "bezant/ledger/feed/store.py:FIND_HEADS": "Tells which of a tenant's books have news.",
        **{
            f"bezant/banking/holders/store.py:{name}": "Export and erasure; no batch reads it."
            for name in ("FIND_OF_SUBJECT", "DELETE_OF_SUBJECTS")
        },
        "bezant/ledger/store.py:FIND_BOOKS": "Lists the books of a tenant, outside of any batch.",
    },
    templates={
        f"{_IDENTIFIERS}:GRANT_SCHEMA": {"role": "application"},
        f"{_IDENTIFIERS}:GRANT": {
            "privileges": "SELECT, INSERT",
            "table": "transfer",
            "role": "application",
        },
        "bezant/server/migrations/versions/0003_ledger.py:PARTITION": {
            "table": "transfer",
            "number": 0,
            "modulus": 16,
            "storage": " WITH (fillfactor = 50)",
        },
        f"{_JOB_TABLES}:PARTITION": {
            "table": "job",
            "number": 0,
            "storage": " WITH (fillfactor = 50)",
        },
        "bezant/server/migrations/versions/0004_holds.py:PARTITION": {
            "table": "hold",
            "number": 0,
            "modulus": 16,
            "storage": " WITH (fillfactor = 70)",
        },
        "bezant/server/migrations/versions/0009_accounting.py:PARTITION": {
            "table": "period_event",
            "number": 0,
            "modulus": 16,
        },
        "bezant/server/migrations/versions/0011_fx.py:PARTITION": {
            "table": "fx_quote",
            "number": 0,
            "modulus": 16,
        },
        "bezant/server/migrations/versions/0010_reversals.py:PARTITION": {
            "table": "reversal",
            "number": 0,
            "modulus": 16,
            "storage": " WITH (fillfactor = 70)",
        },
        "bezant/server/migrations/versions/0008_history.py:PARTITION": {
            "table": "history_progress",
            "number": 0,
            "modulus": 16,
            "storage": " WITH (fillfactor = 50)",
        },
        "bezant/ledger/checkpoints/store.py:GRANT_PUBLISHED": {"role": "application"},
        "bezant/server/migrations/versions/0013_proof.py:PARTITION": {
            "table": "checkpoint",
            "number": 0,
            "modulus": 16,
        },
        "bezant/server/migrations/versions/0014_reconciliation.py:PARTITION": {
            "table": "statement_line",
            "number": 0,
            "modulus": 16,
        },
    },
    formatted={
        "bezant/kernel/database/pool.py:Database.transaction": (
            "Behind a pooler BEGIN and the timeouts, both constants, are one message."
        ),
    },
    unparsed={
        "bezant/cli/bench/store.py:CHECKPOINT": "Touches no table; the parser has no word for it.",
    },
)
