"""Many-facet Rasch against FACETS, Winsteps and direct marginal maximum likelihood."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from published import DATA, Missing, column, table

from kinerja_analysis.stats import (
    category_statistics,
    facet_interaction,
    facet_report,
    many_facet_rasch,
    rater_agreement,
)
from kinerja_analysis.stats._rasch_fit import mean_squares

JUDGES = ["Avogadro", "Brahe", "Cavendish"]
NAMES = {
    "judge": JUDGES,
    "ratee": ["Anne", "Betty", "Chris", "David", "Edward", "Fred", "George"],
    "trait": ["Attack", "Basis", "Clarity", "Daring", "Enthusiasm"],
}


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
    oracle.compare(facet_report(guilford(), facet)["total"], labels=NAMES[facet])


def category_counts(oracle):
    oracle.compare(category_statistics(guilford())["count"], labels="category")


def measures(oracle):
    fit = guilford()
    assert fit.converged
    facet = oracle.quantity.split("_")[0]
    oracle.compare(fit.measure[facet], labels=NAMES[facet])


def largest_bias_residual(oracle):
    bias = facet_interaction(guilford(), "judge", "ratee")
    gap = bias.observed - bias.expected
    worst = int(np.argmax(np.abs(gap)))
    assert (bias.first[worst], bias.second[worst]) == (JUDGES.index("Brahe"), 4)
    oracle.compare(gap[worst], labels="FACETS")
    oracle.compare(gap[worst], oracle.numbers[1], oracle.within(1), labels="converged")


def bias_terms(oracle):
    oracle.compare(facet_interaction(guilford(), "judge", "ratee").n)


def one_bias(oracle):
    bias = facet_interaction(guilford(), "judge", "ratee")
    cell = int(np.flatnonzero((bias.first == 1) & (bias.second == 4))[0])
    lowest = bias.count[cell]  # categories count from 0, the scale from 1
    found = bias.bias[cell], bias.se[cell], bias.t[cell], bias.observed[cell] + lowest, bias.expected[cell] + lowest
    oracle.compare(found, labels=["bias", "SE", "t", "observed", "expected"])


def agreement(oracle):
    found = rater_agreement(guilford())
    opportunities, exact, _, expected = oracle.numbers[:4]
    counts = [found.opportunities, found.exact]
    oracle.compare(counts, [opportunities, exact], 0.0, ["opportunities", "exact agreements"])
    oracle.compare(found.expected, expected, oracle.within(0), "expected agreements")
    oracle.compare(found.kappa, oracle.decimals[-1], oracle.within(1), "Rasch-kappa")


def whole_tables(oracle):
    fit = guilford()
    for facet in ("judge", "ratee", "trait"):
        report = facet_report(fit, facet)
        for ours, theirs in (
            ("total", "total"), ("count", "count"), ("measure", "measure"), ("se_model", "se"), ("infit", "infit"),
            ("outfit", "outfit"),
        ):  # fmt: skip
            labels = [f"{name} {ours}" for name in NAMES[facet]]
            oracle.compare(report[ours], reference(facet, theirs), labels=labels)
        for ours, theirs in (
            ("infit_z", "infit_z"), ("outfit_z", "outfit_z"), ("fair_average", "fair_M"),
            ("observed_average", "obs_avg"),
        ):  # the reference prints two decimals
            labels = [f"{name} {ours}" for name in NAMES[facet]]
            oracle.compare(report[ours], reference(facet, theirs), 0.0051, labels)
    bias = facet_interaction(fit, "judge", "ratee")
    for ours, theirs in (("difference", "obs_exp_avg"), ("bias", "bias"), ("se", "se"), ("t", "t")):
        told = column("guilford_bias_reference.csv", theirs)
        oracle.compare(getattr(bias, ours), told, labels=f"judge x ratee {ours}")


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
    sums = total(one), total(z**2), total(y**2), total(V), total(fourth / V**2), total(fourth - V**2)
    return level, mean_squares(*sums), 1.0 / np.sqrt(total(V))


def one_item(oracle):
    level, squares, se = winsteps_fit("items")
    place = int(np.flatnonzero(level == int(oracle.quantity[4:]))[0])
    infit, infit_z, outfit, outfit_z, *error = oracle.numbers
    for name, told, within in (
        ("infit", infit, 0.002), ("outfit", outfit, 0.0005), ("infit_z", infit_z, 0.01), ("outfit_z", outfit_z, 0.04),
    ):  # fmt: skip
        oracle.compare(getattr(squares, name)[place], told, within, name)
    if error:
        oracle.compare(se[place], error, 0.005, "SE")


def all_elements(oracle):
    loose = {"items": {13: 0.11}, "persons": {17: 0.13, 34: 0.36, 41: 0.68, 45: 0.06, 50: 0.27}}
    for side, slack in loose.items():
        level, squares, se = winsteps_fit(side)
        name = f"lfs_ministep_{side}_pcm.csv"
        place = np.searchsorted(column(name, "ENTRY").astype(int), level)
        assert level.size == {"items": 25, "persons": 74}[side]
        names = [f"{side[:-1]} {one}" for one in level]
        for found, key, within in (
            (squares.infit, "IN.MSQ", 0.002), (squares.infit_z, "IN.ZSTD", 0.01), (se, "MODLSE", 0.0051),
            (squares.outfit, "OUT.MSQ", 0.0005 if side == "items" else 0.002),
        ):  # fmt: skip
            oracle.compare(found, column(name, key)[place], within, [f"{one} {key}" for one in names])
        for one, found, told in zip(level, squares.outfit_z, column(name, "OUT.ZSTD")[place], strict=True):
            oracle.compare(found, told, slack.get(int(one), 0.04), f"{side[:-1]} {one} OUT.ZSTD")


# -- O4: Liking for Science ----------------------------------------------------------------------------------------
@cache
def liking():
    rows = table("liking_for_science.csv")
    score = np.array([rows[key].astype(int) for key in rows if key != "person"]).T
    person, item = np.indices(score.shape)
    fit = many_facet_rasch(score.ravel(), {"person": person.ravel(), "item": item.ravel()}, correct_bias=False)
    return score, fit


def counts_used(oracle):
    oracle.compare(category_statistics(liking()[1])["count"], labels="category")


def counts_all(oracle):
    score, fit = liking()
    assert fit.extreme["person"].sum() == 1
    oracle.compare(np.bincount(score.ravel()), labels="category")


def liking_thresholds(oracle):
    found = liking()[1].thresholds
    oracle.compare(found, labels="Winsteps")
    oracle.compare(found, oracle.numbers[2:], oracle.within(1), "converged")


def liking_averages(oracle):
    found = category_statistics(liking()[1])["average_measure"]
    oracle.compare(found, labels="Winsteps")
    oracle.compare(found, oracle.numbers[3:], oracle.within(1), "converged")


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
    published, error, infit, outfit, tight = oracle.numbers[:5]
    found = fit.measure["item"][place]
    oracle.compare(found / 1.035, published, 0.03, "measure, rescaled by 1.035")
    oracle.compare(found, tight, 0.006, "measure, tight")
    oracle.compare(fit.se_model["item"][place], error, 0.02, "SE")
    oracle.compare(fit.infit["item"][place], infit, 0.08, "infit")
    oracle.compare(fit.outfit["item"][place], outfit, 0.3, "outfit")


def knox_extremes(oracle):
    published, published_se = oracle.numbers[:2]
    person = "person" in oracle.quantity
    name, level = ("person", 34) if person else ("item", 0)
    held, free = knox("items" if person else "persons"), knox()
    oracle.compare(held.measure[name][level], published, 0.05, "measure, others anchored")
    oracle.compare(held.se_model[name][level], published_se, 0.05, "SE, others anchored")
    oracle.compare(free.measure[name][level], published, 0.25, "measure, all free")
    assert np.flatnonzero(free.extreme["item"]).tolist() == [0, 1, 2, 17]


# -- O42, O43: direct marginal maximum likelihood ------------------------------------------------------------------
def marginal(oracle):
    path = DATA / Path(oracle.value).name
    if not path.is_file():
        raise Missing(f"tests/reference/data/{path.name}")
    told = json.loads(path.read_text(encoding="utf-8"))
    rows = table("ratings1.csv")
    codes = {key: np.unique(rows[key], return_inverse=True)[1] for key in ("ratee", "rater", "item")}
    fit = many_facet_rasch(
        rows["score"].astype(int), codes, estimator="MML", model=told["model"], float_facet="item"
    )
    single = told["model"] == "RSM"
    tau = fit.thresholds if single else np.array([fit.thresholds[g] for g in range(5)])
    tau_se = fit.thresholds_se if single else np.array([fit.thresholds_se[g] for g in range(5)])
    for found, key in (
        (fit.measure["item"], "b"), (fit.se_information["item"], "se_b"), (fit.measure["rater"], "severity"),
        (fit.se_information["rater"], "se_severity"), (tau, "steps"), (tau_se, "se_steps"),
        (fit.variance, "variance"), (fit.variance_se, "se_variance"), (-2 * fit.loglik, "deviance"),
    ):  # fmt: skip
        oracle.compare(found, np.ravel(told[key]), labels=key)


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
