"""Many-facet Rasch: independent maxima, invariances, the contract on linked parts, degenerate input, large route."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from kinerja_analysis.stats import (
    category_statistics,
    facet_interaction,
    facet_report,
    facet_summary,
    fit_bounds,
    many_facet_rasch,
    rater_agreement,
    ruler,
    unexpected_responses,
)

TAU = np.array([-1.5, 0.0, 1.5])


def draw(n_ratees, n_raters, each, criteria, seed, *, pair_sd=0.0, tau=TAU, units=1):
    """Ratings of a design in which every ratee has `each` raters of its unit; codes and truth."""
    rng = np.random.default_rng(seed)
    theta, severity = rng.normal(0, 1, n_ratees), rng.normal(0, 0.5, n_raters)
    hard = np.linspace(-0.5, 0.5, criteria)
    pool = np.arange(n_raters).reshape(units, -1)
    raters = np.array([rng.choice(pool[i % units], each, replace=False) for i in range(n_ratees)])
    ratee = np.repeat(np.arange(n_ratees), each * criteria)
    rater = np.repeat(raters.ravel(), criteria)
    criterion = np.tile(np.arange(criteria), n_ratees * each)
    effect = np.repeat(rng.normal(0, 1, n_ratees * each) * pair_sd, criteria)
    eta = theta[ratee] - severity[rater] - hard[criterion] + effect
    log = np.cumsum(np.column_stack([np.zeros(eta.size), eta[:, None] - tau]), axis=1)
    score = (log + rng.gumbel(size=log.shape)).argmax(axis=1)
    return score, {"ratee": ratee, "rater": rater, "criterion": criterion}, {"ratee": theta, "rater": severity}


def independent_loglik(score, facets, values, tau):
    """Joint log likelihood, written out."""
    names = list(facets)
    eta = values[names[0]][facets[names[0]]] - sum(values[name][facets[name]] for name in names[1:])
    log = np.cumsum(np.column_stack([np.zeros(eta.size), eta[:, None] - tau]), axis=1)
    return float((log[np.arange(eta.size), score] - np.logaddexp.reduce(log, axis=1)).sum())


@pytest.mark.parametrize("seed", range(4))
def test_joint_maximum_is_that_of_a_general_optimiser(seed):
    score, facets, _ = draw(12, 4, 3, 3, seed)
    fit = many_facet_rasch(score, facets, correct_bias=False)
    sizes = [values.size for values in fit.measure.values()]
    keep = np.flatnonzero(fit.extreme["ratee"][facets["ratee"]] == 0)
    some = {name: codes[keep] for name, codes in facets.items()}

    def unpack(x):
        parts = np.split(x, np.cumsum([*sizes]))
        return dict(zip(facets, parts[:3], strict=True)), parts[3]

    def minus(x):
        return -independent_loglik(score[keep], some, *unpack(x))

    found = optimize.minimize(minus, np.zeros(sum(sizes) + 3), method="BFGS", options={"gtol": 1e-6, "maxiter": 5000})
    assert fit.loglik >= -found.fun - 1e-7
    values, tau = unpack(found.x)
    np.testing.assert_allclose(fit.measure["rater"], values["rater"] - values["rater"].mean(), atol=1e-4)
    np.testing.assert_allclose(fit.thresholds, tau - tau.mean(), atol=1e-4)


def test_score_residuals_are_below_a_hundredth_of_a_point():
    score, facets, _ = draw(300, 80, 3, 5, 1)
    fit = many_facet_rasch(score, facets, correct_bias=False)
    for name in facets:
        inside = fit.inside
        code = facets[name][inside.rows.source]
        gap = np.bincount(code, inside.rows.category - inside.expected)
        assert np.abs(gap).max() < 1e-5, name


@pytest.mark.parametrize("model", ["RSM", "PCM"])
def test_marginal_likelihood_does_not_depend_on_the_nodes(model):
    score, facets, _ = draw(150, 20, 3, 4, 2)
    one, two = (many_facet_rasch(score, facets, estimator="MML", model=model, nodes=q) for q in (31, 62))
    for name in ("rater", "criterion"):
        np.testing.assert_allclose(one.measure[name], two.measure[name], atol=1e-6)
        np.testing.assert_allclose(one.se[name], two.se[name], atol=1e-6)
    assert abs(one.variance - two.variance) < 1e-6 and one.converged and two.converged


def test_row_order_and_labels_do_not_matter():
    score, facets, _ = draw(80, 10, 3, 3, 3)
    rng = np.random.default_rng(0)
    order, renamed = rng.permutation(score.size), rng.permutation(10)
    other = {name: codes[order] for name, codes in facets.items()}
    other["rater"] = renamed[other["rater"]]
    for estimator in ("JML", "MML"):
        one = many_facet_rasch(score, facets, estimator=estimator)
        two = many_facet_rasch(score[order], other, estimator=estimator)
        np.testing.assert_allclose(two.measure["rater"][renamed], one.measure["rater"], atol=1e-5)
        np.testing.assert_allclose(two.se["rater"][renamed], one.se["rater"], atol=1e-5)


def test_weights_are_repetitions_and_a_missing_criterion_is_an_absent_row():
    score, facets, _ = draw(60, 8, 3, 3, 4)
    count = np.random.default_rng(1).integers(0, 3, score.size)
    repeated = {name: np.repeat(codes, count) for name, codes in facets.items()}
    one = many_facet_rasch(np.repeat(score, count), repeated, correct_bias=False)
    two = many_facet_rasch(score, facets, weights=count, correct_bias=False)
    np.testing.assert_allclose(one.measure["rater"], two.measure["rater"], atol=1e-6)
    np.testing.assert_allclose(one.se["rater"], two.se["rater"], atol=1e-6)
    holes = np.where(count == 0, np.nan, score)
    three = many_facet_rasch(holes, facets)
    four = many_facet_rasch(score[count > 0], {name: codes[count > 0] for name, codes in facets.items()})
    assert three.n_missing == int((count == 0).sum()) > 0
    np.testing.assert_allclose(three.measure["rater"], four.measure["rater"], atol=1e-9)


@pytest.mark.parametrize("estimator", ["JML", "MML"])
@pytest.mark.parametrize("model", ["RSM", "PCM"])
def test_a_constant_added_to_one_component_changes_no_severity(estimator, model):
    """A constant on the logit scale: the ratees of one component are better by 1.2, the same random numbers."""
    _, facets, truth = draw(200, 20, 3, 4, 5, units=2)
    rng = np.random.default_rng(6)
    shift = np.where(np.arange(200) % 2 == 0, 1.2, 0.0)
    hard = np.linspace(-0.5, 0.5, 4)
    eta = truth["ratee"][facets["ratee"]] - truth["rater"][facets["rater"]] - hard[facets["criterion"]]
    noise = rng.gumbel(size=(eta.size, 4))
    fits = []
    for extra in (0.0, shift[facets["ratee"]]):
        log = np.cumsum(np.column_stack([np.zeros(eta.size), (eta + extra)[:, None] - TAU]), axis=1)
        fits.append(many_facet_rasch((log + noise).argmax(axis=1), facets, estimator=estimator, model=model))
    one, two = fits
    assert one.reason == two.reason == "parts"
    for fit in fits:
        part = fit.part["rater"]
        sums = np.bincount(part, fit.measure["rater"])
        np.testing.assert_allclose(sums, 0.0, atol=1e-8)
    gap = np.abs(one.measure["rater"] - two.measure["rater"]) / one.se["rater"]
    assert np.median(gap) < 1.0 and gap.max() < 3.5
    moved = two.measure["ratee"] - one.measure["ratee"]
    assert np.median(moved[::2]) - np.median(moved[1::2]) > 0.9


@pytest.mark.parametrize("estimator", ["JML", "MML"])
def test_parts_of_equal_data_get_equal_severities_whatever_their_level(estimator):
    """Two copies of one data set, one of them a category higher on a scale long enough for both: exact.

    With partial credit by copy each has thresholds of its own, so that adding one to all its scores is only a name.
    """
    score, facets, _ = draw(60, 6, 3, 3, 7)
    twin = {name: np.concatenate([codes, codes + codes.max() + 1]) for name, codes in facets.items()}
    both = np.concatenate([score, score])
    higher = np.concatenate([score, score + 1])
    for scores in (both, higher):
        fit = many_facet_rasch(scores, twin, estimator=estimator, model="PCM")
        first, second = np.split(fit.measure["rater"], 2)
        np.testing.assert_allclose(first, second, atol=1e-5)
        np.testing.assert_allclose(np.split(fit.se["rater"], 2)[0], np.split(fit.se["rater"], 2)[1], atol=1e-5)
    a, b = (many_facet_rasch(s, twin, estimator=estimator, model="PCM").measure["rater"] for s in (both, higher))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_equal_units_is_an_assumption_with_a_name():
    score, facets, _ = draw(200, 20, 3, 4, 5, units=2)
    free, tied = (many_facet_rasch(score, facets, component_means=means) for means in (True, False))
    assert "assumes_equal_units" in tied.method and "assumes_equal_units" not in free.method
    half = [tied.measure["ratee"][tied.part["ratee"] == c].mean() for c in (0, 1)]
    assert abs(half[0] - half[1]) < 1e-9
    part = tied.part["rater"]
    assert abs(np.bincount(part, tied.measure["rater"])[0]) > 1e-3


@pytest.mark.parametrize("estimator", ["JML", "MML"])
def test_anchors_hold_and_float_facet_takes_the_mean(estimator):
    score, facets, _ = draw(120, 8, 3, 3, 8)
    plain = many_facet_rasch(score, facets, estimator=estimator, correct_bias=False)
    held = many_facet_rasch(score, facets, estimator=estimator, anchors={"rater": {0: 1.0, 1: 0.4}})
    assert held.measure["rater"][:2].tolist() == [1.0, 0.4] and held.se["rater"][:2].tolist() == [0.0, 0.0]
    at = plain.measure["rater"]
    moved = many_facet_rasch(score, facets, estimator=estimator, correct_bias=False, anchors={"rater": at + 0.7})
    np.testing.assert_allclose(moved.measure["ratee"], plain.measure["ratee"] + 0.7, atol=1e-4)
    floated = many_facet_rasch(score, facets, estimator=estimator, correct_bias=False, float_facet="rater")
    gap = floated.measure["rater"] - plain.measure["rater"]
    np.testing.assert_allclose(gap, gap[0], atol=1e-8)
    np.testing.assert_allclose(floated.measure["ratee"], plain.measure["ratee"] + gap[0], atol=1e-8)


def test_criteria_nested_in_components_are_centred_there():
    one, facets, _ = draw(40, 4, 2, 3, 9)
    two, others, _ = draw(40, 4, 2, 3, 10)
    joined = {name: np.concatenate([facets[name], others[name] + facets[name].max() + 1]) for name in facets}
    fit = many_facet_rasch(np.concatenate([one, two]), joined)
    assert fit.reason == "parts" and fit.part["criterion"].max() == 1
    for name in ("rater", "criterion"):
        np.testing.assert_allclose(np.bincount(fit.part[name], fit.measure[name]), 0.0, atol=1e-8)


def test_extreme_elements_are_measured_and_left_out():
    score, facets, _ = draw(60, 8, 3, 3, 11)
    score[facets["rater"] == 2], score[facets["ratee"] == 5] = 3, 3
    fit = many_facet_rasch(score, facets)
    assert fit.extreme["rater"][2] == 1 and fit.extreme["ratee"][5] == 1
    assert fit.measure["rater"][2] < fit.measure["rater"][[0, 1, 3]].min()
    assert np.isnan(fit.infit["rater"][2]) and fit.n + fit.n_extreme == score.size
    report = facet_report(fit, "rater")
    assert report["total"][2] == 3 * (facets["rater"] == 2).sum()


def test_a_single_link_at_the_end_of_the_scale_ties_nothing():
    one, facets, _ = draw(30, 4, 2, 3, 12)
    two, others, _ = draw(30, 4, 2, 3, 13)
    joined = {
        "ratee": np.concatenate([facets["ratee"], others["ratee"] + 30, [0, 0, 0]]),
        "rater": np.concatenate([facets["rater"], others["rater"] + 4, [4, 4, 4]]),
        "criterion": np.concatenate([facets["criterion"], others["criterion"], [0, 1, 2]]),
    }
    fit = many_facet_rasch(np.concatenate([one, two, [3, 3, 3]]), joined)
    assert fit.n_separated == 3 and fit.reason == "parts" and fit.converged
    assert max(np.abs(values[np.isfinite(values)]).max() for values in fit.measure.values()) < 12


def test_scores_without_gaps_are_renumbered_and_named():
    score, facets, _ = draw(60, 8, 3, 3, 14)
    labels = np.array([10, 20, 25, 90])
    fit, plain = many_facet_rasch(labels[score], facets), many_facet_rasch(score, facets)
    assert fit.categories.tolist() == labels.tolist()
    np.testing.assert_allclose(fit.measure["rater"], plain.measure["rater"], atol=1e-9)
    assert fit.fair_average["rater"].min() > 10 and fit.fair_average["rater"].max() < 90


@pytest.mark.parametrize(
    ("score", "facets", "more", "word"),
    [
        ([0.5, 1], {"a": [0, 1], "b": [0, 0]}, {}, "whole"),
        ([np.inf, 1], {"a": [0, 1], "b": [0, 0]}, {}, "whole"),
        ([0, 1], {"a": [0, 1]}, {}, "two facets"),
        ([0, 1], {"a": [0, 1], "b": [0]}, {}, "expected 2"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"model": "GPCM"}, "RSM"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"estimator": "CML"}, "JML"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"weights": [1, -1]}, "weights"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"anchors": {"c": {0: 1}}}, "not a facet"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"anchors": {"b": {3: 1}}}, "level 3"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"float_facet": "c"}, "float_facet"),
        ([0, 1], {"a": [0, 1], "b": [0, 0]}, {"rater_facet": "c"}, "rater_facet"),
        ([0, 1, 1], {"a": [0, 1, 0], "b": [0, 0, 1]}, {"anchors": {"a": {0: 1}}, "estimator": "MML"}, "anchored"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(score, facets, more, word):
    with pytest.raises(ValueError, match=word):
        many_facet_rasch(score, facets, **more)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_nan_without_a_reason(data):
    n = data.draw(st.integers(0, 24))
    whole = st.integers(0, 3)
    score, ratee, rater, item = (
        np.array(data.draw(st.lists(whole, min_size=n, max_size=n)), int) for _ in range(4)
    )
    estimator, model = data.draw(st.sampled_from(["JML", "MML"])), data.draw(st.sampled_from(["RSM", "PCM"]))
    correct = data.draw(st.sampled_from([None, True, False]))
    facets = {"ratee": ratee, "rater": rater, "item": item}
    fit = many_facet_rasch(score, facets, estimator=estimator, model=model, correct_bias=correct)
    if fit.reason in ("empty", "constant"):
        assert fit.n == 0 and all(np.isnan(values).all() for values in fit.measure.values())
        return
    for name, codes in (("ratee", ratee), ("rater", rater), ("item", item)):
        calibrated = fit.part[name] >= 0
        parts = fit.part[name][calibrated]
        told = (np.bincount(parts)[parts] > 1) | (name == "ratee")  # alone, the 0 is only the constraint
        for values in (fit.measure, fit.se, fit.se_information, fit.se_model):
            assert (np.isfinite(values[name][calibrated]) == told).all()
        assert not calibrated[np.setdiff1d(np.arange(calibrated.size), codes)].any()
    assert np.isfinite(fit.loglik)
    assert len(fit.to_frame()) > 0


def test_large_route_agrees_with_the_dense_one(monkeypatch):
    score, facets, _ = draw(700, 240, 3, 5, 15, pair_sd=0.5)
    dense = {e: many_facet_rasch(score, facets, estimator=e) for e in ("JML", "MML")}
    monkeypatch.setattr("kinerja_analysis.stats._rasch_system.DENSE_LIMIT", 20)
    for estimator, one in dense.items():
        two = many_facet_rasch(score, facets, estimator=estimator)
        assert "pooled" in two.method and "pooled" not in one.method
        known = one.extreme["rater"] == 0
        np.testing.assert_allclose(two.measure["rater"], one.measure["rater"], atol=2e-3)
        ratio = two.se_information["rater"][known] / one.se_information["rater"][known]
        assert np.abs(ratio - 1.0).max() < 0.1 and abs(np.median(ratio) - 1.0) < 0.02
        assert abs(np.median(two.se["rater"][known] / one.se["rater"][known]) - 1.0) < 0.1
        np.testing.assert_allclose(two.se["criterion"], one.se["criterion"], rtol=0.25)
        np.testing.assert_allclose(two.thresholds_se, one.thresholds_se, rtol=0.02)


@pytest.mark.parametrize("estimator", ["JML", "MML"])
def test_large_route_keeps_anchors(monkeypatch, estimator):
    score, facets, _ = draw(400, 100, 3, 4, 5)
    score[facets["rater"] == 7] = 0
    anchors = {"rater": {3: 0.5, 40: -0.25}}
    one = many_facet_rasch(score, facets, estimator=estimator, anchors=anchors)
    monkeypatch.setattr("kinerja_analysis.stats._rasch_system.DENSE_LIMIT", 20)
    two = many_facet_rasch(score, facets, estimator=estimator, anchors=anchors)
    for fit in (one, two):
        np.testing.assert_array_equal(fit.measure["rater"][[3, 40]], [0.5, -0.25])
        np.testing.assert_array_equal(fit.se["rater"][[3, 40]], 0.0)
    np.testing.assert_allclose(two.measure["rater"], one.measure["rater"], atol=2e-3)
    known = (one.extreme["rater"] == 0) & (one.se["rater"] > 0)
    ratio = two.se_information["rater"][known] / one.se_information["rater"][known]
    assert np.abs(ratio - 1.0).max() < 0.2 and abs(np.median(ratio) - 1.0) < 0.05


def test_large_route_in_separate_units(monkeypatch):
    score, facets, _ = draw(400, 80, 3, 4, 16, units=20)
    one = many_facet_rasch(score, facets)
    monkeypatch.setattr("kinerja_analysis.stats._rasch_system.DENSE_LIMIT", 20)
    two = many_facet_rasch(score, facets)
    known = (one.extreme["rater"] == 0) & (one.se["rater"] > 0)
    np.testing.assert_allclose(two.measure["rater"], one.measure["rater"], atol=2e-3)
    np.testing.assert_allclose(two.se_information["rater"][known], one.se_information["rater"][known], rtol=0.02)


def test_tables_hold_together():
    score, facets, _ = draw(80, 10, 3, 4, 17, pair_sd=0.7)
    for model in ("RSM", "PCM"):
        fit = many_facet_rasch(score, facets, model=model)
        table = category_statistics(fit)
        assert table["count"].sum() == fit.n
        assert (np.diff(table["expected_at"][:4]) > 0).all() and (np.diff(table["thurstone"][1:4]) > 0).all()
        assert ruler(fit)["rater"].sum() == 10
        summary = facet_summary(fit).to_frame()
        row = summary.query("facet == 'rater' and error == 'model' and form == 'sample'").iloc[0]
        assert row["separation"] == pytest.approx(fit.separation["rater"])
        agree = rater_agreement(fit)
        shares = facet_report(fit, "rater")
        np.testing.assert_allclose(shares["agreement"], agree.observed_share)
        assert 0.0 < agree.expected < agree.opportunities
        far = unexpected_responses(fit, 2.0)
        assert (np.diff(np.abs(far["z"])) <= 0).all()
        np.testing.assert_array_equal(far["score"], score[far["row"]])


def test_interaction_finds_the_planted_one_and_few_others():
    score, facets, _ = draw(200, 10, 4, 4, 18)
    hit = (facets["rater"] == 3) & (facets["criterion"] == 1)
    score[hit] = np.maximum(score[hit] - 1, 0)
    table = facet_interaction(many_facet_rasch(score, facets), "rater", "criterion")
    cell = np.flatnonzero((table.first == 3) & (table.second == 1))[0]
    assert table.bias[cell] < -0.5 and table.p_adjusted[cell] < 0.01
    assert (table.p_adjusted < 0.05).sum() <= 4
    pairs = table.contrasts()
    worst = pairs.loc[pairs["p"].idxmin()]
    assert 3 in (worst["rater_1"], worst["rater_2"]) and worst["criterion"] == 1
    with pytest.raises(ValueError, match="two different facets"):
        facet_interaction(many_facet_rasch(score, facets), "rater", "rater")


def test_bootstrap_bounds_let_honest_raters_pass_under_pair_variance():
    score, facets, _ = draw(120, 12, 3, 5, 19, pair_sd=1.0)
    fit = many_facet_rasch(score, facets)
    bounds = fit_bounds(fit, replicates=60, seed=1)
    outside = (fit.infit["rater"] < bounds.infit["rater"][:, 0]) | (fit.infit["rater"] > bounds.infit["rater"][:, 1])
    assert outside.sum() <= 3
    assert 0.6 < bounds.sd_pair < 1.5 and 0.6 < bounds.attenuation < 0.95
    assert fit.pair_variance > 0.2 and fit.attenuation < 0.85


def test_slopes_and_coverage_on_a_few_data_sets():
    """A fast part of tests/calibration/rasch_recovery.py: 240 severities, so coverage is known to ± .04 (3 SE).

    Pair SD 1: errors that ignore the pairs must fail, those for inference must not.
    """
    parts = {key: [] for key in ("truth", "measure", "se", "se_model")}
    for seed in range(12):
        score, facets, truth = draw(200, 20, 2, 7, 100 + seed, pair_sd=1.0)
        fit = many_facet_rasch(score, facets)
        parts["truth"].append(truth["rater"] - truth["rater"].mean())
        for key in ("measure", "se", "se_model"):
            parts[key].append(getattr(fit, key)["rater"])
    joined = {key: np.concatenate(values) for key, values in parts.items()}
    slope = joined["truth"] @ joined["measure"] / (joined["truth"] @ joined["truth"])
    gap = np.abs(joined["measure"] - slope * joined["truth"])
    assert 0.65 < slope < 0.9
    assert 0.91 <= np.mean(gap <= 1.96 * joined["se"]) <= 0.99
    assert np.mean(gap <= 1.96 * joined["se_model"]) < 0.65


def test_bias_correction_removes_the_stretch():
    """Ten ratings a ratee, 100 a rater: the plain joint estimate is stretched by a tenth, the corrected one is not."""
    top, bottom = np.zeros(2), 0.0
    for seed in range(10):
        score, facets, truth = draw(600, 60, 2, 5, 200 + seed)
        t = truth["rater"] - truth["rater"].mean()
        bottom += t @ t
        for place, correct in enumerate((True, False)):
            top[place] += t @ many_facet_rasch(score, facets, correct_bias=correct).measure["rater"]
    corrected, plain = top / bottom
    assert abs(corrected - 1.0) < 0.05 and plain - corrected > 0.07


def test_marginal_bias_correction_shrinks_thresholds_by_what_calibration_found():
    """Plain marginal thresholds are 1 to 1.5 % too wide in this design (`tests/calibration/rasch_recovery.csv`)."""
    slopes = []
    tau = np.linspace(-2.0, 2.0, 4)
    for seed in range(12):
        score, facets, _ = draw(600, 60, 2, 5, 300 + seed, tau=tau)
        plain, reduced = (
            many_facet_rasch(score, facets, estimator="MML", correct_bias=correct) for correct in (None, True)
        )
        assert plain.converged and reduced.converged and "bias-reduced" in reduced.method
        assert reduced.loglik < plain.loglik
        slopes.append([fit.thresholds @ tau / (tau @ tau) for fit in (plain, reduced)])
    first, second = np.mean(slopes, axis=0)
    assert 0.008 < first - second < 0.018 and abs(second - 1.0) < 0.012


@pytest.mark.parametrize("correct", [False, True])
def test_posterior_means_lie_around_the_prior_mean_of_their_part(correct):
    """The score of a part's mean is the sum of posterior means less that mean; the correction adds its pull."""
    score, facets, _ = draw(200, 30, 3, 4, 45, units=3)
    fit = many_facet_rasch(score, facets, estimator="MML", correct_bias=correct)
    for part in range(3):
        own = fit.posterior_mean[fit.part["ratee"] == part]
        assert own.mean() == pytest.approx(fit.mean[part], abs=0.02 if correct else 1e-6)
    assert np.corrcoef(fit.posterior_mean, fit.measure["ratee"])[0, 1] > 0.99
    np.testing.assert_allclose(fit.posterior_mean.mean(), fit.measure["ratee"].mean(), atol=0.05)


def test_marginal_bias_correction_inside_parts_and_in_any_order():
    score, facets, _ = draw(150, 12, 3, 4, 41, units=3)
    plain = many_facet_rasch(score, facets, estimator="MML", correct_bias=True)
    order = np.random.default_rng(1).permutation(score.size)
    moved = many_facet_rasch(
        score[order], {name: codes[order] for name, codes in facets.items()}, estimator="MML", correct_bias=True
    )
    np.testing.assert_allclose(moved.measure["rater"], plain.measure["rater"], atol=1e-6)
    for part in range(3):
        assert abs(plain.measure["rater"][plain.part["rater"] == part].sum()) < 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_marginal_maximum_is_reached_from_far(seed):
    """Few ratees and a large pair effect once led clipped Newton steps downhill; one in a hundred data sets."""
    score, facets, _ = draw(200, 25, 2, 7, 500 + seed, pair_sd=1.0)
    fit = many_facet_rasch(score, facets, estimator="MML")
    assert fit.converged
    near = many_facet_rasch(score, facets, estimator="MML", nodes=41, tolerance=1e-8)
    assert abs(fit.loglik - near.loglik) < 1e-5


@pytest.mark.parametrize("estimator", ["JML", "MML"])
def test_an_element_alone_in_its_part_has_no_measure(estimator):
    """Three raters with ratees of their own: 0 would be the constraint. Found where the third shares ratees."""
    ratee, item = (a.ravel() for a in np.indices((30, 4)))
    g = np.random.default_rng(0)
    score = g.binomial(3, 1 / (1 + np.exp(-g.normal(size=30)[ratee])))
    fit = many_facet_rasch(score, {"ratee": ratee, "rater": ratee // 10, "item": item}, estimator=estimator)
    for values in (fit.measure, fit.se, fit.se_information, fit.se_model, fit.fair_average_se):
        assert np.isnan(values["rater"]).all() and np.isfinite(values["item"]).all()
    assert math.isnan(fit.separation["rater"]) and math.isnan(fit.chi2_fixed["rater"].value)
    assert np.isfinite(fit.fair_average["rater"]).all() and fit.reason == "parts"
    own = fit.to_frame().query("quantity == 'measure:rater'")
    assert own[["value", "se", "lower", "upper"]].isna().all(axis=None)
    linked = many_facet_rasch(
        np.r_[score, score[:40]], {"ratee": np.r_[ratee, ratee[:40]], "rater": np.r_[ratee // 10, np.full(40, 1)],
                                   "item": np.r_[item, item[:40]]}, estimator=estimator,
    )  # fmt: skip
    assert np.isfinite(linked.measure["rater"]).tolist() == [True, True, False]
    anchored = many_facet_rasch(score, {"ratee": ratee, "rater": ratee * 0, "item": item}, estimator=estimator,
                                anchors={"rater": {0: 0.5}})  # fmt: skip
    assert anchored.measure["rater"].tolist() == [0.5]


def test_a_weight_stands_for_as_many_ratings():
    """Standardised fit too: rows of weight 2 are the rows twice."""
    ratee, rater = (a.ravel() for a in np.indices((30, 4)))
    g = np.random.default_rng(3)
    score = g.binomial(3, 1 / (1 + np.exp(-g.normal(size=30)[ratee])))
    facets = {"ratee": ratee, "rater": rater}
    double = many_facet_rasch(score, facets, weights=np.full(score.size, 2.0), correct_bias=False)
    twice = many_facet_rasch(
        np.r_[score, score], {k: np.r_[v, v] for k, v in facets.items()}, correct_bias=False, tolerance=1e-9
    )
    for name in ("infit", "outfit", "infit_z", "outfit_z"):
        assert getattr(double, name)["rater"] == pytest.approx(getattr(twice, name)["rater"], abs=1e-4)
