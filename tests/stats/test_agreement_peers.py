"""Agreement, intraclass correlation, conditional logit and multiplicity against published programs on random data.

irrCAC's numbers come from a file (see `tests/peers/agreement_irrcac.py`); the other programs run here.
"""

import csv
import warnings
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import comb
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa
from statsmodels.stats.multitest import multipletests

from kinerja_analysis.stats.agreement import COEFFICIENTS, agreement_coefficients, weighted_kappa
from kinerja_analysis.stats.inside import conditional_ordinal
from kinerja_analysis.stats.intraclass import icc
from kinerja_analysis.stats.shrinkage import adjust

SEEDS = range(40)
IRRCAC = Path(__file__).parents[1] / "peers" / "agreement_irrcac.csv"
METRICS = {"identity": "nominal", "ordinal": "ordinal", "quadratic": "interval", "ratio": "ratio"}


def irrcac_rows():
    with IRRCAC.open(encoding="utf-8") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


def of(fit, name, part="value"):
    return float(getattr(fit, part)[COEFFICIENTS.index(name)])


def ratings_of(row):
    scale = np.array(row["scale"].split(), dtype=float)
    return np.array([[np.nan if c == "." else scale[int(c)] for c in word] for word in row["table"].split()]), scale


@pytest.mark.parametrize("row", irrcac_rows(), ids=lambda row: row["weights"])
def test_all_coefficients_as_irrcac(row):
    table, scale = ratings_of(row)
    fit = agreement_coefficients(table, row["weights"], categories=scale)
    assert of(fit, "percent") == pytest.approx(float(row["percent_value"]), abs=1e-10)  # file: 12 digits
    for name in COEFFICIENTS[1:]:
        if not row[f"{name}_value"]:  # 0/0: irrCAC divides by zero
            assert np.isnan(of(fit, name)) and np.isnan(of(fit, name, "se"))
            continue
        value, se, lower, upper = (float(row[f"{name}_{part}"]) for part in ("value", "se", "lower", "upper"))
        assert of(fit, name) == pytest.approx(value, abs=1e-10), name
        assert of(fit, name, "se") == pytest.approx(se, abs=1e-10), name
        if se < 1e-12:  # irrCAC: [1, 1] where all agree
            assert np.isnan([of(fit, name, "lower"), of(fit, name, "upper")]).all() and fit.reason != ""
            continue
        # scipy 1.12, which irrCAC asks for, has t quantiles right to 1e-9 only. irrCAC does not cut at −1.
        ends = of(fit, name, "lower"), of(fit, name, "upper")
        assert ends == pytest.approx((max(lower, -1.0), upper), abs=1e-8), name


def test_the_file_of_irrcac_holds_what_it_is_meant_to():
    rows = irrcac_rows()
    tables = [ratings_of(row)[0] for row in rows]
    assert len(rows) >= 60 and {row["weights"] for row in rows} == {*METRICS, "linear"}
    assert any(np.isnan(table).all(axis=0).any() for table in tables)  # a rater without ratings
    assert any(np.isnan(table).all(axis=1).any() for table in tables)  # a subject without ratings
    assert any(((~np.isnan(table)).sum(axis=1) == 1).any() for table in tables)
    assert any(np.unique(table[~np.isnan(table)]).size == 1 for table in tables)
    assert any(not row["alpha_value"] for row in rows)
    assert sum(bool(row["conger_se"]) for row in rows) >= 60


@st.composite
def tables(draw, scales=((0, 1), (1, 2, 3), (-2, 0, 1, 5), (0, 0.5, 1, 10, 100), (1, 2, 3, 4, 5, 6, 7))):
    """Ratings with gaps: up to 12 subjects and 6 raters; rows and columns may be empty."""
    scale = draw(st.sampled_from(scales))
    n, r = draw(st.integers(2, 12)), draw(st.integers(2, 6))
    cell = st.one_of(st.just(np.nan), st.sampled_from(scale), st.sampled_from(scale))
    return np.array(draw(st.lists(cell, min_size=n * r, max_size=n * r)), dtype=float).reshape(n, r)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(tables(), st.sampled_from(sorted(METRICS)))
def test_alpha_as_the_krippendorff_package(table, weights):
    if weights == "ratio":
        table = np.abs(table)  # the ratio metric is meant for values from zero on
    pairable = table[(~np.isnan(table)).sum(axis=1) > 1]
    if np.unique(pairable[~np.isnan(pairable)]).size < 2:  # the package refuses it or divides by zero
        assert np.isnan(of(agreement_coefficients(table, weights), "alpha"))
        return
    told = krippendorff.alpha(table.T, level_of_measurement=METRICS[weights])
    assert of(agreement_coefficients(table, weights), "alpha") == pytest.approx(told, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(2, 5))
def test_complete_tables_as_fleiss_and_randolph(seed, q, r):
    # statsmodels' "randolph" is Brennan–Prediger: chance is 1/q. Both without weights.
    rng = np.random.default_rng(seed)
    table = np.minimum(rng.integers(0, q, (30, 1)) + rng.integers(0, 2, (30, r)), q - 1)
    counts = np.stack([(table == c).sum(axis=1) for c in range(q)], axis=1)
    fit = agreement_coefficients(table, categories=np.arange(q))
    told = fleiss_kappa(counts, "fleiss"), fleiss_kappa(counts, "randolph")
    assert (of(fit, "fleiss"), of(fit, "brennan_prediger")) == pytest.approx(told, rel=1e-10, abs=1e-10)


def distances(weights, q):
    """The disagreement matrix statsmodels asks for, written out."""
    i, j = np.indices((q, q)) + 1.0
    return {
        "linear": abs(i - j) / (q - 1),
        "quadratic": (i - j) ** 2 / (q - 1) ** 2,
        "ordinal": abs(i - j) * (abs(i - j) + 1) / (q * (q - 1)),
        "ratio": ((i - j) / (i + j) * (q + 1) / (q - 1)) ** 2,
    }[weights]


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic", "ordinal", "ratio", "matrix"])
@pytest.mark.parametrize("seed", SEEDS)
def test_kappa_as_statsmodels(seed, weights):
    rng = np.random.default_rng(seed)
    q = int(rng.integers(2, 8))
    counts = rng.poisson(rng.gamma(0.5, 4.0, (q, q))) * (rng.random((q, q)) < 0.8) + 3.0 * np.eye(q)
    if seed % 4 == 0:
        counts[-1] = 0  # a category one rater never uses
        counts[0, 0] += 2
    given_weights, apart = weights, None if weights == "identity" else np.eye(q)
    if weights == "matrix":
        apart = rng.random((q, q)) * (1 - np.eye(q))  # not symmetric
        given_weights = 1 - apart
    elif weights != "identity":
        apart = distances(weights, q)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own divisions, where kappa's variance is zero
        told = cohens_kappa(counts, weights=apart)
    k = weighted_kappa(counts, given_weights)
    if np.count_nonzero(counts) == 1:  # 0/0 for both
        assert k.reason == "one_level" and np.isnan(told.kappa)
        return
    # variances near zero are differences of numbers near one; hence the absolute part
    if k.reason == "constant_rater":  # theirs: 0 with variance 0 but for rounding
        assert k.value == 0.0 and abs(told.kappa) < 1e-9 and np.isnan(k.se)
        return
    assert k.value == pytest.approx(told.kappa, rel=1e-10, abs=1e-12)
    assert (k.se**2, k.se0**2) == pytest.approx((told.var_kappa, told.var_kappa0), rel=1e-9, abs=1e-14)
    if min(k.se, k.se0) < 1e-7:  # a rater with one category: kappa and both variances are 0 but for rounding
        return
    assert k.z == pytest.approx(told.z_value, rel=1e-8)
    # statsmodels does not cut at 1
    assert (k.lower, k.upper) == pytest.approx((told.kappa_low, min(told.kappa_upp, 1.0)), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_icc_as_pingouin(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(3, 40)), int(rng.integers(2, 8))
    parts = rng.normal(0, rng.gamma(1.0, 1.0), (n, 1)), rng.normal(0, rng.gamma(0.5, 1.0), k), rng.normal(size=(n, k))
    table = sum(parts) + 50
    if seed % 2:
        table = table.round()  # whole scores, with ties
    long = pd.DataFrame(table).stack().rename_axis(["target", "rater"]).rename("score").reset_index()
    monkeypatch.setitem(pingouin.options, "round.column.CI95", None)  # two decimals otherwise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)  # its own calls of pandas
        told = pingouin.intraclass_corr(long, "target", "rater", "score")
    fit = icc(table)
    lower, upper = np.array(told["CI95"].tolist()).T
    pairs = {"value": told["ICC"], "F": told["F"], "p": told["pval"], "lower": lower, "upper": upper}
    for name, theirs in pairs.items():
        # sums of squares by subtraction there; measured 1e-11
        assert getattr(fit, name) == pytest.approx(np.asarray(theirs), rel=1e-8, abs=1e-12), name
    assert (fit.df1.tolist(), fit.df2.tolist()) == (told["df1"].tolist(), told["df2"].tolist())


@pytest.mark.parametrize(
    ("ours", "theirs"), [("bh", "fdr_bh"), ("by", "fdr_by"), ("holm", "holm"), ("bonferroni", "bonferroni")]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_adjusted_p_as_statsmodels(seed, ours, theirs, monkeypatch):
    monkeypatch.setattr("gc.collect", int)  # its holm collects garbage at every call, a quarter of a second here
    rng = np.random.default_rng(seed)
    p = (rng.random(int(rng.integers(1, 60))) ** 3).round(int(rng.integers(1, 6)))  # ties, zeros, ones
    p[rng.random(p.size) < 0.1] = 1.0
    gaps = rng.random(p.size) < 0.2
    gaps[0] = False
    found = adjust(np.where(gaps, np.nan, p), ours)
    assert np.isnan(found[gaps]).all()
    assert found[~gaps] == pytest.approx(multipletests(p[~gaps], method=theirs)[1], rel=1e-13, abs=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_conditional_logit_as_statsmodels(seed):
    rng = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(60), rng.integers(1, 9, 60))  # also strata of one
    X = rng.normal(size=(stratum.size, 3))[:, : int(rng.integers(1, 4))]
    X[:, 0] = X[:, 0].round()  # ties, and strata in which X does not vary
    X[:, 1:] *= [5.0, 0.2][: X.shape[1] - 1]
    drift = rng.normal(0, 2, 60)[stratum] + 0.7 * X[:, 0]
    y = (rng.logistic(size=stratum.size) + drift > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strata without variation, said as a warning
        told = ConditionalLogit(y, X, groups=stratum).fit(method="newton")
    fit = conditional_ordinal(y, X, stratum)
    assert fit.reason == ""
    # its information is a numerical derivative (1e-8 per step), ours is exact
    assert fit.coef == pytest.approx(told.params, rel=1e-6, abs=1e-7)
    assert fit.se_model == pytest.approx(told.bse, rel=1e-5)
    # a stratum in which y varies and X does not adds the same whatever the coefficients; we leave it out
    ways = [y[stratum == s] for s in range(60) if np.ptp(X[stratum == s], axis=0).max() == 0]
    constant = sum(np.log(comb(rows.size, rows.sum())) for rows in ways)
    assert fit.loglik - constant == pytest.approx(told.llf, rel=1e-9)


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic", "ordinal", "ratio"])
def test_a_rater_without_ratings_and_a_subject_without_any_change_nothing(weights):
    rng = np.random.default_rng(3)
    table = rng.integers(1, 5, (20, 4)).astype(float)
    table[rng.random((20, 4)) < 0.3] = np.nan
    more = np.full((22, 5), np.nan)
    more[1:-1, :4] = table
    fit, same = agreement_coefficients(table, weights), agreement_coefficients(more, weights)
    assert same.value == pytest.approx(fit.value, rel=1e-14) and same.se == pytest.approx(fit.se, rel=1e-12)
