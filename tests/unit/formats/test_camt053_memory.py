"""A file is read as a stream: what it takes does not grow with the file."""

import subprocess
import sys
from pathlib import Path

from running_platform import ENVIRONMENT
from statements import write_big

# `VmHWM`, since the peak that getrusage(2) tells starts with the parent's.
READ = """
import re, sys
from bezant.formats.camt053 import Entry, read_statements
with open(sys.argv[1], "rb") as source:
    print(sum(isinstance(part, Entry) for part in read_statements(source)))
print(re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1])
"""


def peak_kib(file: Path, entries: int) -> int:
    """The most memory that reading a new statement takes, the interpreter's own included."""
    write_big(file, entries, counterparties=10)
    run = subprocess.run(
        [sys.executable, "-c", READ, str(file)],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    read, peak = map(int, run.stdout.split())
    assert read == entries
    return peak


def test_fifteen_times_the_entries_take_no_more_memory(tmp_path: Path) -> None:
    small = peak_kib(tmp_path / "small.xml", 2_000)
    large = peak_kib(tmp_path / "large.xml", 30_000)
    assert (tmp_path / "large.xml").stat().st_size > 15_000_000
    assert large - small < 4_096
