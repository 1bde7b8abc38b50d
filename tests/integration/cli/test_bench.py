"""`bezant bench` from end to end, too short for its figures to mean anything."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT

pytestmark = pytest.mark.long

MEMBERS = {"suite", "case", "value", "unit", "target", "ok"}
OPTIONAL_MEMBERS = {"ratio_to", "note"}

# As the specifications name them, each with whether it has a target of its own.
SPECIFIED = {
    "platform": {
        "cold start, fresh data folder": True,
        "restart on existing data": True,
        "idle memory of all processes": True,
        "cached balance over HTTPS, 1 connection: p50": True,
        "cached balance over HTTPS, 32 connections": True,
        "... answered from the cache": False,
        "balance over HTTPS with the cache down": False,
        "TLS handshakes": False,
    },
    "ledger": {
        "pgbench TPC-B, 16 clients": False,
        "bulk, one book": True,
        "bulk, two books": True,
        "one hot account, 100 callers": True,
        "one hot account, 100 callers: p99": True,
        "one hot account, batches of 100": False,
        "one bulk request by itself: p99": False,
        "one transfer beside a stream of bulk: p99": True,
        "idempotent replays": False,
        "one transfer per HTTPS request, 64 connections": True,
        "one transfer per HTTPS request: p99": True,
        "the same during a verification": True,
        "... replayed by that verification": False,
        "the same with the cache down": True,
        "balance at any pair of times, 1 M entries on it: p99": True,
        "100 entries from any pair of times on, as many: p99": True,
        "sums of all accounts at any pair of times, 1 M on one": True,
        "trial balance at any time, 1 M entries on one account": True,
        "... 1 M entries on 100,000 accounts, by the chart": True,
        "... 1 M entries on 100,000 accounts": True,
        "snapshots of 1 M entries, written at a stretch": False,
        "aborts, two books of one partition": True,
        "aborts, four books of one partition": True,
        "aborts, two books of two partitions": True,
        "aborts, four books of four partitions": True,
        "back after a kill of PostgreSQL, at API load": True,
        "back after a kill of the worker, at API load": True,
        "back after a kill of PostgreSQL, in mid-bulk": True,
    },
    "reconciliation": {
        f"100 k lines of {form} against 100 k entries{part}": part in {"", ": memory"}
        for form in ("MT940", "camt.053")
        for part in ("", ": import", ": matched", ": memory")
    },
    "vault": {
        "tokenize cards over HTTPS, batches of 100": True,
        "detokenize over HTTPS, batches of 100": True,
        "tokenize one card, 1 connection: p99": True,
        "detokenize one, 1 connection: p99": True,
    },
    "identity": {
        "password logins over HTTPS, 4 connections": False,
        "password logins per core": True,
        "... PostgreSQL's time counted too: password logins": False,
        "client-credentials grants over HTTPS, 16 connections": False,
        "client-credentials grants per core": True,
        "... PostgreSQL's time counted too: client-credentials grants": False,
        "refreshes over HTTPS, 16 connections": False,
        "refreshes per core": True,
        "... PostgreSQL's time counted too: refreshes": False,
        "introspection over mTLS, cached, 1 connection: p50": True,
        "token, proof and policy checked inside the API: p99": True,
        "policy decision, warm: p99": True,
    },
    "payments": {
        "book transfer over HTTPS at 200/s: p50": False,
        "book transfer over HTTPS at 200/s: p99": True,
        "book transfers over HTTPS, 64 connections": False,
        "SCT Inst through the local clearing system at 200/s, until settled: p50": False,
        "SCT Inst through the local clearing system at 200/s, until settled: p99": True,
    },
    "banking": {
        "end of a day: interest of each account": True,
        "end of a month: interest booked, a fee charged": False,
    },
}
# What a run leaves out, it says so.
NOT_MEASURED = {"bulk after 10 M transfers"}


async def bench(temporary_files: Path) -> list[dict[str, Any]]:
    """Run it to its end; its figures."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "bench", "--quick", "--json",
        env=ENVIRONMENT | {"TMPDIR": str(temporary_files)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    figures: list[dict[str, Any]] = json.loads(output)
    return figures


async def test_every_specified_case_is_measured_or_says_why_not() -> None:
    with open_folder() as folder:
        figures = await bench(folder)
        assert list(folder.iterdir()) == [], "it leaves nothing behind"

    for figure in figures:
        assert set(figure) - OPTIONAL_MEMBERS == MEMBERS
    measured = {
        suite: {
            figure["case"]: figure["ok"] is not None
            for figure in figures
            if figure["suite"] == suite and figure["value"] is not None
        }
        for suite in SPECIFIED
    }
    assert measured == SPECIFIED
    left_out = {figure["case"]: figure["note"] for figure in figures if figure["value"] is None}
    assert set(left_out) == NOT_MEASURED
    assert all(left_out.values())
    # Aborts are the only figures that may be zero.
    assert all(f["value"] > 0 or f["unit"] == "%" for f in figures if f["value"] is not None)
