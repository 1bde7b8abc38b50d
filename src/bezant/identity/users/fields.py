"""What is sealed of a user."""

from typing import Final

from bezant.kernel.sealed import Normal, SealedField

NAME: Final = SealedField("user.name")
EMAIL: Final = SealedField("user.email", index=Normal.EMAIL)
"""The login name."""

PHONE: Final = SealedField("user.phone", index=Normal.PHONE)

FIELDS: Final = {"name": NAME, "email": EMAIL, "phone": PHONE}
"""By the member of a request that carries the value."""
