"""A long statement is made in bounded memory, whatever it is printed as."""

import subprocess
import sys
from pathlib import Path

import pytest

from bezant.ledger.statements.files import KINDS
from running_platform import ENVIRONMENT

pytestmark = pytest.mark.long

ENTRIES = 100_000
PEAK_MIB_MAX = 300

TESTS = Path(__file__).parents[3]

# `VmHWM`, since the peak that getrusage(2) tells starts with the parent's. The lines are made as
# they are written, as the service reads them: 2,000 at a time.
MAKE = """
import re, sys, tempfile, time
from statement_lines import KINDS, Told, Tally, Line, entry_of, many

kind, number = sys.argv[1], int(sys.argv[2])
told = Told(many(number))
statement, totals = told.statement, told.totals
tally = Tally(statement)
began = time.monotonic()
with tempfile.TemporaryFile() as file:
    writer = KINDS[kind].open(file, statement, totals)
    for start in range(0, number, 2_000):
        moves = told.moves[start : start + 2_000]
        entries = [entry_of(at, move) for at, move in enumerate(moves, start + 1)]
        writer.add([Line(entry, tally.take(entry)) for entry in entries])
    tally.check(totals)
    writer.close()
    size = file.tell()
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1]
print(int(peak) // 1024, size, round(time.monotonic() - began, 1))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_entries_take_little_memory(kind: str) -> None:
    path = f"{TESTS}:{TESTS.parent / 'src'}"
    run = subprocess.run(
        [sys.executable, "-c", MAKE, kind, str(ENTRIES)],
        env=ENVIRONMENT | {"PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    peak_mib, size, _ = run.stdout.split()
    assert int(size) > ENTRIES
    assert int(peak_mib) < PEAK_MIB_MAX
