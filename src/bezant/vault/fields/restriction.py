"""Restriction of processing (GDPR, article 18).

The data stay, and may be added to and rectified: that is storage, which a restriction excepts, and
a rectification is often what it waits for. They are neither opened nor found by search but for the
purposes of article 18(2).
"""

from typing import Final

OPEN_PURPOSES: Final = frozenset({
    "consent",  # the person's own
    "legal_claims",
    "protection_of_others",
    "public_interest",
})  # fmt: skip


def is_open_under_restriction(purpose: str) -> bool:
    """Whether data are processed for a purpose although that is restricted."""
    return purpose in OPEN_PURPOSES
