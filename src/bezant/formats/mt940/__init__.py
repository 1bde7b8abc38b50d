"""Customer statement messages (SWIFT MT940), as banks really send them."""

from bezant.formats.mt940.reader import read_mt940

__all__ = ["read_mt940"]
