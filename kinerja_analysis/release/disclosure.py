"""The public form of an audit: no rater, no employee, no team, no row address; nothing recoverable by subtraction.

At least 10 persons and 3 raters stand behind a number (``AuditConfig.disclosure``) and no rater gave most of it.
Counts of persons below 10 are hidden (-1), others rounded to 5; what the attacker could still work out is rounded
more coarsely or withheld (-2) until he recovers nothing (``suppress``, ``attacker``). The three lowest predikat are
merged. What was printed before, of the same region or of one that contains it, is counted as known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import DISCLOSURE, AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.base.results import Audit, Design, Result
from kinerja_analysis.base.tables import PARTS, ScoreTable, counted_once
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, Ints, recovered
from kinerja_analysis.release.earlier import PUBLISHED, before, kin, starts
from kinerja_analysis.release.findings import Told, coarse, findings
from kinerja_analysis.release.linked import linked
from kinerja_analysis.release.suppress import ROUND_TO, printed, protect, rounded

INTERNAL = ("raters", "wright", "moves")  #: frames that stay at the internal level as a whole
COUNTING = {"criteria": ("n",), "pair_strata": ("n_persons", "pairs")}  #: frames a comparison needs, and what counts


def hide(counts: pd.Series, smallest: int) -> pd.Series:
    """Round counts to 5 and hide those below ``smallest`` (zero included) as -1.

    >>> hide(pd.Series([0, 9, 12, 104]), 10).tolist()
    [-1, -1, 10, 105]
    """
    return counts.map(rounded).where(counts >= smallest, HIDDEN).astype("int64")


def limits_of(config: AuditConfig) -> dict[str, int]:
    """Return the limits of disclosure in force; raises ``DisclosureRefused`` below 10 persons or 3 raters."""
    limits = DISCLOSURE | config.disclosure
    if limits["persons"] < 10 or limits["raters"] < 3 or limits["width"] < 5 or limits["dominance"] > 90:
        raise DisclosureRefused("errors.disclosure_low", **{k: limits[k] for k in ("persons", "raters")})
    return limits


def release(audit: Audit, config: AuditConfig | None = None, *, earlier: Sequence[Audit] = ()) -> Audit:
    """Return the public form of an internal audit.

    Parameters
    ----------
    audit : Audit
        At internal level.
    config : AuditConfig, optional
        For the thresholds; the audit's own by default.
    earlier : sequence of Audit, optional
        Public audits that are out already: of the same regions, and of regions that contain them or lie within.

    Returns
    -------
    Audit
        At level ``public``: aggregates only, scores and review list gone. ``counts["published"]`` holds every count
        printed so far, ``counts["disclosure"]`` how many are shown, hidden, withheld.

    Raises
    ------
    DisclosureRefused
        When thresholds below 10 persons or 3 raters are asked for, or when a hidden count could be worked out.
    """
    if audit.level == "public":
        return audit
    limits = limits_of(config or audit.config)
    known = before(earlier)
    told: dict[tuple[str, int], Told] = {}
    for region, year in audit.cells:
        told[region, year] = _cell(audit.select(region=region, year=year), limits, known)
        known = pd.concat([known, told[region, year].frames["published"]], ignore_index=True)
    persons, raters = limits["persons"], limits["raters"]
    enough = _cells_with_raters(audit.counts["examined"], raters)
    counts = {k: f for k, f in audit.counts.items() if k not in INTERNAL}
    for name in next(iter(told.values())).frames:
        counts[name] = pd.concat([t.frames[name] for t in told.values()], ignore_index=True)
    counts |= {n: _hidden(audit.counts[n], c, persons, told, "count") for n, c in COUNTING.items() if n in audit.counts}
    if "advice" in counts:  # how many pairs are left can be how many persons there are
        counts["advice"] = counts["advice"].assign(n_added=counts["advice"]["n_added"].map(rounded).clip(ROUND_TO))
    if "teams" in counts:  # among few teams every bar is somebody's
        enough_teams = counts["teams"].groupby(["region", "year"])["n"].transform("sum") >= persons
        counts["teams"] = counts["teams"][enough_teams].reset_index(drop=True)
    if "accounting" in counts:
        counts["accounting"] = _accounting(audit.counts["accounting"], persons, told)
        counts["read"] = _hidden(counted_once(audit.counts["accounting"]), PARTS, persons, told)
    if "checks" in counts:
        counts |= _quality(audit.counts, counts["checks"], persons, raters, told)
    exact = [c for c in ("n_ratees", "n_pairs", "bridges", "movers", "changes") if c in audit.design.frame]
    return replace(
        audit,
        level="public",
        design=Design(_hidden(audit.design.frame, exact, persons, told)),
        scores=ScoreTable(audit.scores.frame.iloc[:0]),
        results={n: Result(n, findings(r.frame, persons, raters, enough, told)) for n, r in audit.results.items()},
        counts={n: f if n == "published" else coarse(f) for n, f in counts.items()},
        review=None,
    )


def _cell(audit: Audit, limits: Mapping[str, int], known: pd.DataFrame) -> Told:
    """Protect the counts of one region and year, let the attacker try, and fill the public frames."""
    (region, year), smallest, width = audit.cells[0], limits["persons"], limits["width"]
    book, frames = linked(audit.counts, smallest, limits["raters"], limits["dominance"])
    truth, kept, data = book.truth(), np.array(book.kept, bool), str(audit.provenance.get("data", ""))
    overlapping = kin(audit.config, region)
    start, gone, same = starts(book, truth, known, (region, year), overlapping, data, smallest, width)
    closed, zeros = np.array(book.withheld, bool) | gone, np.array(book.zeros, bool)
    public = protect(book.matrix(), truth, kept=kept, withheld=closed, zeros=zeros, start=start, known=same,
                     smallest=smallest, width=width)  # fmt: skip
    open_ = recovered(public.joined(same), width)
    open_ = open_[open_ < len(truth)]
    if (~printed(public.forms[open_], same)).any():
        raise DisclosureRefused("errors.disclosure_open", n=len(open_))
    for frame, row, column, cell in book.places:
        if frame in frames:
            frames[frame].loc[row, column] = public.shown[cell]
    head = {"region": region, "year": year}
    mine = known[(known["region"] == region) & (known["year"] == year)]
    told = pd.DataFrame({"count": book.names, "shown": public.shown, "base": public.base}).assign(**head, data=data)
    said = pd.concat([mine, told[told["shown"] >= 0]], ignore_index=True)[PUBLISHED]
    whole = dict.fromkeys(PUBLISHED, "str") | dict.fromkeys(("year", "shown", "base"), "int64")
    frames["published"] = said.astype(whole).drop_duplicates(keep="last", ignore_index=True)
    frames["disclosure"] = _summary(public.shown, public.base, kept).assign(**head)
    found = zip(public.shown[kept].tolist(), public.base[kept].tolist(), truth[kept].tolist(), strict=True)
    coarsest = {count: (shown, base) for shown, base, count in sorted(found, key=lambda f: (f[0] < 0, f[1], f[0]))}
    people = audit.counts["examined"][["n_rated", "n_persons"]].max()
    out = Told(book, public, frames, coarsest, int(people["n_rated"] or people["n_persons"] or 1))
    exact = [c for c in ("n_scores", "n_achievements") if c in frames["examined"]]
    frames["examined"] = _hidden(frames["examined"], exact, smallest, {(region, year): out})
    return out


def _summary(shown: Ints, base: Ints, kept: np.ndarray) -> pd.DataFrame:
    """Return how many counts are printed, hidden, withheld and rounded more coarsely, by level."""
    rows = []
    for level, mine in (("opd", ~kept), ("region", kept)):
        rows.append({"level": level, "cells": int(mine.sum()), "shown": int((mine & (shown >= 0)).sum()),
                     "hidden": int((mine & (shown == HIDDEN)).sum()),
                     "withheld": int((mine & (shown == WITHHELD)).sum()),
                     "coarser": int((mine & (shown >= 0) & (base > ROUND_TO)).sum())})  # fmt: skip
    return pd.DataFrame(rows)


def _cells_with_raters(examined: pd.DataFrame, raters: int) -> set[tuple[str, int, str]]:
    rows = examined[examined["n_raters"] >= raters]
    return {(r.region, int(r.year), r.kind) for r in rows.itertuples()}


def _quality(
    counts: Mapping[str, pd.DataFrame], checks: pd.DataFrame, persons: int, raters: int,
    told: Mapping[tuple[str, int], Told],
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Tell the other data-quality counts; small ones hidden, an exact zero stays."""
    shown = {"rows": PARTS, "completeness": ["n", "filled"], "problems": ["n"]}
    whole = counts["checks"]
    few = ((whole["raters"] > 0) & (whole["raters"] < raters)).to_numpy(bool)
    behind = hide(checks["raters"], persons)
    return {
        **{name: _hidden(counts[name], columns, persons, told) for name, columns in shown.items() if name in counts},
        "checks": checks.assign(k=checks["k"].mask(few, WITHHELD), largest=HIDDEN, raters=behind),
        "entries": counts["entries"].iloc[:0],
    }


def _hidden(
    frame: pd.DataFrame, names: Sequence[str], persons: int, told: Mapping[tuple[str, int], Told], how: str = "rows"
) -> pd.DataFrame:  # fmt: skip
    """Print counts of rows (or others: ``count``); small ones are hidden, an exact zero stays."""
    if frame.empty:
        return frame
    places = zip(frame["region"], frame["year"], strict=True) if "region" in frame else [next(iter(told))] * len(frame)
    cells = [told[region, int(year)] for region, year in places]
    return frame.assign(**{
        c: np.array([0 if v == 0 else HIDDEN if v < persons else getattr(cell, how)(v) for v, cell in
                     zip(frame[c], cells, strict=True)], dtype="int64") for c in names
    })  # fmt: skip


def _accounting(frame: pd.DataFrame, persons: int, told: Mapping[tuple[str, int], Told]) -> pd.DataFrame:
    """Tell rows by table and reason, and those merged or set aside by reason only, over all files, small ones hidden.

    A row that feeds two tables counts once. Numbers of single sheets would add up to something else once rounded: what
    all hold together stands in the first line, the others hold 0.
    """
    if frame.empty:
        return frame
    keys = [k for k in ("region", "year", "reason") if k in frame]
    out = frame.copy()
    for name in ("rows", "kept"):
        by = frame.groupby([*keys, "table"])
        out[name] = by[name].transform("sum").where(by.cumcount() == 0, 0)
    for name in ("merged", "set_aside"):
        once = frame.groupby([*keys, "file", "sheet", "table"])[name].sum().groupby([*keys, "file", "sheet"]).max()
        total = once.groupby(keys).sum().rename("total").reset_index()
        out[name] = frame[keys].merge(total, on=keys, how="left")["total"].where(~frame.duplicated(keys), 0).to_numpy()
    return _hidden(out, PARTS, persons, told)
