"""What is identified inside supervisors, and the difficulty of criteria inside pairs: compared between cells freely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Audit, Status
from kinerja_analysis.base.tables import of_cell
from kinerja_analysis.compare.pairs import Cell, Form, Pair, Row, findings, forms, together

INSIDE = (
    "separated_pairs", "index", "order", "order_others", "odds_ratio", "gap", "own_group_odds_ratio", "own_group_gap",
    "reliability_single", "correlation", "association", "likeness", "spread", "difference",
)  # fmt: skip
CRITERION = "criterion_difficulty"
LOG = ("odds_ratio", "own_group_odds_ratio", "association")
MIN_OVERLAP = 0.8
FUNNEL = 10
Key = tuple[str, str, str]


def rows(audit: Audit, pairs: Sequence[Pair], wanted: Collection[str] | None) -> list[Row]:
    """Return the differences of every measure, subject and scope that at least one of two cells has."""
    shape = forms(audit)
    out: list[Row] = []
    for key, cells in _estimates(audit, wanted).items():
        out += [_difference(key, pair, cells, shape) for pair in pairs if pair.a in cells or pair.b in cells]
    if wanted is None or "separated_pairs" in wanted:
        out += [_even(audit, pair, shape, out) for pair in pairs]
    return together(out)


def _estimates(audit: Audit, wanted: Collection[str] | None) -> dict[Key, dict[Cell, Any]]:
    """Return by measure, scope and subject the findings that carry an estimate, by cell.

    A contrast of two groups is turned the way most cells have it: each cell takes its own largest group as reference.
    """
    frame = findings(audit, [m for m in INSIDE if wanted is None or m in wanted])
    frame = frame[np.isfinite(frame["value"].to_numpy(float))]
    out: dict[Key, dict[Cell, Any]] = {}
    counted = Counter(map(_contrast, frame.itertuples()))
    for r in (_turned(r, counted) for r in frame.itertuples()):
        out.setdefault((str(r.measure), str(r.scope), str(r.about)), {}).setdefault((str(r.region), int(r.year)), r)
    return dict(sorted(out.items()))


def _contrast(r: Any) -> tuple[str, ...]:
    return str(r.measure), str(r.scope), str(r.about), str(r.reference)


def _turned(r: Any, counted: Counter[tuple[str, ...]]) -> Any:
    """Return a contrast of two groups reversed where more cells (of as many, the first by name) have it so."""
    mine = _contrast(r)
    name, between, group = mine[2].partition("=")
    other = (*mine[:2], f"{name}={mine[3]}", group)
    if not between or not counted[other] or (counted[other], mine) < (counted[mine], other):
        return r
    turn = (lambda v: 1 / v) if r.measure in LOG else (lambda v: -v)
    about = {"about": other[2], "reference": group}
    return r._replace(value=turn(r.value), lower=turn(r.upper), upper=turn(r.lower), **about)


def _difference(key: Key, pair: Pair, cells: dict[Cell, Any], shape: dict[Cell, Form]) -> Row:
    measure, scope, about = key
    a, b = cells.get(pair.a), cells.get(pair.b)
    one: Any = a if a is not None else b
    (n_a, value_a), (n_b, value_b) = ((0, np.nan) if v is None else (int(v.n), float(v.value)) for v in (a, b))
    teams_a, teams_b = (0 if v is None else int(v.teams) for v in (a, b))
    held = "" if measure == "index" else str(one.reference)
    row = Row(pair, measure, about, held, scope, unit=str(one.unit), level=float(one.level), n_a=n_a,
              n_b=n_b, value_a=value_a, value_b=value_b, teams_a=teams_a, teams_b=teams_b,
              marks=marks(measure, scope, pair, shape, str(one.reference)))  # fmt: skip
    if a is None or b is None:
        return replace(row, reason="not_measured")
    if a.reference != b.reference:
        return replace(row, reason="comparators_differ" if measure == "index" else "reference_differs", reference="")
    if measure == "difference" and {"criteria_differ", "scale_differs"} & set(row.marks):
        return replace(row, reason="form_differs")
    log = measure in LOG
    (x, se_x), (y, se_y) = (error(v, log) for v in (a, b))
    se = float(np.hypot(se_x, se_y))
    if not np.isfinite([x - y, se]).all() or se == 0:
        return replace(row, status=Status.INSUFFICIENT, reason="no_interval")
    df = float(min(a.df, b.df))  # of few units Welch's keeps no level in the far tail, the smaller one does
    return replace(row, difference=x - y, se=se, df=df, log=log, least=float(one.least))


def error(finding: Any, log: bool) -> tuple[float, float]:
    """Return an estimate and its standard error from its interval, on the logarithm where ``log``."""
    from scipy.special import stdtrit

    numbers = np.array([finding.value, finding.lower, finding.upper], dtype=float)
    if log:
        numbers = np.log(np.where(numbers > 0, numbers, np.nan))
    width = 2 * float(stdtrit(min(finding.df, 1e9), 0.5 + finding.level / 2))
    return float(numbers[0]), float(numbers[2] - numbers[1]) / width


def marks(measure: str, scope: str, pair: Pair, shape: dict[Cell, Form], evidence: str = "") -> tuple[str, ...]:
    """Return what a reader has to know of a row: another rule, form or, where achievement is used, indicators."""
    a, b = shape[pair.a], shape[pair.b]
    out = ["rule_change"] if pair.over_time and a.rule != b.rule else []
    out += a.differs(b, scope)
    uses = measure in ("order", "order_others") or (measure == "index" and "capaian" in evidence.split("|"))
    if uses and a.framework != b.framework:
        out.append("framework_differs")
    return tuple(out)


def _withheld(audit: Audit, region: str, year: int) -> bool:
    """Tell whether a cell counts its separated pairs, of too few teams to say more."""
    told = pd.concat([of_cell(r.frame, region, year) for r in audit.results.values()])
    told = told[(told["measure"] == "separated_pairs") & (told["scope"] == "ekinerja") & told["value"].notna()]
    return bool((told["status"] == Status.INSUFFICIENT).any())


def _even(audit: Audit, pair: Pair, shape: dict[Cell, Form], rough: Sequence[Row]) -> Row:
    """Return the difference in separated pairs when pairs of each kind weigh alike in both cells.

    Direct standardisation to the mean share of the kinds (position types, grades) both have, which must hold most of
    all pairs of either (those of kinds too small to be told count as not held). Pairs of one team lie in several kinds,
    so the error is not taken below that of the plain difference.
    """
    plain = next((r for r in rough if r.pair == pair and (r.measure, r.scope) == ("separated_pairs", "ekinerja")), None)
    told = marks("separated_pairs", "ekinerja", pair, shape)
    row = Row(pair, "separated_pairs", scope="ekinerja", adjusted=True, unit="share", marks=told)
    frame, cells = audit.counts.get("pair_strata", pd.DataFrame()), (pair.a, pair.b)
    parts = [of_cell(frame, *cell).set_index("stratum") for cell in cells] if "covered" in frame else []
    if plain is None or not np.isfinite(plain.difference) or not parts or min(map(len, parts)) == 0:
        none = "few_teams" if any(_withheld(audit, *cell) for cell in cells) else "in_neither"
        return replace(row, reason=none if plain is None else plain.reason or "no_strata")
    weight = pd.concat([p["pairs"] / p["pairs"].sum() for p in parts], axis=1, join="inner").sum(axis=1)
    common, weight = weight.index, weight / weight.sum()
    held = [p["covered"].max() * (p.loc[common, "pairs"].sum() / p["pairs"].sum()) for p in parts]
    row = replace(row, n_a=plain.n_a, n_b=plain.n_b, teams_a=plain.teams_a, teams_b=plain.teams_b, level=plain.level,
                  df=plain.df, covered=float(min(held)))  # fmt: skip
    if row.covered < MIN_OVERLAP:
        return replace(row, status=Status.INSUFFICIENT, reason="no_overlap")
    a, b = (float((weight * p.loc[common, "share"]).sum()) for p in parts)
    variance = sum(float((weight**2 * p.loc[common, "variance"]).sum()) for p in parts)
    return replace(row, difference=a - b, se=max(variance**0.5, plain.se), value_a=a, value_b=b)


def criteria(audit: Audit, pairs: Sequence[Pair]) -> list[Row]:
    """Return how much harder each criterion is in one cell than in the other, against the mean of all criteria."""
    frame = audit.counts.get("criteria")
    if frame is None or frame.empty:
        return []
    shape, scope, out = forms(audit), "multisource", []
    for pair in pairs:
        parts = [of_cell(frame, *cell).set_index("criterion") for cell in (pair.a, pair.b)]
        if min(map(len, parts)) == 0:
            continue
        a, b = (shape[c].by_kind.get(scope, ((), (), ()))[:2] for c in (pair.a, pair.b))
        if a != b or set(parts[0].index) != set(parts[1].index):
            out.append(Row(pair, CRITERION, scope=scope, unit="points", reason="form_differs"))
            continue
        for name in sorted(parts[0].index):
            x, y = (p.loc[name] for p in parts)
            out.append(Row(pair, CRITERION, name, "", scope, difference=float(x["value"] - y["value"]),
                           se=float(np.hypot(x["se"], y["se"])), unit="points", level=float(audit.config.level),
                           n_a=int(x["n"]), n_b=int(y["n"]), value_a=float(x["value"]),
                           value_b=float(y["value"])))  # fmt: skip
    return together(out)


def funnels(audit: Audit, pairs: Sequence[Pair], wanted: Collection[str] | None) -> pd.DataFrame:
    """Return funnel limits of the measures that ten regions or more have in a year; empty for fewer.

    One row per region: value (odds ratios as logarithms), error, centre, over-dispersion, inner and outer limits;
    those of a share end at 0 and 1.
    """
    from kinerja_analysis.stats import funnel

    names = ["measure", "scope", "subject", "year", "region", "value", "se", "centre", "phi", "z", "lower", "upper",
             "lower_outer", "upper_outer"]  # fmt: skip
    out: list[tuple[Any, ...]] = []
    years = {} if all(p.over_time for p in pairs) else {y for _, y in audit.cells}
    for (measure, scope, about), cells in _estimates(audit, wanted).items():
        for year in sorted(years):
            each = {r: error(f, measure in LOG) for (r, y), f in cells.items() if y == year}
            each = {r: e for r, e in each.items() if np.isfinite(e).all() and e[1] > 0}
            if len(each) < FUNNEL:
                continue
            value, se = (np.array(v) for v in zip(*each.values(), strict=True))
            found = funnel(value, se, consistent=True)
            share = next(iter(cells.values())).unit == "share"
            limits = np.vstack([found.inner, found.outer]).clip(*((0, 1) if share else (-np.inf, np.inf)))
            out += [(measure, scope, about, year, r, value[i], se[i], found.centre, found.phi, found.z[i],
                     *limits[:, i]) for i, r in enumerate(each)]  # fmt: skip
    return pd.DataFrame(out, columns=names)
