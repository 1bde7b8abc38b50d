"""What reaches the log, and what never does."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from bezant.kernel.telemetry import REDACTED, LogFormat, Sensitive, bind_request, configure_logs


class CardNumber(Sensitive):
    def __str__(self) -> str:
        return "4111111111111111"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


def connect(url: str) -> None:
    raise ConnectionError(f"{url} refused")


def logged(capsys: pytest.CaptureFixture[str], **members: object) -> dict[str, object]:
    configure_logs(LogFormat.JSON)
    structlog.get_logger("test").info("event", **members)
    event: dict[str, object] = json.loads(capsys.readouterr().err)
    return event


@pytest.mark.parametrize(
    "member",
    [
        SecretStr("hunter2"),
        {"deep": [{"deeper": SecretStr("hunter2")}]},
        {"Authorization": "Basic hunter2"},
        [(b"cookie", b"session=hunter2"), (b"host", b"bank")],
        {"idempotency-key": "hunter2"},
        "postgresql://bezant:hunter2@localhost/bezant",
        "unix:///run/valkey.sock?db=0&password=hunter2",
        "Bearer hunter2",
        b"redis://:hunter2@cache/0",
        ValueError("connecting to postgresql://bezant:hunter2@db failed"),
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": "hunter2"}}}}}}},
    ],
    ids=lambda member: type(member).__name__,
)
def test_a_secret_never_enters_a_log(member: object, capsys: pytest.CaptureFixture[str]) -> None:
    written = json.dumps(logged(capsys, member=member))
    assert "hunter2" not in written
    assert REDACTED in written


def test_a_sensitive_type_is_redacted_whatever_it_says_of_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert logged(capsys, card=CardNumber(), cards=[CardNumber()]) | {"timestamp": ""} == {
        "event": "event",
        "level": "info",
        "card": REDACTED,
        "cards": [REDACTED],
        "timestamp": "",
    }


def test_an_api_key_is_redacted_within_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    event = logged(capsys, detail="no such key: bz_0123456789abcdef_AAAABBBBCCCC, sorry")
    assert event["detail"] == f"no such key: {REDACTED}, sorry"


@pytest.mark.parametrize("key", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AAAA/BBBB+CCCC=="])
def test_a_signing_key_is_redacted_within_a_sentence(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    event = logged(capsys, detail=f"signed with {key}, sorry")
    assert event["detail"] == f"signed with {REDACTED}, sorry"


def test_what_is_harmless_is_logged_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    event = logged(capsys, amount="1250", count=3, path="/v1/books", nothing=None)
    assert (event["amount"], event["count"], event["path"], event["nothing"]) == (
        "1250",
        3,
        "/v1/books",
        None,
    )


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.PLAIN])
def test_a_fault_is_logged_with_its_trace_but_without_the_secret_in_its_text(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_format)
    try:
        connect("postgresql://bezant:hunter2@localhost")
    except ConnectionError:
        structlog.get_logger("test").exception("fault")
    written = capsys.readouterr().err
    assert "ConnectionError" in written
    assert "test_logs.py" in written
    assert "hunter2" not in written


def test_libraries_log_in_the_same_form_and_are_redacted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(LogFormat.JSON)
    logging.getLogger("somebody").warning("at %s", "redis://:hunter2@cache/0")
    event = json.loads(capsys.readouterr().err)
    assert event["event"] == f"at redis://:{REDACTED}@cache/0"
    assert (event["level"], event["logger"]) == ("warning", "somebody")


def test_every_event_of_a_request_carries_its_identifier(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bind_request("req-12345678")
    assert logged(capsys)["request_id"] == "req-12345678"
