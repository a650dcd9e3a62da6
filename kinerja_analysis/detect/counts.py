"""The aggregate frames a report needs: what was examined, head counts, teams, the false-flag budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Result
from kinerja_analysis.base.tables import ELSEWHERE, PREDIKAT, SOURCES, TABLES, data_kind
from kinerja_analysis.detect.adviser import advice
from kinerja_analysis.detect.attributes import latest, scales
from kinerja_analysis.detect.comparable import comparable
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.pictured import pictured
from kinerja_analysis.detect.quality import quality

EMPLOYMENT = ("pns", "pppk", "pppk_paruh_waktu")
BINS = (
    (0.0, 0.5, "<=50"), (0.5, 0.6, "51-60"), (0.6, 0.7, "61-70"), (0.7, 0.8, "71-80"), (0.8, 0.9, "81-90"),
    (0.9, 0.9999, "91-99"), (0.9999, 1.0, "100"),
)  # fmt: skip
JUDGED = 10


def counts(ctx: Context, results: Mapping[str, Result]) -> dict[str, pd.DataFrame]:
    """Return the aggregate frames of one cell by name."""
    head: dict[str, Any] = {"region": ctx.region, "year": ctx.year}
    lines, files = accounting(ctx)
    own = {
        "examined": examined(ctx), "headcount": headcount(ctx), "raters": raters(ctx), "predikat": predikat(ctx),
        "teams": team_shares(ctx), "budget": budget(ctx, results), "advice": advice(ctx), "accounting": lines,
    }  # fmt: skip
    found: dict[str, pd.DataFrame] = {}
    for part in (own, quality(ctx, lines, files), comparable(ctx, results), pictured(ctx, results)):
        if twice := found.keys() & part.keys():
            raise ValueError(f"two frames of one name: {sorted(twice)}")
        found |= part
    return {name: frame.assign(**head)[[*head, *frame.columns]] for name, frame in found.items()}


def examined(ctx: Context) -> pd.DataFrame:
    """Return one row per data kind: how many people, raters, teams, agencies; which sources and criteria."""
    kinds = data_kind(ctx.tables.ratings) if len(ctx.tables.ratings) else pd.Series(dtype="str")
    heads = ctx.heads
    status = heads["status"].value_counts()
    everyone = set(ctx.tables.appraisals["opd"].dropna()) | set(ctx.tables.employees["opd"].dropna())
    rows = []
    for kind in ("ekinerja", "multisource"):
        ratings = ctx.ekinerja if kind == "ekinerja" else ctx.multisource
        if not (kinds == kind).any() and not (kind == "ekinerja" and len(heads)):
            continue
        official = kind == "ekinerja"
        given, place = status if official else pd.Series(dtype="int64"), heads if official else ratings
        rows.append({
            "kind": kind, "n_persons": len(heads) if official else ratings["ratee"].nunique(),
            "n_rated": int(status.get("rated", 0)) if official else ratings["ratee"].nunique(),
            "n_not_rated": int(given.get("not_rated", 0)),
            "n_other_period": int((heads["reason"] == ELSEWHERE).sum()) if official else 0,
            "n_no_skp": int(given.get("no_skp", 0)), "n_excluded": int(given.get("excluded", 0)),
            "n_raters": ratings.loc[ratings["source"] != "self", "rater"].nunique(),
            "n_supervisors": ratings.loc[ratings["source"] == "supervisor", "rater"].nunique(),
            "n_scores": len(ratings), "n_opd": place["opd"].nunique(),
            "n_opd_total": max(len(everyone), ratings["opd"].nunique()),
            "sources": "|".join(s for s in SOURCES if (ratings["source"] == s).any()),
            "criteria": "|".join(ratings["criterion"].drop_duplicates().astype("str")),
            "scales": "|".join(scales(ratings)),
            "periods": "|".join(sorted(ratings["period"].unique())),
            "n_achievements": ctx.tables.achievements["person"].nunique(),
            "n_org_rating": int(ctx.tables.units["org_rating"].notna().sum()),
        })  # fmt: skip
    return pd.DataFrame(rows)


def headcount(ctx: Context) -> pd.DataFrame:
    """Return persons per agency and employment: one column per predikat, then who was not rated."""
    heads = ctx.heads
    people = ctx.tables.employees[["person", "employment"]].drop_duplicates("person")
    frame = heads.merge(people, on="person", how="left")
    frame = frame.assign(opd=frame["opd"].fillna(""), employment=frame["employment"].fillna(""))
    rated = frame["predikat"].where(frame["status"] == "rated")
    table = frame.assign(predikat=rated).groupby(["opd", "employment"], sort=True)
    out = table.size().rename("total").to_frame()
    for name in reversed(PREDIKAT):
        out[name] = (rated == name).groupby([frame["opd"], frame["employment"]]).sum().astype("int64")
    for name in ("not_rated", "no_skp", "excluded"):
        out[name] = (frame["status"] == name).groupby([frame["opd"], frame["employment"]]).sum().astype("int64")
    return out.reset_index()


def raters(ctx: Context) -> pd.DataFrame:
    """Return per agency and employment who gave the predikat: n persons, n_raters, largest (persons of one rater)."""
    people = ctx.tables.employees[["person", "employment"]].drop_duplicates("person")
    heads = ctx.heads[(ctx.heads["status"] == "rated") & ctx.heads["supervisor"].notna()]
    frame = heads.merge(people, on="person", how="left").fillna({"opd": "", "employment": ""})
    each = frame.groupby(["opd", "employment", "supervisor"]).size().groupby(["opd", "employment"])
    return each.agg(["sum", "size", "max"]).set_axis(["n", "n_raters", "largest"], axis=1).reset_index()


def predikat(ctx: Context) -> pd.DataFrame:
    """Return how many of those who count were given each predikat."""
    got = ctx.heads.loc[ctx.heads["status"] == "rated", "predikat"].value_counts()
    return pd.DataFrame({"predikat": list(PREDIKAT), "n": [int(got.get(p, 0)) for p in PREDIKAT]})


def team_shares(ctx: Context) -> pd.DataFrame:
    """Return how many teams (one supervisor, one period, n >= 10) fall into each bin of the share of Baik.

    ``expected`` with ``lower`` and ``upper`` (95 %) is what chance gives if every member had the region's share:
    a sum over teams of exact binomial probabilities.
    """
    from scipy.stats import binom

    rows = latest(ctx.teams)
    rows = rows[rows["predikat"].notna()]
    baik = (rows["predikat"] == "BAIK").groupby(rows["supervisor"]).agg(["sum", "size"])
    baik = baik[baik["size"] >= JUDGED]
    share = float((rows["predikat"] == "BAIK").mean()) if len(rows) else np.nan
    fraction = baik["sum"] / baik["size"]
    sizes, times = np.unique(baik["size"], return_counts=True)
    out = []
    for low, high, name in BINS:
        inside = (fraction > low) & (fraction <= high) | ((low == 0.0) & (fraction == 0.0))
        chance = np.repeat([_bin_chance(int(n), share, low, high, binom) for n in sizes], times)
        mean, spread = float(np.sum(chance)), float(np.sqrt(np.sum(chance * (1 - chance))))
        ends = {"lower": max(0.0, mean - 1.96 * spread), "upper": mean + 1.96 * spread}
        out.append({"bin": name, "n": int(inside.sum()), "expected": mean, **ends})
    return pd.DataFrame(out)


def _bin_chance(n: int, share: float, low: float, high: float, binom: object) -> float:
    k = np.arange(n + 1)
    inside = (k / n > low) & (k / n <= high) | ((low == 0.0) & (k == 0))
    return float(binom.pmf(k[inside], n, share).sum())  # type: ignore[attr-defined]


def accounting(ctx: Context) -> tuple[pd.DataFrame, set[int]]:
    """Return the row accounting of the files that hold rows of this cell, by number, and these numbers.

    A file none of whose rows is kept belongs to every cell: nothing is lost between them. One left out for its errors
    is another region's.
    """
    frames = (getattr(ctx.tables, name) for name in TABLES)
    names = pd.concat([f["row"].dropna().str.replace(":.*", "", regex=True).drop_duplicates() for f in frames])
    files = pd.to_numeric(names, errors="coerce").dropna().unique()
    whole = ctx.tables.accounting
    left = whole["file"].isin(whole.loc[whole["reason"] == "left_out", "file"])
    nobody = (whole.groupby("file")["kept"].transform("sum") == 0) & ~left
    mine = _idle(ctx, whole[whole["file"].isin(files) | nobody].reset_index(drop=True))
    return mine, {int(f) for f in mine["file"]}


def _idle(ctx: Context, lines: pd.DataFrame) -> pd.DataFrame:
    """Return the accounting with the rows of other periods, which nothing uses beside annual ones, set aside."""
    posts = ctx.tables.appraisals
    if max(frame["period"].nunique() for frame in (posts, ctx.tables.ratings)) < 2:
        return lines
    annual = posts["period"] == str(ctx.year)
    used = {
        "ratings": pd.concat([ctx.ekinerja["row"], ctx.multisource["row"]]),
        "appraisals": posts.loc[~annual.any() | annual & (posts["reason"].fillna("") != ELSEWHERE), "row"],
    }
    for table, rows in used.items():
        every = getattr(ctx.tables, table)["row"].drop_duplicates()
        idle = every[~every.isin(rows)].str.rsplit(":", n=1).str[0].value_counts()
        place = lines["file"].astype("str") + ":" + lines["sheet"].astype("str")
        n = place.map(idle).where((lines["table"] == table) & (lines["reason"] == "")).fillna(0).astype("int64")
        aside = lines.assign(rows=n, kept=0, set_aside=n, reason=ELSEWHERE)[n > 0]
        lines = pd.concat([lines.assign(rows=lines["rows"] - n, kept=lines["kept"] - n), aside], ignore_index=True)
    return lines


def budget(ctx: Context, results: Mapping[str, Result]) -> pd.DataFrame:
    """Return per detector the size of its family, the flags made and the most false ones to expect (q x flags).

    A detector that lists flagged raters only says in its region's finding how many were ``teams_tested``.
    """
    rows = []
    for name, result in results.items():
        tested = result.frame[result.frame["p_adjusted"].notna()]
        flagged = int((tested["status"] == "FLAGGED").sum())
        listed = tested.groupby(["scope", "measure"]).size()
        said = [f for f in result.findings() if "teams_tested" in f.params]
        more = [int(f.params["teams_tested"]) - int(listed.get((f.scope, f.measure), 0)) for f in said]
        family = len(tested) + sum(max(n, 0) for n in more)
        rows.append({"detector": name, "family": family, "flagged": flagged,
                     "expected_false": ctx.config.fdr * flagged})  # fmt: skip
    return pd.DataFrame(rows)
