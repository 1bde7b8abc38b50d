"""The use cases of tokens, with what they share."""

from collections.abc import Callable

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.vault.fields import Fields
from bezant.vault.keys import TenantKeys
from bezant.vault.tokens.codes import Codes
from bezant.vault.tokens.fingerprints import Fingerprints
from bezant.vault.tokens.registry import Registry
from bezant.vault.tokens.revealing import Revealing
from bezant.vault.tokens.tokenizing import Tokenizing


class TokenService:
    """Tokens of one vault.

    Attributes:
        codes: in the memory of this process alone.
        random_bytes: where tokens and references come from.
    """

    def __init__(
        self,
        database: Database,
        tenants: TenantKeys,
        fields: Fields,
        clock: Clock,
        ids: Ids,
        random_bytes: Callable[[int], bytes],
        monotonic: Callable[[], float],
    ) -> None:
        fingerprints = Fingerprints(tenants)
        self.random_bytes = random_bytes
        self.codes = Codes(monotonic)
        self.tokenizing = Tokenizing(
            database, tenants, fields, fingerprints, self.codes, clock, ids, random_bytes
        )
        self.revealing = Revealing(database, tenants, fields, clock, ids)
        self.registry = Registry(database, fields, fingerprints, self.codes, clock)
