"""The life of a signing key: published, then signing, then published still, then gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bezant.identity.jose import Algorithm

DEFAULT_ALGORITHM: Final = Algorithm.ES256
"""Small and quick; PS256 and EdDSA are for those who ask for them."""

SIGNS_FOR: Final = timedelta(days=30)

PUBLISHED_BEFORE: Final = timedelta(days=2)
"""How long a key is published before it signs: caches of key sets are younger than that."""

PUBLISHED_AFTER: Final = timedelta(days=2)
"""How long it is published after: what it signed last is verified until then."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What is known of a key without opening it.

    Attributes:
        id: its `kid`, in text form.
        public_jwk: what is published.
        reference: of the sealed private key.
    """

    id: UUID
    algorithm: Algorithm
    public_jwk: Mapping[str, Any]
    reference: UUID
    signs_from: datetime
    signs_until: datetime

    def is_published(self, at: datetime) -> bool:
        """Whether it is in the published set."""
        return at < self.signs_until + PUBLISHED_AFTER


def signing(keys: Iterable[SigningKey], algorithm: Algorithm, at: datetime) -> SigningKey | None:
    """The key that signs at an instant: of several the newest."""
    fitting = [
        key for key in keys if key.algorithm is algorithm and key.signs_from <= at < key.signs_until
    ]
    return max(fitting, key=lambda key: key.signs_from, default=None)


def missing(keys: Sequence[SigningKey], at: datetime) -> dict[Algorithm, datetime]:
    """From when on keys are needed that are not there: now, or at the end of those that sign."""
    needed = {}
    for algorithm in Algorithm:
        last = max((key.signs_until for key in keys if key.algorithm is algorithm), default=at)
        # None signs either where one was retired before its successor's time.
        if last <= at or signing(keys, algorithm, at) is None:
            needed[algorithm] = at
        elif last - PUBLISHED_BEFORE <= at:
            needed[algorithm] = last
    return needed
