"""The identification verdict of one cell: what its ratings can carry, before any number about raters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Design
from kinerja_analysis.base.tables import SOURCES, Tables, official
from kinerja_analysis.detect.context import placed
from kinerja_analysis.detect.contract import threshold

COLUMNS = (
    "region", "year", "kind", "source", "verdict", "n_ratees", "n_raters", "n_pairs", "n_units", "n_components",
    "movers", "changes", "bridges", "hinge_raters", "contrast_se", "contrast_reliability",
)  # fmt: skip
FEWEST_CHANGES = 10
ANCHORED = 0.8  #: share of the raters who must have rated enough of the same example cases


def edges(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of a rating table: one row per period, ratee, rater, source and unit; self edges removed.

    Units are those within their agency.

    Ratings whose rater is not in the file are no edges.
    """
    others = (ratings["source"] != "self") & ratings["rater"].notna() & (ratings["ratee"] != ratings["rater"])
    rows = ratings.loc[others, ["period", "ratee", "rater", "source", "unit"]]
    rows = rows.assign(unit=placed(ratings[others]).where(rows["unit"].notna()))
    return rows.drop_duplicates(["period", "ratee", "rater", "source"]).reset_index(drop=True)


def describe(pairs: pd.DataFrame, *, over_time: bool) -> dict[str, Any]:
    """Return the numbers and the verdict of one set of pairs.

    ``over_time`` tells that there is one rater per employee at a time (an export): links come from changes of
    supervisor only, the n-th supervisor of an employee standing for the n-th time. Fewer than ten employees who
    changed carry nothing; nor does a file of one period, in which two supervisors are posts held for a part of it.
    """
    from kinerja_analysis.stats import linkage

    if pairs.empty:
        return {"verdict": "not_identified", "n_ratees": 0, "n_raters": 0, "n_pairs": 0, "n_units": 0,
                "n_components": 0, "movers": 0, "changes": 0, "bridges": 0, "hinge_raters": 0,
                "contrast_se": np.nan, "contrast_reliability": np.nan}  # fmt: skip
    once = pairs["period"].nunique() < 2
    if over_time:
        pairs = pairs.sort_values(["ratee", "period"], kind="stable").drop_duplicates(["ratee", "rater"])
    ratee, ratees = pd.factorize(pairs["ratee"], sort=True)
    rater, raters = pd.factorize(pairs["rater"], sort=True)
    turn = pairs.groupby("ratee").cumcount().to_numpy()
    group = _rater_units(pairs, rater)
    record = linkage(ratee, rater, group=group, period=turn if over_time else None)
    several = (pairs.groupby("ratee")["rater"].nunique() > 1) & (not (over_time and once))
    few = over_time and several.sum() < FEWEST_CHANGES
    return {
        "verdict": "not_identified" if few else record.verdict,
        "n_ratees": len(ratees),
        "n_raters": len(raters),
        "n_pairs": len(pairs),
        "n_units": pairs["unit"].nunique(),
        "n_components": int(record.n_components),
        "movers": int(several.sum()),
        "changes": int(several.sum()) if over_time else 0,
        "bridges": len(record.bridges),
        "hinge_raters": len(record.hinge_raters),
        "contrast_se": float(record.contrast_se),
        "contrast_reliability": float(record.contrast_reliability),
    }


def _rater_units(pairs: pd.DataFrame, rater: np.ndarray) -> np.ndarray:
    """Return the ratee's unit of each pair as codes: a component spans units when its ratees do."""
    unit = pairs["unit"].fillna("")
    if unit.nunique() <= 1:
        return np.asarray(rater) * 0
    return np.asarray(pd.factorize(unit, sort=True)[0])


def _anchored(pairs: pd.DataFrame, cases: pd.DataFrame, fewest: float) -> bool:
    """Tell whether nearly all raters of these pairs rated ``fewest`` of the same example cases, linked well enough.

    As for employees, being connected is not enough: the differences between raters must be known well enough too.
    """
    rated = cases.drop_duplicates(["case", "rater"])
    shared = rated[rated.groupby("case")["rater"].transform("size") > 1]
    enough = shared.groupby("rater").size()
    raters = pairs["rater"].unique()
    known = raters[np.isin(raters, enough.index[enough >= fewest])]
    if len(known) < 2 or len(known) < ANCHORED * len(raters):
        return False
    rows = shared[shared["rater"].isin(known)].rename(columns={"case": "ratee"}).assign(period="", unit="")
    return str(describe(rows, over_time=False)["verdict"]) == "linked"


def design_of(now: Tables, history: Tables, region: str, year: int, config: AuditConfig | None = None) -> Design:
    """Return the design table of one cell.

    For an export the pairs of all years up to this one are used (changes of supervisor link), for multi-source
    ratings only those of the year. The row with source ``all`` carries the kind's verdict. Where at least four of five
    supervisors of an export rated the same example cases (``leniency.min_cases``, which ``config`` may override), and
    nothing else links them, these are the link.
    """
    fewest = threshold("leniency.min_cases", config.overrides() if config else None).value
    rows: list[dict[str, Any]] = []
    for kind, tables, over_time in (("ekinerja", history, True), ("multisource", now, False)):
        ratings = tables.ratings
        mine = kind == "ekinerja"
        if ratings.empty or not (official(now.ratings) == mine).any():
            continue
        pairs = edges(ratings[official(ratings) == mine])
        head = {"region": region, "year": year, "kind": kind}
        said = describe(pairs, over_time=over_time)
        if over_time and not said["verdict"].startswith("linked") and _anchored(pairs, now.cases, fewest):
            said["verdict"] = "linked_by_anchors"
        rows.append({**head, "source": "all", **said})
        present = [s for s in SOURCES if (pairs["source"] == s).any()]
        if len(present) > 1:
            for source in present:
                part = pairs[pairs["source"] == source]
                rows.append({**head, "source": source, **describe(part, over_time=over_time)})
    return Design(pd.DataFrame(rows, columns=list(COLUMNS)))
