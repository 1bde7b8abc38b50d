"""Metrics add up over workers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import bezant
from bezant.kernel.telemetry import metrics

WORK = """
from bezant.kernel.telemetry import metrics
metrics.ABORTS.inc(2)
metrics.LANE_QUEUE.set(5)
metrics.HTTP_SECONDS.labels("GET", "/v1/books/{book}").observe(0.003)
"""

SCRAPE = """
import sys
from bezant.kernel.telemetry import metrics
metrics.ABORTS.inc(3)
metrics.LANE_QUEUE.set(7)
sys.stdout.buffer.write(metrics.render())
"""


RACE = """
import sys
from pathlib import Path
from prometheus_client.multiprocess import MultiProcessCollector
from bezant.kernel.telemetry import metrics
empty = Path(sys.argv[1]) / "counter_1.db"
empty.touch()

class Racing(MultiProcessCollector):
    def collect(self):
        try:
            return super().collect()
        finally:
            looks.append(empty.exists())
            empty.unlink(missing_ok=True)

looks = []
metrics.MultiProcessCollector = Racing
metrics.ABORTS.inc(3)
sys.stdout.buffer.write(metrics.render())
assert looks == [True, False], looks
"""


def run(script: str, folder: Path) -> tuple[str, int]:
    source = Path(bezant.__file__).parents[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        metrics.FOLDER_VARIABLE: str(folder),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], env=environment, stdout=subprocess.PIPE
    )
    output, _ = process.communicate()
    assert process.returncode == 0
    return output.decode(), process.pid


def value(text: str, sample: str) -> float:
    match = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert match, f"{sample} is not in\n{text}"
    return float(match[1])


def test_a_scrape_sums_over_workers_and_keeps_the_counts_of_one_that_died(tmp_path: Path) -> None:
    _, dead = run(WORK, tmp_path)
    text, _ = run(SCRAPE, tmp_path)
    assert value(text, "bezant_lane_queue_items") == 12
    metrics.forget_worker(dead, str(tmp_path))
    text, _ = run(SCRAPE, tmp_path)
    assert value(text, "bezant_db_serialization_aborts_total") == 2 + 3 + 3
    assert (
        value(text, 'bezant_http_request_seconds_count{method="GET",route="/v1/books/{book}"}') == 1
    )


def test_the_gauges_of_a_worker_that_died_leave_the_sum(tmp_path: Path) -> None:
    _, dead = run(WORK, tmp_path)
    metrics.forget_worker(dead, str(tmp_path))
    text, _ = run(SCRAPE, tmp_path)
    assert value(text, "bezant_lane_queue_items") == 7


def test_every_metric_is_named_for_the_platform_and_says_what_it_counts() -> None:
    text = metrics.render().decode()
    names = re.findall(r"^# HELP (bezant_\S+) \S+", text, re.MULTILINE)
    assert "bezant_lane_batch_transfers" in names
    assert "bezant_db_serialization_aborts_total" in names


def test_a_worker_that_begins_meanwhile_does_not_fail_a_scrape(tmp_path: Path) -> None:
    text, _ = run(RACE, tmp_path)
    assert value(text, "bezant_db_serialization_aborts_total") == 3
