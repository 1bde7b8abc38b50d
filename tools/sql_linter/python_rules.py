"""The rules of the Python around SQL: where it may stand, and how it reaches the driver."""

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tools.sql_linter.findings import Finding, Rule
from tools.sql_linter.policy import Policy
from tools.sql_linter.sources import Module, Sources, Statement, is_constant_name, is_statement

_SENDS: Final = {
    "execute",
    "executemany",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetchmany",
    "cursor",
    "prepare",
}
_COPIES: Final = {
    "copy_from_query",
    "copy_from_table",
    "copy_records_to_table",
    "copy_to_table",
}

# Prose starts with a capital and SQL does not, so "Select one from the list" is prose.
_SHAPE: Final = re.compile(
    r"\s*(?:SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|WITH\s.*\bAS\s*\("
    r"|MERGE\s+INTO|(?:CREATE|ALTER|DROP)\s+(?:UNIQUE\s+)?(?:TABLE|INDEX)|TRUNCATE\s"
    r"|GRANT\s.*\bTO|COPY\s.*\b(?:FROM|TO))\b"
)
# Where `%` and `format` fill something in.
_GAP: Final = re.compile(r"%\w|\{[^{}]*\}")
_STATEMENTS: Final = (
    exp.Query,
    exp.DML,
    exp.DDL,
    exp.Alter,
    exp.Drop,
    exp.Grant,
    exp.Copy,
    exp.TruncateTable,
)


class PythonRules:
    """Checks modules; remembers which exceptions of the policy were needed."""

    def __init__(self, sources: Sources, statements: list[Statement], policy: Policy) -> None:
        self._sources = sources
        self._keys = {statement.key for statement in statements}
        self._policy = policy
        self.needed: set[str] = set()

    def breaches(self, module: Module) -> Iterator[Finding]:
        """What one module breaks."""
        yield from self._walk(module, module.tree, "", self._exempt(module))

    def _walk(
        self, module: Module, node: ast.AST, function: str, exempt: set[int]
    ) -> Iterator[Finding]:
        if id(node) in exempt:
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            function = f"{function}.{node.name}".lstrip(".")
        is_whole = False
        for rule, detail in self._judge(module, node):
            is_whole |= rule is Rule.FORMATTED
            if not self._is_excused(module, rule, function):
                yield Finding(rule, module.path, getattr(node, "lineno", 1), detail)
        # The pieces of a text that was judged as a whole say nothing more.
        if not is_whole:
            for child in ast.iter_child_nodes(node):
                yield from self._walk(module, child, function, exempt)

    def _is_excused(self, module: Module, rule: Rule, function: str) -> bool:
        key = f"{module.path}:{function}" if rule is Rule.FORMATTED else module.path
        allowed = {Rule.FORMATTED: self._policy.formatted, Rule.COPY: self._policy.accelerators}
        if key not in allowed.get(rule, {}):
            return False
        self.needed.add(key)
        return True

    def _judge(self, module: Module, node: ast.AST) -> Iterator[tuple[Rule, str]]:
        match node:
            case ast.Call(func=ast.Attribute(attr=method)) if method in _COPIES:
                yield Rule.COPY, f"{method}()"
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.expr() as sent, *_]) if (
                method in _SENDS
            ):
                yield from self._sent(module, method, sent)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="op"), attr=method)) if (
                module.is_migration
            ):
                yield Rule.MIGRATION_SQL, f"op.{method}()"
        if isinstance(node, ast.expr) and self._is_built(module, node):
            yield Rule.FORMATTED, ast.unparse(node)
        elif isinstance(node, ast.Constant | ast.JoinedStr) and _has_shape(_text(node)):
            yield Rule.OUTSIDE_STORE, _excerpt(_text(node))

    def _sent(self, module: Module, method: str, sent: ast.expr) -> Iterator[tuple[Rule, str]]:
        is_text = isinstance(sent, ast.Constant) and isinstance(sent.value, str)
        if is_text and is_statement(_text(sent)) and not _has_shape(_text(sent)):
            yield Rule.OUTSIDE_STORE, f"{method}({ast.unparse(sent)})"
        is_piecework = _is_concatenation(sent) and not self._is_template_filled(module, sent)
        if is_piecework and not self._is_built(module, sent):
            yield Rule.FORMATTED, f"{method}({ast.unparse(sent)})"

    def _is_built(self, module: Module, node: ast.expr) -> bool:
        """Whether an expression puts SQL together: of a statement, or in the shape of one."""
        if not _is_concatenation(node) or self._is_template_filled(module, node):
            return False
        texts = [_text(node), *map(_text, _parts(node))]
        is_of_statement = any(self._key(module, part) in self._keys for part in _parts(node))
        return is_of_statement or any(_has_shape(_GAP.sub("x", text)) for text in texts)

    def _is_template_filled(self, module: Module, node: ast.expr) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(value=template, attr="format")):
                return self._key(module, template) in self._policy.templates
        return False

    def _key(self, module: Module, reference: ast.expr) -> str | None:
        """The constant that an expression refers to, as the policy names it."""
        origin = self._sources.origin(module, reference)
        return None if origin is None else f"{origin[0].path}:{origin[1]}"

    def _exempt(self, module: Module) -> set[int]:
        """Nodes that are not looked into: docstrings, and the statements of a store themselves."""
        exempt = {
            id(node.value)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        if module.is_store:
            exempt |= {
                id(value)
                for name, value in self._sources.constants(module).items()
                if is_constant_name(name) and self._sources.value(module, value) is not None
            }
        return exempt


def _is_concatenation(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "join" | "replace")):
            return True
    return False


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions that a text is put together from."""
    match node:
        case ast.JoinedStr(values=values):
            yield from (value.value for value in values if isinstance(value, ast.FormattedValue))
        case ast.BinOp(left=left, right=right):
            for side in (left, right):
                yield from _parts(side) if isinstance(side, ast.BinOp) else [side]
        case ast.Call(func=ast.Attribute(value=text), args=arguments):
            yield text
            for argument in arguments:
                yield from (
                    argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
                )


def _text(node: ast.expr) -> str:
    """The text of a string, with a name where a value is filled in; empty for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(value) or "x" for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (_text(left) or "x") + (_text(right) or "x")
    return ""


def _has_shape(text: str) -> bool:
    """Whether a text is SQL: it starts like a statement, and a parser agrees."""
    first = text.split(maxsplit=1)[:1]
    if not first or not (first[0].isupper() or first[0].islower()):
        return False
    if not _SHAPE.match(" ".join(text.upper().split())):
        return False
    try:
        return isinstance(sqlglot.parse_one(text, dialect="postgres"), _STATEMENTS)
    except SqlglotError:
        # What cannot be parsed but has the shape and a parameter is a statement all the same.
        return re.search(r"\$\d", text) is not None


def _excerpt(text: str) -> str:
    return textwrap.shorten(text, 60, placeholder=" ...")
