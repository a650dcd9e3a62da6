"""Many-facet Rasch against FACETS, Winsteps and direct marginal ML: values and tolerances in oracles.csv."""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path

import numpy as np

from kinerja_analysis.stats import (
    category_statistics,
    facet_interaction,
    facet_report,
    many_facet_rasch,
    rater_agreement,
)
from kinerja_analysis.stats._rasch_fit import mean_squares

DATA = Path(__file__).parent / "data"
JUDGES = ["Avogadro", "Brahe", "Cavendish"]


@cache
def table(name):
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def column(name, key):
    return table(name)[key].astype(float)


def within(oracle, place=0):
    return float(re.findall(r"\d*\.\d+", oracle.tolerance)[place])


# -- O2: Guilford's creativity ratings -----------------------------------------------------------------------------
@cache
def guilford():
    codes = {key: column("guilford_creativity.csv", key).astype(int) - 1 for key in ("ratee", "judge", "trait")}
    return many_facet_rasch(
        column("guilford_creativity.csv", "x"), codes, correct_bias=False, float_facet="judge"
    )


def reference(facet, key):
    rows = table("guilford_jml_reference.csv")
    return rows[key][rows["facet"] == facet].astype(float)


def totals(oracle):
    facet = oracle.quantity.split("_")[0]
    found = facet_report(guilford(), facet)["total"]
    assert found.tolist() == oracle.numbers


def category_counts(oracle):
    assert category_statistics(guilford())["count"].tolist() == oracle.numbers[:9]


def measures(oracle):
    fit = guilford()
    assert fit.converged
    found = fit.measure[oracle.quantity.split("_")[0]]
    np.testing.assert_allclose(found, oracle.numbers, atol=within(oracle))


def largest_bias_residual(oracle):
    bias = facet_interaction(guilford(), "judge", "ratee")
    gap = bias.observed - bias.expected
    worst = int(np.argmax(np.abs(gap)))
    assert (bias.first[worst], bias.second[worst]) == (JUDGES.index("Brahe"), 4)
    assert abs(gap[worst] - oracle.numbers[0]) < within(oracle, 0)
    assert abs(gap[worst] - -13.0156) < within(oracle, 1)


def bias_terms(oracle):
    assert facet_interaction(guilford(), "judge", "ratee").n == oracle.numbers[0]


def one_bias(oracle):
    bias = facet_interaction(guilford(), "judge", "ratee")
    cell = int(np.flatnonzero((bias.first == 1) & (bias.second == 4))[0])
    lowest = bias.count[cell]  # categories count from 0, the scale from 1
    found = bias.bias[cell], bias.se[cell], bias.t[cell], bias.observed[cell] + lowest, bias.expected[cell] + lowest
    oracle.agrees(*found)


def agreement(oracle):
    found = rater_agreement(guilford())
    assert (found.opportunities, found.exact) == tuple(oracle.numbers[:2])
    assert abs(found.expected - 27.02) < within(oracle, 0)
    assert abs(found.kappa - 0.077) < within(oracle, 1)


def whole_tables(oracle):
    fit, tolerance = guilford(), within(oracle)
    for facet in ("judge", "ratee", "trait"):
        report = facet_report(fit, facet)
        for ours, theirs in (
            ("total", "total"), ("count", "count"), ("measure", "measure"), ("se_model", "se"), ("infit", "infit"),
            ("outfit", "outfit"),
        ):  # fmt: skip
            np.testing.assert_allclose(report[ours], reference(facet, theirs), atol=tolerance, err_msg=facet + ours)
        for ours, theirs in (
            ("infit_z", "infit_z"), ("outfit_z", "outfit_z"), ("fair_average", "fair_M"),
            ("observed_average", "obs_avg"),
        ):  # the reference prints two decimals
            np.testing.assert_allclose(report[ours], reference(facet, theirs), atol=0.0051, err_msg=facet + ours)
    bias = facet_interaction(fit, "judge", "ratee")
    for ours, theirs in (("difference", "obs_exp_avg"), ("bias", "bias"), ("se", "se"), ("t", "t")):
        np.testing.assert_allclose(getattr(bias, ours), column("guilford_bias_reference.csv", theirs), atol=tolerance)


# -- O3: fit formulas on Winsteps' own residuals -------------------------------------------------------------------
@cache
def winsteps_fit(side):
    name = "lfs_ministep_residuals_pcm.csv"
    use = column(name, "PUPIL") != 2
    who = (column(name, "ACT" if side == "items" else "PUPIL")[use]).astype(int)
    V, fourth = column(name, "VARIANCE")[use], column(name, "MOMENT4")[use]
    y, z = column(name, "RESIDUAL")[use], column(name, "ZSCORE")[use]
    level, place = np.unique(who, return_inverse=True)

    def total(values):
        return np.bincount(place, values)

    one = np.ones(V.size)
    sums = total(one), total(one), total(z**2), total(y**2), total(V), total(fourth / V**2), total(fourth - V**2)
    return level, mean_squares(*sums), 1.0 / np.sqrt(total(V))


def one_item(oracle):
    level, squares, se = winsteps_fit("items")
    place = int(np.flatnonzero(level == int(oracle.quantity[4:]))[0])
    infit, infit_z, outfit, outfit_z = oracle.numbers[:4]
    assert abs(squares.infit[place] - infit) < 0.002 and abs(squares.outfit[place] - outfit) < 0.0005
    assert abs(squares.infit_z[place] - infit_z) < 0.01 and abs(squares.outfit_z[place] - outfit_z) < 0.04
    assert all(abs(se[place] - error) < 0.005 for error in oracle.numbers[4:])


def all_elements(oracle):
    loose = {"items": {13: 0.11}, "persons": {17: 0.13, 34: 0.36, 41: 0.68, 45: 0.06, 50: 0.27}}
    for side, slack in loose.items():
        level, squares, se = winsteps_fit(side)
        name = f"lfs_ministep_{side}_pcm.csv"
        place = np.searchsorted(column(name, "ENTRY").astype(int), level)
        assert level.size == {"items": 25, "persons": 74}[side]
        for found, key, tolerance in (
            (squares.infit, "IN.MSQ", 0.002), (squares.outfit, "OUT.MSQ", 0.0005), (squares.infit_z, "IN.ZSTD", 0.01),
            (se, "MODLSE", 0.0051),
        ):  # fmt: skip
            gap = np.abs(found - column(name, key)[place])
            assert (gap < (tolerance if side == "items" else max(tolerance, 0.002))).all(), (side, key, gap.max())
        limit = np.array([slack.get(int(one), 0.04) for one in level])
        assert (np.abs(squares.outfit_z - column(name, "OUT.ZSTD")[place]) < limit).all(), side


# -- O4: Liking for Science ----------------------------------------------------------------------------------------
@cache
def liking():
    rows = table("liking_for_science.csv")
    score = np.array([rows[key].astype(int) for key in rows if key != "person"]).T
    person, item = np.indices(score.shape)
    fit = many_facet_rasch(score.ravel(), {"person": person.ravel(), "item": item.ravel()}, correct_bias=False)
    return score, fit


def counts_used(oracle):
    assert category_statistics(liking()[1])["count"].tolist() == oracle.numbers


def counts_all(oracle):
    score, fit = liking()
    assert np.bincount(score.ravel()).tolist() == oracle.numbers and fit.extreme["person"].sum() == 1


def liking_thresholds(oracle):
    published, tight = oracle.numbers[:2], oracle.numbers[2:]
    np.testing.assert_allclose(liking()[1].thresholds, published, atol=within(oracle, 0))
    np.testing.assert_allclose(liking()[1].thresholds, tight, atol=within(oracle, 1))


def liking_averages(oracle):
    found = category_statistics(liking()[1])["average_measure"]
    np.testing.assert_allclose(found, oracle.numbers[:3], atol=within(oracle, 0))
    np.testing.assert_allclose(found, oracle.numbers[3:], atol=within(oracle, 1))


# -- O5: Knox cube test --------------------------------------------------------------------------------------------
@cache
def knox(held=""):
    score = np.array([column("kct_ministep_persons.csv", f"I{i}") for i in range(1, 19)]).T
    person, item = np.indices(score.shape)
    measure = column(f"kct_ministep_{held}.csv", "MEASURE") if held else np.zeros(0)
    name = held.rstrip("s")
    anchors = {name: {i: v for i, v in enumerate(measure) if abs(v) < 6.0}} if held else None
    codes = {"person": person.ravel(), "item": item.ravel()}
    return many_facet_rasch(score.ravel(), codes, correct_bias=False, anchors=anchors)


def knox_item(oracle):
    fit, place = knox(), int(oracle.quantity[4:]) - 1
    published, _, infit, outfit, tight = oracle.numbers[:5]
    found = fit.measure["item"][place]
    assert abs(found / 1.035 - published) < 0.03 and abs(found - tight) < 0.006
    assert abs(fit.infit["item"][place] - infit) < 0.08 and abs(fit.outfit["item"][place] - outfit) < 0.3


def knox_extremes(oracle):
    published, published_se = oracle.numbers[:2]
    person = "person" in oracle.quantity
    name, level = ("person", 34) if person else ("item", 0)
    held, free = knox("items" if person else "persons"), knox()
    assert abs(held.measure[name][level] - published) < 0.05 and abs(held.se_model[name][level] - published_se) < 0.05
    assert abs(free.measure[name][level] - published) < 0.25
    assert np.flatnonzero(free.extreme["item"]).tolist() == [0, 1, 2, 17]


# -- O42, O43: direct marginal maximum likelihood ------------------------------------------------------------------
def marginal(oracle):
    with (DATA / Path(oracle.value).name).open(encoding="utf-8") as stream:
        told = json.load(stream)
    rows = table("ratings1.csv")
    codes = {key: np.unique(rows[key], return_inverse=True)[1] for key in ("ratee", "rater", "item")}
    fit = many_facet_rasch(
        rows["score"].astype(int), codes, estimator="MML", model=told["model"], float_facet="item"
    )
    single = told["model"] == "RSM"
    tau = fit.thresholds if single else np.array([fit.thresholds[g] for g in range(5)])
    tau_se = fit.thresholds_se if single else np.array([fit.thresholds_se[g] for g in range(5)])
    tolerance = float(re.findall(r"\d+e-\d+", oracle.tolerance)[0])
    for found, key in (
        (fit.measure["item"], "b"), (fit.se_information["item"], "se_b"), (fit.measure["rater"], "severity"),
        (fit.se_information["rater"], "se_severity"), (tau, "steps"), (tau_se, "se_steps"),
        (fit.variance, "variance"), (fit.variance_se, "se_variance"), (-2 * fit.loglik, "deviance"),
    ):  # fmt: skip
        np.testing.assert_allclose(found, told[key], atol=tolerance, err_msg=key)


CHECKS = {
    **{("O2", f"{facet}_totals"): totals for facet in ("judge", "ratee", "trait")},
    ("O2", "category_counts"): category_counts,
    **{("O2", f"{facet}_measures_ref"): measures for facet in ("judge", "ratee", "trait")},
    ("O2", "facets_bias_iter1_max_score_residual"): largest_bias_residual,
    ("O2", "facets_bias_terms"): bias_terms,
    ("O2", "bias_Brahe_Edward_ref"): one_bias,
    ("O2", "agreement_ref"): agreement,
    ("O2", "reference_tables"): whole_tables,
    ("O3", "item1"): one_item,
    ("O3", "item5"): one_item,
    ("O3", "all"): all_elements,
    ("O4", "counts_used"): counts_used,
    ("O4", "counts_all"): counts_all,
    ("O4", "thresholds"): liking_thresholds,
    ("O4", "avg_measure_by_category"): liking_averages,
    ("O5", "item4"): knox_item,
    ("O5", "item14"): knox_item,
    ("O5", "extreme_items_1_3"): knox_extremes,
    ("O5", "extreme_person_35"): knox_extremes,
    ("O42", "all parameters, SEs, variance, deviance"): marginal,
    ("O43", "all parameters, SEs, variance, deviance"): marginal,
}


def test_oracle(oracle):
    CHECKS[oracle.id, oracle.quantity](oracle)
