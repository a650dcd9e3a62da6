"""Ratings of example cases that can be compared: common criteria, raters who rate employees, one linked group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kinerja_analysis.detect.context import Context, pair_means
from kinerja_analysis.detect.fits import components


@dataclass(frozen=True)
class CasePairs:
    """What can be compared, and what is left out.

    ``pairs`` are pair means (``ratee`` is the case, one period) of the largest group of raters who share cases;
    ``apart`` the raters outside it with the rows of their ratings, ``strangers`` how many raters rate no employee,
    ``partial`` how many ratings of a case lack a criterion that most have, ``teams`` the employees of each rater.
    """

    pairs: pd.DataFrame
    apart: Mapping[str, list[str]]
    strangers: int
    partial: int
    teams: Mapping[str, int]


def case_pairs(ctx: Context) -> CasePairs:
    """Return the ratings of example cases of a cell that can be compared with each other."""
    cases, teams = ctx.tables.cases, _teams(ctx)
    known = cases["rater"].isin(list(teams)) if teams else cases["rater"].notna()
    strangers = int(cases.loc[~known, "rater"].nunique())
    rows, partial = common_criteria(cases[known])
    rows = rows.rename(columns={"case": "ratee"}).assign(source="other", period=str(ctx.year), unit=None, opd=None)
    pairs = pair_means(rows.astype({"unit": "str", "opd": "str"})) if len(rows) else ctx.pairs.iloc[:0]
    raters, group = components(pairs)
    together = np.array(raters)[group == 0] if (group == 0).sum() > 1 else []  # one rater alone is compared with nobody
    largest = pairs["rater"].isin(together)
    apart = pairs[~largest].groupby("rater")["rows"].sum()
    return CasePairs(pairs[largest].reset_index(drop=True), {str(k): v for k, v in apart.items()}, strangers, partial,
                     teams)  # fmt: skip


def common_criteria(cases: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the rows of the criteria that at least half of the ratings have, and how many ratings lack one of them.

    A rating is one rater's of one case. Incomplete ones are left out: a mean over fewer criteria is another measure.

    >>> told = pd.DataFrame({"case": "a", "rater": list("rrsst"), "criterion": list("xyxyx")})
    >>> rows, partial = common_criteria(told)
    >>> rows["rater"].unique().tolist(), partial
    (['r', 's'], 1)
    """
    rating = cases.groupby(["case", "rater"]).ngroup()
    each = pd.DataFrame({"rating": rating, "criterion": cases["criterion"]}).drop_duplicates()
    shares = each["criterion"].value_counts() / max(rating.nunique(), 1)
    common = cases["criterion"].isin(shares.index[shares >= 0.5])
    complete = cases["criterion"].where(common).groupby(rating).transform("nunique") == (shares >= 0.5).sum()
    return cases[common & complete], int(rating[~complete].nunique())


def _teams(ctx: Context) -> dict[str, int]:
    """Employees whom each rater rates, in either kind of data."""
    rated = [ctx.teams[["supervisor", "ratee"]].set_axis(["rater", "ratee"], axis=1), ctx.pairs[["rater", "ratee"]]]
    both = pd.concat(rated, ignore_index=True).dropna()
    return {str(k): int(n) for k, n in both[both["rater"] != both["ratee"]].groupby("rater")["ratee"].nunique().items()}
