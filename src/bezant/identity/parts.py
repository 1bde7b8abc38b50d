"""Parts: what the identity of a platform is put together from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bezant.identity.http import ProtocolEndpoint


@dataclass(frozen=True, slots=True)
class Part:
    """A part of every issuer.

    Attributes:
        endpoints: which it serves.
        metadata: what is announced of it beside its endpoints' URLs (RFC 8414, section 2).
    """

    endpoints: Sequence[ProtocolEndpoint] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
