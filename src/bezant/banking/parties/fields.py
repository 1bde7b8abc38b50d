"""What is sealed of a party, and how the members of a request become sealed values.

A party's values are held by slots. Most slots are called as the member of a request is; what
there may be several of is numbered, such as `tax_id.1`. Of addresses, e-mail addresses and phone
numbers the first has no number: there was one of each before there were several.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from bezant.banking.parties.schemas import Address, IdentityDocument, PartyValues, TaxResidency
from bezant.kernel.sealed import Normal, SealedField

EMAIL: Final = SealedField("party.email", index=Normal.EMAIL)
PHONE: Final = SealedField("party.phone", index=Normal.PHONE)
IBAN: Final = SealedField("party.iban", index=Normal.IBAN)
TAX_ID: Final = SealedField("party.tax_id", index=Normal.TAX_ID)

_FIELDS: Final = {
    "legal_name": SealedField("party.legal_name"),
    "other_names": SealedField("party.other_names"),
    "birth_date": SealedField("party.birth_date"),
    "registration_number": SealedField("party.registration_number"),
    "address": SealedField("party.address"),
    "email": EMAIL,
    "phone": PHONE,
    "iban": IBAN,
    # Where somebody pays tax is sealed too: it tells about them.
    "tax_country": SealedField("party.tax_country"),
    "tax_id": TAX_ID,
    "document": SealedField("party.document"),
}

FIELDS: Final = tuple(_FIELDS.values())
"""All that parties declare."""

SEARCHED: Final = {"email": EMAIL, "phone": PHONE, "iban": IBAN, "tax_id": TAX_ID}
"""By the member of a search."""

_TEXTS: Final = ("legal_name", "registration_number", "iban")


def field_of(slot: str) -> SealedField:
    """What the value in a slot is."""
    return _FIELDS[slot.partition(".")[0]]


def values_in(given: PartyValues) -> dict[str, str]:
    """What a request gives, by slot; of lists, what replaces the first ones."""
    values: dict[str, str] = {}
    for name in _TEXTS:
        text = getattr(given, name)
        if text is not None:
            values[name] = text
    if given.birth_date is not None:
        values["birth_date"] = given.birth_date.isoformat()
    if given.other_names is not None:
        values["other_names"] = _text(given.other_names)
    values |= _slots("email", given.emails)
    values |= _slots("phone", given.phones)
    values |= _slots("address", [_text(address) for address in given.addresses or ()])
    for index, residency in enumerate(given.tax_residencies or ()):
        values[f"tax_country.{index}"] = residency.country
        values[f"tax_id.{index}"] = residency.tax_id
    for index, document in enumerate(given.documents or ()):
        values[f"document.{index}"] = _text(document)
    return values


def values_of(slots: Mapping[str, str]) -> PartyValues:
    """The inverse: values as they are answered, without what is erased."""
    texts = {name: slots[name] for name in _TEXTS if name in slots}
    born, names = slots.get("birth_date"), slots.get("other_names")
    residencies = [
        TaxResidency(slots[f"tax_country.{index}"], slots[slot])
        for index, slot in _numbered(slots, "tax_id")
        if f"tax_country.{index}" in slots
    ]
    addresses = [msgspec.json.decode(each, type=Address) for each in _listed(slots, "address")]
    documents = [
        msgspec.json.decode(each, type=IdentityDocument) for each in _listed(slots, "document")
    ]
    return PartyValues(
        **texts,
        birth_date=None if born is None else date.fromisoformat(born),
        other_names=None if names is None else msgspec.json.decode(names, type=list[str]),
        addresses=addresses or None,
        emails=_listed(slots, "email") or None,
        phones=_listed(slots, "phone") or None,
        tax_residencies=residencies or None,
        documents=documents or None,
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _slots(name: str, values: Sequence[str] | None) -> dict[str, str]:
    return {f"{name}.{place}" if place else name: each for place, each in enumerate(values or ())}


def _listed(slots: Mapping[str, str], name: str) -> list[str]:
    return [slots[slot] for _, slot in _numbered(slots, name)]


def _numbered(slots: Mapping[str, str], name: str) -> list[tuple[int, str]]:
    found = [(slot, *slot.partition(".")[::2]) for slot in slots]
    return sorted((int(index or 0), slot) for slot, first, index in found if first == name)
