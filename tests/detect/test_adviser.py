"""The price list of further ratings: which ways are offered, what they tell, what they rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import signature

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.words import messages
from kinerja_analysis.detect.adviser import CASES, COLUMNS, NUMBERS, advice, sd_of_pairs
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.stats import suggest_links

SB, B = (3, 3), (2, 2)


def teams(n_teams: int, size: int, *, above: bool) -> pd.DataFrame:
    """Teams of an export; ``above`` adds the supervisors' own rows, rated by one superior."""
    rows = [(f"S{t:02d}", f"E{t:02d}{i:02d}", *(SB if i == 0 else B)) for t in range(n_teams) for i in range(size)]
    rows += [("TOP", f"S{t:02d}", *B) for t in range(n_teams)] if above else []
    return pd.DataFrame(rows, columns=["supervisor", "ratee", "hasil", "perilaku"])


@pytest.fixture
def designed(make_cell: Callable[..., Context]) -> Callable[..., Context]:
    """A cell with its design, as ``detect`` makes it."""

    def build(**parts: pd.DataFrame) -> Context:
        ctx = make_cell(**parts)
        return replace(ctx, design=design_of(ctx.tables, ctx.history, ctx.region, ctx.year), _memo={})

    return build


def test_three_ways_for_an_export_with_known_superiors(designed: Callable[..., Context]) -> None:
    found = advice(designed(team=teams(20, 8, above=True)))
    assert list(found.columns) == list(COLUMNS)
    assert found["way"].unique().tolist() == ["cross", "superior", "vignette"]
    superior = found[found["way"] == "superior"].set_index("n_added")
    assert (superior["raters"] == 20).all(), "the superior's own superior is not known"
    assert superior.index.tolist() == [50, 160], "eight of each of twenty, no more"
    assert superior.loc[50, "per_rater"] == 2 and superior.loc[160, "per_rater"] == 8
    assert superior.loc[160, "contrast_se"] == pytest.approx((4 * 0.49 / 8) ** 0.5), "inference.md: m = 8 gives .49"
    assert not found["measured"].any() and (found["sd_pair"] == 0.7).all()


def test_superiors_are_not_offered_where_nobody_knows_them(designed: Callable[..., Context]) -> None:
    found = advice(designed(team=teams(20, 8, above=False)))
    assert found["way"].unique().tolist() == ["cross", "vignette"]


def test_what_is_told_follows_the_reliability(designed: Callable[..., Context]) -> None:
    found = advice(designed(team=teams(6, 8, above=True)))
    vignette = found[found["way"] == "vignette"]
    assert vignette["n_added"].tolist() == [50, 140], "at most twenty cases for each of seven"
    assert vignette["told"].tolist() == ["spread", "names"], "7 cases: 1 - .49 / (7 * .1225) < .5; 20 cases: .8"
    assert vignette["n_needed"].tolist() == [56.0, 56.0]
    assert set(found["told"]) <= {"names", "spread", "nothing"}
    assert np.isfinite(found.loc[found["told"] == "names", "contrast_se"]).all()


def test_the_error_of_a_rating_is_measured_where_several_rate(designed: Callable[..., Context]) -> None:
    rng = np.random.default_rng(2)
    merit = rng.normal(0, 10, 120)
    rows = [
        (f"e{i:03d}", f"r{(i // 8) * 3 + k}", "peer" if k else "supervisor", c, 50 + merit[i] + pair)
        for i in range(120) for k, pair in enumerate(rng.normal(0, 5, 3)) for c in ("a", "b")
    ]  # fmt: skip
    ctx = designed(pairs=pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"]))
    sd, measured = sd_of_pairs(ctx)
    assert measured and sd == pytest.approx(0.5, abs=0.1)
    assert (advice(ctx)["n_added"] <= max(NUMBERS)).all()


def test_a_few_ratings_between_large_parts_make_nobody_comparable(designed: Callable[..., Context]) -> None:
    # 30 units in a chain of single ratings, and one unit apart: one more rating connects all of them, and tells nothing
    rng = np.random.default_rng(4)
    merit = rng.normal(50, 8, (31, 6))
    rows = [
        (f"e{u:02d}{i}", f"r{u:02d}{k}", "peer" if k else "supervisor", f"u{u:02d}", merit[u, i] + rng.normal(0, 8))
        for u in range(31) for i in range(6) for k in range(3)
    ]  # fmt: skip
    rows += [(f"e{u:02d}0", f"r{u + 1:02d}1", "other", f"u{u:02d}", 55.0) for u in range(29)]
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "unit", "score"]).assign(criterion="c")
    ctx = designed(pairs=frame)
    ratings = ctx.tables.ratings.assign(unit=lambda f: "u" + f["ratee"].str[1:3])
    found = advice(replace(ctx, tables=replace(ctx.tables, ratings=ratings), _memo={}))
    cross = found[found["way"] == "cross"].set_index("n_added")
    needed = cross["n_needed"].iloc[0]
    assert np.isnan(needed) or needed > 50
    ratee, rater, unit = (pd.factorize(frame[c], sort=True)[0] for c in ("ratee", "rater", "unit"))
    first = int(cross.index[0])
    plan = suggest_links(ratee, rater, first, group=unit, sd_pair=cross["sd_pair"].iloc[0])
    assert cross.loc[first, "contrast_se"] == pytest.approx(plan.contrast_se[0], rel=1e-6)


def test_linked_data_need_no_advice(designed: Callable[..., Context]) -> None:
    rng = np.random.default_rng(1)
    rows = [(f"e{i:02d}", f"r{r}", "peer", c, float(rng.normal(50, 10)))
            for i in range(40) for r in range(8) for c in ("a", "b")]  # fmt: skip
    found = advice(designed(pairs=pd.DataFrame(rows, columns=["ratee", "rater", "source", "criterion", "score"])))
    assert found.empty and list(found.columns) == list(COLUMNS)


def test_the_price_list_says_the_limits_it_keeps() -> None:
    """Without them, "out of reach" reads as a truth about cross ratings, which more of them per rater contradict."""
    most = signature(suggest_links).parameters["max_per_rater"].default
    for lang, cross, cases in (("id", "paling banyak {} penilaian tambahan per penilai", "paling banyak {} contoh"),
                               ("en", "at most {} additional ratings per rater", "at most {} cases")):  # fmt: skip
        assert cross.format(most) in messages()["report.price.way_cross"][lang]
        assert cases.format(CASES) in messages()["report.price.way_vignette"][lang]
        told = [messages()[f"report.price.{key}"][lang] for key in ("only", "no_more", "out_of_reach")]
        assert all({"id": "batas itu", "en": "that limit"}[lang] in text for text in told)
