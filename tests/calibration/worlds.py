"""Simulated regions for the calibration of detectors: designs users have, and problems planted in three sizes.

Five categories with most ratings in the top two, one supervisor per employee in the export, peers who rate each other.
Nothing differs between raters and groups unless planted. Sizes are on the planting's own scale; ``boundary`` is the
size at which the estimand lies at the detector's threshold, where there is one (from regions of other seeds: the size
at which the mean estimate is the threshold; ``mean`` in ``detectors.csv`` shows how well it was met).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache as cached
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import Tables, conform
from kinerja_analysis.detect import contexts
from kinerja_analysis.detect.context import Context
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate_plans
from kinerja_analysis.simulate.plan import Form, Model, Opd, Plan, Planted
from kinerja_analysis.simulate.regions import BERAKHLAK
from kinerja_analysis.simulate.scenarios import GENERIC

YEARS = (2024, 2025)
OFFICIAL, SCORES = "ekinerja", "multisource"
BOTH = (OFFICIAL, SCORES)
LEVELS = ("zero", "boundary", "small", "medium", "large")
SOURCES = ("supervisor", "peer", "self")


def _opds(low: int, high: int) -> tuple[Opd, ...]:
    return (
        Opd("Dinas Pendidikan", "school", 0.40, "SD Contoh {i:03d}", (low, high), 1, SOURCES),
        Opd("Dinas Kesehatan", "clinic", 0.30, "Puskesmas Contoh {i:03d}", (low, high), 1, SOURCES),
        Opd("Dinas Sosial", "office", 0.30, "Bidang Sosial {i:03d}", (low, high), 1, SOURCES),
    )


def _form(plan: Plan, **changes: object) -> Plan:
    return replace(plan, form=replace(plan.form, **changes))


def _pairs(plan: Plan, variance: float) -> Plan:
    sd = variance**0.5
    return replace(plan, model=replace(plan.model, pair_supervisor=sd, pair_other=sd))


NULL = Model(leniency=0.0, leniency_score=0.0, team_quality=0.0, self_shift=0.0, self_weight=1.0)
#: Nested: every rater stays in the own unit. Supervisors change teams in 2025.
BASE = _pairs(
    replace(
        GENERIC, size=1000, opds=_opds(5, 12), model=NULL, planted=Planted(rotation=0.2, rotation_year=YEARS[-1]),
        form=Form(BERAKHLAK, (1, 5), 1, 3.9, 0.55, "xlsx_long", mutual=True),
    ),
    0.75,
)  # fmt: skip


@dataclass(frozen=True)
class Design:
    """A design: the plan, the kinds of data in which it differs from ``nested``, and whether problems are planted."""

    plan: Plan
    scopes: tuple[str, ...] = BOTH
    planted: bool = True


DESIGNS = {
    "nested": Design(BASE),
    "small_teams": Design(replace(BASE, opds=_opds(3, 8))),
    "large": Design(replace(BASE, size=4000)),
    "almost_all_baik": Design(
        replace(BASE, cells={(3, 3): 0.006, (3, 2): 0.06, (2, 3): 0.08, (2, 2): 0.85, (2, 1): 0.004}), (OFFICIAL,)
    ),
    "cross10": Design(_form(BASE, foreign=0.10), (SCORES,), planted=False),
    "cross25": Design(_form(BASE, foreign=0.25), (SCORES,)),
    "pair0": Design(_pairs(BASE, 0.0), (SCORES,)),
    "pair05": Design(_pairs(BASE, 0.5), (SCORES,), planted=False),
    "pair1": Design(_pairs(BASE, 1.0), (SCORES,)),
}


def _planted(plan: Plan, size: float, **factors: float) -> Plan:
    """Plant fields of ``Planted``: ``size`` times its factor; a whole number is taken as it is."""
    values = {k: f if isinstance(f, int) else size * f for k, f in factors.items()}
    return replace(plan, planted=replace(plan.planted, **values))


def _model(plan: Plan, size: float, field: str, **fixed: float) -> Plan:
    return replace(plan, model=replace(plan.model, **fixed, **{field: size}))


@dataclass(frozen=True)
class Problem:
    """A planted problem: which detector it is for, by which measures it must be found, where, and its sizes.

    ``sizes``: boundary (None: no threshold on this scale), small, medium, large. ``key``: the measures whose mean is
    kept, of ``subjects`` (none named: of the region).
    """

    detector: str
    apply: Callable[[Plan, float], Plan]
    sizes: tuple[float | None, float, float, float]
    scopes: tuple[str, ...]
    measures: tuple[str, ...] = ()
    key: str = ""
    subjects: tuple[str, ...] = ()

    def levels(self, design: str) -> dict[str, float]:
        """Size by level, the boundary only where there is one.

        Without pair variance the SD is smaller and the sizes lie beyond the threshold: no boundary there.
        """
        found = {name: s for name, s in zip(LEVELS[1:], self.sizes, strict=True) if s is not None}
        return {name: s for name, s in found.items() if (name, design) != ("boundary", "pair0")}


PROBLEMS = {
    "own_group": Problem(
        "affinity", partial(_planted, own_group=0.19, own_group_score=0.297), (1, 2, 3, 4), BOTH,
        key="own_group_odds_ratio own_group_gap", subjects=("asal", "asal|supervisor"),
    ),
    "gap": Problem(
        "group_gap", partial(_planted, gap=0.185, gap_score=0.308), (1, 2, 3, 4), BOTH, key="odds_ratio gap",
        subjects=("sex=male",),
    ),
    "lenient": Problem(
        "leniency", partial(_planted, lenient_units=3, lenient_score=1.0), (0.33, 0.75, 1.25, 2.0), (SCORES,),
        ("within_ratee",),
    ),
    "case_lenient": Problem("leniency", lambda plan, _: plan, (None, 0.75, 1.25, 2.0), (SCORES,), ("case_leniency",)),
    "halo": Problem("halo", partial(_planted, halo=1.0), (None, 0.1, 0.3, 0.5), (SCORES,)),
    "copies": Problem("straight_lining", partial(_planted, copies=1.0), (None, 0.05, 0.15, 0.4), BOTH),
    "self_shift": Problem("self_other", partial(_planted, self_shift=1.0), (0.68, 0.85, 1.0, 1.3), (SCORES,),
                          key="difference"),
    "noise": Problem("agreement", _pairs, (1.04, 1.5, 2.0, 4.0), (SCORES,), key="reliability_single",
                     subjects=("supervisor",)),
    "ignores": Problem("achievement_gap", partial(_planted, ignores=1.0), (0.1, 0.3, 0.6, 1.0), BOTH,
                       ("ignoring", "order"), key="ignoring"),
    "clustering": Problem(
        "distribution", partial(_model, field="leniency", merit=0.5, pair=0.3), (0.36, 0.5, 0.65, 0.8), (OFFICIAL,),
        ("clustering",), key="clustering",
    ),
    "mismatch": Problem("matrix_check", partial(_planted, mismatch=1.0), (None, 0.002, 0.005, 0.02), (OFFICIAL,),
                        key="mismatches"),
    "reciprocity": Problem("reciprocity", partial(_planted, reciprocity=1.0), (0.2, 0.4, 0.6, 0.8), (SCORES,)),
    "drift": Problem("drift", partial(_planted, lenient_units=3, drift=1.0), (0.33, 0.75, 1.25, 2.0), BOTH),
    "profile": Problem("rater_profile", partial(_planted, halo=1.0), (None, 0.1, 0.3, 0.5), (SCORES,)),
    "spread": Problem(
        "decision_impact", lambda plan, s: _model(_model(plan, s, "leniency_score"), s / 2, "leniency"),
        (None, 0.35, 0.7, 1.0), BOTH,
    ),
}  # fmt: skip

#: Measures that no planted problem concerns: full counts beside a circular, descriptions that are never flagged.
BESIDE = {
    "distribution": ("guide", "separated_pairs", "share_top", "share_modal", "variety", "team_likeness"),
    "straight_lining": ("same_minute",),
    "agreement": ("descriptive", "reliability_mean", "raters_needed", "phi", "stability"),
    "leniency": ("source_difference", "spread", "spread_linked", "smallest_effect", "bounds", "supervisor_change",
                 "tipping", "fair_average", "spread_cases", "case_same", "left_out"),
    "halo": ("equal_ratings", "association", "association_beyond", "idiosyncratic", "likeness"),
    "self_other": ("categories", "difference_by_source", "surface"),
    "achievement_gap": ("measured_by", "order_others", "top_missed", "low_reached", "order_by_sector", "slope",
                        "smallest_effect"),
    "group_gap": ("top_share_ratio", "smallest_effect"),
    "affinity": ("smallest_effect",),
    "reciprocity": ("smallest_effect",),
    "drift": ("smallest_effect", "criteria", "common_change"),
    "decision_impact": ("smallest_effect", "boundary", "boundary_list", "leave_out", "hangs"),
}  # fmt: skip
#: Detector -> measure -> the value that is true where nothing is planted.
TRUE = {
    "group_gap": {"odds_ratio": 1.0, "gap": 0.0},
    "affinity": {"own_group_odds_ratio": 1.0, "own_group_gap": 0.0},
    "leniency": {"within_ratee": 0.0, "source_difference": 0.0, "case_leniency": 0.0},
    "self_other": {"difference": 0.0, "difference_by_source": 0.0},
    "distribution": {"clustering": 0.0},
    "reciprocity": {"reciprocity": 0.0},
    "drift": {"relative_shift": 0.0},
}


class Lazy:
    """A score table that is made when a detector reads it."""

    def __init__(self, tables: Tables, config: AuditConfig) -> None:
        self._made = cached(lambda: score(tables, config).frame)

    @property
    def frame(self) -> pd.DataFrame:
        return self._made()


def example_cases(tables: Tables, plan: Plan, size: float, seed: int) -> pd.DataFrame:
    """Eight example cases, rated by every supervisor on the form of the plan; ``size`` SD are added for three of them.

    Pair errors are those of the plan; cases lie two SD below to one above the usual employee.
    """
    ratings, form = tables.ratings, plan.form
    many = ratings[(ratings["source"] == "supervisor") & (ratings["scale_max"] == form.scale[1])]
    raters = np.sort(many["rater"].unique())
    rng = np.random.default_rng([seed, 360])
    pair = np.linspace(-2, 1, 8)[:, None] + rng.normal(0, max(plan.model.pair_supervisor, 0.1), (8, raters.size))
    pair += size * np.isin(np.arange(raters.size), rng.choice(raters.size, 3, replace=False))
    latent = pair[:, :, None] + rng.normal(0, 0.5, (*pair.shape, len(form.criteria)))
    score = np.clip(np.round(form.level + form.points * latent), *form.scale)
    case, rater, criterion = (code.ravel() for code in np.indices(score.shape))
    rows = pd.DataFrame({"case": np.array([f"Contoh {k}" for k in range(8)])[case], "rater": raters[rater],
                         "criterion": np.array(form.criteria)[criterion], "score": score.ravel()})  # fmt: skip
    head = {"year": YEARS[-1], "period": str(YEARS[-1]), "region": plan.code}
    low, high = map(float, form.scale)
    row = "9:1:" + pd.Series(np.arange(len(rows)) // len(form.criteria) + 2).astype("str")
    return conform("cases", rows.assign(scale_min=low, scale_max=high, row=row, **head))


def region(design: str, problem: str, size: float, run: int) -> Context:
    """Simulate one region of a cell; all problems and sizes of a design share the random numbers of a run."""
    plan = DESIGNS[design].plan
    plan = PROBLEMS[problem].apply(plan, size) if problem else plan
    seed = 10_000_000 + zlib.crc32(f"{design}|{run}".encode())
    world = simulate_plans([plan], YEARS if problem in ("", "drift") else YEARS[-1:], seed=seed)
    scores: Any = Lazy(world.tables.select(year=YEARS[-1]), world.config)
    cases = example_cases(world.tables, plan, size if problem == "case_lenient" else 0.0, seed)
    return contexts(replace(world.tables, cases=cases), scores, world.config, [(plan.code, YEARS[-1])])[0]
