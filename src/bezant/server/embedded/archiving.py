"""PostgreSQL's configuration while its log is archived, and while it is restored."""

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bezant.server.embedded.postgres_config import conf_lines

ARCHIVED_WITHIN_S: Final = 60
"""A segment of the log that is not full by then is closed, and archived as it is."""

ARCHIVIST_PID: Final = "pid"
"""The file of the platform's process id, beside the marks."""


def archiving_conf(folder: Path, marks: Path) -> str:
    """More of `postgresql.conf`: hand over the log, and keep what is not handed over.

    PostgreSQL's user holds no key and has no Python: the command only waits until the platform,
    which reads the segments by itself, has left a mark for one. Three times five seconds, and not
    without a platform, so that a shutdown is not held up for ever; then PostgreSQL asks again, and
    keeps the segment meanwhile.

    Args:
        folder: the database's, where the command runs.
        marks: where the marks are, and who leaves them (`ARCHIVIST_PID`).
    """
    place = shlex.quote(os.path.relpath(marks, folder)).replace("%", "%%")
    command = (
        f"n=0; until test -e {place}/%f; do"
        f' test -d "/proc/$(cat {place}/{ARCHIVIST_PID})" || exit 1;'
        " n=$((n+1)); test $n -le 50 || exit 1; sleep 0.1; done"
    )
    settings = (
        ("archive_mode", "on", "the log goes to the backups"),
        ("archive_command", command, "waits for the mark of the platform's archivist"),
        ("archive_timeout", f"{ARCHIVED_WITHIN_S}s", "bounds what a lost disk takes along"),
    )
    return conf_lines(settings)


def recovery_conf(until: datetime | None) -> str:
    """More of `postgresql.conf`: replay the log that lies in `pg_wal`, and open the database."""
    settings = [
        # All segments are in place; without a command there is no recovery from an archive.
        ("restore_command", "false", "nothing is fetched"),
        ("recovery_target_timeline", "current", "a series holds one timeline"),
        ("recovery_target_action", "promote", "then it is a database of its own"),
        ("hot_standby", "off", "nobody reads half of it"),
    ]
    if until is not None:
        instant = until.astimezone(UTC).isoformat(sep=" ")
        settings.append(("recovery_target_time", instant, "as asked"))
    return conf_lines(settings)


def closed_hba_conf() -> str:
    """The text of `pg_hba.conf` while a database is restored: nobody connects."""
    return "local  all  all  reject\n"
