"""Achievement of targets (capaian) by indicator, aspect and direction.

* Higher is better: realised / target. Lower is better (time, cost, complaints): 1 + (1 - realised / target).
  Both are the formulas for "kondisi normal" and "kondisi khusus" of capaian IKI in PermenPANRB 8/2021, annex
  p. 91-92 [primary: document copy of the annex]. That regulation was revoked; PermenPANRB 6/2022 gives no
  formula, so their use for later years is an [assumption]. The rejected alternative, target / realised, has
  no upper end near zero.
* 120 % at most [secondary: legalstudies71.blogspot.com 2019/06, on PP 30/2019]; below nothing counts as 0 %.
* A direction that is not given is "higher" for quantity, quality and indicators without aspect; for time and
  cost it is not guessed [assumption].
* An indicator that cannot be computed is missing, with a reason, and its weight goes to the person's others.
  It never becomes 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.score.framework import Framework

CAP = 120.0
KEYS = ["period", "region", "person"]
REASONS = (
    "target_missing",
    "realised_missing",
    "target_not_positive",
    "realised_negative",
    "direction_missing",
)


def percent(target: npt.ArrayLike, realised: npt.ArrayLike, direction: npt.ArrayLike) -> pd.DataFrame:
    """Compute the achievement of single indicators.

    Parameters
    ----------
    target, realised : array_like of float, shape (n,)
        In the indicator's own unit.
    direction : array_like of str, shape (n,)
        "higher" or "lower" (which realisation is better); anything else is missing.

    Returns
    -------
    DataFrame, n rows
        ``percent`` (0 to 120, NaN with a reason) and ``reason`` (one of ``REASONS`` or "").

    Examples
    --------
    >>> percent([80, 8, 0], [70, 9, 5], ["higher", "lower", "higher"])["percent"].tolist()
    [87.5, 87.5, nan]
    """
    t, r = np.asarray(target, dtype=float), np.asarray(realised, dtype=float)
    way = np.asarray(direction, dtype=object)
    higher, lower = way == "higher", way == "lower"
    reason = np.select([np.isnan(t), np.isnan(r), t <= 0, r < 0, ~(higher | lower)], list(REASONS), default="")
    usable = reason == ""
    ratio = np.divide(r, t, out=np.full(t.shape, np.nan), where=usable)
    share = 100 * np.where(higher, ratio, 2 - ratio)
    return pd.DataFrame({"percent": np.clip(share, 0, CAP), "reason": reason}).astype({"reason": "str"})


def _complete(frame: pd.DataFrame, frameworks: Mapping[str, Framework]) -> pd.DataFrame:
    """Fill missing directions and weights from the region's indicator system, then directions by aspect."""
    out = frame.copy()
    rows_of_indicator = _rows_of_indicator(out)
    for region, framework in frameworks.items():
        keys = framework.indicator_keys(out.loc[out["region"] == region, "indicator"].unique())
        for name, key in keys.items():
            item = framework.indicator(key)
            here = (out["region"] == region) & (out["indicator"] == name)
            out.loc[here & out["direction"].isna(), "direction"] = item.direction
            lacking = here & out["weight"].isna()
            out.loc[lacking, "weight"] = item.weight / rows_of_indicator[lacking]
    plain = ~out["aspect"].isin(["waktu", "biaya"])
    out.loc[out["direction"].isna() & plain, "direction"] = "higher"
    return out


def _weights(frame: pd.DataFrame) -> pd.Series:
    """Weights within a person; if any is missing or negative, indicators (and aspects in them) count alike."""
    given = frame["weight"].where(frame["weight"] >= 0)
    person = [frame[k] for k in KEYS]
    complete = given.notna().groupby(person).transform("all") & (given.fillna(0).groupby(person).transform("sum") > 0)
    return given.where(complete, 1 / _rows_of_indicator(frame))


def _rows_of_indicator(frame: pd.DataFrame) -> pd.Series:
    return frame.groupby([*KEYS, "indicator"])["target"].transform("size").astype("float64")


def indicators(achievements: pd.DataFrame, frameworks: Mapping[str, Framework] | None = None) -> pd.DataFrame:
    """Return the achievement table with ``percent``, ``reason`` and the ``weight`` that counts.

    Parameters
    ----------
    achievements : DataFrame
        The achievement table (``base/tables``).
    frameworks : mapping of region code to Framework, optional
        Indicator systems that supply directions and weights the table lacks.

    Examples
    --------
    >>> from kinerja_analysis.base.tables import conform
    >>> one = conform("achievements", pd.DataFrame({"year": [2025], "period": ["2025"], "region": ["01.01"],
    ...     "person": ["p"], "indicator": ["layanan"], "target": [50.0], "realised": [40.0]}))
    >>> indicators(one)[["percent", "weight"]].values.tolist()
    [[80.0, 1.0]]
    """
    frame = _complete(achievements.reset_index(drop=True), frameworks or {})
    judged = percent(frame["target"], frame["realised"], frame["direction"])
    return frame.assign(percent=judged["percent"], reason=judged["reason"], weight=_weights(frame))


def achievement(
    achievements: pd.DataFrame,
    frameworks: Mapping[str, Framework] | None = None,
    *,
    measured_by: str | None = None,
) -> pd.DataFrame:
    """Return one achievement per person and period.

    Parameters
    ----------
    achievements, frameworks
        As in :func:`indicators`.
    measured_by : {"rater", "other"}, optional
        Count only what these measured. Targets measured by others (examinations, surveys) are the evidence a
        supervisor cannot set.

    Returns
    -------
    DataFrame
        ``period region person achievement achievement_n achievement_missing achievement_reason``: the
        weighted mean in percent (0 to 120), how many indicator rows entered and how many could not, and,
        where there is no mean, the most frequent reason (``weight_zero`` if only indicators of weight 0
        remain). Sorted by key.

    Examples
    --------
    >>> from kinerja_analysis.base.tables import conform
    >>> two = conform("achievements", pd.DataFrame({"year": 2025, "period": "2025", "region": "01.01",
    ...     "person": "p", "indicator": ["a", "b"], "target": [10.0, 0.0], "realised": [9.0, 3.0]}))
    >>> achievement(two)[["achievement", "achievement_n", "achievement_missing"]].values.tolist()
    [[90.0, 1.0, 1.0]]
    """
    rows = indicators(achievements, frameworks)
    if measured_by is not None:
        rows = rows[rows["measured_by"] == measured_by]
    known = rows["reason"] == ""
    weight = rows["weight"].where(known, 0.0)
    sums = rows.assign(_w=weight, _wx=weight * rows["percent"].fillna(0), _known=known, _lost=~known)
    total = sums.groupby(KEYS)[["_w", "_wx", "_known", "_lost"]].sum().reset_index()
    mean = (total["_wx"] / total["_w"].where(total["_w"] > 0)).astype(float)
    lost = rows[~known].groupby([*KEYS, "reason"]).size().rename("_n").reset_index()
    lost = lost.sort_values([*KEYS, "_n", "reason"], ascending=[True, True, True, False, True])
    main = total[KEYS].merge(lost.drop_duplicates(KEYS)[[*KEYS, "reason"]], on=KEYS, how="left")["reason"]
    reason = main.where(total["_known"] == 0, "weight_zero").where(mean.isna(), "")
    return total[KEYS].assign(
        achievement=mean,
        achievement_n=total["_known"].astype("int64"),
        achievement_missing=total["_lost"].astype("int64"),
        achievement_reason=reason.astype("str"),
    )
