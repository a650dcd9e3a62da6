"""How the methods were tried: false alarms, what was found, how often ranges held the truth; where it is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kinerja_analysis.base.words import say
from kinerja_analysis.detect import REGISTRY
from kinerja_analysis.detect.calibration import fresh, measured
from kinerja_analysis.report.blocks import Block, Cell, Column, Masthead, Note, Section, TableBlock, Text
from kinerja_analysis.show import sentence as words


@dataclass(frozen=True)
class Tried:
    """What was measured of every detector, in one language."""

    version: str
    level: str
    lang: str

    def tell(self, key: str, **params: Any) -> str:
        """Return a message of the page."""
        return say(f"validation.{key}", self.lang, **params)


def masthead(tried: Tried) -> Masthead:
    """Return the head: which version, on how many answers."""
    known = [measured()[n] for n in REGISTRY if n in measured()]
    answers, flagged = (sum(int(r[k]) for r in known) for k in ("answers", "flagged"))
    lead = tried.tell("lead", n=len(REGISTRY), answers=answers, flagged=flagged, rate=flagged / max(answers, 1))
    report = {k: say(f"report.masthead.{k}", tried.lang) for k in ("level", tried.level)}
    facts = ((tried.tell("version"), tried.version), (report["level"], report[tried.level]),
             (tried.tell("data"), tried.tell("data_text")))  # fmt: skip
    return Masthead(tried.tell("kicker"), tried.tell("title"), lead, tried.tell("title"), tried.version,
                    say(f"report.badge.{tried.level}", tried.lang), facts)  # fmt: skip


def limit(flagged: int, answers: int) -> float:
    """Return the upper 95 % limit (one-sided, Clopper and Pearson 1934) of a rate.

    >>> round(limit(0, 100), 4), limit(5, 5)
    (0.0295, 1.0)
    """
    from scipy.stats import beta

    return 1.0 if flagged >= answers else float(beta.ppf(0.95, flagged + 1, answers - flagged))


def detectors(tried: Tried) -> Section:
    """Return the table of all detectors: nothing planted, much planted, ranges, whether the code is the one tried."""
    heads = ("question", "answers", "flagged", "limit", "planted", "found", "held", "state")
    forms = ("", "n", "n", "%1", "n", "%0", "%1", "")
    columns = tuple(Column(tried.tell(f"col.{h}"), form) for h, form in zip(heads, forms, strict=True))
    rows = [_row(tried, name) for name in REGISTRY]
    blocks: list[Block] = [TableBlock(tried.tell("caption"), columns, tuple(rows)), Text(tried.tell("below"), "small")]
    return Section("penelaah", "1", tried.tell("detectors"), tuple(blocks))


def _row(tried: Tried, name: str) -> tuple[Cell, ...]:
    told = measured().get(name)
    title = words.title(name, tried.lang)
    if told is None:
        return (title, *[None] * 6, tried.tell("state.never"))
    n = {k: int(v) for k, v in told.items() if k not in ("detector", "hash")}
    answers, planted, ranges = n["answers"], n["planted"], n["intervals"]
    state = tried.tell("state.fresh" if fresh(name) else "state.stale")
    return (title, answers, n["flagged"], limit(n["flagged"], answers) if answers else math.nan, planted,
            n["found"] / planted if planted else math.nan, n["covered"] / ranges if ranges else math.nan,
            state)  # fmt: skip


def index(tried: Tried) -> Section:
    """Return what was tried of the objectivity index."""
    return Section("indeks", "2", tried.tell("index_title"), (Text(say("report.index.accepted", tried.lang)),))


def published(tried: Tried) -> Section:
    """Return where the published values, the peers and the designs are written, and the commands that make them."""
    parts = tuple((tried.tell(f"more.{k}"), tried.tell(f"more.{k}_text")) for k in ("published", "designs", "again"))
    return Section("lebih", "3", tried.tell("more_title"), (Note(parts),))
