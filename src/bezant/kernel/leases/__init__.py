"""Leases: which process does what only one needs to do.

For liveness alone. A process can be paused between looking at its lease and writing, so whatever it
writes is guarded by a compare-and-set of its own. Instants are the database's.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown, Database
from bezant.kernel.leases import store

__all__ = ["Lease", "delete_old_leases"]

_OLD: Final = timedelta(days=1)


class Lease:
    """A name that one holder has at a time, until it is silent for `length`.

    Args:
        database: whose clock counts.
        name: what is held.
        holder: this process, or this incarnation of a part of it.
        length: how long after its last renewal it stays held; renew at a third of it.
    """

    def __init__(self, database: Database, name: str, holder: UUID, length: timedelta) -> None:
        self._database = database
        self._holder = holder
        self.name = name
        self.length = length

    async def hold(self) -> bool:
        """Take or renew it; False while another has it.

        Raises:
            Unavailable: the database cannot be asked.
        """
        # Looked at first: a write that is refused would still lock the row against its holder.
        if await self._database.fetch(store.FIND_OTHER, self.name, self._holder):
            return False
        try:
            tag = await self._database.transaction(
                lambda connection: connection.execute(
                    store.HOLD, self.name, self._holder, self.length
                ),
                begin=BEGIN_BY_KEY,
            )
        except CommitUnknown:
            return False
        return tag == "INSERT 0 1"

    async def release(self) -> None:
        """Let others have it at once.

        Raises:
            Unavailable: the database cannot be asked; it ends by itself.
        """
        try:
            await self._database.transaction(
                lambda connection: connection.execute(store.RELEASE, self.name, self._holder),
                begin=BEGIN_BY_KEY,
            )
        except CommitUnknown:
            return  # it ends by itself


async def delete_old_leases(database: Database) -> None:
    """Remove what holders that were killed left behind long ago.

    Raises:
        Unavailable: the database cannot be asked.
    """
    await database.transaction(lambda connection: connection.execute(store.DELETE_OLD, _OLD))
