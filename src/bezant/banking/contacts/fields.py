"""What is sealed of a contact: one line each is all that a domain does for it."""

from typing import Final

from bezant.kernel.sealed import Normal, SealedField

NAME: Final = SealedField("contact.name")
EMAIL: Final = SealedField("contact.email", index=Normal.EMAIL)
PHONE: Final = SealedField("contact.phone", index=Normal.PHONE)
IBAN: Final = SealedField("contact.iban", index=Normal.IBAN)

FIELDS: Final = {"name": NAME, "email": EMAIL, "phone": PHONE, "iban": IBAN}
"""By the member of a request that carries the value."""
