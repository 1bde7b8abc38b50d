"""What goes over the socket: MessagePack in frames; answers may come in any order."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.calls import Call
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.sealed import SealedField, Sealing
from bezant.kernel.telemetry import Sensitive


class Hello(Sensitive, Struct, frozen=True):
    """The first frame: who may speak knows what the platform made up when it started."""

    token: str


class Cover(Struct, frozen=True, tag=True):
    """`Sealer.cover`."""

    call: Call


class Seal(Struct, frozen=True, tag=True):
    """`Sealer.seal` and, with `is_rectified`, `Sealer.replace`."""

    call: Call
    values: list[Sealing]
    is_rectified: bool


class Keep(Struct, frozen=True, tag=True):
    """`Sealer.keep`."""

    tenant_id: UUID
    references: list[UUID]


class Discard(Struct, frozen=True, tag=True):
    """`Sealer.discard`."""

    tenant_id: UUID
    references: list[UUID]


class Open(Struct, frozen=True, tag=True):
    """`Sealer.open`."""

    call: Call
    references: list[UUID]


class Find(Sensitive, Struct, frozen=True, tag=True):
    """`Sealer.find`."""

    call: Call
    field: SealedField
    value: str


class FindProvisional(Struct, frozen=True, tag=True):
    """`Sealer.provisional`."""

    fields: list[str]
    before: datetime
    limit: int


class RotateRoot(Struct, frozen=True, tag=True):
    """Begin a rotation of the root."""

    call: Call


class RootRotation(Struct, frozen=True, tag=True):
    """How far a rotation of the root is."""

    rotation_id: UUID


class Roots(Struct, frozen=True, tag=True):
    """The versions of the root."""


class DestroyRoot(Struct, frozen=True, tag=True):
    """End a version of the root."""

    call: Call
    version: str
    reason: str | None


Operation = RotateRoot | RootRotation | Roots | DestroyRoot
Wish = Cover | Seal | Keep | Discard | Open | Find | FindProvisional | Operation


class Ask(Struct, frozen=True):
    """A wish and its number."""

    no: int
    wish: Wish


class Declined(Struct, frozen=True):
    """A refusal on its way back."""

    code: str
    detail: str
    field: str | None
    facts: dict[str, int | str | bool]

    @classmethod
    def of(cls, refusal: Refusal) -> "Declined":
        """A refusal as it was raised."""
        return cls(refusal.code, refusal.detail, refusal.field, refusal.facts)

    def refusal(self) -> Refusal:
        """As the vault raised it."""
        kind = _kinds(Refusal).get(self.code, Unavailable)
        arguments: dict[str, Any] = dict(self.facts)
        # Those that name no field, such as `Busy`, take none either.
        if self.field is not None:
            arguments["field"] = self.field
        return kind(self.detail, **arguments)


class Reply(Struct, frozen=True):
    """What became of a wish: its result as MessagePack, or a refusal."""

    no: int
    result: bytes = b""
    declined: Declined | None = None


def _kinds(base: type[Refusal]) -> dict[str, type[Refusal]]:
    found = {base.code: base}
    for kind in base.__subclasses__():
        found |= _kinds(kind)
    return found


encode: Final = msgspec.msgpack.Encoder().encode
hellos: Final = msgspec.msgpack.Decoder(Hello)
asks: Final = msgspec.msgpack.Decoder(Ask)
replies: Final = msgspec.msgpack.Decoder(Reply)
