"""A chart as reports use it: which node an account belongs to, and the order of nodes. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bezant.ledger.chart.errors import ChartInvalid
from bezant.ledger.chart.schemas import FinancialYear, Node
from bezant.ledger.schemas import AccountType

__all__ = ["Chart", "Node", "check_nodes"]


@dataclass(slots=True)
class _Rules:
    """Which accounts of one type belong where."""

    exact: dict[str, str] = field(default_factory=dict)
    beginnings: dict[str, str] = field(default_factory=dict)

    def lengths(self) -> list[int]:
        return sorted({len(beginning) for beginning in self.beginnings}, reverse=True)


class Chart:
    """A version of a chart.

    Args:
        version: its number; 0 for a chart without nodes, as a book has from the start.
        nodes: which make a chart.
        financial_year: when closing entries are made by themselves.
    """

    def __init__(
        self,
        version: int = 0,
        nodes: Sequence[Node] = (),
        financial_year: FinancialYear | None = None,
    ) -> None:
        self.version = version
        self.financial_year = financial_year
        self.nodes = {node.code: node for node in nodes}
        self._rules: dict[AccountType, _Rules] = {kind: _Rules() for kind in AccountType}
        for node in nodes:
            rules = self._rules[node.type]
            for rule in node.accounts:
                if rule.endswith("*"):
                    rules.beginnings[rule[:-1]] = node.code
                else:
                    rules.exact[rule] = node.code
        self._lengths = {kind: rules.lengths() for kind, rules in self._rules.items()}

    def code_of(self, account_id: str, kind: AccountType) -> str | None:
        """The code of the node that an account belongs to; None where it belongs to none."""
        rules = self._rules[kind]
        found = rules.exact.get(account_id)
        if found is not None:
            return found
        for length in self._lengths[kind]:
            if (found := rules.beginnings.get(account_id[:length])) is not None:
                return found
        return None

    def walk(self) -> Iterator[tuple[Node, int]]:
        """Every node with its depth: parents before children, siblings by their codes."""
        children: dict[str | None, list[Node]] = {}
        for node in sorted(self.nodes.values(), key=lambda node: node.code, reverse=True):
            children.setdefault(node.parent, []).append(node)
        waiting = [(node, 0) for node in children.get(None, [])]
        while waiting:
            node, depth = waiting.pop()
            yield node, depth
            waiting.extend((child, depth + 1) for child in children.get(node.code, []))


def check_nodes(nodes: Sequence[Node]) -> None:
    """Refuse nodes that make no chart.

    Raises:
        ChartInvalid: naming the field.
    """
    by_code = {node.code: node for node in nodes}
    places = {node.code: index for index, node in enumerate(nodes)}
    taken: dict[tuple[AccountType, str], str] = {}
    for index, node in enumerate(nodes):
        place = f"nodes[{index}]"
        if places[node.code] != index:
            raise ChartInvalid(f"Code {node.code} stands twice.", field=f"{place}.code")
        if node.parent is not None:
            parent = by_code.get(node.parent)
            if parent is None:
                raise ChartInvalid(f"There is no node {node.parent}.", field=f"{place}.parent")
            if parent.type is not node.type:
                raise ChartInvalid(
                    f"{node.code} is of the type {node.type}, its parent of {parent.type}.",
                    field=f"{place}.type",
                )
        for at, rule in enumerate(node.accounts):
            other = taken.setdefault((node.type, rule), node.code)
            if other != node.code:
                raise ChartInvalid(
                    f"{rule} belongs to {other} already.", field=f"{place}.accounts[{at}]"
                )
    reached = {node.code for node, _ in Chart(0, nodes).walk()}
    for index, node in enumerate(nodes):
        if node.code not in reached:
            raise ChartInvalid(f"{node.code} is part of itself.", field=f"nodes[{index}].parent")
