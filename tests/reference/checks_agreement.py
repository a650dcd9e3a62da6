"""Agreement, within-group agreement, latent classes, careless answers and decisions against published values."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
from published import BENCHMARK, DATA, Missing, column, table

from kinerja_analysis.detect import agreement
from kinerja_analysis.stats import (
    adjust,
    agreement_coefficients,
    dawid_skene,
    icc,
    intra_individual_variability,
    kendall_w,
    longstring,
    shrink,
    weighted_kappa,
    within_group_agreement,
)
from kinerja_analysis.stats.agreement import COEFFICIENTS
from kinerja_analysis.stats.intraclass import FORMS

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


# -- O6: Shrout & Fleiss -------------------------------------------------------------------------------------------
def six_forms(oracle):
    found, told = icc(SHROUT_FLEISS).value, oracle.decimals
    oracle.compare(found, told[:6], oracle.within(0), [f"ICC({form})" for form in FORMS])
    oracle.compare(found, told[6:], oracle.within(1), [f"ICC({form}), more digits" for form in FORMS])


def six_forms_f(oracle):
    fit = icc(SHROUT_FLEISS)
    one, df1, df2, two, df3, df4 = oracle.numbers
    oracle.compare(fit.F[:2], [one, two], labels=["one-way", "two-way"])
    oracle.compare([fit.df1[0], fit.df2[0], fit.df1[1], fit.df2[1]], [df1, df2, df3, df4], 0.0, "df")


def six_forms_p(oracle):
    oracle.compare(icc(SHROUT_FLEISS).p[:2], labels=["one-way", "two-way"])


def six_forms_limits(oracle):
    fit = icc(SHROUT_FLEISS)
    labels = [f"ICC({form}) {end}" for form in FORMS for end in ("lower", "upper")]
    oracle.compare(np.column_stack([fit.lower, fit.upper]), labels=labels)


# -- O8, O9: kappa -------------------------------------------------------------------------------------------------
@cache
def anxiety():
    return np.column_stack([column("irr_anxiety.csv", f"rater{i}") for i in (1, 2, 3)])


def crossed(first, second):
    """Cross-table of two raters over the categories that either of them uses: so irr numbers them."""
    used, place = np.unique(anxiety()[:, [first - 1, second - 1]], return_inverse=True)
    counts = np.zeros((used.size, used.size))
    np.add.at(counts, tuple(place.reshape(-1, 2).T), 1.0)
    return counts


def kappa_of_a_pair(oracle):
    weights = {"unweighted": "identity", "equal": "linear", "squared": "quadratic"}[oracle.quantity.split("_")[0]]
    fit = weighted_kappa(crossed(*map(int, re.findall(r"r(\d)", oracle.quantity))), weights)
    found = [fit.value, fit.z][: len(oracle.numbers)]
    oracle.compare(found, labels=["kappa", "z"][: len(found)])


def concordance(oracle):
    fit = kendall_w(anxiety())
    oracle.compare([fit.value, fit.chi2, fit.df], labels=["W", "chi-square", "df"])


def kappa_of_sas(oracle):
    fit = weighted_kappa([[0, 4, 1], [0, 8, 0], [0, 1, 5]], "linear" if "linear" in oracle.quantity else "identity")
    found = [fit.value, fit.se, fit.lower, fit.upper, fit.se0, fit.z]
    oracle.compare(found, labels=["kappa", "ASE", "lower", "upper", "ASE0", "z"])


# -- O11, O12: Krippendorff's data ---------------------------------------------------------------------------------
@cache
def coefficients(weights):
    rows = table("krippendorff_C.csv")
    units = np.array([column("krippendorff_C.csv", key) for key in rows if key != "observer"])
    fit = agreement_coefficients(units, weights)
    return {name: (fit.value[i], fit.se[i], fit.lower[i], fit.upper[i]) for i, name in enumerate(COEFFICIENTS)}


def alpha(oracle):
    weights = {"nominal": "identity", "interval": "quadratic"}.get(oracle.quantity, oracle.quantity)
    oracle.compare(coefficients(weights)["alpha"][0])


def gwet(oracle):
    found = coefficients("quadratic" if "quadratic" in oracle.quantity else "identity")["AC"]
    oracle.compare(found[:2], labels=["value", "SE"])
    oracle.compare(found[2:], oracle.numbers[2:], oracle.within(1), ["lower", "upper"])


def relative(oracle):
    names = {"Fleiss": "fleiss", "alpha": "alpha", "Conger": "conger", "BrennanPrediger": "brennan_prediger"}
    name = names.get(oracle.quantity, "percent")
    for text, weights in zip(oracle.value.split(";"), ("identity", "quadratic"), strict=True):
        told = [float(n) for n in re.findall(r"\.\d+", text)]
        labels = [f"{weights} {quantity}" for quantity in ("value", "SE")][: len(told)]
        oracle.compare(coefficients(weights)[name][: len(told)], told, labels=labels)


# -- O32: Dawid & Skene --------------------------------------------------------------------------------------------
@cache
def anaesthetists(prior=(0.0, 0.0, 0.0)):
    item, rater, rating = (column("dawid_skene_anesthesia.csv", key) for key in ("item", "rater", "rating"))
    columns, owner = [], []
    for one in np.unique(rater):
        rows = np.flatnonzero(rater == one)
        times = rows.size // np.unique(item).size
        columns += [rating[rows[np.lexsort((rows, item[rows]))]].reshape(-1, times)]
        owner += [int(one)] * times
    return dawid_skene(np.column_stack(columns), rater=owner, prior=prior)


def shares(oracle):
    oracle.compare(anaesthetists().p, labels="class")


def shares_with_a_prior(oracle):
    """rater's default prior: Dirichlet(3) for classes, Dirichlet of weight 8 with .6 on the right answer for errors."""
    oracle.compare(anaesthetists((3.0, 4.8, 3.2 / 3)).p, labels="class")


def latent_likelihood(oracle):
    oracle.compare(anaesthetists().loglik)


def first_observer(oracle):
    oracle.compare(anaesthetists().error[0, 0], labels="category")


# -- O33: within groups --------------------------------------------------------------------------------------------
@cache
def wellbeing():
    times = column("bh1996_wbeing_counts.csv", "n").astype(int)
    group = np.repeat(column("bh1996_wbeing_counts.csv", "GRP").astype(int), times)
    return within_group_agreement(np.repeat(column("bh1996_wbeing_counts.csv", "WBEING"), times), group)


def army_groups(oracle):
    fit = wellbeing()
    oracle.compare([fit.icc1, fit.icc2, fit.F], oracle.decimals, labels=["ICC(1)", "ICC(2)", "F"])


def army_groups_unbiased(oracle):
    oracle.compare(wellbeing().icc1_n0, oracle.decimals[:1], labels="ICC(1)")


def null_variances(oracle):
    told = [2.0, *(float(v) for v in re.findall(r"= ([\d.]+)", oracle.value))]
    nulls = ("uniform", "slight_skew", "moderate_skew", "heavy_skew")
    found = [within_group_agreement([1, 5], [0, 0], null, scale=(1, 5)).null_variance for null in nulls]
    oracle.compare(found, told, labels=nulls)


# -- O34: careless answers -----------------------------------------------------------------------------------------
@cache
def answers():
    name = "careless_dataset.csv"
    return np.column_stack([column(name, key) for key in table(name) if key != "person"])


def longest_runs(oracle):
    oracle.compare(longstring(answers()).value[:10], labels="person")


def longest_runs_summary(oracle):
    value = longstring(answers()).value
    oracle.compare([value.mean(), value.max()], labels=["mean", "max"])


def variability(oracle):
    oracle.compare(intra_individual_variability(answers()).value[:5], labels="person")


# -- O35, O36: decisions -------------------------------------------------------------------------------------------
def rejections(oracle):
    p = [float(n) for n in re.findall(r"[\d.]+", oracle.dataset.split("p:")[1])]
    methods = ("bh", "holm", "bonferroni", "by")
    oracle.compare([(adjust(p, m) <= 0.05).sum() for m in methods], labels=["BH", "Holm", "Bonferroni", "BY"])


@cache
def batting():
    hits = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]) / 45
    return shrink(hits, np.full(18, np.sqrt(hits.mean() * (1 - hits.mean()) / 45)))


def own_weight(oracle):
    oracle.compare(batting().weight[0])


def james_stein(oracle):
    fit = batting()
    first, last, mean = oracle.decimals
    oracle.compare([fit.value[0], fit.value[-1]], [first, last], oracle.within(0), ["first", "last"])
    oracle.compare(fit.mean, mean, oracle.within(1), "mean")


# -- N1, N2: NIST's certified analyses of variance -----------------------------------------------------------------
def certified_f(oracle):
    path = DATA / Path(oracle.dataset).name
    if not path.is_file():
        raise Missing(f"tests/reference/data/{path.name}")
    lines = path.read_text(encoding="ascii").splitlines()[60:]
    group, value = np.array([line.split() for line in lines if line.split()], float).T
    table = value.reshape(np.unique(group).size, -1)
    found = [icc(table).F[0], within_group_agreement(value, group.astype(int)).F]
    oracle.compare(found, oracle.numbers * 2, oracle.within() * oracle.numbers[0], ["icc", "within_group_agreement"])


# -- O38 to O40: yardsticks that reports print; nothing to estimate ------------------------------------------------
def source_reliability(oracle):
    sources = ("subordinate", "supervisor", "peer")
    oracle.compare([agreement.WORLD[s] for s in sources], oracle.decimals, 0.0, sources)


def source_correlations(oracle):
    pairs = re.findall(r"(\w+)-(\w+) (\.\d+)", oracle.value)
    ours = {frozenset(pair): value for pair, value in agreement.WORLD_PAIR.items()}
    told, labels = [float(p[2]) for p in pairs], ["–".join(p[:2]) for p in pairs]
    oracle.compare([ours[frozenset(p[:2])] for p in pairs], told, 0.0, labels)


def yardstick(oracle):
    """A figure of the literature that stands in documents only."""
    assert oracle.tolerance == BENCHMARK


CHECKS = {
    ("O6", "ICC"): six_forms,
    ("O6", "F"): six_forms_f,
    ("O6", "p"): six_forms_p,
    ("O6", "CI95"): six_forms_limits,
    **{("O8", q): kappa_of_a_pair for q in ("unweighted_r2_r3", "equal_r2_r3", "squared_r2_r3", "squared_r1_r2")},
    ("O8", "Kendall_W_ties"): concordance,
    ("O9", "simple"): kappa_of_sas,
    ("O9", "weighted_linear"): kappa_of_sas,
    **{("O11", q): alpha for q in ("nominal", "ordinal", "interval", "ratio")},
    ("O12", "AC1"): gwet,
    ("O12", "AC2_quadratic"): gwet,
    **{("O12", q): relative for q in ("Fleiss", "alpha", "Conger", "BrennanPrediger", "percent_agreement")},
    ("O32", "p"): shares,
    ("O32", "logL"): latent_likelihood,
    ("O32", "obs1_row1"): first_observer,
    ("O32", "bayes_pi"): shares_with_a_prior,
    ("O33", "bh1996_WBEING"): army_groups,
    ("O33", "bh1996_WBEING_n0"): army_groups_unbiased,
    ("O33", "null_var_5pt"): null_variances,
    ("O34", "longstring_first10"): longest_runs,
    ("O34", "longstring_summary"): longest_runs_summary,
    ("O34", "irv_first5"): variability,
    ("O35", "reject"): rejections,
    ("O36", "c"): own_weight,
    ("O36", "JS"): james_stein,
    ("N1", "F"): certified_f,
    ("N2", "F"): certified_f,
    ("O38", "reliability"): source_reliability,
    ("O38", "correlations"): source_correlations,
    ("O39", "r"): yardstick,
    ("O39", "d"): yardstick,
    ("O40", "variance_shares_Scullen"): yardstick,
    ("O40", "interrater_ryy_Salgado_Moscoso"): yardstick,
    ("O40", "rho_Harris_Schaubroeck"): yardstick,
}
