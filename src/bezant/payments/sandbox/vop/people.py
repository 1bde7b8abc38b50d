"""Whom the sandbox's other banks know: enough for each verdict, and for what goes wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bezant.payments.sandbox.vop.responder import Misbehaviour, SandboxPayee
from bezant.payments.vop import Responder

PAYEES: Final[Mapping[str, SandboxPayee]] = {
    "FR1420041010050500013M02606": SandboxPayee(("Marie Lefèvre",)),
    "DE89370400440532013000": SandboxPayee(("Jürgen Müller",)),
    "NL91ABNA0417164300": SandboxPayee(("Van Dijk Fietsen B.V.",), is_organisation=True),
    "ES9121000418450200051332": SandboxPayee(("Lucía Ortega",), misbehaviour=Misbehaviour.SILENT),
}
"""By IBAN. The last one's bank never answers."""

_BIC: Final = "PSSTFRPPXXX"
_BANKS: Final = ("FR20041", "DE37040044", "NLABNA", "ES2100")


def responders(url: str, authority: Path | None) -> Sequence[Responder]:
    """The directory that lists the sandbox's banks.

    Args:
        url: where they are served.
        authority: that their certificate comes from, PEM; None for those of the system.
    """
    return [Responder(_BIC, url, banks=_BANKS, authorities=authority)]
