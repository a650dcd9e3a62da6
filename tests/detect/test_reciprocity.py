"""Reciprocity: planted pairs found, clean ones not, every code reached in both kinds of data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.detect import contexts
from kinerja_analysis.detect import run_detector as run_by_name
from kinerja_analysis.detect.reciprocity import both_ways, directed
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate
from kinerja_analysis.stats import _dyads as module

TEAM = pd.DataFrame({"supervisor": ["s"], "ratee": ["a"], "hasil": [2], "perilaku": [2]})


def world(
    teams: int, seed: int, *, peers: float = 0.0, exchange: float | None = None, steps: tuple[int, ...] = (1, 4, 7),
    noise: float = 6.0,
) -> pd.DataFrame:
    """Teams of eight in a circle; with ``exchange`` a boss each, who rates all and is rated by three."""
    rng = np.random.default_rng(seed)
    first, place = np.divmod(np.arange(teams * 8), 8)
    rater = np.repeat(np.arange(teams * 8), len(steps))
    ratee = (first[:, None] * 8 + (place[:, None] + np.array(steps)) % 8).ravel()
    parts = [(ratee, rater, "peer", peers)]
    if exchange is not None:
        staff, boss = np.arange(teams * 8), teams * 8 + np.arange(teams * 8) // 8
        low = staff % 8 < 3
        parts += [(staff, boss, "supervisor", exchange), (boss[low], staff[low], "subordinate", exchange)]
    frame = pd.concat([pd.DataFrame({"ratee": a, "rater": b, "source": s, "rho": r}) for a, b, s, r in parts])
    pair = np.sort(frame[["ratee", "rater"]].to_numpy(), axis=1)
    code = pd.factorize(pd.MultiIndex.from_arrays(pair.T))[0]
    shared, own = rng.standard_normal(code.max() + 1)[code], rng.standard_normal(len(frame))
    g = np.sqrt(frame["rho"]) * shared + np.sqrt(1 - frame["rho"]) * own
    merit, lenient = rng.normal(0, 6, (2, teams * 9))
    points = 60 + merit[frame["ratee"]] + lenient[frame["rater"]] / 2 + noise * g
    people = np.array([f"p{i:05d}" for i in range(teams * 9)])
    return frame.drop(columns="rho").assign(ratee=people[frame["ratee"]], rater=people[frame["rater"]],
                                            criterion="kerja", score=points)  # fmt: skip


@pytest.fixture
def lab(make_cell, run_detector) -> SimpleNamespace:
    def codes(rows: pd.DataFrame, *, least: float | None = None, opds: pd.Series | None = None):
        config = AuditConfig(thresholds={} if least is None else {"reciprocity.min_dyads": least})
        ctx = make_cell(TEAM, pairs=rows, config=config)
        if opds is not None:
            ratings = ctx.tables.ratings
            many = ratings["source"].ne("supervisor") | ratings["scale_max"].eq(100)
            named = ratings["opd"].mask(many, ratings["ratee"].map(opds)).astype("str")
            object.__setattr__(ctx.tables, "ratings", ratings.assign(opd=named))
        result = run_detector("reciprocity", ctx)
        return {f.code.split(".")[1]: f for f in result.findings()}

    return SimpleNamespace(codes=codes, cell=make_cell, run=run_detector)


def test_a_planted_reciprocity_of_colleagues_is_found(lab) -> None:
    found = lab.codes(world(25, 1, peers=0.6))
    f = found["peers_beyond"]
    assert f.status == "FLAGGED" and f.threshold == 0.2 and f.p_adjusted <= 0.1
    assert f.params["dyads"] == f.estimate.n == 300
    assert f.estimate.lower < 0.6 < f.estimate.upper
    assert found["unit_beyond"].rows and found["unit_beyond"].estimate == f.estimate
    assert found["exchange_none"].status == "NOT_APPLICABLE"
    assert found["one_way"].sentence("id").startswith("Tidak dapat diperiksa: hanya ada satu arah penilaian")
    assert 0.3 < found["peers_smallest"].estimate.value < 0.45


def test_colleagues_who_return_nothing(lab) -> None:
    found = lab.codes(world(75, 2))
    f = found["peers_at_most"]
    assert f.status == "CLEAR" and f.estimate.upper < 0.2 and found["unit_at_most"].status == "CLEAR"
    assert f.params["most"] == max(f.estimate.upper, 0)


def test_the_direction_without_the_size(lab) -> None:
    found = lab.codes(world(75, 3, peers=0.22))
    f = found["peers_shown"]
    assert f.status == "CLEAR" and 0 < f.estimate.lower < 0.2 < f.estimate.upper
    assert "tetapi lebih dari batas 0,20 belum terbukti" in f.sentence("id") and "unit_shown" in found


def test_few_pairs_leave_it_open(lab) -> None:
    found = lab.codes(world(9, 7, peers=0.05))
    f = found["peers_unclear"]
    assert f.status == "CLEAR" and f.estimate.lower < 0 and f.estimate.upper > 0.2 and "unit_unclear" in found
    assert "may exist unseen" in f.sentence("en")


def test_below_a_hundred_pairs(lab) -> None:
    found = lab.codes(world(8, 4, peers=0.9, exchange=0.5))
    assert found["peers_few"].status == found["exchange_few"].status == found["unit_few"].status == "INSUFFICIENT"
    assert found["peers_few"].params["have"] == 96 and found["exchange_few"].params["have"] == 24
    assert not any(f.status in ("FLAGGED", "CLEAR") for f in found.values())


@pytest.mark.parametrize(
    ("teams", "exchange", "seed", "code"),
    [(60, 0.7, 1, "beyond"), (260, 0.2, 5, "shown"), (260, 0.0, 3, "at_most"), (40, 0.0, 4, "unclear")],
)
def test_superiors_and_subordinates(lab, teams: int, exchange: float, seed: int, code: str) -> None:
    found = lab.codes(world(teams, seed, peers=0.5, exchange=exchange))
    f = found[f"exchange_{code}"]
    assert f.status == ("FLAGGED" if code == "beyond" else "CLEAR") and f.params["dyads"] == 3 * teams
    assert "peers_beyond" in found and f.measure == "exchange"
    assert f.p_adjusted >= f.p_value
    assert found["exchange_smallest"].estimate.value > found["peers_smallest"].estimate.value


def test_no_reason_to_answer(lab, monkeypatch) -> None:
    none = lab.codes(world(20, 5, steps=(1, 2)))
    assert none["peers_none"].status == "NOT_APPLICABLE"
    assert lab.codes(world(20, 5).iloc[:0])["no_data"].status == "NOT_APPLICABLE"
    alone = world(20, 5, exchange=0.5)
    found = lab.codes(alone[alone["source"] != "peer"], least=10)
    assert found["exchange_not_separable"].status == "INSUFFICIENT" and "peers_none" in found
    flat = lab.codes(world(20, 5, exchange=0.5, noise=0.0), least=10)
    assert {"peers_constant", "exchange_constant", "unit_none"} <= set(flat)
    monkeypatch.setattr(module, "CUT", 20)
    monkeypatch.setattr(module, "MAX_ROWS", 20)
    large = lab.codes(world(20, 5, exchange=0.5), least=10)
    assert large["peers_too_large"].status == large["exchange_too_large"].status == "INSUFFICIENT"


def test_pairs_of_two_are_not_separable(lab) -> None:
    rows = world(20, 6, steps=(4,))
    assert lab.codes(rows, least=10)["peers_not_separable"].status == "INSUFFICIENT"


def test_agencies_are_one_family_and_cite_their_own_rows(lab) -> None:
    rows = pd.concat([world(25, 1, peers=0.6), world(25, 2)], ignore_index=True)
    other = rows.index >= len(rows) // 2
    for side in ("ratee", "rater"):
        rows[side] = rows[side].where(~other, "q" + rows[side].str[1:])
    opds = pd.Series({name: "Dinas B" if name[0] == "q" else "Dinas A" for name in rows["ratee"]})
    found = lab.codes(rows, opds=opds)
    a, b = found["unit_beyond"], next(f for code, f in found.items() if code in ("unit_at_most", "unit_unclear"))
    assert (a.subject, b.subject) == ("Dinas A", "Dinas B")
    assert a.p_adjusted == pytest.approx(min(2 * a.p_value, b.p_value), rel=1e-9)
    assert len(a.rows) == 50 and a.params["n_rows"] == 600 and not set(a.rows) & set(b.rows)


def test_directions_of_several_periods_are_averaged_without_the_level_of_the_period() -> None:
    """By hand: period 1 means 30, period 2 means 70; a about b is 10 below, then 10 above: 0 on average."""
    base = {"source": "peer", "unit": "u", "opd": "o"}
    scores = [("1", "a", "b", 40.0), ("1", "b", "a", 20.0), ("2", "a", "b", 60.0), ("2", "b", "a", 80.0)]
    pairs = pd.DataFrame(scores, columns=["period", "ratee", "rater", "score"]).assign(**base)
    rows = directed(pairs)
    assert rows["score"].tolist() == [50.0, 50.0] and len(both_ways(rows, "peer", "peer")) == 1
    assert both_ways(rows, "supervisor", "subordinate").empty


def test_the_simulated_regions_with_known_truth() -> None:
    """Among peers .80 on the scale of the ratings is planted in one, nothing in the other."""
    told = {}
    for scenario in ("rekan_baku", "null"):
        tables = simulate(None, (2025,), scenario=scenario, size=600, seed=3).tables
        config = AuditConfig()
        (ctx,) = contexts(tables, score(tables, config), config, tables.cells())
        told[scenario] = next(iter(run_by_name("reciprocity", ctx).findings(measure="reciprocity", scope="multisource",
                                                                            subject_kind="region")))  # fmt: skip
    assert told["rekan_baku"].code == "reciprocity.peers_beyond"
    assert told["rekan_baku"].estimate.lower < 0.8 < told["rekan_baku"].estimate.upper
    assert told["null"].status == "CLEAR" and told["null"].estimate.lower < 0 < told["null"].estimate.upper
