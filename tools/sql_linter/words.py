"""Forbidden words: what a statement's tokens show, whether or not it can be parsed."""

import re
from typing import Final

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import TokenType

from tools.sql_linter.findings import Rule

# Matched against the words in upper case, one space between them: comments are gone, and
# texts and quoted names are empty, so that what is only spoken of is not found.
_FORBIDDEN: Final = (
    (Rule.TRIGGERS, re.compile(r"^CREATE (OR REPLACE )?(CONSTRAINT )?TRIGGER\b")),
    (
        Rule.FUNCTIONS,
        re.compile(r"^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE)\b|^(DO|CALL)\b"),
    ),
    (
        Rule.SEQUENCES,
        re.compile(
            r"\b(SMALL|BIG)?SERIAL\b|\bSERIAL[248]\b|\bAS IDENTITY\b"
            r"|^CREATE (TEMP |TEMPORARY )?SEQUENCE\b|\b(NEXTVAL|CURRVAL|SETVAL|LASTVAL) \("
        ),
    ),
    (Rule.ADVISORY_LOCKS, re.compile(r"\bPG_(TRY_)?ADVISORY_\w+")),
    (Rule.NOTIFY, re.compile(r"^(LISTEN|UNLISTEN|NOTIFY)\b|\bPG_NOTIFY \(")),
    (Rule.EXCLUSION, re.compile(r"\bEXCLUDE (USING\b|\()")),
    (Rule.LOCK_TABLE, re.compile(r"^LOCK\b")),
    (Rule.SKIP_LOCKED, re.compile(r"\bSKIP LOCKED\b")),
)

_SILENT: Final = {
    TokenType.STRING,
    TokenType.IDENTIFIER,
    TokenType.HEREDOC_STRING,
    TokenType.RAW_STRING,
    TokenType.NATIONAL_STRING,
    TokenType.BYTE_STRING,
}


def forbidden_words(sql: str) -> list[tuple[Rule, str]]:
    """The rules that a statement's words break, with the words."""
    found = []
    for words in _statements(sql):
        for rule, pattern in _FORBIDDEN:
            match = pattern.search(words)
            if match is not None:
                found.append((rule, match[0]))
    return found


def _statements(sql: str) -> list[str]:
    try:
        tokens = sqlglot.tokenize(sql, dialect="postgres")
    except TokenError:
        # The parser reports it; the words are looked for all the same.
        return [" ".join(sql.upper().split())]
    statements: list[list[str]] = [[]]
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            statements.append([])
        else:
            text = "''" if token.token_type in _SILENT else token.text
            statements[-1].append(" ".join(text.upper().split()))
    return [" ".join(words) for words in statements]
