"""What a detector sees of one cell: tables, configuration, design, memoised fits. Never another detector."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Design
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable, Tables, annual_or_latest, kept, official
from kinerja_analysis.detect import fits
from kinerja_analysis.detect._difficulty import offsets
from kinerja_analysis.detect._grouped import grouped
from kinerja_analysis.detect.contract import Threshold, threshold


def pair_means(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per ratee x rater x period: the mean over criteria on 0-100, with the rows behind it.

    Columns: ``period ratee rater source unit opd score n_criteria rows`` (``rows`` a list of addresses). A pair's
    mean is taken over the criteria it has, less what is told by their being harder or easier than the usual ones (see
    ``offsets``); scores are rescaled by their own scale.
    """
    key = ["period", "ratee", "rater", "source"]
    pair, first = grouped(ratings, key)
    out = ratings[key].iloc[first].reset_index(drop=True)
    for name in ("unit", "opd"):
        known = np.flatnonzero(ratings[name].notna())
        place = np.full(first.size, -1)
        place[pair[known[::-1]]] = known[::-1]
        out[name] = ratings[name].array.take(place, allow_fill=True)
    out["score"] = _rescaled(ratings, pair, first)
    each = grouped(ratings, ["criterion"], pair)[1]
    each = each[ratings["criterion"].iloc[each].notna()]
    out["n_criteria"] = np.bincount(pair[each], minlength=len(out))
    once = np.sort(grouped(ratings, ["row"], pair)[1])
    return out.assign(rows=gathered(ratings["row"].iloc[once], pair[once], len(out)))


def _rescaled(ratings: pd.DataFrame, pair: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the mean score of each pair on 0-100: the same number for the same total, whatever the order of rows.

    Totals are summed before they are rescaled, and means rounded: thirds and tenths of single scores do not add up
    exactly, and pairs of equal mean would be told apart by their last digit.
    """
    low, span = ratings["scale_min"].to_numpy(float), (ratings["scale_max"] - ratings["scale_min"]).to_numpy(float)
    score = ratings["score"].to_numpy(float)
    known = ~np.isnan(score)
    n = np.bincount(pair, known, first.size)
    total = np.round(np.bincount(pair, np.where(known, score, 0.0), first.size) - n * low[first], 9)
    each = np.where(known, 100 * (score - low) / span, 0.0)
    even = np.bincount(pair, (low != low[first][pair]) | (span != span[first][pair]), first.size) == 0
    with np.errstate(invalid="ignore"):
        mixed = np.round(np.bincount(pair, each, first.size) / n, 9)
        mean = np.where(even, np.round(100 * total / span[first] / n, 12), mixed)
    code = pd.factorize(ratings["criterion"].where(known), sort=True)[0]
    told = code >= 0
    off = offsets(each[told], pair[told], code[told], first.size)
    return np.where(off == 0, mean, np.round(mean - off, 9))


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Return e-Kinerja ratings with both criteria of an appraisal under one address.

    An export has them in one row; a long table has one row each, which count as the first of the pair's.

    >>> long = pd.DataFrame({"period": "2025", "ratee": "a", "rater": "b", "criterion": ["x", "y"], "row": ["1", "2"]})
    >>> side_by_side(long)["row"].tolist()
    ['1', '1']
    """
    key = ["period", "ratee", "rater"]
    alone = ~rows.duplicated("row", keep=False)
    lone = rows[alone]
    pair = lone.groupby(key, dropna=False)
    join = (pair["criterion"].transform("size") > 1) & ~lone.duplicated([*key, "criterion"], keep=False)
    first = pair["row"].transform("first").reindex(rows.index)
    return rows.assign(row=rows["row"].mask(rows.index.isin(lone.index[join]), first))


def placed(rows: pd.DataFrame) -> pd.Series:
    """Return where each row belongs: its unit within its agency, else its agency, else "".

    Units of two agencies may have one name ("Sekretariat").

    >>> rows = pd.DataFrame({"unit": ["s", "s", None], "opd": ["a", "b", "b"]}, dtype="str")
    >>> placed(rows).nunique(), placed(rows).iloc[2]
    (3, 'b')
    """
    known = rows.reindex(columns=["unit", "opd"]).astype("str").fillna("")
    unit, opd = known["unit"], known["opd"]
    return (unit + "\x1f" + opd).where(unit != "", opd)


def gathered(values: pd.Series, code: np.ndarray, k: int) -> pd.Series:
    """Return the values of each code 0..k-1 as lists, in their order.

    >>> gathered(pd.Series(["a", "b", "c"]), np.array([1, 0, 1]), 2).tolist()
    [['b'], ['a', 'c']]
    """
    order = np.argsort(code, kind="stable")
    parts = np.split(values.to_numpy(object)[order], np.cumsum(np.bincount(code, minlength=k))[:-1])
    return pd.Series([part.tolist() for part in parts], dtype=object)


@dataclass
class Context:
    """The view of one cell.

    ``tables`` holds the region's rows of the cell's year, ``history`` those of all years up to it.
    ``seed`` makes whatever is drawn reproducible per cell. ``whole``: ``tables`` are the history (see ``past``).
    """

    tables: Tables
    history: Tables
    scores: ScoreTable
    config: AuditConfig
    design: Design
    region: str
    year: int
    whole: bool = False
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def threshold(self, key: str) -> Threshold:
        """Return a threshold by its key (``leniency.delta``)."""
        return threshold(key, self.config.overrides())

    def memo(self, name: Any, make: Any) -> Any:
        """Return a shared, once-computed value."""
        if name not in self._memo:
            self._memo[name] = make()
        return self._memo[name]

    def crossed(self, source: str = "") -> fits.Crossed:
        """Return the linear model of the pair means (of one source, or of all but self), fitted once."""
        return self.memo(("crossed", source), lambda: fits.crossed(self.pairs, source, level=self.config.level))  # type: ignore[no-any-return]

    def rasch(self, source: str = "") -> fits.Rasch:
        """Return the many-facet Rasch model of the multi-source ratings, fitted once."""
        return self.memo(("rasch", source), lambda: fits.rasch(self.multisource, source))  # type: ignore[no-any-return]

    def generator(self, salt: int = 0) -> np.random.Generator:
        """Return a random generator of this cell: same configuration, same draws, in any process."""
        digits = int("".join(c for c in self.region if c.isdigit()) or 0)
        return np.random.default_rng([self.config.seed, digits, self.year, salt])

    @cached_property
    def past(self) -> Context:
        """The region with the rows of all years up to this one as if they were this year's.

        Annual ratings where there are two years of them or more, else the quarters (or months) where there are two or
        more: what changes from one period to the next needs periods of one kind.
        """
        return replace(self, tables=self.history, whole=True, _memo={})

    @cached_property
    def before(self) -> Context:
        """The region in the year before."""
        year = self.year - 1
        return replace(self, tables=self.history.select(region=self.region, year=year), year=year, _memo={})

    @cached_property
    def ekinerja(self) -> pd.DataFrame:
        """e-Kinerja rating rows of the year (all periods of the kind that counts), raters known."""
        return self._ratings("ekinerja")

    @cached_property
    def multisource(self) -> pd.DataFrame:
        """Multi-source rating rows of the year (all periods of the kind that counts)."""
        return self._ratings("multisource")

    def _ratings(self, kind: str) -> pd.DataFrame:
        ratings = self.tables.ratings
        rows = kept(ratings, official(ratings) == (kind == "ekinerja"))
        year = rows["year"]
        annual = rows["period"] == (year.astype("str") if year.nunique() > 1 else str(year.min()))
        if not annual.any() or annual.all():
            return rows.reset_index(drop=True)
        single = self.whole and rows.loc[annual, "period"].nunique() < 2
        parts = single and rows.loc[~annual, "period"].nunique() > 1
        return rows[~annual if parts else annual].reset_index(drop=True)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Pair means of the multi-source ratings, see ``pair_means``."""
        return pair_means(self.multisource)

    @cached_property
    def heads(self) -> pd.DataFrame:
        """The appraisals that count for head counts: annual or latest period, not acting, one per person."""
        frame = annual_or_latest(self.tables.appraisals)
        frame = frame[~frame["acting"]]
        last = frame.sort_values(["person", "rated_at"], na_position="first", kind="stable")
        return last.drop_duplicates("person", keep="last").sort_values("person").reset_index(drop=True)

    @cached_property
    def teams(self) -> pd.DataFrame:
        """One row per rated employee x supervisor x period of the e-Kinerja export, with predikat and cell.

        Columns: ``period ratee supervisor unit opd hasil perilaku predikat level row`` (hasil, perilaku 1..3;
        ``level`` the predikat's order 0..4, from the recorded predikat). Only rows with a known supervisor.
        """
        rows = side_by_side(self.ekinerja.dropna(subset=["rater"]))
        index = ["period", "ratee", "rater", "unit", "opd", "row"]
        rows = rows.assign(unit=rows["unit"].fillna(""), opd=rows["opd"].fillna(""))
        rows = rows.drop_duplicates([*index, "criterion"])
        wide = rows.pivot(index=index, columns="criterion", values="score")
        return self._team_frame(wide)

    def _team_frame(self, wide: pd.DataFrame) -> pd.DataFrame:
        names = ["period", "ratee", "supervisor", "unit", "opd", "row", "hasil", "perilaku", "predikat", "level"]
        if wide.empty:
            return pd.DataFrame(columns=names)
        renamed = {"rater": "supervisor", "hasil_kerja": "hasil", "perilaku_kerja": "perilaku"}
        frame = wide.reset_index().rename(columns=renamed)
        recorded = self.tables.appraisals[["row", "predikat"]].drop_duplicates("row")
        frame = frame.merge(recorded, on="row", how="left")
        order = {p: i for i, p in enumerate(PREDIKAT)}
        frame["level"] = frame["predikat"].map(order).astype("float64")
        return frame.reindex(columns=names).reset_index(drop=True)
