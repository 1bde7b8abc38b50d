"""Every figure that is specified: its unit and its target. What is measured is judged by these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from msgspec import UNSET, Struct, UnsetType


class Suite(StrEnum):
    """What can be measured by itself."""

    PLATFORM = "platform"
    LEDGER = "ledger"
    RECONCILIATION = "reconciliation"
    VAULT = "vault"
    IDENTITY = "identity"
    PAYMENTS = "payments"
    BANKING = "banking"


@dataclass(frozen=True, slots=True)
class Case:
    """One figure.

    Attributes:
        target: the least, or with `is_ceiling` the most; in `unit`, or as a multiple of the case
            `ratio_to`. None where the figure is only told.
        ratio_to: the case whose figure of the same run is the measure.
        note: what a reader has to know.
    """

    suite: Suite
    name: str
    unit: str
    target: float | None = None
    is_ceiling: bool = False
    ratio_to: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Why a case has no figure in this run."""

    reason: str


Measured = Mapping[str, float | NotMeasured]


class Ratio(Struct, frozen=True):
    """A figure as a multiple of another of the same run."""

    case: str
    value: float
    ratio: float
    target: float


class Figure(Struct, frozen=True):
    """A case as measured.

    Attributes:
        value: None when it was not measured; `note` says why.
        target: in `unit`; None when there is none.
        ok: whether the target is met; None without a value or a target.
    """

    suite: Suite
    case: str
    value: float | None
    unit: str
    target: float | None
    ok: bool | None
    ratio_to: Ratio | UnsetType = UNSET
    note: str | UnsetType = UNSET


REFERENCE: Final = "pgbench TPC-B, 16 clients"
BULK: Final = "bulk, one book"
TWO_BOOKS: Final = "bulk, two books"
HOT: Final = "one hot account, 100 callers"
HOT_P99: Final = "one hot account, 100 callers: p99"
HOT_BATCHES: Final = "one hot account, batches of 100"
BATCH_TIME: Final = "one bulk request by itself: p99"
FAIR: Final = "one transfer beside a stream of bulk: p99"
REPLAYS: Final = "idempotent replays"
HTTPS: Final = "one transfer per HTTPS request, 64 connections"
HTTPS_P99: Final = "one transfer per HTTPS request: p99"
HTTPS_VERIFY: Final = "the same during a verification"
VERIFIED: Final = "... replayed by that verification"
HTTPS_NO_CACHE: Final = "the same with the cache down"
RECOVERY: Final = "back after a kill of PostgreSQL, at API load"
RECOVERY_WORKER: Final = "back after a kill of the worker, at API load"
RECOVERY_BULK: Final = "back after a kill of PostgreSQL, in mid-bulk"
AFTER_LOAD: Final = "bulk after 10 M transfers"
PAST_BALANCE_P99: Final = "balance at any pair of times, 1 M entries on it: p99"
PAST_ENTRIES_P99: Final = "100 entries from any pair of times on, as many: p99"
BOOK_SUMS: Final = "sums of all accounts at any pair of times, 1 M on one"
WIDE_BOOK_SUMS: Final = "... 1 M entries on 100,000 accounts"
TRIAL_BALANCE: Final = "trial balance at any time, 1 M entries on one account"
WIDE_TRIAL_BALANCE: Final = "... 1 M entries on 100,000 accounts, by the chart"
SNAPSHOTS: Final = "snapshots of 1 M entries, written at a stretch"
ABORTS: Final = {
    (2, True): "aborts, two books of one partition",
    (4, True): "aborts, four books of one partition",
    (2, False): "aborts, two books of two partitions",
    (4, False): "aborts, four books of four partitions",
}
"""By the number of books, and whether they share a partition of every table."""

COLD_START: Final = "cold start, fresh data folder"
RESTART: Final = "restart on existing data"
MEMORY: Final = "idle memory of all processes"
BALANCE_P50: Final = "cached balance over HTTPS, 1 connection: p50"
BALANCES: Final = "cached balance over HTTPS, 32 connections"
HIT_RATE: Final = "... answered from the cache"
BALANCES_NO_CACHE: Final = "balance over HTTPS with the cache down"
HANDSHAKES: Final = "TLS handshakes"

RECONCILE: Final = {
    "mt940": "100 k lines of MT940 against 100 k entries",
    "camt053": "100 k lines of camt.053 against 100 k entries",
}
"""By the format of the statement: read, imported, matched and stored."""
RECONCILE_IMPORT: Final = {form: f"{name}: import" for form, name in RECONCILE.items()}
RECONCILE_MATCHED: Final = {form: f"{name}: matched" for form, name in RECONCILE.items()}
RECONCILE_MEMORY: Final = {form: f"{name}: memory" for form, name in RECONCILE.items()}

TOKENIZE: Final = "tokenize cards over HTTPS, batches of 100"
DETOKENIZE: Final = "detokenize over HTTPS, batches of 100"
TOKENIZE_P99: Final = "tokenize one card, 1 connection: p99"
DETOKENIZE_P99: Final = "detokenize one, 1 connection: p99"

BOOK_TRANSFER_P50: Final = "book transfer over HTTPS at 200/s: p50"
BOOK_TRANSFER_P99: Final = "book transfer over HTTPS at 200/s: p99"
INSTANT_P50: Final = "SCT Inst through the local clearing system at 200/s, until settled: p50"
INSTANT_P99: Final = "SCT Inst through the local clearing system at 200/s, until settled: p99"
BOOK_TRANSFERS: Final = "book transfers over HTTPS, 64 connections"

END_OF_DAY: Final = "end of a day: interest of each account"
END_OF_MONTH: Final = "end of a month: interest booked, a fee charged"

LOGINS: Final = "password logins over HTTPS, 4 connections"
CREDENTIALS: Final = "client-credentials grants over HTTPS, 16 connections"
REFRESHES: Final = "refreshes over HTTPS, 16 connections"
PER_CORE: Final = {
    name: f"{name.partition(' over ')[0]} per core" for name in (LOGINS, CREDENTIALS, REFRESHES)
}
PER_CORE_OF_ALL: Final = {
    name: f"... PostgreSQL's time counted too: {name.partition(' over ')[0]}" for name in PER_CORE
}
INTROSPECTION_P50: Final = "introspection over mTLS, cached, 1 connection: p50"
CHECK_P99: Final = "token, proof and policy checked inside the API: p99"
DECISION_P99: Final = "policy decision, warm: p99"

_RATE: Final = "transfers/s"
_APART: Final = "of the platform's processes; PostgreSQL's are apart"
_LAID_IN: Final = "rows laid in by SQL, dated in any order"

CASES: Final = (
    Case(Suite.PLATFORM, COLD_START, "s", 15, is_ceiling=True),
    Case(Suite.PLATFORM, RESTART, "s", 3, is_ceiling=True),
    Case(Suite.PLATFORM, MEMORY, "MiB", 500, is_ceiling=True, note="proportional set size"),
    Case(Suite.PLATFORM, BALANCE_P50, "ms", 1, is_ceiling=True),
    Case(Suite.PLATFORM, BALANCES, "requests/s", 3_000),
    Case(Suite.PLATFORM, HIT_RATE, "%", note="the first read of each account is not"),
    Case(Suite.PLATFORM, BALANCES_NO_CACHE, "requests/s"),
    Case(Suite.PLATFORM, HANDSHAKES, "connections/s"),
    Case(Suite.LEDGER, REFERENCE, "transactions/s", note="the measure of the ratios"),
    Case(Suite.LEDGER, BULK, _RATE, 3.5, ratio_to=REFERENCE, note="stretch: 10 times"),
    Case(Suite.LEDGER, TWO_BOOKS, _RATE, 6, ratio_to=REFERENCE, note="stretch: 10 times"),
    Case(Suite.LEDGER, HOT, _RATE, 2, ratio_to=REFERENCE),
    Case(Suite.LEDGER, HOT_P99, "ms", 150, is_ceiling=True),
    Case(Suite.LEDGER, HOT_BATCHES, _RATE),
    Case(Suite.LEDGER, BATCH_TIME, "ms", note="8,000 transfers: what one batch takes"),
    Case(Suite.LEDGER, FAIR, "ms", 1, is_ceiling=True, ratio_to=BATCH_TIME),
    Case(Suite.LEDGER, REPLAYS, "requests/s"),
    Case(Suite.LEDGER, HTTPS, _RATE, 0.5, ratio_to=REFERENCE),
    Case(Suite.LEDGER, HTTPS_P99, "ms", 150, is_ceiling=True),
    Case(Suite.LEDGER, HTTPS_VERIFY, _RATE, 0.5, ratio_to=HTTPS),
    Case(Suite.LEDGER, VERIFIED, "transactions/s"),
    Case(Suite.LEDGER, HTTPS_NO_CACHE, _RATE, 0.5, ratio_to=HTTPS),
    Case(Suite.LEDGER, PAST_BALANCE_P99, "ms", 20, is_ceiling=True, note=_LAID_IN),
    Case(Suite.LEDGER, PAST_ENTRIES_P99, "ms", 20, is_ceiling=True, note=_LAID_IN),
    Case(Suite.LEDGER, BOOK_SUMS, "s", 1, is_ceiling=True, note=f"the slowest; {_LAID_IN}"),
    Case(Suite.LEDGER, WIDE_BOOK_SUMS, "s", 1, is_ceiling=True, note=f"the slowest; {_LAID_IN}"),
    Case(Suite.LEDGER, TRIAL_BALANCE, "s", 1, is_ceiling=True, note=f"the slowest; {_LAID_IN}"),
    Case(
        Suite.LEDGER, WIDE_TRIAL_BALANCE, "s", 1, is_ceiling=True, note=f"the slowest; {_LAID_IN}"
    ),
    Case(Suite.LEDGER, SNAPSHOTS, "s", note="beside postings the writer rests twice as long"),
    *(Case(Suite.LEDGER, name, "%", 3, is_ceiling=True) for name in ABORTS.values()),
    Case(Suite.LEDGER, RECOVERY, "s", 2, is_ceiling=True, note="the slowest of 3"),
    Case(Suite.LEDGER, RECOVERY_WORKER, "s", 2, is_ceiling=True, note="the slowest of 3"),
    Case(Suite.LEDGER, RECOVERY_BULK, "s", 10, is_ceiling=True, note="the slowest of 3"),
    Case(Suite.LEDGER, AFTER_LOAD, _RATE, 0.7, ratio_to=BULK),
    Case(Suite.VAULT, TOKENIZE, "tokens/s", 2_000, note="number and expiry of each sealed"),
    Case(Suite.VAULT, DETOKENIZE, "tokens/s", 3_000, note="an audit entry for each"),
    Case(Suite.VAULT, TOKENIZE_P99, "ms", 10, is_ceiling=True),
    Case(Suite.VAULT, DETOKENIZE_P99, "ms", 10, is_ceiling=True),
    *(
        case
        for name, per_core in ((LOGINS, 15), (CREDENTIALS, 400), (REFRESHES, 400))
        for case in (
            Case(Suite.IDENTITY, name, "1/s"),
            Case(Suite.IDENTITY, PER_CORE[name], "1/s", per_core, note=_APART),
            Case(Suite.IDENTITY, PER_CORE_OF_ALL[name], "1/s"),
        )
    ),
    Case(Suite.IDENTITY, INTROSPECTION_P50, "ms", 1, is_ceiling=True),
    Case(Suite.IDENTITY, CHECK_P99, "ms", 1, is_ceiling=True),
    Case(Suite.IDENTITY, DECISION_P99, "us", 250, is_ceiling=True, note="evaluated anew"),
    Case(Suite.PAYMENTS, BOOK_TRANSFER_P50, "ms"),
    Case(Suite.PAYMENTS, BOOK_TRANSFER_P99, "ms", 50, is_ceiling=True),
    Case(Suite.PAYMENTS, BOOK_TRANSFERS, "payments/s"),
    Case(Suite.PAYMENTS, INSTANT_P50, "ms"),
    Case(Suite.PAYMENTS, INSTANT_P99, "ms", 1_000, is_ceiling=True),
    Case(Suite.BANKING, END_OF_DAY, "accounts/s", 5_000),
    Case(Suite.BANKING, END_OF_MONTH, "accounts/s", note="two transactions for each account"),
    *(
        case
        for form, name in RECONCILE.items()
        for case in (
            Case(Suite.RECONCILIATION, name, "s", 60, is_ceiling=True),
            Case(Suite.RECONCILIATION, RECONCILE_IMPORT[form], "s", note="part of it"),
            Case(
                Suite.RECONCILIATION,
                RECONCILE_MATCHED[form],
                "%",
                note="one line in a hundred is planted to find no entry",
            ),
            Case(
                Suite.RECONCILIATION,
                RECONCILE_MEMORY[form],
                "MiB",
                300,
                is_ceiling=True,
                note="the most that the process held",
            ),
        )
    ),
)


def judge(suites: Sequence[Suite], measured: Measured) -> list[Figure]:
    """The figures of the suites, each case in its place.

    Raises:
        KeyError: a case is missing; one that cannot be measured has to say why.
    """
    return [_figure(case, measured) for case in CASES if case.suite in suites]


def _figure(case: Case, measured: Measured) -> Figure:
    value = measured[case.name]
    if isinstance(value, NotMeasured):
        return Figure(case.suite, case.name, None, case.unit, None, None, note=value.reason)
    target, ratio = case.target, None
    if case.ratio_to is not None and case.target is not None:
        base = measured[case.ratio_to]
        assert not isinstance(base, NotMeasured), "measured before what is compared with it"
        target = case.target * base
        ratio = Ratio(case.ratio_to, base, value / base, case.target)
    is_met = None
    if target is not None:
        is_met = value <= target if case.is_ceiling else value >= target
    return Figure(
        case.suite,
        case.name,
        value,
        case.unit,
        target,
        is_met,
        UNSET if ratio is None else ratio,
        case.note or UNSET,
    )
