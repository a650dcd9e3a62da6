"""Coverage of 95 % intervals, and size of tests, of agreement, generalizability, round robins, surfaces and the like.

    make calibrate-agreement

Each row: share of simulated data sets whose interval holds the true value (`coverage`), or whose p-value is at most
.05 where the hypothesis holds (`size`), with its Monte-Carlo error. Truths are the simulated parameters, or, for
agreement coefficients and Kendall's W, the value in one set of 200,000 and of 20,000 subjects.
"""

from __future__ import annotations

import csv
import datetime as dt
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kinerja_analysis.stats import (
    agreement_coefficients,
    d_study,
    dawid_skene,
    g_study,
    icc,
    kendall_w,
    leave_out_decomposition,
    response_surface,
    social_relations,
    weighted_kappa,
    within_group_agreement,
)

RESULT = Path(__file__).with_suffix(".csv")
AGREE = "agreement_coefficients"
FIELDS = ["function", "design", "replicates", "what", "quantity", "value", "se"]
Ends = dict[str, tuple[float, float, float]]  # quantity: lower, upper, truth
One = Callable[[np.random.Generator], Ends]


def holds(ends: Ends) -> dict[str, float]:
    """1 where the interval holds the truth, 0 where not, NaN without interval."""
    known = {q: np.isfinite(lo) and not np.isnan(hi) for q, (lo, hi, _) in ends.items()}
    return {q: float(lo <= t <= hi) if known[q] else np.nan for q, (lo, hi, t) in ends.items()}


def rated(rng, n, k, sd_ratee=1.0, sd_rater=0.35, gaps=0.0):
    """Ratees × raters with effects of both, and gaps."""
    x = sd_ratee * rng.normal(size=(n, 1)) + sd_rater * rng.normal(size=k) + rng.normal(size=(n, k))
    x[rng.random(x.shape) < gaps] = np.nan
    return x


def intraclass(n, k, gaps) -> One:
    def one(rng):
        x = rated(rng, n, k, gaps=gaps)
        fit = icc(x[~np.isnan(x).all(axis=1)], replicates=1000)
        truth = [1 / (1 + noise / m) for m in (1.0, fit.k) for noise in (1.1225, 1.1225, 1.0)]
        return {f: (lo, hi, t) for f, lo, hi, t in zip(fit.form, fit.lower, fit.upper, truth, strict=True)}

    return one


def categories(rng, n, k, gaps):
    """Five skewed categories from a latent normal."""
    latent = 0.9 * rng.normal(size=(n, 1)) + rng.normal(size=(n, k))
    x = 1.0 + np.searchsorted([-2.6, -1.4, 0.2, 1.9], latent)
    x[rng.random(x.shape) < gaps] = np.nan
    return x


def coefficients(n, k, gaps, weights) -> One:
    scale = np.arange(1, 6)
    many = categories(np.random.default_rng(99), 200_000, k, gaps)
    truth = agreement_coefficients(many, weights, categories=scale).value

    def one(rng):
        fit = agreement_coefficients(categories(rng, n, k, gaps), weights, categories=scale)
        return {f: (lo, hi, t) for f, lo, hi, t in zip(fit.name, fit.lower, fit.upper, truth, strict=True)}

    return one


def kappa(n) -> One:
    def table(x):
        return np.histogram2d(*x.T, bins=np.arange(0.5, 6))[0]

    truth = weighted_kappa(table(categories(np.random.default_rng(99), 200_000, 2, 0.0)), "linear").value

    def one(rng):
        fit = weighted_kappa(table(categories(rng, n, 2, 0.0)), "linear")
        return {"kappa": (fit.lower, fit.upper, truth)}

    return one


def concordance(n, k) -> One:
    truth = kendall_w(rated(np.random.default_rng(99), 20_000, k)).value

    def one(rng):
        fit = kendall_w(rated(rng, n, k))
        return {"W": (fit.lower, fit.upper, truth)}

    return one


def groups(n, sd) -> One:
    def one(rng):
        group = np.repeat(np.arange(n), rng.integers(2, 15, n))
        fit = within_group_agreement(sd * rng.normal(size=n)[group] + rng.normal(size=group.size), group)
        return {"ICC(1)": (fit.icc1_lower, fit.icc1_upper, sd**2 / (1 + sd**2))}

    return one


def study(p, t, r) -> One:
    true = {"p": 1.0, "t": 0.3, "r:t": 0.2, "pt": 0.3, "pr:t": 1.0}
    p_code, t_code, r_code = (c.ravel() for c in np.indices((p, t, r)))
    codes = {"p": p_code, "t": t_code, "r": r_code}
    cells = {"p": p_code, "t": t_code, "r:t": t_code * r + r_code, "pt": p_code * t + t_code}
    cells["pr:t"] = np.arange(p_code.size)

    def one(rng):
        y = sum(np.sqrt(v) * rng.normal(size=cells[e].max() + 1)[cells[e]] for e, v in true.items())
        g = g_study(y, codes, "p x (r:t)", replicates=1000)
        d = d_study(g)
        near = true["pt"] / t + true["pr:t"] / (t * r)
        far = near + true["t"] / t + true["r:t"] / (t * r)
        return {f"var {e}": (g.lower[e], g.upper[e], v) for e, v in true.items()} | {
            "e_rho2": (d.e_rho2_lower, d.e_rho2_upper, 1 / (1 + near)),
            "phi": (d.phi_lower, d.phi_upper, 1 / (1 + far)),
        }

    return one


def nested_raters(p, r) -> One:
    def one(rng):
        x = rated(rng, p, r, sd_rater=0.0)
        codes = {"p": np.repeat(np.arange(p), r), "r": np.arange(p * r)}
        g = g_study(x.ravel(), codes, "r:p", replicates=1000)
        d, single = d_study(g), d_study(g, {"r": 1})
        return {
            "phi": (d.phi_lower, d.phi_upper, r / (r + 1)),
            "phi of one rater": (single.phi_lower, single.phi_upper, 0.5),
        }

    return one


def robin(n) -> One:
    true = {"actor": 0.3, "partner": 0.2, "relationship": 0.6, "actor_partner": 0.05, "dyadic": 0.1}

    def one(rng):
        effects = rng.multivariate_normal([0, 0], [[0.3, 0.05], [0.05, 0.2]], n)
        pair, upper = np.zeros((n, n)), np.triu_indices(n, 1)
        both = rng.multivariate_normal([0, 0], [[0.6, 0.1], [0.1, 0.6]], upper[0].size)
        pair[upper], pair.T[upper] = both[:, 0], both[:, 1]
        fit = social_relations(effects[:, [0]] + effects[:, 1] + pair)
        return {q: (fit.lower[q], fit.upper[q], v) for q, v in true.items()}

    return one


def surface(n, units) -> One:
    b = np.array([5, -0.23, 0.77, -0.07, 0.27, -0.10])
    true = {"a1": 0.54, "a2": 0.10, "a3": -1.00, "a4": -0.44, "a5": 0.03}
    unit = np.arange(n) * units // n if units else None

    def one(rng):
        x = rng.normal(size=n)
        y = 0.4 * x + rng.normal(size=n)
        z = np.column_stack([np.ones(n), x, y, x * x, x * y, y * y]) @ b + rng.normal(size=n) * (0.5 + np.abs(x))
        if units:
            z = z + rng.normal(size=units)[unit] + rng.normal(size=units)[unit] * x
        fit = response_surface(x, y, z, cluster=unit)
        return {q: (fit.lower[q], fit.upper[q], v) for q, v in true.items()}

    return one


def latent(n) -> One:
    p, error = np.array([0.5, 0.3, 0.2]), 0.8 * np.eye(3) + 0.2 / 3

    def one(rng):
        truth = rng.choice(3, p=p, size=n)
        x = 1.0 + np.column_stack([(error.cumsum(axis=1)[truth] < rng.random((n, 1))).sum(axis=1) for _ in range(4)])
        fit = dawid_skene(x, tolerance=1e-8)
        return {f"p {i + 1}": (fit.lower[i], fit.upper[i], p[i]) for i in range(3)}

    return one


def left_out(n_ratees, n_raters, each) -> One:
    """One fixed graph with fixed effects; errors of a pair with a spread of its own."""
    rng = np.random.default_rng(5)
    rater = np.argsort(rng.random((n_ratees, n_raters)), axis=1)[:, :each].ravel()
    ratee = np.repeat(np.arange(n_ratees), each)
    alpha, psi = rng.normal(0, 1, n_ratees)[ratee], rng.normal(0, 0.5, n_raters)[rater]
    spread = rng.uniform(0.4, 1.4, ratee.size)
    truth = {"var_ratee": alpha.var(ddof=1), "var_rater": psi.var(ddof=1), "cov": np.cov(alpha, psi)[0, 1]}

    def one(rng):
        fit = leave_out_decomposition(alpha + psi + spread * rng.normal(size=ratee.size), ratee, rater)
        assert fit.n_dropped == 0
        return {name: (fit.lower[name], fit.upper[name], float(value)) for name, value in truth.items()}

    return one


DESIGNS: list[tuple[str, str, int, One]] = [
    ("icc", "30 ratees, 4 raters, complete", 2000, intraclass(30, 4, 0.0)),
    ("icc", "30 ratees, 4 raters, 30 % missing", 1000, intraclass(30, 4, 0.3)),
    ("icc", "100 ratees, 8 raters, 60 % missing", 1000, intraclass(100, 8, 0.6)),
    (AGREE, "20 subjects, 4 raters, 20 % missing, quadratic", 2000, coefficients(20, 4, 0.2, "quadratic")),
    (AGREE, "60 subjects, 4 raters, 20 % missing, quadratic", 2000, coefficients(60, 4, 0.2, "quadratic")),
    (AGREE, "200 subjects, 3 raters, 20 % missing, identity", 2000, coefficients(200, 3, 0.2, "identity")),
    ("weighted_kappa", "60 subjects, linear", 2000, kappa(60)),
    ("weighted_kappa", "200 subjects, linear", 2000, kappa(200)),
    ("kendall_w", "20 subjects, 4 raters", 400, concordance(20, 4)),
    ("kendall_w", "60 subjects, 4 raters", 200, concordance(60, 4)),
    ("within_group_agreement", "60 groups of 2 to 14, ICC .10", 2000, groups(60, 1 / 3)),
    ("g_study, d_study", "p x (r:t), 20 x (3:4)", 600, study(20, 4, 3)),
    ("d_study", "r:p, 30 x 3", 1000, nested_raters(30, 3)),
    ("social_relations", "one group of 8", 2000, robin(8)),
    ("social_relations", "one group of 20", 2000, robin(20)),
    ("response_surface", "60 rows, unequal variances", 2000, surface(60, 0)),
    ("response_surface", "200 rows, unequal variances", 2000, surface(200, 0)),
    ("response_surface", "30 units of 8, unit effects", 2000, surface(240, 30)),
    ("leave_out_decomposition", "60 ratees, 3 of 12 raters", 600, left_out(60, 12, 3)),
    ("leave_out_decomposition", "200 ratees, 6 of 40 raters", 300, left_out(200, 40, 6)),
    ("dawid_skene", "200 items, 4 raters", 200, latent(200)),
]


def rows(function: str, design: str, replicates: int, one: One) -> Iterator[list[object]]:
    """Coverage of every quantity of one design."""
    found = [holds(one(np.random.default_rng([7, seed]))) for seed in range(replicates)]
    for quantity in found[0]:
        inside = np.array([f[quantity] for f in found])
        inside = inside[~np.isnan(inside)]
        share = float(inside.mean())
        error = np.sqrt(max(share * (1 - share), 1 / inside.size) / inside.size)
        yield [function, design, inside.size, "coverage", quantity, f"{share:.3f}", f"{error:.3f}"]


def sizes() -> Iterator[list[object]]:
    """Size of the tests where the hypothesis holds."""

    def robin_p(name: str) -> Callable[[np.random.Generator], float]:
        return lambda g: social_relations(g.normal(size=(12, 12))).p[name]

    def concordance_p(name: str) -> Callable[[np.random.Generator], float]:
        return lambda g: getattr(kendall_w(g.normal(size=(20, 4))), name)

    def equal_ratees(g: np.random.Generator) -> float:
        return float(icc(rated(g, 30, 4, 0.0, gaps=0.3), replicates=50).p[1])

    cases: list[tuple[str, str, Callable[[np.random.Generator], float]]] = [
        ("kendall_w", "20 subjects, 4 raters, no agreement, chi-square", concordance_p("p")),
        ("kendall_w", "20 subjects, 4 raters, no agreement, F", concordance_p("p_f")),
        ("social_relations", "12 persons, no actor variance", robin_p("actor")),
        ("social_relations", "12 persons, no reciprocity", robin_p("dyadic")),
        ("icc", "30 ratees, 4 raters, 30 % missing, equal ratees", equal_ratees),
    ]
    for function, design, p in cases:
        below = np.array([p(np.random.default_rng([8, seed])) <= 0.05 for seed in range(1000)])
        share = float(below.mean())
        error = np.sqrt(share * (1 - share) / below.size)
        yield [function, design, below.size, "size", "p", f"{share:.3f}", f"{error:.3f}"]


def main() -> int:
    """Simulate and write the table."""
    table: list[list[object]] = []
    for function, design, replicates, one in DESIGNS:
        table += rows(function, design, replicates, one)
        print(function, design, table[-1][5], flush=True)
    table += sizes()
    with RESULT.open("w", newline="", encoding="utf-8") as stream:
        versions = f"Python {platform.python_version()}, numpy {np.__version__}"
        stream.write(f"# make calibrate-agreement, {dt.date.today()}; {versions}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows(table)
    low = [float(row[5]) for row in table if row[3] == "coverage"]
    print(f"{len(table)} rows; coverage from {min(low)} to {max(low)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
