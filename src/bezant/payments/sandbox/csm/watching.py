"""Who is told of what the clearing system settles."""

from typing import Protocol

from bezant.formats.iso20022 import pacs003, pacs008


class Watcher(Protocol):
    """Is told what moves money, when it has."""

    def settled(self, scheme: str, terms: pacs008.CreditTransfer) -> None:
        """A transfer is settled."""
        ...

    def returned(self, terms: pacs008.CreditTransfer, amount: int) -> None:
        """Minor units of a transfer came back."""
        ...

    def collected(self, message: pacs003.Collections) -> None:
        """A direct debit is settled, which is alone in its message."""
        ...

    def collection_back(self, terms: pacs003.Collection, *, is_reversal: bool) -> None:
        """A settled direct debit went back to its debtor: by its creditor's reversal, or not."""
        ...
