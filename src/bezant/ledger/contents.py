"""Erasable content of transactions: what must not be in it even so.

Metadata and reasons are read by whoever reads the ledger and are in its exports and statements.
What belongs to a person is kept by the vault, and the ledger holds a reference to it.
"""

from collections.abc import Mapping

from bezant.kernel.personal import likeness
from bezant.ledger.errors import PersonalDataRefused


def check_content(
    metadata: Mapping[str, str] | None, reason: str | None, *, place: str = ""
) -> None:
    """Check what a client wrote, before it is compared with anything or kept.

    Args:
        metadata: keys are looked at like values.
        reason: why, for people.
        place: of both in the request.

    Raises:
        PersonalDataRefused: it looks like a card number, an IBAN, an e-mail address or a telephone
            number. The refusal quotes no value, and no key that looks so.
    """
    for key, value in (metadata or {}).items():
        _check(key, f"{place}metadata")
        _check(value, f"{place}metadata.{key}")
    _check(reason or "", f"{place}reason")


def _check(text: str, field: str) -> None:
    found = likeness(text)
    if found is not None:
        raise PersonalDataRefused(
            "Keep it in the vault and write its reference here.", field=field, looks_like=found
        )
