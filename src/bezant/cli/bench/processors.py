"""How much of the processors the platform's processes used, PostgreSQL's told apart."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from bezant.cli.bench.stage import commands

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_POSTGRES: Final = "postgres"


class Spent(NamedTuple):
    """Processor seconds of all processes, in user and in kernel mode.

    Attributes:
        platform_s: of all but PostgreSQL: parent, workers, vault, Valkey.
        database_s: of PostgreSQL: its backends, the writer of its log, its checkpointer.
    """

    platform_s: float
    database_s: float

    def since(self, before: "Spent") -> "Spent":
        """What was spent meanwhile."""
        return Spent(self.platform_s - before.platform_s, self.database_s - before.database_s)


def spent(pid: int) -> Spent:
    """What a platform has used so far, but for processes that have ended.

    Args:
        pid: of its parent process.
    """
    platform_s = database_s = 0.0
    for each, command in commands(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            seconds = _seconds(each)
            # A backend writes whom it serves behind its name: `postgres: bezant_app ...`.
            if Path(command[0].partition(" ")[0].rstrip(":")).name == _POSTGRES:
                database_s += seconds
            else:
                platform_s += seconds
    return Spent(platform_s, database_s)


def _seconds(pid: int) -> float:
    # proc(5), `stat`: after the name, which may hold anything, the 12th and 13th are the times.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
