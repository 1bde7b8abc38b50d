"""Put the rules together over a source folder."""

import dataclasses
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tools.sql_linter.findings import Finding, Rule
from tools.sql_linter.policy import HOUSE, Policy
from tools.sql_linter.python_rules import PythonRules
from tools.sql_linter.queries import query_breaches, scope_breaches
from tools.sql_linter.schema import Schema, definition_breaches, inexact_types
from tools.sql_linter.sources import Sources, Statement
from tools.sql_linter.words import forbidden_words

# Statements of any other kind are not understood well enough to be let through.
_UNDERSTOOD: Final = (
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Create,
    exp.Alter,
    exp.Drop,
    exp.TruncateTable,
    exp.Copy,
    exp.Grant,
    exp.Revoke,
    exp.Set,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
)

# The parser knows only some forms of transaction control, and there is nothing in it to check.
_TRANSACTION_CONTROL: Final = re.compile(
    r"(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE SAVEPOINT)\b[A-Z_, ]*",
    re.IGNORECASE,
)


def lint(folder: Path, policy: Policy = HOUSE) -> list[Finding]:
    """Check every module below a source folder.

    Returns:
        Findings by file and line; none when the source keeps the rules and needs every exception.
    """
    sources = Sources(folder)
    statements = sources.statements()
    statement_rules = StatementRules(statements, policy)
    python_rules = PythonRules(sources, statements, policy)
    findings = [
        finding for statement in statements for finding in statement_rules.breaches(statement)
    ]
    findings += [finding for module in sources.modules for finding in python_rules.breaches(module)]
    needed = statement_rules.needed | python_rules.needed
    findings += _stale(policy, needed)
    return sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule.code))


def readable(statement: Statement, policy: Policy) -> str:
    """A statement's text, a template's with the values that the policy gives for reading it."""
    values = policy.templates.get(statement.key)
    return statement.text if values is None else statement.text.format(**values)


class StatementRules:
    """Checks statements against the schema that they make together.

    Attributes:
        needed: what the source needed so far of what the policy declares.
    """

    def __init__(self, statements: list[Statement], policy: Policy) -> None:
        self._policy = policy
        self._parsed = {
            statement.key: _parse(readable(statement, policy)) for statement in statements
        }
        self._schema = Schema(
            tree for key in self._parsed for tree in self._parsed[key] if tree is not None
        )
        self.needed = {
            statement.key for statement in statements if statement.key in policy.templates
        }
        self.needed |= {table for table in policy.global_tables if self._schema.find(table)}
        self.needed |= {table for table in policy.history if self._schema.find(table)}

    def breaches(self, statement: Statement) -> Iterator[Finding]:
        """What one statement breaks."""
        found = dict.fromkeys(self._breaches(statement))
        for rule, detail in found:
            if not self._is_excused(statement, rule):
                yield Finding(
                    rule, statement.module.path, statement.line, f"{statement.name}: {detail}"
                )

    def _breaches(self, statement: Statement) -> Iterator[tuple[Rule, str]]:
        yield from forbidden_words(readable(statement, self._policy))
        for tree in self._parsed[statement.key]:
            if tree is None or not isinstance(tree, _UNDERSTOOD):
                yield Rule.UNPARSED, "not a statement that is understood"
                continue
            if isinstance(tree, exp.Copy):
                yield Rule.COPY, "COPY"
            yield from inexact_types(tree)
            yield from definition_breaches(tree, self._schema, self._policy.global_tables)
            yield from query_breaches(tree, self._schema, self._policy.history)
            yield from scope_breaches(tree, self._schema)

    def _is_excused(self, statement: Statement, rule: Rule) -> bool:
        allowed: dict[Rule, tuple[str, Mapping[str, str]]] = {
            Rule.TENANT_GIVEN: (statement.key, self._policy.across_tenants),
            Rule.KEY_LEADS: (statement.key, self._policy.across_tenants),
            Rule.BOOK_GIVEN: (statement.key, self._policy.across_books),
            Rule.UNPARSED: (statement.key, self._policy.unparsed),
            Rule.COPY: (statement.module.path, self._policy.accelerators),
        }
        key, exceptions = allowed.get(rule, ("", {}))
        if key not in exceptions:
            return False
        self.needed.add(key)
        return True


def _parse(sql: str) -> list[exp.Expr | None]:
    """The statements of a text; None stands for one that cannot be parsed."""
    if _TRANSACTION_CONTROL.fullmatch(sql):
        return [exp.Transaction()]
    # The parser's own warning, that it does not know a statement, becomes a finding here.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        return list(sqlglot.parse(sql, dialect="postgres"))
    except SqlglotError:
        return [None]


def _stale(policy: Policy, needed: set[str]) -> Iterator[Finding]:
    # What was not executed is known after a test run (`tools.sql_linter.executed`).
    for declared in (each for each in dataclasses.fields(policy) if each.name != "unexecuted"):
        for key in sorted(getattr(policy, declared.name)):
            if key not in needed:
                yield Finding(
                    Rule.STALE, "tools/sql_linter/policy.py", 1, f"{declared.name}: {key}"
                )
