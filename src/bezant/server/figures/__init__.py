"""What a platform does now: figures from two readings of its metrics."""

from bezant.server.figures.figures import (
    Background,
    Batches,
    Bucket,
    CacheKind,
    Consumer,
    Database,
    Figures,
    Requests,
    Route,
    Times,
    figures_between,
)
from bezant.server.figures.rates import Distribution, Interval, increase
from bezant.server.figures.scrape import SAMPLES_MAX, Scrape, Unreadable
from bezant.server.figures.shown import ABSENT, duration, number, share, size

__all__ = [
    "ABSENT",
    "SAMPLES_MAX",
    "Background",
    "Batches",
    "Bucket",
    "CacheKind",
    "Consumer",
    "Database",
    "Distribution",
    "Figures",
    "Interval",
    "Requests",
    "Route",
    "Scrape",
    "Times",
    "Unreadable",
    "duration",
    "figures_between",
    "increase",
    "number",
    "share",
    "size",
]
