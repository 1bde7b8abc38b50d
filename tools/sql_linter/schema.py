"""The tables as the migrations make them, and the rules of their keys and types."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from tools.sql_linter.findings import Rule

TENANT: Final = "tenant_id"
BOOK: Final = "book_id"

_INEXACT: Final = {exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE, exp.DataType.Type.MONEY}


@dataclass(slots=True)
class Table:
    """A table: its name and its columns' names."""

    name: str
    columns: set[str]

    @property
    def lead(self) -> list[str]:
        """The columns that start its keys and that scope its statements."""
        return [column for column in (TENANT, BOOK) if column in self.columns]


class Schema:
    """Tables by name, gathered from CREATE and ALTER statements in their order."""

    def __init__(self, parsed: Iterable[exp.Expr]) -> None:
        self._tables: dict[str, Table] = {}
        for tree in parsed:
            if isinstance(tree, exp.Create) and tree.kind == "TABLE":
                self._create(tree)
            elif isinstance(tree, exp.Create) and tree.kind == "VIEW":
                self._create_view(tree)
            elif isinstance(tree, exp.Alter) and isinstance(tree.this, exp.Table):
                self._alter(tree)

    def find(self, name: str) -> Table | None:
        """The table of that name."""
        return self._tables.get(name)

    def _create(self, tree: exp.Create) -> None:
        table = _created_table(tree)
        parent = tree.find(exp.PartitionedOfProperty)
        if parent is not None:
            whole = self._tables.get(parent.this.name)
            columns = set(whole.columns) if whole is not None else set()
        else:
            columns = {column.name for column in _column_definitions(tree)}
        self._tables[table.name] = Table(table.name, columns)

    def _create_view(self, tree: exp.Create) -> None:
        """A view is read as a table is, by its tenant first."""
        name = _created_table(tree).name
        self._tables[name] = Table(name, set(tree.expression.named_selects))

    def _alter(self, tree: exp.Alter) -> None:
        table = self._tables.get(tree.this.name)
        if table is not None:
            added = (action for action in tree.args["actions"] if isinstance(action, exp.ColumnDef))
            table.columns.update(column.name for column in added)


def definition_breaches(
    tree: exp.Expr, schema: Schema, global_tables: Iterable[str]
) -> Iterator[tuple[Rule, str]]:
    """What a statement that defines tables, keys or indexes breaks."""
    table = _defined_table(tree)
    if table is None or table in global_tables:
        return
    known = schema.find(table)
    if known is None:
        yield Rule.UNKNOWN_TABLE, table
        return
    if known.lead[:1] != [TENANT]:
        yield Rule.KEY_LEADS, f"{table} has no column {TENANT}"
        return
    if _is_whole_table(tree) and not tree.find(exp.PrimaryKey, exp.PrimaryKeyColumnConstraint):
        yield Rule.KEY_LEADS, f"{table} has no primary key"
    for kind, columns in _keys(tree, frozenset(global_tables)):
        # A foreign key may point to a table above the book, such as the tenant's.
        lead = known.lead[:1] if kind == "foreign key" else known.lead
        if columns[: len(lead)] != lead:
            yield Rule.KEY_LEADS, f"{kind} ({', '.join(columns)}) of {table}"


def inexact_types(tree: exp.Expr) -> Iterator[tuple[Rule, str]]:
    """Types of a statement that cannot hold an amount exactly."""
    for kind in tree.find_all(exp.DataType):
        if kind.this in _INEXACT:
            yield Rule.INEXACT, kind.sql(dialect="postgres")


def _is_whole_table(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Create) and tree.kind == "TABLE" and not _is_partition(tree)


def _is_partition(tree: exp.Expr) -> bool:
    return tree.find(exp.PartitionedOfProperty) is not None


def _created_table(tree: exp.Create) -> exp.Table:
    target = tree.this
    table = target.this if isinstance(target, exp.Schema) else target
    assert isinstance(table, exp.Table)
    return table


def _column_definitions(tree: exp.Expr) -> Iterator[exp.ColumnDef]:
    return tree.find_all(exp.ColumnDef)


def _defined_table(tree: exp.Expr) -> str | None:
    if isinstance(tree, exp.Create) and tree.kind == "TABLE":
        return _created_table(tree).name
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Index):
        return str(tree.this.args["table"].name)
    if isinstance(tree, exp.Alter) and isinstance(tree.this, exp.Table):
        return tree.this.name
    return None


def _keys(tree: exp.Expr, global_tables: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """Every key of a definition: what it is, and its columns in order.

    A table without a tenant is small and the same everywhere, so that every shard has a copy:
    whatever refers to it stays on one shard.
    """
    yield from _column_keys(tree)
    for primary in tree.find_all(exp.PrimaryKey):
        yield "primary key", _names(primary.expressions)
    for unique in tree.find_all(exp.UniqueColumnConstraint):
        if isinstance(unique.this, exp.Schema):
            yield "unique constraint", _names(unique.this.expressions)
    for foreign in tree.find_all(exp.ForeignKey):
        referred = foreign.args["reference"].find(exp.Table)
        if referred is None or referred.name not in global_tables:
            yield "foreign key", _names(foreign.expressions)
    for index in tree.find_all(exp.Index):
        kind = "unique index" if tree.args.get("unique") else "index"
        yield kind, _names(index.args["params"].args["columns"])


def _column_keys(tree: exp.Expr) -> Iterator[tuple[str, list[str]]]:
    """The keys that a column declares behind its type."""
    for column in _column_definitions(tree):
        for constraint in column.args.get("constraints") or ():
            match constraint.args["kind"]:
                case exp.PrimaryKeyColumnConstraint():
                    yield "primary key", [column.name]
                case exp.UniqueColumnConstraint():
                    yield "unique constraint", [column.name]
                case exp.Reference():
                    yield "foreign key", [column.name]


def _names(expressions: Sequence[exp.Expr]) -> list[str]:
    """Column names; an expression that is not a plain column counts by its text."""
    return [expression.name or expression.sql(dialect="postgres") for expression in expressions]
