"""Slope of estimates on true values, and coverage of intervals, of the many-facet Rasch model.

    make calibrate-rasch

Simulated: ratees N(0, 1), severity N(0, .5), criteria −.6 to .6, thresholds −2, −.67, .67, 2; every ratee is rated by
`each` random raters on all criteria. *Slopes* (no pair effect): regression of the estimates of non-extreme elements on
their true values through the means, all replicates of a design together (`se` by replicates); `scaled` is the plain
joint estimate times (L − 1)/L, the usual correction. *Coverage*: share of severities within 1.96 standard errors of the
true value, after the scale of the logits is removed (slope over all replicates), with an effect N(0, pair_sd) of each
pair on η; `attenuation` is what the fit says of that slope.
"""

from __future__ import annotations

import csv
import datetime as dt
import platform
import sys
from pathlib import Path

import numpy as np

from kinerja_analysis.stats import many_facet_rasch

RESULT = Path(__file__).with_suffix(".csv")
TAU = np.linspace(-2.0, 2.0, 4)
SLOPES = [(1500, 60, 5, 1), (600, 30, 2, 5), (600, 60, 2, 5), (300, 60, 4, 5), (300, 60, 7, 7)]
COVERAGE = [(200, 20, 2, 7), (200, 20, 4, 5), (120, 30, 3, 7)]
FIELDS = ["what", "design", "estimator", "pair_sd", "replicates", "quantity", "value", "se"]


def draw(n_ratees, n_raters, each, criteria, seed, pair_sd=0.0):
    """Scores, codes and true values of one data set."""
    rng = np.random.default_rng(seed)
    theta, severity = rng.normal(0, 1, n_ratees), rng.normal(0, 0.5, n_raters)
    hard = np.linspace(-0.6, 0.6, criteria) if criteria > 1 else np.zeros(1)
    raters = np.argsort(rng.random((n_ratees, n_raters)), axis=1)[:, :each]
    ratee = np.repeat(np.arange(n_ratees), each * criteria)
    rater, criterion = np.repeat(raters.ravel(), criteria), np.tile(np.arange(criteria), n_ratees * each)
    effect = np.repeat(rng.normal(0, 1, n_ratees * each) * pair_sd, criteria)
    eta = theta[ratee] - severity[rater] - hard[criterion] + effect
    log = np.cumsum(np.column_stack([np.zeros(eta.size), eta[:, None] - TAU]), axis=1)
    score = (log + rng.gumbel(size=log.shape)).argmax(axis=1)
    return score, {"ratee": ratee, "rater": rater, "criterion": criterion}, {"ratee": theta, "rater": severity}


def products(estimate, truth):
    """Cross-product and square about the means, of the finite ones."""
    use = np.isfinite(estimate)
    t = truth[use] - truth[use].mean()
    return float(t @ estimate[use]), float(t @ t)


def slopes(design, replicates):
    """Rows of one design: slope and Monte-Carlo error by estimator and quantity."""
    length = design[2] * design[3]
    found = {}
    for seed in range(replicates):
        score, codes, truth = draw(*design, seed)
        for name, keywords, factor in (
            ("JML", {}, 1.0), ("scaled", {"correct_bias": False}, (length - 1) / length),
            ("MML", {"estimator": "MML"}, 1.0), ("MML reduced", {"estimator": "MML", "correct_bias": True}, 1.0),
        ):  # fmt: skip
            fit = many_facet_rasch(score, codes, **keywords)
            for facet in ("rater", "ratee"):
                values = np.where(fit.extreme[facet] == 0, factor * fit.measure[facet], np.nan)
                found.setdefault((name, facet), []).append(products(values, truth[facet]))
            found.setdefault((name, "threshold"), []).append(products(factor * fit.thresholds, TAU))
    for (name, facet), pairs in found.items():
        top, bottom = np.array(pairs).T
        slope = top.sum() / bottom.sum()
        error = np.sqrt(((top - slope * bottom) ** 2).sum()) / bottom.sum()
        yield ["slope", design, name, 0.0, replicates, facet, round(slope, 4), round(error, 4)]


def coverage(design, pair_sd, replicates):
    """Rows of one design and pair SD: coverage by kind of error, slope and stated attenuation."""
    for estimator in ("JML", "MML"):
        parts = {key: [] for key in ("truth", "measure", "se", "se_information", "se_model", "attenuation")}
        for seed in range(replicates):
            score, codes, truth = draw(*design, 10_000 + seed, pair_sd)
            fit = many_facet_rasch(score, codes, estimator=estimator)
            parts["truth"].append(truth["rater"] - truth["rater"].mean())
            parts["attenuation"].append([fit.attenuation])
            for key in ("measure", "se", "se_information", "se_model"):
                parts[key].append(getattr(fit, key)["rater"])
        joined = {key: np.concatenate(values) for key, values in parts.items()}
        slope = float(joined["truth"] @ joined["measure"] / (joined["truth"] @ joined["truth"]))
        gap = np.abs(joined["measure"] - slope * joined["truth"])
        for key in ("se", "se_information", "se_model"):
            share = float(np.mean(gap <= 1.96 * joined[key]))
            error = float(np.sqrt(share * (1 - share) / gap.size))
            yield ["coverage", design, estimator, pair_sd, replicates, key, round(share, 4), round(error, 4)]
        yield ["coverage", design, estimator, pair_sd, replicates, "slope", round(slope, 4), ""]
        stated = float(joined["attenuation"].mean())
        yield ["coverage", design, estimator, pair_sd, replicates, "attenuation", round(stated, 4), ""]


def main() -> None:
    """Write the table."""
    rows = [row for design in SLOPES for row in slopes(design, 120)]
    for design in COVERAGE:
        for pair_sd in (0.0, 0.5, 1.0):
            rows += coverage(design, pair_sd, 80)
    head = f"# make calibrate-rasch, {dt.date.today()}, Python {platform.python_version()}; design: ratees, raters, "
    with RESULT.open("w", newline="", encoding="utf-8") as stream:
        stream.write(head + "raters each, criteria\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows([what, " x ".join(map(str, design)), *rest] for what, design, *rest in rows)


if __name__ == "__main__":
    sys.exit(main())
