"""Recorded predikat against the one that follows from the recorded ratings under the rule in force."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector

NAME = "matrix_check"
KIND = "ekinerja"
KEYS = ["period", "person"]


def detect(ctx: Context, out: Collector) -> None:
    """Count mismatches; it is arithmetic, so there is no interval and no error rate."""
    from kinerja_analysis.score.official import other_posts

    out.not_applicable("multisource" if len(ctx.multisource) else "no_multisource", "mismatches", "multisource")
    frame = ctx.scores.frame
    frame = frame[(frame["region"] == ctx.region) & (frame["year"] == ctx.year)]
    others = other_posts(ctx.tables.appraisals, ctx.tables.ratings, ctx.config.profiles)
    frame = pd.concat([frame, others], ignore_index=True)
    checked = frame[frame["consistent"].isin(["yes", "no"])]
    unknown = int((frame["predikat_recorded"].notna() & (frame["consistent"] == "unknown")).sum())
    if checked.empty:
        out.not_applicable("nothing_to_check", "mismatches", KIND, unknown=unknown)
        return
    wrong = checked[checked["consistent"] == "no"]
    share, limit = len(wrong) / len(checked), ctx.threshold("matrix_check.mismatches")
    systematic = ctx.threshold("matrix_check.systematic")
    if len(wrong) <= limit.value:
        code, status = "consistent", Status.CLEAR
    elif share < systematic.value or len(wrong) < ctx.threshold("matrix_check.several").value:
        code, status = "single", Status.FLAGGED
    else:
        code, status = "systematic", Status.FLAGGED
    estimate = Estimate(share, level=ctx.config.level, n=len(checked), unit="share", method="full_count")
    out.add(
        code, status, "mismatches", scope=KIND, estimate=estimate, threshold=systematic, rows=addresses(ctx, wrong),
        k=len(wrong), unknown=unknown, **directions(wrong),
    )  # fmt: skip


def addresses(ctx: Context, wrong: pd.DataFrame) -> list[str]:
    """Return the source rows of the appraisals whose predikat differs, in order of period and person."""
    from kinerja_analysis.score.official import main_appraisals

    if wrong.empty:
        return []
    counted = main_appraisals(ctx.tables.appraisals)[[*KEYS, "row"]]
    rows = wrong[[*KEYS, "row"]].merge(counted, on=KEYS, how="left", suffixes=("", "_main")).sort_values(KEYS)
    return [str(r) for r in rows["row"].fillna(rows["row_main"]).dropna() if r]


def directions(wrong: pd.DataFrame) -> dict[str, Any]:
    """Return how many recorded predikat are higher and how many lower than computed.

    >>> rows = pd.DataFrame({"predikat_recorded": ["BAIK", "BAIK"], "predikat_computed": ["KURANG", "SANGAT BAIK"]})
    >>> directions(rows)
    {'higher': 1, 'lower': 1}
    """
    order = {name: i for i, name in enumerate(PREDIKAT)}
    recorded, computed = (wrong[f"predikat_{c}"].map(order).astype("float64") for c in ("recorded", "computed"))
    step = recorded - computed
    return {"higher": int((step > 0).sum()), "lower": int((step < 0).sum())}
