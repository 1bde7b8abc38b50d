"""Which bank answers about an account, and where: what the scheme's directory tells."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, Self

import msgspec
from msgspec import Meta, Struct
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from bezant.payments.vop.scheme import Bic

RESPONDERS_MAX: Final = 10_000


class Responder(Struct, frozen=True, forbid_unknown_fields=True):
    """A bank that answers, or whoever answers for it.

    Attributes:
        url: without the scheme's path, such as `https://vop.bank.example`.
        banks: country and bank code of its accounts, such as `DE37040044`, besides those that the
            BIC is known for.
        authorities: a file of the authorities that its certificate comes from, PEM; None trusts
            the public ones.
        certificate: a file with our certificate and its key, PEM, where it asks for one.
        token: a file with a bearer token, where it asks for one.
    """

    bic: Bic
    url: Annotated[str, Meta(pattern=r"^https://[a-z0-9.-]+(:[1-9][0-9]{0,4})?(/[!-~]*)?\Z")]
    banks: tuple[str, ...] = ()
    authorities: Path | None = None
    certificate: Path | None = None
    token: Path | None = None


class PayeeDirectory(Protocol):
    """Knows who answers about accounts of other banks."""

    def find(self, iban: str) -> Responder | None:
        """Who answers about an account; None where nobody does.

        Args:
            iban: valid, as machines write it.
        """
        ...


class ListedPayees:
    """A directory in memory, such as a copy of the scheme's own."""

    def __init__(self, responders: Sequence[Responder]) -> None:
        assert len(responders) <= RESPONDERS_MAX
        self._by_bank = {bank: each for each in responders for bank in each.banks}
        self._by_bic = {each.bic[:8]: each for each in responders}

    @classmethod
    def read(cls, path: Path) -> Self:
        """A directory from a JSON file, a list of responders.

        Raises:
            OSError: it cannot be read.
            msgspec.ValidationError: it is no such list.
        """
        kind = Annotated[list[Responder], Meta(max_length=RESPONDERS_MAX)]
        return cls(msgspec.json.decode(path.read_bytes(), type=kind, dec_hook=_path))

    def find(self, iban: str) -> Responder | None:
        """Who answers about an account: by its bank code, else by the BIC known for that."""
        try:
            parsed = IBAN(iban)
            bank, bic = f"{parsed.country_code}{parsed.bank_code}", parsed.bic
        except SchwiftyException:
            return None
        found = self._by_bank.get(bank)
        if found is None and bic is not None:
            found = self._by_bic.get(str(bic)[:8])
        return found


def _path(kind: type[Any], text: object) -> Path:
    """Of a file, as JSON has it."""
    if kind is not Path or not isinstance(text, str):
        raise ValueError("Expected the path of a file")
    return Path(text)
