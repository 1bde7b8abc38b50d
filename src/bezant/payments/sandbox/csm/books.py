"""The positions of the participants: what one has less, others have more."""

from collections import Counter


class Books:
    """Positions by BIC, in minor units of euros. They start at nothing and sum to nothing."""

    def __init__(self) -> None:
        self._positions: Counter[str] = Counter()

    def move(self, source: str, target: str, amount: int) -> None:
        """Settle between two participants, who may be the same."""
        assert amount > 0
        self._positions[source] -= amount
        self._positions[target] += amount
        assert sum(self._positions.values()) == 0

    def position(self, bic: str) -> int:
        """What a participant has received more than it has sent."""
        return self._positions[bic]

    def positions(self) -> dict[str, int]:
        """Of everybody."""
        return dict(self._positions)
