"""Where the servers' sockets are."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Final

from bezant.server.embedded.errors import FolderUnwritable
from bezant.server.embedded.folder import DataFolder

# `sun_path` holds 108 bytes with the final zero (unix(7)).
_PATH_BYTES_MAX: Final = 107
_LONGEST_NAME: Final = "/.s.PGSQL.5432"

# Both servers and their clients have rules of their own for other characters: to PostgreSQL and
# asyncpg a comma separates two places.
_PLAIN: Final = re.compile(r"[\w/.-]+", re.ASCII)

_OWNER_ONLY: Final = 0o700


def socket_path(data_dir: Path) -> Path:
    """Where the sockets of the servers on a data folder are: in it if its path allows.

    The same at every start, so that a killed run leaves nothing behind that the next does not use
    again.
    """
    data_dir = data_dir.expanduser().resolve()
    inside = str(data_dir / "run")
    is_short = len(inside) + len(_LONGEST_NAME) <= _PATH_BYTES_MAX
    if is_short and _PLAIN.fullmatch(inside):
        return data_dir / "run"
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"bezant-{digest}"


def socket_folder(data: DataFolder) -> Path:
    """A folder of the servers' own for their sockets.

    Raises:
        FolderUnwritable: the short folder exists and is somebody else's.
    """
    short = socket_path(data.path)
    if short.parent == data.path:
        return data.servers_folder(short.name)
    account = data.account
    with data.explained():
        try:
            short.mkdir(mode=_OWNER_ONLY)
            if account.is_other:
                os.chown(short, account.uid, account.gid, follow_symlinks=False)
        except FileExistsError:
            # All may create names there: only a folder that nobody else can change is safe to meet
            # in.
            status = short.lstat()
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid
            if not is_ours or stat.S_IMODE(status.st_mode) != _OWNER_ONLY:
                raise FolderUnwritable(
                    f"The folder for sockets {short} exists and belongs to somebody else.",
                    "Remove it, or choose a data folder with a shorter path.",
                ) from None
    return short


def forget_sockets(data: DataFolder, folder: Path) -> None:
    """Remove a short folder made outside the data folder, once the servers have stopped."""
    if folder.parent != data.path:
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()
