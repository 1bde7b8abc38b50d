"""The banks that the clearing system knows."""

from dataclasses import dataclass


@dataclass
class Participant:
    """A bank.

    Attributes:
        url: where it takes messages; None for one that is only simulated, and takes everything.
    """

    bic: str
    url: str | None = None

    def address(self, scheme: str) -> str | None:
        """Where it takes messages of a scheme."""
        return None if self.url is None else f"{self.url}/{scheme}/{self.bic}"
