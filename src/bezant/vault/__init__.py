"""The vault: keys, sealed fields, tokens, erasure.

It runs as a process of its own, as a role of its own in the database; everything else holds
references to what is sealed here.
"""

from bezant.vault import backup, keystores

__all__ = ["backup", "keystores"]
