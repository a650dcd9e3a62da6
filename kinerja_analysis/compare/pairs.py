"""Pairs of cells, their rows, and intervals that hold together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import COMPARISON_COLUMNS, Audit, Status
from kinerja_analysis.score.rules import rule_for

Cell = tuple[str, int]
#: What a finding calls the units of its interval, the first it has; with a coefficient of few, the fewer that carry it.
UNITS = ("units", "n_units", "n_teams", "n_raters", "informative")
#: Methods whose interval takes no t: an exact one and the profile of a likelihood.
NO_T = ("no_separated_team_exact", "REML of differences, leniency of the other raters taken out")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cells (region, year); ``a`` is the later one of two years."""

    a: Cell
    b: Cell

    @property
    def over_time(self) -> bool:
        """True for two years of one region."""
        return self.a[0] == self.b[0]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a comparison before its interval: a difference with its error, or a reason for none.

    ``log``: the difference is of logarithms and is told as a ratio. A difference below ``least`` tells nothing apart.
    ``covered``: how much of the pairs of either cell (the lesser) an adjusted row rests on.
    """

    pair: Pair
    measure: str
    subject: str = ""
    reference: str = ""
    scope: str = ""
    adjusted: bool = False
    difference: float = np.nan
    se: float = np.nan
    df: float = np.inf
    log: bool = False
    unit: str = ""
    level: float = 0.95
    n_a: int = 0
    n_b: int = 0
    teams_a: int = 0
    teams_b: int = 0
    value_a: float = np.nan
    value_b: float = np.nan
    status: Status = Status.NOT_APPLICABLE
    reason: str = ""
    marks: tuple[str, ...] = ()
    bounds: tuple[float, float] = field(default=(np.nan, np.nan))
    p: float = np.nan
    least: float = 0.0
    covered: float = np.nan


def together(rows: Sequence[Row]) -> list[Row]:
    """Give every row with an error an interval that holds together with those of the others of its year.

    The family is all rows of one year; the error probability is shared out equally (Bonferroni), the adjusted p fits.
    """
    from scipy.special import stdtr, stdtrit

    known = [r for r in rows if np.isfinite(r.difference) and r.se > 0]
    size = pd.Series([r.pair.a[1] for r in known], dtype="int64").value_counts()
    out = []
    for r in rows:
        if not (np.isfinite(r.difference) and r.se > 0):
            out.append(r)
            continue
        family, df = int(size[r.pair.a[1]]), min(r.df, 1e9)
        half = float(stdtrit(df, 1 - (1 - r.level) / (2 * family))) * r.se
        p = min(1.0, 2 * family * float(stdtr(df, -abs(r.difference) / r.se)))
        apart = Status.FLAGGED if p < 1 - r.level and abs(r.difference) >= r.least else Status.CLEAR
        out.append(replace(r, bounds=(r.difference - half, r.difference + half), p=p, status=apart))
    return out


def frame_of(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as the frame of a comparison."""
    records = []
    for r in rows:
        numbers = [r.difference, *r.bounds]
        value, lower, upper = np.exp(numbers) if r.log else numbers
        (a, year), (b, earlier) = r.pair.a, r.pair.b
        same = {c: getattr(r, c, None) for c in COMPARISON_COLUMNS}
        records.append(same | {"year": year, "year_b": earlier, "region_a": a, "region_b": b, "value": value,
                               "lower": lower, "upper": upper, "p_adjusted": r.p, "status": str(r.status),
                               "mark": "|".join(r.marks)})  # fmt: skip
    reals = ("value", "lower", "upper", "level", "p_adjusted", "value_a", "value_b", "covered")
    counts = ("year", "year_b", "n_a", "n_b", "teams_a", "teams_b")
    kinds = dict.fromkeys(reals, "float64") | dict.fromkeys(counts, "int64") | {"adjusted": "bool"}
    text = dict.fromkeys(set(COMPARISON_COLUMNS) - set(kinds), "str")
    return pd.DataFrame(records, columns=list(COMPARISON_COLUMNS)).astype(kinds | text)  # type: ignore[arg-type]


def findings(audit: Audit, measures: Sequence[str]) -> pd.DataFrame:
    """Return the answers about a region or its groups and sources of these measures, with their parameters.

    What a region's own pages withhold, having too little for it, is in no comparison either.
    ``about`` is the subject, "" for the region itself; ``reference`` what it is held against: a group, or the evidence
    of an index (comparators, what is scored, peers per employee); ``least`` the smallest difference that counts;
    ``teams`` how many teams it rests on, 0 where it counts none; ``df`` the degrees of freedom of its interval, units
    less one, infinite for the methods in ``NO_T``: all others take t.
    """
    kinds = ("region", "group", "attribute", "source", "source_pair")
    parts = [r.frame[r.frame["measure"].isin(measures) & r.frame["subject_kind"].isin(kinds)
                     & r.frame["status"].isin([Status.FLAGGED, Status.CLEAR])]
             for r in audit.results.values()]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True).drop(columns="rows")
    params = [json.loads(p) for p in frame["params"]]
    reference = [str(p.get("reference", "")) or "|".join(_evidence(p)) for p in params]
    about = frame["subject"].where(frame["subject_kind"] != "region", "")
    units = np.array([next((float(p[k]) for k in UNITS if p.get(k)), np.inf) for p in params])
    df = np.where(frame["method"].isin(NO_T), np.inf, np.maximum(units - 1, 1))
    teams = [int(p.get("n_teams") or 0) for p in params]
    least = [float(p.get("distinguish", 0)) for p in params]
    return frame.assign(about=about, reference=reference, df=df, teams=teams, least=least)


def _evidence(params: dict[str, Any]) -> list[str]:
    known = [str(params[name]) for name in ("comparators", "scored") if name in params]
    return [*known, str(round(params["peers"]))] if "peers" in params else known


#: Marks of what differs between two forms, in the order of ``Form.by_kind``'s parts.
FORM_MARKS = ("criteria_differ", "scale_differs", "periods_differ")


@dataclass(frozen=True, slots=True)
class Form:
    """How a cell was rated, by kind of data: criteria, scale and rhythm; and by what rule and indicators."""

    by_kind: dict[str, tuple[Any, ...]]
    rule: str
    framework: str

    def differs(self, other: Form, kind: str) -> tuple[str, ...]:
        """Return the marks of what differs in one kind of data that both have."""
        if kind not in self.by_kind or kind not in other.by_kind:
            return ()
        parts = zip(FORM_MARKS, self.by_kind[kind], other.by_kind[kind], strict=True)
        return tuple(mark for mark, mine, theirs in parts if mine != theirs)


def forms(audit: Audit) -> dict[Cell, Form]:
    """Return the form of every cell."""
    examined = audit.counts["examined"]
    out = {}
    for region, year in audit.cells:
        mine = examined[(examined["region"] == region) & (examined["year"] == year)]
        kinds = {}
        for r in mine.itertuples():
            rhythm = tuple(p.removeprefix(str(year)) for p in str(r.periods).split("|"))
            kinds[str(r.kind)] = (tuple(sorted(str(r.criteria).split("|"))), str(r.scales), rhythm)
        place = audit.config.regions.get(region)
        framework = (place.framework if place is not None else "") or audit.config.framework
        out[region, year] = Form(kinds, rule_for(str(year)).name, framework)
    return out
