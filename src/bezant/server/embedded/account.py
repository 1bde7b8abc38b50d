"""The user that the servers run as.

A normal user runs them as themselves. PostgreSQL refuses to run as root, so root gives them to an
unprivileged user that the machine already has; none is added.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from bezant.server.embedded.errors import NoAccount

# In this order. A system PostgreSQL's own user is not among them: its superuser could read our
# files.
_UNPRIVILEGED_NAMES = ("nobody", "daemon", "bin")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system, with one group."""

    name: str
    uid: int
    gid: int

    @classmethod
    def for_servers(cls) -> "Account":
        """Whom the servers run as: the current user, or an existing unprivileged one under root.

        Raises:
            NoAccount: root, on a machine without any of the usual unprivileged users.
        """
        uid = os.geteuid()
        if uid != 0:
            # A container may run as a number that has no name.
            return cls(_name_of(uid), uid, os.getegid())
        for name in _UNPRIVILEGED_NAMES:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            if entry.pw_uid != 0 and entry.pw_gid != 0:
                return cls(name, entry.pw_uid, entry.pw_gid)
        raise NoAccount(
            "PostgreSQL does not run as root, and this machine has no unprivileged user to run it "
            f"as ({', '.join(_UNPRIVILEGED_NAMES)}).",
            "Start the platform as a normal user.",
        )

    @property
    def is_other(self) -> bool:
        """Whether the servers run as somebody else than this process."""
        return self.uid != os.geteuid()

    def first_closed(self, folder: Path) -> Path | None:
        """The topmost existing ancestor of `folder` that this user may not enter, if any."""
        for ancestor in reversed(folder.parents):
            if not ancestor.is_dir():
                return None
            status = ancestor.stat()
            # The first class that matches decides, as in the kernel: an owner without x is refused
            # even when others have it (POSIX.1-2017, 4.5 File Access Permissions).
            if status.st_uid == self.uid:
                may_enter = status.st_mode & stat.S_IXUSR
            elif status.st_gid == self.gid:
                may_enter = status.st_mode & stat.S_IXGRP
            else:
                may_enter = status.st_mode & stat.S_IXOTH
            if not may_enter:
                return ancestor
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
