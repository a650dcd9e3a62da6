"""The frames behind the Wright map and the picture of changes of supervisor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Result, Status
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.pictured import moves, pictured, wright

LEVELS = np.array([0.0, 25.0, 50.0, 75.0, 100.0])


def rated(groups: int, size: int = 40, seed: int = 3) -> pd.DataFrame:
    """Groups in which six raters each rate half of the employees on three criteria; the last rater is strict."""
    rng = np.random.default_rng(seed)
    hard = {"a": -0.8, "b": 0.0, "c": 0.8}
    rows = []
    for g in range(groups):
        ability = rng.normal(0.5, 1.2, size)
        for r in range(6):
            strict = 1.5 if r == 5 else 0.0
            for k in rng.permutation(size)[: size // 2]:
                for name, easy in hard.items():
                    at = ability[k] - strict - easy + rng.logistic()
                    score = LEVELS[int(np.digitize(at, [-2.0, -0.7, 0.7, 2.0]))]
                    rows.append((f"g{g}e{k:03d}", f"g{g}r{r}", "peer", name, score))
    return pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])


def compared(rows: pd.DataFrame) -> int:
    """Employees with two raters or more."""
    return int((rows.groupby("ratee")["rater"].nunique() > 1).sum())


def test_the_map_shows_the_model(make_cell: Callable[..., Context]) -> None:
    ctx = make_cell(pairs=rated(1))
    fit, found = ctx.rasch().fit, wright(ctx)
    assert fit is not None
    by = {facet: part for facet, part in found.groupby("facet")}
    assert int(by["ratee"]["n"].sum()) == int(np.isfinite(fit.measure["ratee"]).sum()) == compared(rated(1))
    assert by["criterion"].sort_values("position")["name"].tolist() == ["a", "b", "c"]
    assert by["criterion"]["position"].to_numpy() == pytest.approx(fit.measure["criterion"])
    assert by["step"]["name"].tolist() == ["0|25", "25|50", "50|75", "75|100"]
    assert by["step"]["position"].to_numpy() == pytest.approx(fit.thresholds)
    assert by["rater"].loc[by["rater"]["position"].idxmax(), "n"] == 1  # the strict one stands alone at the top
    middle = float((by["ratee"]["position"] * by["ratee"]["n"]).sum() / by["ratee"]["n"].sum())
    assert middle == pytest.approx(float(np.mean(fit.measure["ratee"])), abs=0.1)


def test_parts_without_a_common_zero_are_not_drawn(make_cell: Callable[..., Context]) -> None:
    found = wright(make_cell(pairs=rated(3)))
    assert found["facet"].tolist() == ["parts"] and found["n"].tolist() == [3]


def test_only_the_largest_part_is_drawn(make_cell: Callable[..., Context]) -> None:
    small = rated(1, size=10, seed=9)
    small[["ratee", "rater"]] = "z" + small[["ratee", "rater"]]
    found = wright(make_cell(pairs=pd.concat([rated(1), small], ignore_index=True)))
    assert found.loc[found["facet"] == "ratee", "n"].sum() == compared(rated(1))
    assert found.loc[found["facet"] == "rater", "n"].sum() == 6


def test_no_ratings_no_map(make_cell: Callable[..., Context]) -> None:
    team = pd.DataFrame({"supervisor": "s", "ratee": ["a", "b"], "hasil": 2, "perilaku": 2})
    assert wright(make_cell(team)).empty and moves(make_cell(team)).empty


def moving(teams: int, changed: int) -> pd.DataFrame:
    """Teams of four over two quarters; in the second ``changed`` of them have another supervisor and rise by one."""
    rng = np.random.default_rng(5)
    rows = []
    for t in range(teams):
        first = rng.choice([2, 3], 4)
        for q, period in enumerate(("2025-Q1", "2025-Q2")):
            new = q == 1 and t < changed
            for k in range(4):
                drop = int(q == 1 and t >= changed and k == t % 7)
                hasil = 3 if new else max(first[k] - drop, 1)
                rows.append((f"s{t}{'x' * new}", f"p{t:02d}{k}", hasil, hasil, period, f"u{t}"))
    return pd.DataFrame(rows, columns=["supervisor", "ratee", "hasil", "perilaku", "period", "unit"])


def test_changes_by_hand(make_cell: Callable[..., Context]) -> None:
    ctx = make_cell(moving(40, 20))
    found = moves(ctx)
    assert (found["kept"].sum(), found["changed"].sum()) == (20, 20)
    teams = ctx.teams
    mean = teams.groupby(["period", "unit"])["level"].mean().unstack(0)
    move = mean["2025-Q2"] - mean["2025-Q1"]
    new = move.index.isin([f"u{t}" for t in range(20)])
    apart = move - move[~new].median()
    step = 0.05
    for name, mine in (("kept", ~new), ("changed", new)):
        assert float((found["position"] * found[name]).sum() / 20) == pytest.approx(apart[mine].mean(), abs=step)


def test_order_of_rows_does_not_matter(make_cell: Callable[..., Context]) -> None:
    team = moving(40, 20)
    pd.testing.assert_frame_equal(moves(make_cell(team)), moves(make_cell(team, shuffle=4)))
    pairs = rated(1)
    left, right = wright(make_cell(pairs=pairs)), wright(make_cell(pairs=pairs, shuffle=4))
    pd.testing.assert_frame_equal(left, right, atol=1e-6)


def test_nothing_is_fitted_for_pictures_alone(make_cell: Callable[..., Context]) -> None:
    ctx = make_cell(pairs=rated(1))
    assert pictured(ctx, {}) == {}
    out = Collector("leniency", ctx.region, ctx.year)
    out.add("failed", Status.ERROR, "error", scope="both", kind_of_error="ValueError")
    assert pictured(ctx, {"leniency": out.result()}) == {}
    assert set(pictured(ctx, {"leniency": Result.of("leniency", [])})) == {"wright", "moves"}
