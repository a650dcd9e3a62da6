"""The public form of an audit: no rater, no employee, no team, no row address; small counts hidden and rounded.

Thresholds: at least 10 persons and 3 raters behind a number (``AuditConfig.disclosure``); counts of persons below
10 are hidden (-1) and all others rounded to 5, totals too, each on its own, so that a hidden count cannot be had
by subtraction (its possible values stay several units wide). The three lowest predikat are merged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.base.results import Audit, Result, Status
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable

HIDDEN = -1
ROUND_TO = 5
PUBLIC_KINDS = ("region", "group", "attribute", "source", "source_pair")
BELOW = "DI BAWAH BAIK"


def hide(counts: pd.Series, smallest: int) -> pd.Series:
    """Round counts to 5 and hide those below ``smallest`` (zero included) as -1.

    >>> hide(pd.Series([0, 9, 12, 104]), 10).tolist()
    [-1, -1, 10, 105]
    """
    rounded = (counts / ROUND_TO + 0.5).astype("int64") * ROUND_TO
    return rounded.where(counts >= smallest, HIDDEN)


def release(audit: Audit, config: AuditConfig | None = None) -> Audit:
    """Return the public form of an internal audit.

    Parameters
    ----------
    audit : Audit
        At internal level.
    config : AuditConfig, optional
        For the thresholds; the audit's own by default.

    Returns
    -------
    Audit
        At level ``public``: aggregates only, scores and review list gone.

    Raises
    ------
    DisclosureRefused
        When thresholds below 10 persons or 3 raters are asked for.
    """
    if audit.level == "public":
        return audit
    limits = (config or audit.config).disclosure
    persons, raters = int(limits.get("persons", 10)), int(limits.get("raters", 3))
    if persons < 10 or raters < 3:
        raise DisclosureRefused("errors.disclosure_low", persons=persons, raters=raters)
    enough = _cells_with_raters(audit.counts["examined"], raters)
    counts = dict(audit.counts)
    counts["headcount"] = _headcount(audit.counts["headcount"], persons)
    counts["predikat"] = _predikat(audit.counts["predikat"], persons)
    counts["examined"] = _examined(audit.counts["examined"], persons)
    if "accounting" in counts:
        counts["accounting"] = _accounting(audit.counts["accounting"], persons)
    if "checks" in counts:
        counts |= _quality(audit.counts, persons, raters)
    return replace(
        audit,
        level="public",
        scores=ScoreTable(audit.scores.frame.iloc[:0]),
        results={n: Result(n, _findings(r.frame, persons, raters, enough)) for n, r in audit.results.items()},
        counts=counts,
        review=None,
    )


def _cells_with_raters(examined: pd.DataFrame, raters: int) -> set[tuple[str, int, str]]:
    rows = examined[examined["n_raters"] >= raters]
    return {(r.region, int(r.year), r.kind) for r in rows.itertuples()}


def _findings(frame: pd.DataFrame, persons: int, raters: int, enough: set[tuple[str, int, str]]) -> pd.DataFrame:
    """Keep aggregate findings; hide the numbers of those with too few persons or raters behind them.

    ``family`` in a finding's parameters counts the raters (groups, attributes) it was made from.
    """
    kept = frame[frame["subject_kind"].isin(PUBLIC_KINDS)].reset_index(drop=True)
    cell = zip(kept["region"], kept["year"], kept["scope"], strict=True)
    few_raters = np.array([s in ("ekinerja", "multisource") and (r, y, s) not in enough for r, y, s in cell], bool)
    family = np.array([json.loads(p).get("family", raters) for p in kept["params"]], float)
    about_raters = kept["code"].str.startswith(("leniency.", "drift.retest")).to_numpy(bool)
    few = few_raters | (about_raters & (family < raters)) | ((kept["n"] > 0) & (kept["n"] < persons)).to_numpy(bool)
    answered = kept["status"].isin([Status.FLAGGED, Status.CLEAR]).to_numpy(bool)
    out = kept.assign(rows=[[] for _ in range(len(kept))])
    hidden = few & answered
    for name in ("value", "lower", "upper", "p_value", "p_adjusted"):
        out.loc[hidden, name] = np.nan
    out.loc[hidden, "status"] = str(Status.INSUFFICIENT)
    out.loc[hidden, "code"] = "release.suppressed"
    out.loc[hidden, "params"] = "{}"
    out.loc[hidden, "n"] = 0
    return _rounded_shares(out)


def _rounded_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Round the head counts behind the shares of predikat: two of them and their total would give what is hidden."""
    for i in frame.index[frame["measure"].isin(["share_top", "share_modal"]) & frame["value"].notna()]:
        told = json.loads(frame.at[i, "params"])
        k, n, more = (_fives(v) for v in (told["k"], frame.at[i, "n"], told["waiting"]))
        frame.loc[i, ["value", "lower", "upper"]] = [k / n, k / (n + more), (k + more) / (n + more)]
        frame.loc[i, "n"] = n
        frame.at[i, "params"] = json.dumps({**told, "k": k, "waiting": more}, sort_keys=True)
    return frame


def _fives(count: float) -> int:
    """Round half up to a multiple of five.

    >>> _fives(182), _fives(183)
    (180, 185)
    """
    return int(count / ROUND_TO + 0.5) * ROUND_TO


def _merge_low(frame: pd.DataFrame) -> pd.DataFrame:
    low = list(PREDIKAT[:3])
    return frame.assign(**{BELOW: frame[low].sum(axis=1)}).drop(columns=low)


def _headcount(frame: pd.DataFrame, persons: int) -> pd.DataFrame:
    merged = _merge_low(frame)
    columns = [c for c in merged.columns if c not in ("region", "year", "opd", "employment")]
    small = merged["total"] < persons
    table = merged.assign(opd=merged["opd"].where(~small, ""))
    table = table.groupby(["region", "year", "opd", "employment"], as_index=False)[columns].sum()
    return table.assign(**{c: hide(table[c], persons) for c in columns})


def _predikat(frame: pd.DataFrame, persons: int) -> pd.DataFrame:
    name = frame["predikat"].where(~frame["predikat"].isin(PREDIKAT[:3]), BELOW)
    merged = frame.assign(predikat=name).groupby(["region", "year", "predikat"], as_index=False)["n"].sum()
    return merged.assign(n=hide(merged["n"], persons))


def _examined(frame: pd.DataFrame, persons: int) -> pd.DataFrame:
    names = ["n_persons", "n_rated", "n_not_rated", "n_no_skp", "n_excluded"]
    return frame.assign(**{c: hide(frame[c], persons) for c in names})


def _quality(counts: Mapping[str, pd.DataFrame], persons: int, raters: int) -> dict[str, pd.DataFrame]:
    """Tell the data-quality counts by agency, never by unit or rater; small ones hidden, an exact zero stays.

    Agencies below ``persons`` are merged, and so are the reasons of exclusions: that there is one can hurt. Who is
    not rated is counted like the head counts, zero hidden too.
    """
    place = ["region", "year", "opd"]
    sizes = counts["coverage"].drop_duplicates([*place, "unit"]).groupby(place)["n"].sum()

    def merged(frame: pd.DataFrame, name: str) -> pd.DataFrame:
        small = pd.MultiIndex.from_frame(frame[place]).isin(sizes.index[sizes < persons])
        named = frame.assign(opd=frame["opd"].mask(small, "")).drop(columns="unit")
        return named.groupby([*place, name], as_index=False, sort=False).sum()

    def hidden(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
        return frame.assign(**{c: hide(frame[c], persons).where(frame[c] > 0, 0) for c in names})

    plain = counts["unrated"]["reason"].isin(["rated", "not_rated", "draft", "no_skp"])
    unrated = merged(counts["unrated"].assign(reason=counts["unrated"]["reason"].where(plain, "excluded")), "reason")
    checks = hidden(counts["checks"], ["k", "n"]).assign(largest=HIDDEN)
    shown = {"rows": ["rows", "kept", "merged", "set_aside"], "completeness": ["n", "filled"],
             "sources": ["n", "rated", "pairs"], "problems": ["n"]}  # fmt: skip
    few = (counts["checks"]["raters"] > 0) & (counts["checks"]["raters"] < raters)
    return {
        **{name: hidden(counts[name], columns) for name, columns in shown.items()},
        "unrated": unrated.assign(n=hide(unrated["n"], persons)),
        "coverage": hidden(merged(counts["coverage"], "source"), ["n", "rated", "pairs"]),
        "checks": checks.assign(k=checks["k"].mask(few, HIDDEN), raters=hide(checks["raters"], persons)),
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
