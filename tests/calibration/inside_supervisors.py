"""Size, coverage and power of what is compared inside supervisors, and of the spread and bounds beside it.

    make calibrate-inside

One row per quantity; `stated` is the figure of the reference the method was taken from, or "nominal". `se` is the
Monte-Carlo error of `value`. Latent scale: SD of an employee's true score within a team. A pseudo-true value (normal
errors under a logit) comes from samples a hundred times as large. "size" is the share of p ≤ .05 without an effect (or
of 95 % intervals without 0, where there is no p), "coverage" that of 95 % intervals with the true value.
"""

from __future__ import annotations

import csv
import datetime as dt
import platform
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from inside_worlds import (
    GUIDE,
    SEVERITY,
    SIZE,
    TOP,
    counts,
    explained,
    first_informative,
    latent_counts,
    normal,
    peers,
    predikat,
    ratings,
    rotation,
    sources,
)
from scipy.special import ndtr, ndtri

from kinerja_analysis.detect._leniency_export import bounds
from kinerja_analysis.stats import (
    beta_binomial,
    conditional_ordinal,
    ordered_pairs,
    source_correlation,
    source_reliability,
    supervisor_change,
)
from kinerja_analysis.stats._jackknife import unit_jackknife

RESULT = Path(__file__).with_suffix(".csv")
FIELDS = ["part", "what", "design", "parameter", "replicates", "quantity", "value", "se", "stated"]


class Table:
    """Rows of one design, with their Monte-Carlo errors."""

    def __init__(self, what, design, parameter, replicates):
        self.head, self.rows = [what, design, parameter, replicates], []

    def add(self, quantity, value, se, stated="nominal"):
        self.rows.append([*self.head, quantity, f"{value:.4g}", "" if se is None else f"{se:.2g}", stated])

    def rate(self, quantity, hits, stated="nominal"):
        hits = np.asarray(hits, dtype=float)
        share = hits.mean()
        self.add(quantity, share, np.sqrt(share * (1 - share) / hits.size), stated)

    def mean(self, quantity, values, stated=""):
        values = np.asarray(values, dtype=float)
        self.add(quantity, values.mean(), values.std(ddof=1) / np.sqrt(values.size), stated)

    def sd(self, quantity, values, stated=""):
        values = np.asarray(values, dtype=float)
        spread = values.std(ddof=1)
        tail = ((values - values.mean()) ** 4).mean() / spread**4 - 1
        self.add(quantity, spread, spread * np.sqrt(tail / (4 * values.size)), stated)


def covered(fits, low, high, truth):
    """Whether each interval holds the truth."""
    return [getattr(f, low) <= truth <= getattr(f, high) for f in fits]


# --- the conditional logit -----------------------------------------------------------------------------------


def logit_effect():
    """560 teams of 8, 11.3 % at the top or the guide's mix: latent own-group effect .22, or none."""
    for name, cuts in (("11.3 % top", TOP), ("17/65/18", GUIDE)):
        big = [ratings(np.random.default_rng([1, s]), 56_000, 0.22, cuts) for s in range(4)]
        true = float(np.mean([conditional_ordinal(y, x, s).coef[1] for y, x, s, _ in big]))
        for own, n in ((0.0, 2000 if cuts == TOP else 1000), (0.22, 1000)):
            fits = [conditional_ordinal(*ratings(np.random.default_rng([2, s]), 560, own, cuts)[:3]) for s in range(n)]
            out = Table("conditional_ordinal", f"560 x 8, {name}", f"own-group {own}", n)
            coef, p, se, plain = (np.array([getattr(f, q)[1] for f in fits]) for q in ("coef", "p", "se", "se_model"))
            top = name.endswith("top")
            if own:
                out.add("pseudo-true log OR", true, None, "0.40" if top else "")
                out.rate("power", p <= 0.05, "0.93-0.97" if top else "")
            else:
                out.rate("size", p <= 0.05, "0.07-0.10 (30 runs)" if top else "nominal")
            low, high = (np.array([getattr(f, q)[1] for f in fits]) for q in ("lower", "upper"))
            truth = true if own else 0.0
            out.rate("coverage", (low <= truth) & (truth <= high))
            out.mean("mean log OR", coef, "0.40" if own and top else "")
            out.mean("mean SE", se, "0.11" if top else "")
            out.mean("mean model SE", plain)
            out.sd("SD of log OR", coef, "0.11" if top else "")
            out.mean("informative teams", [f.n_informative for f in fits], "260-280" if top else "")
            yield from out.rows


def logit_periods():
    """Four periods of the same 140 teams: employees persist, clusters are supervisors."""
    design = {"periods": 4, "persistent": 1.0}
    y, x, stratum, boss = ratings(np.random.default_rng(3), 60_000, 0.3, TOP, **design)
    true = float(conditional_ordinal(y, x, stratum, cluster=boss).coef[1])
    n, parts = 1000, []
    for s in range(n):
        y, x, stratum, boss = ratings(np.random.default_rng([4, s]), 140, 0.3, TOP, **design)
        fit, apart = conditional_ordinal(y, x, stratum, cluster=boss), conditional_ordinal(y, x, stratum)
        parts.append([f.lower[1] <= true <= f.upper[1] for f in (fit, apart)] + [fit.p[0] <= 0.05, apart.p[0] <= 0.05]
                     + [fit.coef[1], fit.se[1], fit.se_model[1]])  # fmt: skip
    both, wrong, hit, wrong_hit, coef, se, plain = np.array(parts).T
    out = Table("conditional_ordinal", "140 x 8 x 4 periods, 11.3 % top", "own-group 0.3, group 0", n)
    out.add("pseudo-true log OR", true, None, "")
    out.rate("coverage", both)
    out.rate("size", hit)
    out.rate("coverage, cluster = period too", wrong, "below nominal")
    out.rate("size, cluster = period too", wrong_hit, "above nominal")
    out.mean("mean SE", se)
    out.mean("mean model SE", plain, "too small")
    out.sd("SD of log OR", coef)
    yield from out.rows


def logit_few():
    """15, 30 and 60 informative clusters; logistic errors, so that log OR .40 is exact."""
    for name, cuts in (("11.3 % top", TOP), ("17/65/18", GUIDE)):
        for clusters in (15, 30, 60):
            n, fits = 2000 if cuts == TOP else 1000, []
            for s in range(n):
                rows = ratings(np.random.default_rng([5, s]), 5 * clusters, 0.4, cuts, logistic=True)[:3]
                fits.append(conditional_ordinal(*first_informative(*rows, clusters)))
            done = [f for f in fits if not f.reason]
            out = Table("conditional_ordinal", f"{clusters} informative x 8, {name}", "log OR 0.4, group 0", n)
            stated = "nominal" if clusters >= 30 else "approximate"
            out.rate("coverage", [f.lower[1] <= 0.4 <= f.upper[1] for f in done], stated)
            out.rate("size", [f.p[0] <= 0.05 for f in done], stated)
            out.rate("no estimate", [bool(f.reason) for f in fits], "")
            out.mean("mean log OR", [f.coef[1] for f in done])
            yield from out.rows


# --- ordered pairs -------------------------------------------------------------------------------------------


def pairs_continuous():
    for rho in (0.0, 0.77, 0.95):
        truth = 100 * 2 / np.pi * np.arcsin(rho)
        for units, stated in ((15, "0.965"), (40, "0.94"), (80, "0.955")):
            n, fits = 2000, []
            for s in range(n):
                score, evidence, _, team = sources(np.random.default_rng([6, s]), units, rho)
                fits.append(ordered_pairs(score, evidence, team, reliability=0.6))
            hits = covered(fits, "index_lower", "index_upper", truth)
            out = Table("ordered_pairs", f"{units} x 8, continuous", f"rho {rho}, reliability 0.6", n)
            out.rate("coverage", hits, stated)
            if not rho:
                out.rate("size", ~np.array(hits))
            out.mean("mean index", [f.index for f in fits], f"{truth:.4g}")
            out.mean("width", [f.index_upper - f.index_lower for f in fits])
            out.rate("capped", [f.capped for f in fits], "")
            yield from out.rows


def pairs_ties():
    """560 teams with the national mix; the truth is the order against merit itself."""
    for rho in (0.0, 0.6, 0.7):
        score, evidence, merit, team = sources(np.random.default_rng(7), 60_000, rho, between=0.3)
        tied = predikat(score)
        truth = 100 * ordered_pairs(tied, merit, team).tau_a
        for units, n in ((30, 2000), (560, 1000)):
            fits = []
            for s in range(n):
                score, evidence, _, team = sources(np.random.default_rng([8, s]), units, rho, between=0.3)
                fits.append(ordered_pairs(predikat(score), evidence, team, reliability=0.6))
            out = Table("ordered_pairs", f"{units} x 8, 11.3/88.5/0.2", f"rho {rho}, reliability 0.6", n)
            hits = covered(fits, "index_lower", "index_upper", truth)
            out.rate("coverage", hits)
            if not rho:
                out.rate("size", ~np.array(hits))
            index, apart = np.array([f.index for f in fits]), np.array([100 * f.separated for f in fits])
            net = np.array([2 * f.accuracy - 1 for f in fits])
            said = units == 560 and rho == 0.7
            out.add("true index", truth, None, "0.0" if not rho else "")
            out.mean("mean index", index, "0.0" if not rho else "")
            out.sd("SD of index", index)
            raw = np.array([100 * f.tau_a for f in fits])
            out.mean("mean 100 tau_a", raw, "10.9" if said else "")
            out.sd("SD of 100 tau_a", raw, "0.6" if said else "")
            out.mean("separated pairs, %", apart, "19.6" if units == 560 else "")
            out.mean("net accuracy (c - d)/(c + d)", net, "0.56" if said else "")
            out.sd("SD of net accuracy", net, "0.02" if said else "")
            yield from out.rows


def smaller(score, evidence, rows):
    """The smaller index of two comparators, achievement (reliability declared .6) and peers (estimated): value,
    replicates. Tau, correlation and reliability come with their own replicates; the factor is formed again in each.
    """
    unit, found = np.arange(score.size) // SIZE, []
    reliability = source_reliability(*rows)
    declared = np.full(reliability.units.size + 1, 0.6)
    estimated = np.append(reliability.means, reliability.replicates_means)
    for x, rel in ((evidence, declared), (rows[0].reshape(score.size, -1).mean(axis=1), estimated)):
        pairs, r = ordered_pairs(score, x, unit), source_correlation(score, x, unit)
        tau, r = np.append(pairs.index, pairs.replicates), np.append(r.r, r.replicates)
        found.append(tau * np.arcsin(np.clip(r / np.sqrt(rel), -1, 1)) / np.arcsin(r))
    least = np.minimum(*found)
    return float(least[0]), least[1:]


def pairs_minimum():
    """The smaller of two comparators, the peers' reliability estimated: the figure the statement is about."""
    rho, n = 0.77, 2000
    truth = 100 * 2 / np.pi * np.arcsin(rho)
    for units, stated, width in ((15, "0.965", "37"), (40, "0.94", "23"), (80, "0.955", "16")):
        found = []
        for s in range(n):
            rng = np.random.default_rng([9, s])
            rows, merit = peers(rng, units)
            score = rho * merit + np.sqrt(1 - rho**2) * normal(rng, merit.size)
            value, left = smaller(score, merit + np.sqrt(2 / 3) * normal(rng, merit.size), rows)
            found.append([value, *unit_jackknife(value, left)])
        value, _, low, high = np.array(found).T
        out = Table("ordered_pairs, smaller of two", f"{units} x 8, 3 peers, achievement", f"rho {rho}", n)
        out.rate("coverage", (low <= truth) & (truth <= high), stated)
        out.mean("mean index", value, f"{truth:.4g}")
        out.mean("width", high - low, width)
        yield from out.rows


# --- changes of supervisor -----------------------------------------------------------------------------------


def rotations():
    """Shares of the top rating (the statement's scale) and mean scores; pair variance; supervisors who exchange."""
    stated = {0.0: ("-0.0006", "0.0023", "", ""), 0.3: ("", "", "2.3", ""), 0.6: ("", "", "3.6", "")}
    designs = [
        ("share of 11.3 % top, teams of 8", True, None, 560, 0.0, False),
        ("mean score, teams of 8", False, None, 560, 0.0, False),
        ("mean score, teams of 4 to 13", False, (4, 14), 560, 0.0, False),
        ("mean score, teams of 4 to 13", False, (4, 14), 120, 0.0, False),
        ("mean score, teams of 4 to 13, pair SD .7", False, (4, 14), 120, 0.7, False),
        ("share of 11.3 % top, teams of 8, pair SD .7", True, None, 560, 0.7, False),
        ("mean score, teams of 4 to 13, supervisors exchange", False, (4, 14), 120, 0.0, True),
    ]
    n = 2000
    for name, share, sizes, teams, pair, swap in designs:
        for sd in (0.0, 0.3, 0.6):
            top = ndtri(0.887) * np.sqrt(1.09 + sd**2 + pair**2) if share else None
            plan = {"top": top, "sizes": sizes, "pair": pair, "swap": swap}
            worlds = (rotation(np.random.default_rng([10, s]), teams, sd, **plan) for s in range(n))
            fits = [supervisor_change(*world) for world in worlds]
            value, z = np.array([f.value for f in fits]), np.array([f.z for f in fits])
            says = stated[sd] if share and not pair else ("", "", "", "")
            out = Table("supervisor_change", f"{teams}: {name}", f"leniency SD {sd}", n)
            out.mean("value", value, says[0] if share else f"{2 * sd**2:.3g}")
            out.sd("SD of value", value, says[1])
            out.mean("mean SE", [f.se for f in fits])
            ratio = [f.value / f.se for f in fits]
            out.mean("mean value / SE", ratio, says[2])
            out.sd("SD of value / SE", ratio)
            out.mean("mean z", z)
            out.rate("power" if sd else "size", [f.p <= 0.05 for f in fits], "" if sd else "nominal")
            truth = value.mean() if share and sd else 2 * sd**2
            out.rate("coverage of value", covered(fits, "lower", "upper", truth))
            out.rate("coverage of sd", covered(fits, "sd_lower", "sd_upper", np.sqrt(truth / 2)))
            out.rate("size of the check", [f.check_p <= 0.05 for f in fits])
            yield from out.rows


# --- clustering ----------------------------------------------------------------------------------------------


def clusters():
    for teams in (500, 60):
        for rho in (0.0, 0.01, 0.035, 0.1):
            n = 1000 if rho else 2000
            fits = [beta_binomial(*counts(np.random.default_rng([11, s]), teams, rho)) for s in range(n)]
            out = Table("beta_binomial", f"{teams} x 8, 11.3 %", f"rho {rho}", n)
            found = np.array([f.rho for f in fits])
            if rho:
                out.rate("power", [f.p <= 0.05 for f in fits], "")
            else:
                out.rate("size", [f.p <= 0.05 for f in fits])
                out.rate("rho = 0", found < 1e-9, "0.5")
            out.rate("coverage", covered(fits, "lower", "upper", rho))
            out.mean("mean rho", found, f"{rho}" if rho else "")
            out.sd("SD of rho", found, "0.008-0.012" if teams == 500 and rho == 0.035 else "")
            yield from out.rows
    for name, quality, leniency in (("quality", 0.3, 0.0), ("leniency", 0.0, 0.3)):
        n = 1000
        seeds = ([12, s] for s in range(n))
        found = [beta_binomial(*latent_counts(np.random.default_rng(s), 500, quality, leniency)).rho for s in seeds]
        out = Table("beta_binomial", "500 x 8, 11.3 %, normal latent", f"SD of {name} 0.3", n)
        out.mean("mean rho", found, "0.035")
        out.sd("SD of rho", found, "0.008-0.012")
        yield from out.rows


# --- bounds --------------------------------------------------------------------------------------------------


def bound(rng, teams, quality, leniency, related, cuts):
    """Value and limits of the finding "bounds" for one export."""
    a, b = normal(rng, 2, teams)
    level = quality * (related * a + np.sqrt(1 - related**2) * b) + leniency * a
    score = normal(rng, teams, SIZE) + level[:, None]
    rating = score if cuts is None else np.digitize(score, cuts).astype(float)
    rows = {"level": rating.ravel(), "supervisor": np.repeat(np.arange(teams), SIZE), "period": "2025"}
    said = []
    out = SimpleNamespace(
        add=lambda *_, estimate, **__: said.append((estimate.value, estimate.lower, estimate.upper)),
        insufficient=lambda *_, **__: said.append((np.nan,) * 3),
    )
    bounds(SimpleNamespace(teams=pd.DataFrame(rows), config=SimpleNamespace(level=0.95)), out)
    return said[0]


def limits():
    """Leniency's share of the variance of ratings against the upper limit of the sentence."""
    cases = [(teams, q, 0.0, kind) for teams in (30, 60, 560) for q in (0.0, 0.35) for kind in ("score", "predikat")]
    cases += [(560, 0.35, r, "score") for r in (-0.25, -0.5, -0.6, -0.75, -0.9)]
    leniency = 0.35
    for teams, quality, related, kind in cases:
        n = 3000 if quality == 0 and teams < 100 else 1000
        marginal = 1 + quality**2 + leniency**2
        total = marginal + 2 * related * quality * leniency
        cuts = None if kind == "score" else ndtri(np.array([0.002, 0.887])) * np.sqrt(total)
        if cuts is None:
            true = leniency**2 / total
        else:
            share = np.diff(ndtr(cuts / np.sqrt(total)), prepend=0, append=1)
            spread = share @ np.arange(3) ** 2 - (share @ np.arange(3)) ** 2
            true = explained(cuts, marginal, leniency) / spread
        seeds = ([13, s] for s in range(n))
        found = [bound(np.random.default_rng(s), teams, quality, leniency, related, cuts) for s in seeds]
        value, lower, upper = np.array(found).T
        out = Table("bounds", f"{teams} x 8, {kind}", f"leniency SD 0.35, quality SD {quality}, r {related}", n)
        out.rate("true share under the upper limit", true <= upper, "" if related else ">= 0.95")
        out.add("true share", true, None, "")
        out.mean("mean share between teams", value)
        if not quality:
            out.rate("coverage of the share between teams", (lower <= true) & (true <= upper))
        out.mean("mean upper limit", upper)
        yield from out.rows


# --- sources -------------------------------------------------------------------------------------------------


def reliabilities():
    big = source_reliability(*peers(np.random.default_rng(14), 40_000)[0])
    truth = {"single": 1 / (1 + SEVERITY**2 + 0.64), "means": big.means}
    for units in (8, 30, 80):
        n = 2000
        fits = [source_reliability(*peers(np.random.default_rng([15, s]), units)[0]) for s in range(n)]
        out = Table("source_reliability", f"{units} x 8, 3 peers", "pair SD 0.8, rater SD 0.35", n)
        for name, true in truth.items():
            stated = "nominal" if units >= 30 else "approximate"
            out.rate(f"coverage, {name}", covered(fits, f"{name}_lower", f"{name}_upper", true), stated)
            out.mean(f"mean, {name}", [getattr(f, name) for f in fits], f"{true:.3g}")
        yield from out.rows
    for rho in (0.0, 0.5, 0.8):
        for units in (8, 30, 80):
            n, fits = 2000, []
            for s in range(n):
                score, _, merit, team = sources(np.random.default_rng([16, s]), units, rho)
                fits.append(source_correlation(score, merit, team))
            out = Table("source_correlation", f"{units} x 8", f"r {rho}", n)
            out.rate("coverage", covered(fits, "lower", "upper", rho), "nominal" if units >= 30 else "approximate")
            if not rho:
                out.rate("size", [f.p <= 0.05 for f in fits], "nominal" if units >= 30 else "approximate")
            yield from out.rows


PARTS = (logit_effect, logit_periods, logit_few, pairs_continuous, pairs_ties, pairs_minimum, rotations, clusters,
         limits, reliabilities)  # fmt: skip


def main() -> None:
    """Write the table; with names of parts, renew only theirs."""
    chosen = sys.argv[1:] or [part.__name__ for part in PARTS]
    old = []
    if len(chosen) < len(PARTS) and RESULT.exists():
        old = list(csv.reader(RESULT.read_text(encoding="utf-8").splitlines()[2:]))
    rows = []
    for part in PARTS:
        name = part.__name__
        if name not in chosen:
            rows += [row for row in old if row[0] == name]
            continue
        start = time.process_time()
        rows += [[name, *row] for row in part()]
        print(f"{name}: {time.process_time() - start:.0f} s", file=sys.stderr)
    with RESULT.open("w", newline="", encoding="utf-8") as stream:
        stream.write(f"# make calibrate-inside, {dt.date.today()}, Python {platform.python_version()}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
