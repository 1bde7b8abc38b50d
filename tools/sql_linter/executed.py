"""Compare the statements of the source with those that a test run really sent to the server.

The source can be read wrongly: a statement may be put together where the linter does not look, and
one that no test runs may be wrong although it parses. So the run is recorded at the driver
(`tools.sql_recorder`), and both sides must agree.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tools.sql_linter.policy import Policy
from tools.sql_linter.sources import Sources, Statement, is_statement

# What asyncpg sends of itself: transactions, the types of parameters, the reset of a session.
_DRIVER: Final = (
    re.compile(r"(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE SAVEPOINT)\b[\w ,]*"),
    re.compile(r"WITH RECURSIVE typeinfo_tree\b.*"),
    re.compile(r"SELECT t\.oid, t\.typelem AS elemtype\b.*"),
    re.compile(r"SELECT .*set_config\('jit', .*"),
    re.compile(r"SELECT pg_advisory_unlock_all\(\); CLOSE ALL; UNLISTEN \*; RESET ALL"),
)
_GAP: Final = "\0"

# What holds statements together that travel as one.
_TOGETHER: Final = ("SELECT ARRAY(SELECT read_1 FROM (", "WITH written_")
_SEAM: Final = re.compile(
    r"(?:^SELECT |\) AS read_\d+\), )ARRAY\(SELECT read_\d+ FROM \(|\) AS read_\d+\)$"
    r"|(?:^WITH |\), )written_\d+ AS \(|\) SELECT 1$"
)


def differences(
    executed: Mapping[str, bool],
    source: Path,
    tests: Path,
    policy: Policy,
    seeded: Iterable[str] = (),
) -> list[str]:
    """Where a run and the source disagree.

    Args:
        executed: the statements that were sent, and whether the server carried each out.
        source: the source folder.
        tests: the tests' folder; a statement that stands in it is the tests' own.
        policy: what the source declares.
        seeded: what tests put together to seed a fault, with `…` for what is of no matter.

    Returns:
        A sentence for every statement that was sent but is in no store, and for every statement of
        a store that was never carried out.
    """
    # The driver does not log what Alembic sends; each migration runs in every session.
    statements = [each for each in Sources(source).statements() if not each.module.is_migration]
    ours = [_pattern(statement, policy) for statement in statements]
    theirs = [_with_gaps(normalized(text).replace("…", _GAP)) for text in seeded]
    known = [*ours, *theirs, *_DRIVER, *_sent_by_tests(tests)]
    sent = {part for sql in executed for part in _taken_apart(normalized(sql))}
    done = {
        part
        for sql, is_done in executed.items()
        if is_done
        for part in _taken_apart(normalized(sql))
    }
    found = [
        f"sent, but in no store: {piece}"
        for text in sorted(sent)
        if not any(pattern.fullmatch(text) for pattern in known)
        for piece in text.split(";")
        if not any(_is_part(pattern, piece.strip()) for pattern in known)
    ]
    for statement, pattern in zip(statements, ours, strict=True):
        is_done = any(_contains(text, pattern) for text in done)
        if not is_done and statement.key not in policy.unexecuted:
            found.append(f"{statement.key} was never carried out")
        if is_done and statement.key in policy.unexecuted:
            found.append(f"{statement.key} is declared as never carried out, but was")
    return found


def normalized(sql: str) -> str:
    """A statement without comments, line breaks, indents, or the numbers of its parameters."""
    without_comments = re.sub(r"--[^\n]*", "", sql)
    return re.sub(r"\$\d+", "$", " ".join(without_comments.split()).strip("; "))


def _taken_apart(sql: str) -> list[str]:
    """The statements that one was put together from (`bezant.kernel.database.together`)."""
    if not sql.startswith(_TOGETHER):
        return [sql]
    return [part.strip() for part in _SEAM.split(sql) if part]


def _pattern(statement: Statement, policy: Policy) -> re.Pattern[str]:
    """What a statement looks like when it is sent; a template's gaps hold anything."""
    text = normalized(statement.text)
    if statement.key in policy.templates:
        text = re.sub(r"\{[^{}]*\}", _GAP, text)
    return _with_gaps(text)


def _with_gaps(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(re.escape(_GAP), ".*"))


def _contains(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether a text is a statement, or several of which it is one or more in a row."""
    return pattern.fullmatch(text) is not None or (
        re.search(rf"(^|; ?)(?:{pattern.pattern})(;|$)", text) is not None
    )


def _is_part(pattern: re.Pattern[str], piece: str) -> bool:
    """Whether a piece of a text is a statement, or one of the several that a constant holds."""
    if pattern.fullmatch(piece):
        return True
    several = [part.strip() for part in pattern.pattern.split(";")]
    return len(several) > 1 and re.escape(piece) in several


def _sent_by_tests(tests: Path) -> list[re.Pattern[str]]:
    """The texts that stand in the tests; in statements a part that is filled in holds anything."""
    texts = {
        _text(node)
        for path in tests.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    }
    return [
        _with_gaps(normalized(text)) for text in texts if _GAP not in text or is_statement(text)
    ]


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(value) or _GAP for value in values)
    return ""
