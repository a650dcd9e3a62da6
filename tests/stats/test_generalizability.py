"""Variance components against classical mean squares; coefficients, sizes, intervals, designs and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import f as f_distribution

from kinerja_analysis.stats import crossed_effects, d_study, g_study, icc

RNG = np.random.default_rng(1)


def crossed(p, r, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(p, 1)) + 0.6 * rng.normal(size=r) + rng.normal(size=(p, r))
    return y, {"p": np.repeat(np.arange(p), r), "r": np.tile(np.arange(r), p)}


def nested(p, t, r, seed=0):
    """p x (r:t), rater codes starting again in each team."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(p, 1, 1)) + 0.7 * rng.normal(size=(1, t, 1)) + 0.5 * rng.normal(size=(1, t, r))
    y = y + 0.4 * rng.normal(size=(p, t, 1)) + rng.normal(size=(p, t, r))
    p_code, t_code, r_code = (c.ravel() for c in np.indices((p, t, r)))
    return y, {"p": p_code, "t": t_code, "r": r_code}


def test_crossed_design_equals_mean_squares():
    y, codes = crossed(12, 5)
    g = g_study(y.ravel(), codes, "p x r")
    rows, columns = y.mean(axis=1), y.mean(axis=0)
    msp, msr = 5 * rows.var(ddof=1), 12 * columns.var(ddof=1)
    mse = ((y - rows[:, None] - columns + y.mean()) ** 2).sum() / 44
    expected = [(msp - mse) / 5, (msr - mse) / 12, mse]
    assert list(g.var.values()) == pytest.approx(expected, abs=1e-12)
    assert list(g.var) == ["p", "r", "pr"] and g.n["pr"] == 60


def test_nested_design_equals_mean_squares():
    y, codes = nested(9, 4, 3)
    g = g_study(y.ravel(), codes, "p x (r:t)")
    P, T, PT, RT = y.mean(axis=(1, 2)), y.mean(axis=(0, 2)), y.mean(axis=2), y.mean(axis=0)
    ms = {
        "p": 12 * P.var(ddof=1),
        "t": 27 * T.var(ddof=1),
        "r:t": 9 * ((RT - T[:, None]) ** 2).sum() / 8,
        "pt": 3 * ((PT - P[:, None] - T + y.mean()) ** 2).sum() / 24,
        "pr:t": ((y - PT[:, :, None] - RT + T[:, None]) ** 2).sum() / 64,
    }
    expected = {
        "p": (ms["p"] - ms["pt"]) / 12,
        "t": (ms["t"] - ms["r:t"] - ms["pt"] + ms["pr:t"]) / 27,
        "r:t": (ms["r:t"] - ms["pr:t"]) / 9,
        "pt": (ms["pt"] - ms["pr:t"]) / 3,
        "pr:t": ms["pr:t"],
    }
    assert dict(g.var) == pytest.approx(expected, abs=1e-12)
    assert g.size["pt"] == pytest.approx(4) and g.size["pr:t"] == pytest.approx(12)


def test_names_of_effects_are_forgiving():
    y, codes = nested(6, 3, 2)
    var = g_study(y.ravel(), codes, "p x (r:t)").var
    assert var["prt"] == var["p x r:t"] == var["t x r x p"] == var[("p", "r", "t")] == var["pr:t"]
    assert var["rt"] == var["r:t"] != var["pt"]
    with pytest.raises(KeyError):
        var["pq"]


def test_order_of_rows_and_labels_do_not_matter():
    y, codes = nested(6, 3, 2)
    shuffled = RNG.permutation(y.size)
    g = g_study(y.ravel(), codes, "p x (r:t)")
    other = {"p": codes["p"][shuffled] * 7 + 3, "t": 2 - codes["t"][shuffled], "r": codes["r"][shuffled] + 4}
    h = g_study(y.ravel()[shuffled] + 1e6, other, "p x (r:t)")
    assert dict(h.var) == pytest.approx(dict(g.var), abs=1e-6)


def test_restricted_likelihood_equals_anova_where_balanced():
    y, codes = crossed(15, 6)
    g, h = (g_study(y.ravel(), codes, "p x r", method=method) for method in ("anova", "reml"))
    assert (np.array(list(g.var.values())) > 0).all()
    assert dict(h.var) == pytest.approx(dict(g.var), rel=1e-4)
    assert all(h.lower[e] < h.var[e] < h.upper[e] for e in h.var) and h.method == "reml"


def test_gappy_data_equal_the_raw_components_of_the_mixed_model():
    y, codes = crossed(20, 6)
    keep = RNG.random(y.size) > 0.3
    thin = {name: code[keep] for name, code in codes.items()}
    g = g_study(y.ravel()[keep], thin, "p x r")
    raw = crossed_effects(y.ravel()[keep], {"p": thin["p"], "r": thin["r"]}, sd_interval=False).anova
    assert list(g.var.values()) == pytest.approx([raw["p"], raw["r"], raw["residual"]], rel=1e-9)
    each = np.bincount(thin["p"])
    assert g.size["r"] == pytest.approx(1 / np.mean(1 / each[each > 0]))


def test_raters_nested_in_ratees_are_one_component():
    y, codes = crossed(20, 3)
    g = g_study(y.ravel(), codes, "r:p")
    assert list(g.var) == ["p", "r:p"] and g.object == {"p"}
    d = d_study(g)
    assert d.e_rho2 == d.phi == pytest.approx(icc(y).value[3])
    assert d_study(g, {"r": 1}).phi == pytest.approx(icc(y).value[0])


def test_single_facet_coefficients_are_the_intraclass_correlations():
    y, codes = crossed(20, 4)
    g = g_study(y.ravel(), codes, "p x r")
    forms = icc(y).value
    one, four = d_study(g, {"r": 1}), d_study(g)
    assert [one.phi, one.e_rho2, four.phi, four.e_rho2] == pytest.approx(forms[[1, 2, 4, 5]])


def test_interval_of_the_crossed_design_is_feldts():
    y, codes = crossed(30, 5)
    d = d_study(g_study(y.ravel(), codes, "p x r", replicates=20_000))
    exact = [1 - (1 - d.e_rho2) * f_distribution.ppf(q, 29, 116) for q in (0.975, 0.025)]
    assert [d.e_rho2_lower, d.e_rho2_upper] == pytest.approx(exact, abs=0.01)  # Monte-Carlo error of two quantiles
    single = d_study(d.study, {"r": 1})
    stepped = [e / (5 - 4 * e) for e in exact]
    assert [single.e_rho2_lower, single.e_rho2_upper] == pytest.approx(stepped, abs=0.02)


def test_more_raters_help_and_the_number_needed_is_the_first_that_does():
    y, codes = crossed(40, 4)
    g = g_study(y.ravel(), codes, "p x r")
    d = d_study(g)
    need = d.needed("r", 0.8)
    assert d_study(g, {"r": need}).phi >= 0.8 > d_study(g, {"r": need - 1}).phi
    assert d.needed("r", 1.0) == math.inf


def test_a_fixed_facet_moves_its_interaction_to_the_universe_score():
    y, codes = nested(9, 4, 3)
    g = g_study(y.ravel(), codes, "p x (r:t)")
    d = d_study(g, fixed=["t"])
    v = g.var_clipped
    assert d.universe == pytest.approx(v["p"] + v["pt"] / 4)
    assert d.error_relative == pytest.approx(v["prt"] / 12)
    assert d.error_absolute == pytest.approx((v["prt"] + v["rt"]) / 12)


def test_cut_score_formula():
    y, codes = crossed(40, 4)
    g = g_study(y.ravel(), codes, "p x r")
    d = d_study(g)
    v = g.var_clipped
    mean_error = v["p"] / 40 + v["r"] / 4 + v["pr"] / 160
    signal = v["p"] + (y.mean() - 2) ** 2 - mean_error
    assert d.phi_at(2.0) == pytest.approx(signal / (signal + (v["r"] + v["pr"]) / 4))
    assert d.phi_at(50.0) > 0.99


def test_negative_components_are_shown_and_not_used():
    y = np.array([[1.0, 5], [5, 1], [2, 4], [4, 2.0]])
    _, codes = crossed(4, 2)
    g = g_study(y.ravel(), codes, "p x r")
    assert g.reason == "negative_variance" and g.var["p"] < 0 == g.var_clipped["p"]
    d = d_study(g)
    assert d.phi == 0.0 == d.phi_lower and d.reason == "negative_variance"


def test_several_observations_in_a_cell_give_an_error_of_their_own():
    y, codes = crossed(10, 4)
    twice = np.concatenate([y.ravel() - 0.5, y.ravel() + 0.5])
    g = g_study(twice, {k: np.tile(v, 2) for k, v in codes.items()}, "p x r")
    assert list(g.var) == ["p", "r", "pr", "error"]
    assert g.var["error"] == pytest.approx(0.5)  # two observations half a point either side: variance .5
    assert d_study(g).error_relative == pytest.approx((g.var["pr"] + 0.25) / 4)
    assert d_study(g, {"r": 4}).error_relative == pytest.approx(d_study(g).error_relative)


def test_objects_inside_units_carry_their_unit():
    rng = np.random.default_rng(4)
    u, p, r = (c.ravel() for c in np.indices((6, 5, 3)))
    y = rng.normal(size=6)[u] + rng.normal(size=(6, 5))[u, p] + rng.normal(size=u.size)
    g = g_study(y, {"u": u, "p": p, "r": r}, "(p:u) x r", object="p")
    assert g.object == {"p", "u"}
    d, v = d_study(g), g.var_clipped
    assert d.universe == pytest.approx(v["u"] + v["pu"])
    assert d.error_relative == pytest.approx((v["ur"] + v["pur"]) / 3)


@pytest.mark.parametrize(
    ("y", "reason"),
    [([3.0] * 6, "constant"), ([1.0, 2, 3, 4, 5, 6], "not_identified")],
)
def test_what_cannot_be_told_is_said(y, reason):
    codes = {"p": np.repeat([0, 1], 3), "r": np.tile([0, 1, 2], 2)}
    if reason == "not_identified":
        codes = {"p": np.arange(6), "r": np.arange(6)}
    g = g_study(y, codes, "p x r")
    assert g.reason == reason
    d = d_study(g)
    assert math.isnan(d.phi) and math.isnan(d.phi_lower)
    assert not g.to_frame().empty and not d.to_frame().empty


def test_nothing_at_all():
    g = g_study([], {"p": [], "r": []}, "p x r")
    assert g.reason == "not_identified" and math.isnan(d_study(g).phi) and len(g.to_frame()) == 6
    assert icc(np.full((3, 2), np.nan)).reason == "not_identified"


@pytest.mark.parametrize("design", ["p", "p x", "p x p", "p ; r", "(p x r", "p : : r", ""])
def test_unreadable_designs_are_refused(design):
    with pytest.raises(ValueError, match="design"):
        g_study([1.0, 2.0], {"p": [0, 1], "r": [0, 0]}, design)


def test_wrong_calls_are_refused():
    y, codes = crossed(5, 3)
    with pytest.raises(ValueError, match="no codes for t"):
        g_study(y.ravel(), codes, "p x t")
    with pytest.raises(ValueError, match="method"):
        g_study(y.ravel(), codes, "p x r", method="ml")
    with pytest.raises(ValueError, match="object"):
        g_study(y.ravel(), codes, "p x r", object="q")
    g = g_study(y.ravel(), codes, "p x r")
    for n in ({"p": 3}, {"q": 3}, {"r": 0}):
        with pytest.raises(ValueError, match="no number of levels"):
            d_study(g, n)


def test_observations_within_a_cell_stay_error_where_the_other_facet_is_fixed_or_the_object():
    rng = np.random.default_rng(5)
    p, i = np.repeat(np.arange(6), 8), np.tile(np.repeat(np.arange(4), 2), 6)
    y = rng.normal(size=6)[p] + rng.normal(size=(6, 4))[p, i] + rng.normal(size=48)
    g = g_study(y, {"p": p, "i": i}, "p x i", replicates=50)
    v, d = g.var_clipped, d_study(g, {"i": 4}, fixed=["i"])
    assert d.universe == pytest.approx(v["p"] + v["pi"] / 4)
    assert d.error_relative == pytest.approx(v["error"] / 8)
    assert d_study(g, fixed=["i"]).error_relative == pytest.approx(v["error"] / 8)
    g = g_study(y, {"p": p, "i": i}, "i:p", object="i", replicates=50)
    d = d_study(g)
    assert d.universe == pytest.approx(g.var["p"] + g.var["i:p"])
    assert d.error_absolute == pytest.approx(g.var["error"] / 2)


def test_error_of_the_mean_leaves_out_fixed_facets_and_counts_each_nested_object_at_its_level():
    rng = np.random.default_rng(6)
    u, p, t = (v.ravel() for v in np.indices((3, 4, 5)))
    y = rng.normal(size=3)[u] + rng.normal(size=(3, 4))[u, p] + rng.normal(size=5)[t] + rng.normal(size=60)
    g = g_study(y, {"u": u, "p": p, "t": t}, "(p:u) x t", object="p", replicates=50)
    v = g.var_clipped
    near = v["u"] / 3 + v["p:u"] / 12 + v["ut"] / 15 + v["pt:u"] / 60
    assert d_study(g).error_mean == pytest.approx(near + v["t"] / 5)
    assert d_study(g, fixed=["t"]).error_mean == pytest.approx(near)


def test_effects_come_in_the_order_of_the_design():
    b, a, c = (v.ravel() for v in np.indices((3, 3, 3)))
    g = g_study((b * a + c) % 5, {"b": b, "a": a, "c": c}, "b x a x c", replicates=20)
    assert list(g.var) == ["b", "a", "c", "ba", "bc", "ac", "bac"]
