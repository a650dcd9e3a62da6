"""The public form of an audit: no rater, no employee, no team, no row address; nothing recoverable by subtraction.

At least 10 persons and 3 raters stand behind a number (``AuditConfig.disclosure``) and no rater gave most of it.
Counts of persons below 10 are hidden (-1), others rounded to 5; what the attacker could still work out is rounded
more coarsely or withheld (-2) until he recovers nothing (``suppress``, ``attacker``). The three lowest predikat are
merged. What was printed before, of the same region or of one that contains it, is counted as known.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import DISCLOSURE, AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.base.results import Audit, Design, Result, Status
from kinerja_analysis.base.tables import ScoreTable
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, Ints, Published, recovered
from kinerja_analysis.release.earlier import PUBLISHED, before, kin, starts
from kinerja_analysis.release.linked import Book, linked
from kinerja_analysis.release.suppress import ROUND_TO, printed, protect, rounded

PUBLIC_KINDS = ("region", "group", "attribute", "source", "source_pair")
SHARES = ("share_top", "share_modal")
INTERNAL = ("raters", "wright", "moves")  #: frames that stay at the internal level as a whole
COUNTING = {"criteria": ("n",), "pair_strata": ("n_persons", "pairs")}  #: frames a comparison needs, and what counts
#: parameters of findings that count persons
PERSONS = ("n", "n_rated", "k", "higher", "lower", "unknown")


def hide(counts: pd.Series, smallest: int) -> pd.Series:
    """Round counts to 5 and hide those below ``smallest`` (zero included) as -1.

    >>> hide(pd.Series([0, 9, 12, 104]), 10).tolist()
    [-1, -1, 10, 105]
    """
    return counts.map(rounded).where(counts >= smallest, HIDDEN).astype("int64")


@dataclass(frozen=True, slots=True)
class Told:
    """What one region and year tells: its public frames, the counts behind them, and how each count is printed."""

    book: Book
    public: Published
    frames: dict[str, pd.DataFrame]
    whole: dict[int, int]

    def count(self, value: float) -> int:
        """Return a count of the region as it is printed; the same number is printed the same everywhere."""
        return self.whole.get(int(value), rounded(int(value)))


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
    counts |= {n: _rounded(audit.counts[n], c, told) for n, c in COUNTING.items() if n in audit.counts}
    if "teams" in counts:  # among few teams every bar is somebody's
        enough_teams = counts["teams"].groupby(["region", "year"])["n"].transform("sum") >= persons
        counts["teams"] = counts["teams"][enough_teams].reset_index(drop=True)
    if "accounting" in counts:
        counts["accounting"] = _accounting(audit.counts["accounting"], persons)
    if "checks" in counts:
        counts |= _quality(audit.counts, counts["checks"], persons, raters, told)
    design = audit.design.frame
    return replace(
        audit,
        level="public",
        design=Design(design.assign(**{c: design[c].map(rounded) for c in ("n_ratees", "n_pairs") if c in design})),
        scores=ScoreTable(audit.scores.frame.iloc[:0]),
        results={n: Result(n, _findings(r.frame, persons, raters, enough, told)) for n, r in audit.results.items()},
        counts=counts,
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
    if "n_scores" in frames["examined"]:
        frames["examined"]["n_scores"] = frames["examined"]["n_scores"].map(rounded)
    coarsest = sorted(zip(public.base[kept].tolist(), truth[kept].tolist(), public.shown[kept].tolist(), strict=True))
    return Told(book, public, frames, {count: shown for _, count, shown in coarsest})


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

def _findings(
    frame: pd.DataFrame, persons: int, raters: int, enough: set[tuple[str, int, str]],
    told: Mapping[tuple[str, int], Told],
) -> pd.DataFrame:  # fmt: skip
    """Keep aggregate findings; hide the numbers of those with too few persons or raters behind them.

    ``family`` in a finding's parameters counts the raters (groups, attributes) it was made from; ``k`` of n persons
    with fewer than ``persons`` (but not none) on a side is hidden as a count would be. A finding that refuses may say
    why, but no number that rests on few.
    """
    kept = frame[frame["subject_kind"].isin(PUBLIC_KINDS)].reset_index(drop=True)
    cell = zip(kept["region"], kept["year"], kept["scope"], strict=True)
    few_raters = np.array([s in ("ekinerja", "multisource") and (r, y, s) not in enough for r, y, s in cell], bool)
    params = [json.loads(p) for p in kept["params"]]
    family = np.array([p.get("family", raters) for p in params], float)
    about_raters = kept["code"].str.startswith(("leniency.", "drift.retest")).to_numpy(bool)
    few = few_raters | (about_raters & (family < raters)) | ((kept["n"] > 0) & (kept["n"] < persons)).to_numpy(bool)
    answered = kept["status"].isin([Status.FLAGGED, Status.CLEAR]).to_numpy(bool)
    out = kept.assign(rows=[[] for _ in range(len(kept))])
    for i, r in enumerate(kept.to_dict("records")):
        mine, given = told[r["region"], int(r["year"])], params[i]
        if r["measure"] in SHARES and np.isfinite(r["value"]):
            few[i] |= not _share(out, i, mine, given)
            continue
        if r["measure"] == "variety":  # as it is, it would tell the counts that are hidden
            out.loc[i, "value"], given = round(r["value"], 1), {"used": 0, "entropy": 0.0}
        k = given.get("k", 0)
        few[i] |= isinstance(k, int) and (0 < k < persons or 0 < r["n"] - k < persons if k else False)
        few[i] |= r["n"] >= persons and mine.count(r["n"]) < 0
        out.loc[i, "n"] = mine.count(r["n"]) if r["n"] >= persons else r["n"]
        out.loc[i, "params"] = json.dumps(
            {p: mine.count(v) if p in PERSONS and isinstance(v, int) and v >= persons else v for p, v in given.items()},
            sort_keys=True)  # fmt: skip
    hidden = few & answered | ~answered & np.array([
        _tells(r, p, persons, bool(f)) for r, p, f in zip(kept.to_dict("records"), params, few, strict=True)
    ], bool)  # fmt: skip
    for name in ("value", "lower", "upper", "p_value", "p_adjusted"):
        out.loc[hidden, name] = np.nan
    out.loc[hidden, "status"] = str(Status.INSUFFICIENT)
    out.loc[hidden, "code"] = "release.suppressed"
    out.loc[hidden, "params"] = "{}"
    out.loc[hidden, "n"] = 0
    return out


def _tells(finding: dict[Hashable, Any], params: dict[str, object], persons: int, few: bool) -> bool:
    """Tell whether a finding without an answer gives a number of few persons, or one made from few."""
    made = np.isfinite(finding["value"]) or any(isinstance(v, float) for v in params.values())
    counted = [finding["n"], *(params.get(p, 0) for p in PERSONS)]
    return bool(few and made) or any(isinstance(v, int) and 0 < v < persons for v in counted)


def _share(out: pd.DataFrame, i: int, told: Told, given: dict[str, object]) -> bool:
    """Make a share of predikat from the printed counts; False when a count it needs is not told.

    Its limits hold for every table that agrees with what is printed of the two counts and of those still waiting;
    they are whole percents, rounded outwards, and the share itself is no finer.
    """
    cell = {column: c for frame, _, column, c in told.book.places if frame == "shares"}
    low, high = told.public.bounds()
    if str(given["predikat"]) not in cell:
        return False
    k, n, more = (cell[str(x)] for x in (given["predikat"], "n", "waiting"))
    shown = [int(told.public.shown[c]) for c in (k, n, more)]
    if min(shown[:2]) < 0 or not np.isfinite(high[more]):
        return False
    shown[0] = min(shown[:2])
    lower = low[k] / (high[n] + high[more])
    upper = min((high[k] + high[more]) / (max(low[n], high[k]) + high[more]), 1.0)
    ends = [np.floor(100 * lower) / 100, np.ceil(100 * upper) / 100]
    out.loc[i, ["value", "lower", "upper"]] = [round(shown[0] / shown[1], 2), *ends]
    out.loc[i, "n"] = shown[1]
    out.loc[i, "code"] = f"{out.loc[i, 'code']}".removesuffix("_all") + "_rounded"
    out.loc[i, "params"] = json.dumps({**given, "k": shown[0], "waiting": int(high[more])}, sort_keys=True)
    return True


def _rounded(frame: pd.DataFrame, names: Sequence[str], told: Mapping[tuple[str, int], Told]) -> pd.DataFrame:
    """Print counts of rows that rest on enough persons already as those of the region are printed."""
    cells = [told[r, int(y)] for r, y in zip(frame["region"], frame["year"], strict=True)]
    return frame.assign(**{
        c: np.array([cell.count(v) for v, cell in zip(frame[c], cells, strict=True)], dtype="int64") for c in names
    })  # fmt: skip


def _quality(
    counts: Mapping[str, pd.DataFrame], checks: pd.DataFrame, persons: int, raters: int,
    told: Mapping[tuple[str, int], Told],
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Tell the other data-quality counts; small ones hidden, an exact zero stays."""
    def hidden(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
        cells = [told[r, int(y)] for r, y in zip(frame["region"], frame["year"], strict=True)]
        one = {name: zip(frame[name], cells, strict=True) for name in names}
        return frame.assign(**{
            name: [0 if v == 0 else HIDDEN if v < persons else cell.count(v) for v, cell in pairs]
            for name, pairs in one.items()
        })  # fmt: skip

    shown = {"rows": ["rows", "kept", "merged", "set_aside"], "completeness": ["n", "filled"], "problems": ["n"]}
    whole = counts["checks"]
    few = ((whole["raters"] > 0) & (whole["raters"] < raters)).to_numpy(bool)
    behind = hide(checks["raters"], persons)
    return {
        **{name: hidden(counts[name], columns) for name, columns in shown.items() if name in counts},
        "checks": checks.assign(k=checks["k"].mask(few, HIDDEN), largest=HIDDEN, raters=behind),
        "entries": counts["entries"].iloc[:0],
    }


def _accounting(frame: pd.DataFrame, persons: int) -> pd.DataFrame:
    """Tell the rows merged or set aside by reason only, over all files, small ones hidden."""
    if frame.empty:
        return frame
    keys = [k for k in ("region", "year", "reason") if k in frame.columns]
    first = ~frame.duplicated(keys)
    out = frame.assign(rows=hide(frame["rows"], persons), kept=hide(frame["kept"], persons))
    for name in ("merged", "set_aside"):
        total = frame.groupby(keys)[name].transform("sum")
        out[name] = hide(total, persons).where(total > 0, 0).where(first, 0)
    return out
