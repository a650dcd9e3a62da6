"""Who is left out of a comparison: by hand, by chance, by impression, and what is not asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding
from kinerja_analysis.base.tables import ScoreTable, Tables, conform
from kinerja_analysis.detect._leniency_left_out import left_out, seen_by_others
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.detect.leniency import detect

REGION = "99.01"


def table(rows: list[tuple[str, str, str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["unit", "ratee", "rater", "source", "score"])
    head = {"year": 2025, "period": "2025", "region": REGION, "criterion": "c", "scale_min": 0.0, "scale_max": 100.0}
    return conform("ratings", frame.assign(**head, opd="Dinas", row=[f"1:1:{i}" for i in range(len(frame))]))


def context(ratings: pd.DataFrame) -> Context:
    tables = Tables(ratings=ratings)
    design = design_of(tables, tables, REGION, 2025)
    return Context(tables, tables, ScoreTable(pd.DataFrame()), AuditConfig(), design, REGION, 2025)


def told(ratings: pd.DataFrame) -> dict[str, Finding]:
    out = Collector("leniency", REGION, 2025)
    left_out(context(ratings), out)
    assert all(f.status != "FLAGGED" and f.measure == "left_out" for f in out.found)
    return {f.subject: f for f in out.found}


def units(seed: int, choose: str, *, number: int = 30, size: int = 8, share: float = 0.25) -> pd.DataFrame:
    """Employees SD 8, pairs SD 6, three peers each; a supervisor leaves out a share: ``chance`` or ``impression``."""
    g = np.random.default_rng(seed)
    rows = []
    for u in range(number):
        lenient = g.normal(0, 3, size)
        for i in range(size):
            truth = 60 + g.normal(0, 8)
            seen = truth + g.normal(0, 6)
            out = g.random() < share if choose == "chance" else seen < 60 - 10 * 0.6745
            rows += [] if out else [(f"U{u}", f"E{u}_{i}", f"S{u}", "supervisor", seen)]
            for j in (1, 2, 3):
                peer = (i + j) % size
                rows.append((f"U{u}", f"E{u}_{i}", f"E{u}_{peer}", "peer", truth + lenient[peer] + g.normal(0, 6)))
    return table(rows)


def by_hand() -> pd.DataFrame:
    """Ten units; two peers rate four employees each, of whom the supervisor rates two. Left out: 4 points lower."""
    rows = []
    for u in range(10):
        for p, shift in enumerate((0.0, 10.0)):
            for i, score in enumerate((52, 48, 47 + u % 3, 45 - u % 3)):
                rows.append((f"U{u}", f"E{u}{i}", f"P{u}{p}", "peer", score + shift))
        rows += [(f"U{u}", f"E{u}{i}", f"S{u}", "supervisor", 50.0 + i) for i in (0, 1)]
    return table(rows)


def test_by_hand() -> None:
    found = told(by_hand())["supervisor"]
    rows = seen_by_others(context(by_hand()), "supervisor")
    spread = np.sqrt(((rows["score"] - rows.groupby("rater")["score"].transform("mean")) ** 2).sum() / (80 - 20))
    assert found.code == "leniency.left_out_lower"
    assert found.estimate.value == pytest.approx(-4 / spread) and found.estimate.upper < 0
    assert (found.params["k"], found.estimate.n, found.params["units"]) == (20, 40, 10)
    assert "20 dari 40 pegawai" in found.sentence("id") and "supervisors" in found.sentence("en")


def test_what_the_raters_and_units_are_like_does_not_matter() -> None:
    rows = by_hand()
    harder = rows["rater"].str.endswith("1") & (rows["source"] == "peer")
    moved = rows.assign(score=rows["score"] - 30 * harder + rows["unit"].str[1:].astype(int))
    assert told(moved)["supervisor"].estimate.value == pytest.approx(told(rows)["supervisor"].estimate.value)


def test_units_where_the_source_rates_nobody_leave_nobody_out() -> None:
    rows = by_hand()
    assert told(rows[(rows["source"] != "supervisor") | (rows["unit"] > "U4")])["supervisor"].params["k"] == 10
    assert "supervisor" not in told(rows[rows["source"] != "supervisor"])
    assert "supervisor" not in told(rows[(rows["source"] != "supervisor") | (rows["unit"] > "U5")])  # eight left out


def test_few_units_refuse() -> None:
    rows = by_hand()
    whole = rows["unit"].isin(["U0", "U1", "U2", "U3", "U4"])
    kept = rows[whole | ((rows["source"] == "supervisor") | rows["ratee"].str[-1].isin(["0", "1"]))]
    found = told(kept)["supervisor"]
    assert found.code == "leniency.left_out_few" and found.params["units"] == 5 and found.params["k"] == 10
    assert "10" in found.sentence("id")


def test_left_out_by_chance() -> None:
    """The range holds 0 in 95 of 100 regions, and the sentence says nothing of a choice."""
    codes = [told(units(seed, "chance"))["supervisor"].code for seed in range(60)]
    assert codes.count("leniency.left_out_unclear") >= 53


def test_left_out_by_impression() -> None:
    """The supervisor looks lenient on those who are left, and the page says why that may be."""
    shifts = []
    for seed in range(5):
        rows = units(seed, "impression")
        assert told(rows)["supervisor"].code == "leniency.left_out_lower"
        out = Collector("leniency", REGION, 2025)
        detect(context(rows), out)
        shifts += [f.estimate.value for f in out.found if f.measure == "source_difference"]
    assert np.mean(shifts) > 0.8  # points, where supervisors and peers are equally lenient


def test_peers_who_are_left_out_are_seen_by_the_supervisor() -> None:
    rows = units(3, "chance")
    weak = rows.loc[(rows["source"] == "supervisor") & (rows["score"] < 55), "ratee"]
    found = told(rows[(rows["source"] != "peer") | ~rows["ratee"].isin(weak)])["peer"]
    assert found.code == "leniency.left_out_lower" and "rekan kerja" in found.sentence("id")
