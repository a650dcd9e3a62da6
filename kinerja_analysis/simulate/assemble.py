"""From sheets to tables and truth: what a faultless reader would return, and what no reader can know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import EKINERJA_CRITERIA, OF_ACTING, Tables, conform, empty
from kinerja_analysis.simulate.sheets import Sheet, columns_of


def tables_of(sheets: Sequence[Sheet]) -> Tables:
    """Return the tables of all sheets, persons by opaque codes.

    Rows of acting posts are appraisals, with their two levels, and no ratings; rows without a rating have no rows among
    the ratings; of people transferred within the year both ratings count, and the appraisal of the later post.
    """
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in ("ratings", "appraisals")}
    found |= {name: [] for name in ("employees", "achievements", "units")}
    for sheet in sheets:
        frame = columns_of(sheet, "id")
        if sheet.table == "ekinerja":
            found["appraisals"].append(_appraisals(frame))
            found["ratings"].append(_official(frame))
        elif sheet.table == "multisource":
            found["ratings"].append(_scores(sheet, frame))
        else:
            found[sheet.table].append(frame)
    joined = {name: _joined(name, parts) for name, parts in found.items()}
    names = {sheet.world.plan.code: sheet.world.plan.name for sheet in sheets}
    return Tables(**joined, region_names=names, synthetic=True)


def _joined(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    return conform(name, pd.concat(parts, ignore_index=True)) if parts else empty(name)


def _appraisals(frame: pd.DataFrame) -> pd.DataFrame:
    keep = ["year", "period", "region", "row", "person", "post", "unit", "opd", "supervisor", "status", "predikat",
            "acting", "rated_at"]  # fmt: skip
    frame = frame[frame["acting"] | (frame["end"] == frame["end"].max())]
    own = frame["acting"] & (frame["status"] == "rated")
    levels = {n: frame[c].where(own).astype("float64") for n, c in zip(OF_ACTING, ("hasil", "perilaku"), strict=True)}
    return frame[keep].assign(predikat=frame["predikat"].where(frame["predikat"] != "", None), **levels)


def _official(frame: pd.DataFrame) -> pd.DataFrame:
    rated = frame[(frame["status"] == "rated") & ~frame["acting"]]
    rated = rated.rename(columns={"person": "ratee", "supervisor": "rater", **_named()})
    keep = ["year", "period", "region", "row", "ratee", "rater", "unit", "opd", "rated_at"]
    return _melted(rated, keep, list(EKINERJA_CRITERIA)).assign(source="supervisor", scale_min=1.0, scale_max=3.0)


def _named() -> dict[str, str]:
    return dict(zip(("hasil", "perilaku"), EKINERJA_CRITERIA, strict=True))


def _scores(sheet: Sheet, frame: pd.DataFrame) -> pd.DataFrame:
    keep = ["year", "period", "region", "row", "ratee", "rater", "source", "unit", "opd", "scale_min", "scale_max",
            "rated_at"]  # fmt: skip
    long = _melted(frame, keep, [c for c in frame.columns if c not in keep])
    return long.assign(row=sheet.address(len(long))) if sheet.long else long


def _melted(frame: pd.DataFrame, keep: list[str], criteria: list[str]) -> pd.DataFrame:
    """One row per criterion, the criteria of a row beside each other."""
    k = len(criteria)
    long = frame[keep].loc[frame.index.repeat(k)].reset_index(drop=True)
    return long.assign(
        criterion=np.tile(np.array(criteria, dtype=object), len(frame)),
        score=frame[criteria].to_numpy(dtype=np.float64).ravel(),
    )
