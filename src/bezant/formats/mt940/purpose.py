"""What `:86:` tells: German subfields (`?20`), Dutch and SEPA codes (`/EREF/`), or plain text."""

import re
from typing import Final

from msgspec import Struct

# Business code, then the separator of the subfields, which banks choose: usually `?`.
_STRUCTURED: Final = re.compile(r"([0-9]{3})([^A-Za-z0-9\s])([0-9]{2})", re.DOTALL)
_SEPA: Final = re.compile(
    r"(EREF|KREF|MREF|BREF|RREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP)\+"
)
_SLASHED: Final = re.compile(
    r"/(EREF|REMI|NAME|IBAN|BIC|TRTP|CSID|MARF|TRCD|ORDP|BENM|CNTP|PREF|RTRN|PURP|ISDT)/"
)
_TEXTS: Final = frozenset({*range(20, 30), *range(60, 64)})
_NAMES: Final = (32, 33)
_ACCOUNT: Final = 31
_TITLE: Final = 0


class Purpose(Struct, frozen=True):
    """The texts of a line. Empty where they are not told."""

    end_to_end_id: str = ""
    reference: str = ""
    remittance: str = ""
    name: str = ""
    account: str = ""


def purpose(lines: list[str]) -> Purpose:
    """Read a `:86:`; whatever its form, all that is not told apart is remittance text."""
    start = _STRUCTURED.match(lines[0])
    if start is not None:
        # Lines break anywhere, also within a word.
        return _structured("".join(lines)[start.end(1) :], start[2])
    text = "".join(lines)
    if _SLASHED.match(text):
        return _slashed(text)
    return Purpose(remittance=" ".join(filter(None, (line.strip() for line in lines))))


def _structured(text: str, separator: str) -> Purpose:
    fields: dict[int, str] = {}
    for part in text.split(separator):
        if part[:2].isascii() and part[:2].isdigit():
            number = int(part[:2])
            fields[number] = fields.get(number, "") + part[2:]
    whole = "".join(text for number, text in sorted(fields.items()) if number in _TEXTS)
    found = _tagged(_SEPA, whole)
    remittance = found.get("SVWZ", found[""])
    return Purpose(
        end_to_end_id=found.get("EREF", ""),
        reference=found.get("KREF", ""),
        remittance=remittance or fields.get(_TITLE, "").strip(),
        name="".join(fields.get(number, "") for number in _NAMES).strip() or found.get("ABWA", ""),
        account=fields.get(_ACCOUNT, "").strip() or found.get("IBAN", ""),
    )


def _slashed(text: str) -> Purpose:
    found = _tagged(_SLASHED, text)
    return Purpose(
        end_to_end_id=found.get("EREF", "").rstrip("/"),
        reference=found.get("PREF", "").rstrip("/"),
        # Within it the standard has `USTD//` before free text, and `STRD/` before a reference.
        remittance=found.get("REMI", found[""]).removeprefix("USTD//").strip("/"),
        name=found.get("NAME", "").rstrip("/"),
        account=found.get("IBAN", "").rstrip("/"),
    )


def _tagged(tags: re.Pattern[str], text: str) -> dict[str, str]:
    """What follows each tag; under the empty one what stands before the first."""
    first, *rest = tags.split(text)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return {"": first.strip(), **{tag: value.strip() for tag, value in pairs}}
