"""Replaying the log in a restored database's folder, without anybody who could connect."""

import asyncio
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from bezant.server.embedded.archiving import closed_hba_conf, recovery_conf
from bezant.server.embedded.child import Child
from bezant.server.embedded.errors import server_failure
from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.postgres_config import Cluster, postgresql_conf
from bezant.server.embedded.programs import POSTGRES, programs_for

_POLL_S: Final = 0.05
_STOP_WITHIN_S: Final = 60.0

# The line of `postmaster.pid` that tells how far a start is (PostgreSQL 18, `pidfile.h`).
_STATUS_LINE: Final = 7
_NOT_REACHED: Final = "recovery ended before configured recovery target was reached"


async def recover(
    cluster: Cluster,
    data: DataFolder,
    sockets: Path,
    until: datetime | None,
    progress: Callable[[str], None],
) -> None:
    """Bring a base backup to an instant by the log in its `pg_wal`, and shut it down cleanly.

    Args:
        cluster: which; its folder is the restored one.
        data: entered already.
        sockets: a folder of the servers' own.
        until: the last instant whose commits it shall hold; None for all that the log has. The
            caller knows that the log reaches it.
        progress: told of the step.

    Raises:
        ServerFailed: PostgreSQL did not bring it up; the error quotes what it wrote.
        DiskFull: no space.
    """
    progress("Replaying the log")
    (data.path / cluster.folder / "recovery.signal").touch()
    reached = await _replay(cluster, data, sockets, until)
    if not reached:
        # No commit is later than the instant, so all of the log is what it held then.
        assert until is not None
        await _replay(cluster, data, sockets, None)


async def _replay(
    cluster: Cluster, data: DataFolder, sockets: Path, until: datetime | None
) -> bool:
    """Whether it got there; False when no commit in the log is later than the instant."""
    folder = data.path / cluster.folder
    shared = data.shared_folder(cluster.config_folder)
    hba, conf = shared / "restoring-hba.conf", shared / "restoring.conf"
    data.write(hba, closed_hba_conf(), is_secret=False)
    text = postgresql_conf(cluster, sockets=sockets, hba=hba) + recovery_conf(until)
    data.write(conf, text, is_secret=False)
    postgres = str(programs_for(data, POSTGRES) / "bin/postgres")
    child = await Child.start(
        [postgres, "-D", str(folder), "-c", f"config_file={conf}"],
        account=data.account,
        folder=data.path,
        log=data.private_folder("log") / f"{cluster.folder}.log",
        death_signal=signal.SIGINT,
    )
    try:
        while child.status is None:
            if _is_open(folder):
                return True
            await asyncio.sleep(_POLL_S)
    finally:
        if child.status is None:
            await child.stop(signal.SIGINT, _STOP_WITHIN_S, then=signal.SIGQUIT)
    words = child.last_words()
    if until is not None and _NOT_REACHED in words:
        return False
    raise server_failure(cluster.name, child.ending, words, data.path)


def _is_open(folder: Path) -> bool:
    """Whether recovery has ended and the database takes connections."""
    try:
        lines = (folder / "postmaster.pid").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
    status = lines.split("\n")[_STATUS_LINE : _STATUS_LINE + 1]
    is_ready = bool(status) and status[0].strip() == "ready"
    return is_ready and not (folder / "recovery.signal").exists()
