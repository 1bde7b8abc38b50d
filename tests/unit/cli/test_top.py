"""`bezant top` without a platform: what it makes of answers, and how it looks."""

import io
import re
from collections.abc import Callable

import httpx
import pytest
from rich.console import Console, ConsoleDimensions

from bezant.cli.top.source import ScrapeFailed, Source
from bezant.cli.top.text import age, bars, sparkline
from bezant.cli.top.view import lines, screen
from bezant.cli.top.watch import HISTORY_MAX, Watch
from bezant.server.endpoint import Access
from bezant.server.figures import duration, number, share, size

BOUNDS = ("1.0", "10.0", "100.0", "8190.0", "+Inf")


def page(count: int) -> str:
    """Metrics of a platform that has done everything `count` times, with ten legs each."""
    return "".join(
        [
            f"bezant_ledger_transfers_total {count * 10}\n",
            "bezant_lane_queue_items 3\nbezant_workers 2\nbezant_worker_memory_bytes 3e8\n",
            f'bezant_http_requests_total{{method="GET",route="/v1/a",status="500"}} {count}\n',
            *(f'bezant_lane_batch_transfers_bucket{{le="{le}"}} {count}\n' for le in BOUNDS),
            *(
                f'bezant_http_request_seconds_bucket{{method="GET",route="/v1/a/long/path/to/{at}",'
                f'le="{le}"}} {count}\n'
                for at in range(40)
                for le in ("0.01", "+Inf")
            ),
        ]
    )


class Platform:
    """Answers that are given in order, the last again and again, and a clock a second apart."""

    def __init__(self, *answers: httpx.Response | Exception | str) -> None:
        self.answers = list(answers)
        self.now_s = 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer bz_key"
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, text=answer)

    def clock(self) -> float:
        self.now_s += 1
        return self.now_s

    def watch(self) -> Watch:
        access = Access("https://bezant.test", None, "bz_key")
        return Watch(Source(access, transport=httpx.MockTransport(self), clock=self.clock))


async def looked(platform: Platform, times: int) -> Watch:
    watch = platform.watch()
    async with watch.source:
        for _ in range(times):
            await watch.look()
    return watch


def shown(watch: Watch, width: int, height: int) -> list[str]:
    """The screen of a terminal of a size, line by line."""
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    console.print(screen(watch, 2.0, ConsoleDimensions(width, height)), end="")
    assert isinstance(console.file, io.StringIO)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())
    return plain.rstrip("\n").split("\n")


async def test_figures_are_of_the_time_between_two_readings() -> None:
    watch = await looked(Platform(page(100), page(120)), 2)
    assert watch.figures is not None
    assert watch.figures.postings_per_s == 200
    assert watch.figures.batches.per_s == 20


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.ConnectError("refused"), "UNREACHABLE"),
        (httpx.ReadTimeout(""), "UNREACHABLE"),
        (httpx.RemoteProtocolError("cut off"), "UNREACHABLE"),
        (httpx.Response(503), "HTTP_503"),
        (httpx.Response(200, content=b"\xff\xfe"), "NOT_METRICS"),
        ('a{b="} 1', "NOT_METRICS"),
        ("<html>not what was asked for</html>", "NOT_METRICS"),
    ],
)
async def test_a_failure_is_shown_with_its_age_and_the_figures_before_it_stay(
    answer: httpx.Response | Exception | str, code: str
) -> None:
    watch = await looked(Platform(page(100), page(120), answer), 4)
    assert watch.failed is not None
    assert watch.failed.code == code
    assert watch.figures is not None
    assert watch.figures.postings_per_s == 200
    assert [each is None for each in watch.history] == [False, True, True]
    first, second = shown(watch, 80, 24)[:2]
    assert "no answer for" in first
    assert watch.failed.problem[:30] in second


async def test_after_a_silence_the_figures_are_those_of_all_the_time_since() -> None:
    watch = await looked(Platform(page(100), httpx.ConnectError("gone"), page(140)), 3)
    assert watch.failed is None
    assert watch.figures is not None
    # The clock was read at both readings only: a second, and forty times ten postings.
    assert watch.figures.postings_per_s == 400 / watch.figures.over_s


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_accepted_ends_it(status: int) -> None:
    with pytest.raises(ScrapeFailed, match="metrics:read") as failed:
        await looked(Platform(httpx.Response(status)), 1)
    assert failed.value.is_final


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bezant.cli.top.source.ANSWER_BYTES_MAX", 100)
    watch = await looked(Platform("x 1\n" * 100), 1)
    assert watch.failed is not None
    assert watch.failed.code == "NOT_METRICS"


async def test_the_past_that_is_kept_is_bounded() -> None:
    watch = await looked(Platform(page(1)), HISTORY_MAX + 20)
    assert len(watch.history) == HISTORY_MAX


@pytest.mark.parametrize("times", [0, 1, 2, 60])
@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (140, 40), (120, 30), (119, 30), (60, 20), (200, 60), (30, 8)]
)
async def test_it_fits_the_terminal(width: int, height: int, times: int) -> None:
    watch = await looked(Platform(*(page(at * at) for at in range(1, 70))), times)
    found = shown(watch, width, height)
    assert len(found) <= height
    assert max(map(len, found)) <= width
    assert "bezant" in found[0][:10]
    if height >= 20:
        assert "q quits" in found[-1]


async def test_a_usual_terminal_shows_everything_that_an_operator_watches() -> None:
    watch = await looked(Platform(page(1), page(2), page(5)), 3)
    for width, height in ((80, 24), (140, 40)):
        text = "\n".join(shown(watch, width, height))
        for word in (
            *("Postings", "Requests", "Batches", "Commit p99", "Batch size", "Route", "5xx/s"),
            *("Refused", "Lanes", "Database", "Cache", "Events", "Jobs", "Webhooks", "Replica"),
        ):
            assert word in text, f"{word} at {width}x{height}"
        assert "serving · 2 workers · 286 MiB" in text
        assert "▁" in text or "█" in text
        assert re.search(r"Jobs +- waiting", text)


async def test_plain_lines_hold_no_terminal_codes() -> None:
    watch = await looked(Platform(page(1), page(2)), 2)
    console = Console(file=io.StringIO(), width=100)
    for line in lines(watch, 100):
        console.print(line)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b" not in console.file.getvalue()
    assert "Postings" in console.file.getvalue()


@pytest.mark.parametrize(
    ("shape", "value", "text"),
    [
        (number, None, "-"),
        (number, 0, "0"),
        (number, 0.256, "0.26"),
        (number, 12.34, "12.3"),
        (number, 1234.5, "1,234"),
        (number, 2_500_000, "2.50 M"),
        (duration, None, "-"),
        (duration, 0.0004, "0.40 ms"),
        (duration, 0.0123, "12.3 ms"),
        (duration, 0.5, "500 ms"),
        (duration, 2, "2.00 s"),
        (size, None, "-"),
        (size, 512, "512 B"),
        (size, 300 << 20, "300 MiB"),
        (size, 3 << 30, "3.0 GiB"),
        (share, None, "-"),
        (share, 0.99999, "99.9 %"),
        (share, 1, "100 %"),
        (share, 0, "0 %"),
        (age, 61, "1 min 1 s"),
        (age, 5.9, "5 s"),
    ],
)
def test_numbers_are_short(
    shape: Callable[[float | None], str], value: float | None, text: str
) -> None:
    assert shape(value) == text


def test_a_line_shows_gaps_and_is_scaled_to_its_highest() -> None:
    assert sparkline([0, 50, None, 100], 10) == "▁▅ █"
    assert sparkline([1, 2, 3, 4], 2) == "▇█"
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([1], 0) == ""


def test_a_bar_shows_whatever_happened_at_all() -> None:
    assert bars([0, 1, 1000], 2) == [[" ", " ", "█"], [" ", "▁", "█"]]
    assert bars([0, 0], 1) == [[" ", " "]]
