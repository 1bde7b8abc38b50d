"""The rules of statements that read and write rows."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from tools.sql_linter.findings import Rule
from tools.sql_linter.schema import BOOK, TENANT, Schema, Table

_SCOPE: Final = {TENANT: Rule.TENANT_GIVEN, BOOK: Rule.BOOK_GIVEN}
_WRITES: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_SYSTEM_SCHEMAS: Final = {"pg_catalog", "information_schema"}


def query_breaches(
    tree: exp.Expr, schema: Schema, history: frozenset[str]
) -> Iterator[tuple[Rule, str]]:
    """What a statement breaks, apart from its scope (`scope_breaches`)."""
    yield from _history(tree, history)
    yield from _stars(tree)
    yield from _unknown_tables(tree, schema)
    for conflict in tree.find_all(exp.OnConflict):
        if not conflict.args.get("conflict_keys") and not conflict.args.get("constraint"):
            yield Rule.CONFLICT_TARGET, conflict.sql(dialect="postgres")
    written = Counter(_target(write).name for write in tree.find_all(*_WRITES))
    for name, count in written.items():
        if count > 1:
            yield Rule.ONE_WRITE, f"{name} is written {count} times"


def scope_breaches(tree: exp.Expr, schema: Schema) -> Iterator[tuple[Rule, str]]:
    """The tables of tenants that a statement reaches without saying whose rows it means."""
    shared = {cte.alias for cte in tree.find_all(exp.CTE)}
    for insert in tree.find_all(exp.Insert):
        yield from _insert_breaches(insert, schema)
    for part in tree.find_all(exp.Select, exp.Update, exp.Delete):
        tables = _tables_in(part, schema, shared)
        for column, rule in _SCOPE.items():
            scoped = {alias for alias, table in tables.items() if column in table.lead}
            for alias in sorted(scoped - _bound(part, column, scoped)):
                yield rule, f"{tables[alias].name} is reached without {column}"


def _insert_breaches(insert: exp.Insert, schema: Schema) -> Iterator[tuple[Rule, str]]:
    table = schema.find(_target(insert).name)
    named = insert.this.expressions if isinstance(insert.this, exp.Schema) else []
    columns = {column.name for column in named}
    for column in table.lead if table is not None else ():
        if column not in columns:
            yield _SCOPE[column], f"INSERT INTO {_target(insert).name} does not name {column}"


def _sources(part: exp.Expr) -> Iterator[exp.Expr]:
    """What a SELECT, UPDATE or DELETE reads and writes at its own level."""
    if isinstance(part, exp.Update | exp.Delete):
        yield part.this
    origin = part.args.get("from_")
    if origin is not None:
        yield origin.this
    yield from part.args.get("using") or ()
    yield from (join.this for join in _joins(part))


def _joins(part: exp.Expr) -> list[exp.Join]:
    """Joins of the part, and those that hang on its tables."""
    joins = list(part.args.get("joins") or ())
    origin = part.args.get("from_")
    holders = [origin.this] if origin is not None else []
    holders += [part.this] if isinstance(part, exp.Update | exp.Delete) else []
    holders += part.args.get("using") or []
    for holder in holders:
        joins += holder.args.get("joins") or []
    return joins


def _tables_in(part: exp.Expr, schema: Schema, shared: set[str]) -> dict[str, Table]:
    """The tenants' tables at the part's own level, by the name that the statement calls them."""
    found = {}
    for source in _sources(part):
        if isinstance(source, exp.Table) and source.name not in shared:
            table = schema.find(source.name)
            if table is not None:
                found[source.alias_or_name] = table
    return found


def _bound(part: exp.Expr, column: str, scoped: set[str]) -> set[str]:
    """The scoped tables whose `column` is fixed, by a value or through another table that is.

    Only conditions that always hold count: those joined by AND in WHERE, ON and USING.
    """
    bound: set[str] = set()
    links: list[tuple[str, str]] = []
    for left, right in _equalities(part):
        sides = [_alias_of(side, column, scoped) for side in (left, right)]
        match sides:
            case [str(one), str(other)]:
                links.append((one, other))
            case [str(one), None] if not _is_of(right, scoped):
                bound.add(one)
            case [None, str(other)] if not _is_of(left, scoped):
                bound.add(other)
    for join in _joins(part):
        if column in {identifier.name for identifier in join.args.get("using") or ()}:
            links += [(one, other) for one in scoped for other in scoped]
    for _ in links:
        for one, other in links:
            if one in bound or other in bound:
                bound |= {one, other}
    return bound


def _alias_of(side: exp.Expr, column: str, scoped: set[str]) -> str | None:
    """The scoped table whose `column` a side of a comparison is."""
    if not isinstance(side, exp.Column) or side.name != column:
        return None
    if side.table:
        return side.table if side.table in scoped else None
    return next(iter(scoped)) if len(scoped) == 1 else None


def _is_of(side: exp.Expr, scoped: set[str]) -> bool:
    """Whether a side is a column of one of the scoped tables, and so fixes nothing."""
    return isinstance(side, exp.Column) and side.table in scoped


def _equalities(part: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    where = part.args.get("where")
    conditions = [where.this] if where is not None else []
    conditions += [join.args["on"] for join in _joins(part) if join.args.get("on")]
    while conditions:
        condition = conditions.pop().unnest()
        if isinstance(condition, exp.And):
            conditions += [condition.this, condition.expression]
        elif isinstance(condition, exp.EQ):
            yield from _pairs(condition.this.unnest(), condition.expression.unnest())
        elif isinstance(condition, exp.In):
            column = condition.this.unnest()
            columns = column.expressions if isinstance(column, exp.Tuple) else [column]
            yield from ((one, condition) for one in columns)


def _pairs(left: exp.Expr, right: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        yield from zip(left.expressions, right.expressions, strict=True)
    else:
        yield left, right


def _target(write: exp.Expr) -> exp.Table:
    target = write.this.this if isinstance(write.this, exp.Schema) else write.this
    assert isinstance(target, exp.Table)
    return target


def _history(tree: exp.Expr, history: frozenset[str]) -> Iterator[tuple[Rule, str]]:
    for write in tree.find_all(exp.Update, exp.Delete, exp.Merge):
        if _target(write).name in history:
            yield Rule.HISTORY, f"{write.key.upper()} of {_target(write).name}"
    for insert in tree.find_all(exp.Insert):
        conflict = insert.args.get("conflict")
        if conflict is not None and conflict.expressions and _target(insert).name in history:
            yield Rule.HISTORY, f"ON CONFLICT DO UPDATE of {_target(insert).name}"
    for removal in tree.find_all(exp.Drop, exp.TruncateTable):
        for table in removal.find_all(exp.Table):
            if table.name in history:
                yield Rule.HISTORY, f"{removal.key.upper()} of {table.name}"


def _stars(tree: exp.Expr) -> Iterator[tuple[Rule, str]]:
    for star in tree.find_all(exp.Star):
        if isinstance(star.parent, exp.Select | exp.Returning | exp.Column):
            yield Rule.STAR, star.parent.sql(dialect="postgres")


def _unknown_tables(tree: exp.Expr, schema: Schema) -> Iterator[tuple[Rule, str]]:
    if not isinstance(tree, exp.Query | exp.DML | exp.Copy):
        return
    shared = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        is_named = isinstance(table.this, exp.Identifier)
        is_system = table.db in _SYSTEM_SCHEMAS or table.name.startswith("pg_")
        if is_named and not is_system and table.name not in shared and not schema.find(table.name):
            yield Rule.UNKNOWN_TABLE, table.name
