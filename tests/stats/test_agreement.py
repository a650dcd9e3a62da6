"""Agreement: irrCAC's and Krippendorff's published data (O8, O9, O11, O12), gaps, one category."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats.agreement import COEFFICIENTS, agreement_coefficients, weighted_kappa

X = np.nan
# Krippendorff's reliability data, 12 units × 4 observers, as in the irrCAC vignettes.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, X],
    [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
]
# R irr, data set anxiety: 20 subjects, raters 1, 2, 3.
ANXIETY = [
    "332", "361", "344", "464", "523", "542", "221", "346", "531", "231",
    "221", "632", "133", "533", "221", "221", "113", "233", "432", "342",
]  # fmt: skip
SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]


def _table():
    return np.array(OBSERVERS).T


def _of(fit, name, part="value"):
    return float(getattr(fit, part)[COEFFICIENTS.index(name)])


@pytest.mark.parametrize(
    ("weights", "alpha"),
    [("identity", 0.743421), ("ordinal", 0.815388), ("quadratic", 0.849107), ("ratio", 0.797403)],
)
def test_krippendorff_alpha(weights, alpha):
    assert _of(agreement_coefficients(_table(), weights), "alpha") == pytest.approx(alpha, abs=1e-6)  # O11


@pytest.mark.parametrize(
    ("weights", "name", "value", "se"),
    [
        ("identity", "AC", 0.77544, 0.14295),
        ("quadratic", "AC", 0.91400, 0.10396),
        ("identity", "fleiss", 0.76117, 0.15302),
        ("quadratic", "fleiss", 0.86494, None),
        ("identity", "alpha", 0.74342, 0.14557),
        ("quadratic", "alpha", 0.84911, 0.12913),
        ("identity", "conger", 0.76282, None),
        ("quadratic", "conger", 0.85771, None),
        ("identity", "brennan_prediger", 0.77273, None),
        ("quadratic", "brennan_prediger", 0.90152, None),
        ("identity", "percent", 0.81818, None),
        ("quadratic", "percent", 0.97538, None),
    ],
)
def test_irrcac_coefficients(weights, name, value, se):
    fit = agreement_coefficients(_table(), weights)
    assert _of(fit, name) == pytest.approx(value, abs=1e-5)  # O12
    assert se is None or _of(fit, name, "se") == pytest.approx(se, abs=1e-5)


@pytest.mark.parametrize(("weights", "lower"), [("identity", 0.461), ("quadratic", 0.685)])
def test_irrcac_intervals(weights, lower):
    fit = agreement_coefficients(_table(), weights)
    assert (_of(fit, "AC", "lower"), _of(fit, "AC", "upper")) == pytest.approx((lower, 1.0), abs=5e-4)  # O12
    assert (fit.n, fit.n_paired, fit.n_raters) == (12, 11, 4)


def test_weights_given_as_a_matrix():
    quadratic = agreement_coefficients(_table(), "quadratic")
    scale = np.arange(1, 6)
    matrix = 1 - np.subtract.outer(scale, scale) ** 2 / 16
    fit = agreement_coefficients(_table(), matrix)
    assert fit.value == pytest.approx(quadratic.value) and fit.se == pytest.approx(quadratic.se)


def test_linearised_errors_match_the_jackknife():
    # Delete-one-subject jackknife, equal to order 1/n: an independent check of Conger, which has no oracle.
    rng = np.random.default_rng(1)
    truth = 1 + (rng.random(200) < 0.15) + (rng.random(200) < 0.05)
    severe = np.array([0.0, 0.1, 0.3, 0.5])
    rated = truth[:, None] + (rng.random((200, 4)) < severe).astype(float)
    rated[rng.random((200, 4)) < 0.15] = np.nan
    rated = rated[(~np.isnan(rated)).sum(axis=1) > 1]
    size = rated.shape[0]

    def fitted(table):
        return agreement_coefficients(table, "linear", categories=[1, 2, 3, 4])

    fit, left = fitted(rated), np.array([fitted(np.delete(rated, i, axis=0)).value for i in range(size)])
    jackknife = np.sqrt((size - 1) / size * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    assert fit.se == pytest.approx(jackknife, rel=0.04)


def test_two_raters_without_gaps_conger_is_cohen():
    # Conger's kappa of two raters is Cohen's: SAS value .4842, weighted .4701 (O9)
    pairs = [[i + 1, j + 1] for i in range(3) for j in range(3) for _ in range(SAS[i][j])]
    assert _of(agreement_coefficients(pairs), "conger") == pytest.approx(0.4842, abs=1e-4)
    assert _of(agreement_coefficients(pairs, "linear"), "conger") == pytest.approx(0.4701, abs=1e-4)


def test_perfect_agreement():
    fit = agreement_coefficients([[1, 1], [2, 2], [3, 3], [1, 1]])
    assert fit.value == pytest.approx(np.ones(6)) and fit.reason == "no_spread"
    assert (fit.se < 1e-12).all() and np.isnan(fit.lower).all()  # four subjects do not make agreement certain


def test_everyone_baik():
    # kappa paradox at its end: p_a = 1 and the rest is 0/0
    fit = agreement_coefficients(np.full((30, 3), 4.0))
    assert fit.reason == "one_level"
    assert _of(fit, "percent") == 1.0
    assert np.isnan(fit.value[1:]).all() and np.isnan(fit.lower[1:]).all()
    # with the scale declared, AC and Brennan–Prediger exist; alpha, Fleiss and Conger stay 0/0
    scaled = agreement_coefficients(np.full((30, 3), 4.0), categories=[1, 2, 3, 4, 5])
    assert scaled.reason == "one_level"
    assert _of(scaled, "AC") == 1.0 and _of(scaled, "brennan_prediger") == 1.0
    assert np.isnan([_of(scaled, "alpha"), _of(scaled, "fleiss"), _of(scaled, "conger")]).all()


def test_nobody_rated_twice():
    fit = agreement_coefficients([[1, X], [X, 2]])
    assert fit.reason == "no_pairs" and np.isnan(fit.value).all()
    assert agreement_coefficients(np.full((2, 2), X)).reason == "no_pairs"


def test_paradox_with_ninety_percent_baik():
    rng = np.random.default_rng(2)
    table = np.where(rng.random((300, 2)) < 0.9, 2.0, 3.0)
    fit = agreement_coefficients(table)
    assert _of(fit, "percent") > 0.75 and _of(fit, "AC") > 0.7 and abs(_of(fit, "alpha")) < 0.15


@pytest.mark.parametrize(
    ("weights", "value", "se", "lower", "upper", "se0", "z"),
    [
        ("identity", 0.4842, 0.1380, 0.2137, 0.7547, 0.1484, 3.2626),
        ("linear", 0.4701, 0.1457, 0.1845, 0.7558, 0.1426, 3.2971),
    ],
)
def test_kappa_as_printed_by_sas(weights, value, se, lower, upper, se0, z):
    k = weighted_kappa(SAS, weights)
    assert (k.value, k.se, k.lower, k.upper, k.se0, k.z) == pytest.approx(
        (value, se, lower, upper, se0, z), abs=1e-4
    )  # O9


@pytest.mark.parametrize(
    ("raters", "weights", "value", "z"),
    [
        ((1, 2), "identity", -0.006289308, -0.0604067),
        ((1, 2), "linear", 0.1459075, 1.282472),
        ((1, 2), "quadratic", 0.2520325, 1.437451),
        ((0, 1), "quadratic", 0.2967651, None),
    ],
)
def test_kappa_of_the_anxiety_data(raters, weights, value, z):
    # O8. R irr weighs by rank among the categories in use (raters 2 and 3 never give a 5).
    pair = np.array([[int(row[r]) for r in raters] for row in ANXIETY])
    _, codes = np.unique(pair, return_inverse=True)
    codes = codes.reshape(pair.shape)
    table = np.zeros((codes.max() + 1,) * 2)
    np.add.at(table, tuple(codes.T), 1)
    k = weighted_kappa(table, weights)
    assert k.value == pytest.approx(value, abs=1e-6)
    assert z is None or k.z == pytest.approx(z, abs=1e-5)


def test_kappa_reasons():
    assert weighted_kappa(np.zeros((3, 3))).reason == "empty"
    one = weighted_kappa([[9, 0], [0, 0]])
    assert one.reason == "one_level" and math.isnan(one.value)
    perfect = weighted_kappa([[5, 0], [0, 4]])
    assert (perfect.value, perfect.se, perfect.reason) == (1.0, 0.0, "no_spread") and math.isnan(perfect.upper)
    alone = weighted_kappa([[5, 4], [0, 0]])
    assert (alone.value, alone.reason) == (0.0, "constant_rater") and math.isnan(alone.se)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: agreement_coefficients([1, 2]), "shape"),
        (lambda: agreement_coefficients([[1, np.inf]]), "infinity"),
        (lambda: agreement_coefficients([[1, 2]], "cubic"), "unknown weights"),
        (lambda: agreement_coefficients([[1, 2]], np.eye(3)), "2 × 2"),
        (lambda: agreement_coefficients([[1, 2]], categories=[1]), "outside categories"),
        (lambda: weighted_kappa([[1, 2, 3], [1, 2, 3]]), "square"),
        (lambda: weighted_kappa([[1, -2], [1, 2]]), "non-negative"),
    ],
)
def test_malformed_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_frames():
    assert agreement_coefficients(_table()).to_frame()["level"].tolist() == list(COEFFICIENTS)
    assert weighted_kappa(SAS).to_frame()["quantity"].tolist() == ["kappa"]


def test_one_subject_has_a_reason_for_its_missing_errors():
    fit = agreement_coefficients([[1, 2]])
    assert fit.reason == "one_subject"
    assert np.isnan(fit.se).all()


@pytest.mark.parametrize("counts", [(10, 39, 2), (28, 33, 11, 39, 28), (3, 7, 11)])
def test_perfect_kappa_has_no_limits_whatever_the_rounding(counts):
    fit = weighted_kappa(np.diag(counts))
    assert fit.reason == "no_spread"
    assert math.isnan(fit.lower)


def test_limits_of_kappa_stay_inside_its_range():
    assert weighted_kappa([[0, 0, 1], [2, 2, 0], [1, 0, 1]], "quadratic").lower == -1.0
