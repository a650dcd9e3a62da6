"""Small cells for detector tests: an export by teams, employees, units and multi-source scores."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Design, Result
from kinerja_analysis.base.tables import PREDIKAT, Tables, conform
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.score import score

REGION, YEAR = "01.01", 2025
PREDIKAT_OF = {(3, 3): 4, (3, 2): 3, (2, 3): 3, (2, 2): 3, (1, 2): 2, (1, 3): 2, (3, 1): 1, (2, 1): 1, (1, 1): 0}


def export(team: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and appraisals from rows ``supervisor ratee hasil perilaku`` (+ period unit predikat status acting …)."""
    rows = team.reset_index(drop=True)
    base = {"year": YEAR, "region": REGION, "period": rows.get("period", str(YEAR)), "unit": rows.get("unit", "u")}
    base |= {"opd": rows.get("opd", "o"), "rated_at": rows.get("rated_at", pd.NaT)}
    address = pd.Series([f"1:1:{9 + i}" for i in range(len(rows))], dtype="str")
    status = rows["status"] if "status" in rows else pd.Series("rated", index=rows.index)
    known = [PREDIKAT[PREDIKAT_OF[h, p]] for h, p in zip(rows["hasil"], rows["perilaku"], strict=True)]
    predikat = rows["predikat"] if "predikat" in rows else pd.Series(known, dtype="str").where(status == "rated")
    appraisals = pd.DataFrame(
        {**base, "person": rows["ratee"], "supervisor": rows["supervisor"], "status": status, "predikat": predikat,
         "acting": rows.get("acting", False), "row": address}
    )  # fmt: skip
    parts = []
    for criterion, column in (("hasil_kerja", "hasil"), ("perilaku_kerja", "perilaku")):
        part = pd.DataFrame(
            {**base, "ratee": rows["ratee"], "rater": rows["supervisor"], "source": "supervisor",
             "criterion": criterion, "score": rows[column].astype(float), "scale_min": 1.0, "scale_max": 3.0,
             "row": address}
        )  # fmt: skip
        parts.append(part[status == "rated"])
    return conform("ratings", pd.concat(parts)), conform("appraisals", appraisals)


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Multi-source ratings from rows ``ratee rater source criterion score`` (+ opd) on a scale of 0 to 100."""
    frame = rows.reset_index(drop=True)
    address = pd.Series([f"2:1:{2 + i}" for i in range(len(frame))], dtype="str")
    extra = {"year": YEAR, "region": REGION, "period": str(YEAR), "unit": "u", "row": address}
    extra["opd"] = frame.get("opd", "o")
    return conform("ratings", frame.assign(scale_min=0.0, scale_max=100.0, **extra))


def cell(
    team: pd.DataFrame | None = None,
    *,
    employees: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    pairs: pd.DataFrame | None = None,
    achievements: pd.DataFrame | None = None,
    config: AuditConfig | None = None,
    shuffle: int | None = None,
) -> Context:
    """Return the context of one cell; ``shuffle`` permutes the rows of every table.

    ``achievements`` has rows ``person realised`` (of a target of 100; + target aspect indicator measured_by).
    """
    names = ("ratings", "appraisals", "employees", "units", "achievements")
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    if achievements is not None:
        own = {"year": YEAR, "region": REGION, "period": str(YEAR), "target": 100.0, "indicator": "i"}
        own |= {name: achievements[name] for name in ("target", "indicator") if name in achievements}
        address = [f"3:1:{i}" for i in range(len(achievements))]
        parts["achievements"].append(conform("achievements", achievements.assign(row=address, **own)))
    if team is not None:
        ratings, appraisals = export(team)
        parts["ratings"].append(ratings)
        parts["appraisals"].append(appraisals)
    if pairs is not None:
        parts["ratings"].append(scores(pairs))
    if employees is not None:
        parts["employees"].append(conform("employees", employees.assign(year=YEAR, region=REGION)))
    if units is not None:
        own = {"year": YEAR, "region": REGION} | ({} if "period" in units else {"period": str(YEAR)})
        parts["units"].append(conform("units", units.assign(**own)))
    made = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items() if frames}
    if shuffle is not None:
        rng = np.random.default_rng(shuffle)
        made = {n: f.iloc[rng.permutation(len(f))].reset_index(drop=True) for n, f in made.items()}
    tables, settings = Tables(**made), config or AuditConfig()
    return Context(tables, tables, score(tables, settings), settings, Design(pd.DataFrame()), REGION, YEAR)


def run(name: str, ctx: Context) -> Result:
    """Run one detector and check what holds for every finding: sentences, addresses, one verdict per data kind."""
    out = Collector(name, REGION, YEAR)
    import_module(f"kinerja_analysis.detect.{name}").detect(ctx, out)
    result = out.result()
    ratings = ctx.tables.ratings
    posts = ctx.tables.appraisals
    addresses = set(ratings["row"]) | set(posts["row"])
    for f in result.findings():
        assert f.sentence("id") and f.sentence("en")
        assert set(f.rows) <= addresses
        if f.subject_kind in ("rater", "team"):
            assert f.rows and set(f.rows) <= set(ratings.loc[ratings["rater"] == f.subject, "row"])
        if f.status in ("FLAGGED", "CLEAR"):
            assert f.estimate is not None and np.isfinite(f.estimate.value) and f.estimate.n > 0
    told = {(f.scope, f.subject_kind) for f in result.findings()}
    assert {("ekinerja", "region"), ("multisource", "region")} <= told
    return result


@pytest.fixture(scope="session")
def make_cell() -> Callable[..., Context]:
    """The builder of one cell."""
    return cell


@pytest.fixture(scope="session")
def run_detector() -> Callable[[str, Context], Result]:
    """Runs a detector with the checks common to all."""
    return run


@pytest.fixture(scope="session")
def same() -> Callable[..., None]:
    """Asserts that two results hold the same findings, whatever their order."""

    def check(a: Result, b: Result, **close: Any) -> None:
        keys = ["measure", "subject_kind", "subject", "scope", "code"]
        left, right = (r.frame.drop(columns="rows").sort_values(keys).reset_index(drop=True) for r in (a, b))
        numbers = list(left.select_dtypes("number"))
        pd.testing.assert_frame_equal(left[numbers], right[numbers], rtol=1e-6, atol=1e-9)
        pd.testing.assert_frame_equal(left[keys + ["status"]], right[keys + ["status"]])
        assert [sorted(r) for r in a.frame.sort_values(keys)["rows"]] == [
            sorted(r) for r in b.frame.sort_values(keys)["rows"]
        ]

    return check
