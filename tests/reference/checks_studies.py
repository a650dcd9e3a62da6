"""Generalizability, round robins and response surfaces against published values."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from published import column

from kinerja_analysis.stats import d_study, g_study, response_surface, social_relations


@cache
def study(name, score, design):
    facets = re.findall(r"[a-wyz]", design)
    return g_study(column(name, score), {f: column(name, f).astype(int) for f in facets}, design)


def one():
    return study("brennan_syn1_pxi.csv", "y", "p x i")


def three():
    return study("brennan_syn3_pxixo.csv", "y", "p x i x o")


def uneven():
    return study("brennan_unbalanced_pxi_in_h.csv", "y", "p x (i:h)")


def components(oracle):
    g = {"O14": one, "O16": three, "O18": uneven}[oracle.id]()
    for name, told in re.findall(r"([a-z][a-z:]*) (-?\d*\.\d+)", oracle.value):
        loose = 3 if (oracle.id, name) == ("O18", "ph") else 1  # see published.NOTES
        oracle.compare(g.var[name], float(told), oracle.within() * loose, name)


def coefficients_of_twelve(oracle):
    d = d_study(one())
    oracle.compare([d.e_rho2, d.phi], labels=["Eρ²", "Φ"])


def other_numbers_of_items(oracle):
    items = (5, 10, 15, 20)
    found = [value for n in items for d in [d_study(one(), {"i": n})] for value in (d.e_rho2, d.phi)]
    oracle.compare(found, oracle.decimals, labels=[f"{n} items {c}" for n in items for c in ("Eρ²", "Φ")])


def coefficients_with_fixed_items(oracle):
    free, held = d_study(three()), d_study(three(), fixed=["i"])
    found = [free.e_rho2, free.phi, held.e_rho2, held.phi]
    oracle.compare(found, labels=["Eρ²", "Φ", "Eρ², items fixed", "Φ, items fixed"])


def sums(oracle):
    g = uneven()
    names = re.findall(r"[a-z][a-z:]*(?= \d)", oracle.value)
    oracle.compare([g.sum_mean if name == "mean" else g.sums[name] for name in names], labels=names)


def uneven_coefficients(oracle):
    d = d_study(uneven())
    oracle.compare(d.e_rho2, labels="Eρ²")
    oracle.compare(d.phi, oracle.numbers[1], oracle.within(1), "Φ")


@cache
def liking():
    rater, rated, value = (column("triplr_liking_a.csv", k) for k in ("perceiver.id", "target.id", "liking_a"))
    persons, place = np.unique(np.concatenate([rater, rated]), return_inverse=True)
    matrix = np.full((persons.size, persons.size), np.nan)
    matrix[place[: rater.size], place[rater.size :]] = value
    return social_relations(matrix)


def round_robin(oracle):
    fit = liking()
    names = ("actor", "partner", "relationship", "actor_partner", "dyadic")
    if oracle.quantity == "var":
        oracle.compare([getattr(fit, name) for name in names], labels=names)
    elif oracle.quantity == "se":
        oracle.compare([fit.se[name] for name in names], labels=names)
    elif oracle.quantity == "std":
        oracle.compare(list(fit.standardised.values()), labels=list(fit.standardised))
    else:
        oracle.compare([fit.reliability_actor, fit.reliability_partner], labels=["actor", "partner"])


@cache
def congruence():
    x, y = (v.ravel() for v in np.meshgrid(np.arange(-2.0, 3), np.arange(-2.0, 3)))
    return response_surface(x, y, -0.23 * x + 0.77 * y - 0.07 * x * x + 0.27 * x * y - 0.10 * y * y)


def surface(oracle):
    fit = congruence()
    names = ("a1", "a2", "a3", "a4") if oracle.quantity == "a" else ("x0", "y0", "p11", "p10")
    oracle.compare([getattr(fit, name) for name in names], labels=names)


CHECKS = {
    **{(o, "var"): components for o in ("O14", "O16", "O18")},
    ("O14", "Erho2_Phi"): coefficients_of_twelve,
    ("O14", "D_study"): other_numbers_of_items,
    ("O16", "Erho2_Phi"): coefficients_with_fixed_items,
    ("O18", "T"): sums,
    ("O18", "Erho2_Phi"): uneven_coefficients,
    **{("O26", q): round_robin for q in ("var", "std", "se", "reliability")},
    ("O30", "a"): surface,
    ("O30", "stationary"): surface,
}
