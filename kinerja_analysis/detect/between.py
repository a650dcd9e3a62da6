"""What links regions audited together: persons, who are gone once an audit is stored. Kept as sums, never as names."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.tables import KINDS, Tables, official
from kinerja_analysis.detect import fits
from kinerja_analysis.detect.context import pair_means

if TYPE_CHECKING:
    from kinerja_analysis.stats.linked_groups import LinkedGroups

#: SD of severity between raters, in SD of a true score, that a contrast is held against (as in ``stats.linkage``).
SD_RATER, RELIABILITY = 0.35, 0.5
COLUMNS = (
    "region", "year", "other", "kind", "joint", "part", "value", "se", "df", "n", "n_other", "n_links", "reliability",
    "reason",
)  # fmt: skip
GRADES = ("I", "II", "III", "IV")


def between(tables: Tables, config: AuditConfig, cells: Sequence[tuple[str, int]], data: str) -> pd.DataFrame:
    """Return what shared persons tell of the gap between the ratings of two regions.

    Parameters
    ----------
    tables : Tables
        All regions read together.
    cells : sequence of (region, year)
    data : str
        The fingerprint of the data. With the cells it makes ``joint``: cells with the same one were audited together.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``. One row per cell without ``other``; for two regions of a year that share at least a
        rater or an employee, one row per part of their gap (region − other, points of 100), see
        ``stats.linked_groups``. A part without a value has its ``reason``: "few_links", "few_persons", "too_weak",
        "form_differs", "no_overlap", "no_strata".
    """
    rows: list[dict[str, Any]] = [{"region": r, "year": y} for r, y in cells]
    for year in sorted({y for _, y in cells}):
        regions = [r for r, y in cells if y == year]
        if len(regions) > 1:
            rows += [r | {"year": year} for r in _year(tables.select(year=year), config, regions)]
    text = dict.fromkeys(("region", "other", "kind", "joint", "part", "reason"), "str")
    numbers = dict.fromkeys(("value", "se", "df", "reliability"), "float64")
    whole = dict.fromkeys(("year", "n", "n_other", "n_links"), "int64")
    joint = hashlib.sha256(f"{data} {sorted(cells)}".encode()).hexdigest()[:16]
    usual = dict.fromkeys(text, "") | dict.fromkeys(numbers, math.nan) | dict.fromkeys(whole, 0) | {"joint": joint}
    frame = pd.DataFrame([usual | row for row in rows], columns=list(COLUMNS))
    return frame.astype(text | numbers | whole)  # type: ignore[arg-type]


def _year(tables: Tables, config: AuditConfig, regions: Sequence[str]) -> Iterator[dict[str, Any]]:
    ratings = tables.ratings
    use = (ratings["source"] != "self") & ratings["rater"].notna() & ratings["region"].isin(regions)
    ratings = ratings[use & (ratings["rater"] != ratings["ratee"])]
    exported = official(ratings)
    for kind in KINDS:
        rows = ratings[exported == (kind == "ekinerja")]
        for a, b in _sharing(rows):
            head = {"region": a, "other": b, "kind": kind}
            yield from (head | part for part in _parts(rows, tables.employees, (a, b), config))


def _sharing(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of regions that share a rater or a ratee."""
    found: set[tuple[str, str]] = set()
    for name in ("rater", "ratee"):
        places = rows[["region", name]].drop_duplicates()
        several = places[places.duplicated(name, keep=False)].groupby(name)["region"]
        found |= {pair for _, regions in several for pair in combinations(sorted(regions), 2)}
    return sorted(found)


def _parts(
    rows: pd.DataFrame, employees: pd.DataFrame, pair: tuple[str, str], config: AuditConfig
) -> Iterator[dict[str, Any]]:
    from kinerja_analysis.stats.linked_groups import PARTS, linked_groups

    each = [_counted(rows[rows["region"] == region]) for region in pair]
    if _form(each[0]) != _form(each[1]):
        yield from ({"part": name, "reason": "form_differs"} for name in PARTS)
        return
    means = [_means(part) for part in each]
    both = pd.concat([m.assign(group=k) for k, m in enumerate(means)], ignore_index=True)
    sd = _sds(means)
    strata = _strata(employees, pair)
    place = pd.MultiIndex.from_frame(both[["group", "ratee"]])
    found = linked_groups(
        both["score"], pd.factorize(both["ratee"], sort=True)[0], pd.factorize(both["rater"], sort=True)[0],
        both["group"], sd_pair=sd["pair"], sd_rater=sd["rater"], sd_ratee=sd["ratee"],
        source=pd.factorize(both["source"], sort=True)[0],
        stratum=None if strata is None else strata.reindex(place).fillna(-1).astype(int).to_numpy() + 1,
    )  # fmt: skip
    number = [m["ratee"].nunique() for m in means]
    yield from _told(found, number, sd["ratee"], int(config.disclosure.get("persons", 10)))


def _told(found: LinkedGroups, number: list[int], sd_ratee: float, least: int) -> Iterator[dict[str, Any]]:
    """One row per part; what rests on few persons or weak links has no value."""
    _, se, _ = found.part("raters")
    prior = SD_RATER * sd_ratee
    reliability = max(1 - se**2 / (2 * prior**2), 0.0) if prior > 0 and math.isfinite(se) else math.nan
    reason = "few_persons" if min(number) < least else found.reason
    reason = reason or ("few_links" if min(found.n_linked) < least else "")
    reason = reason or ("" if reliability >= RELIABILITY else "too_weak")
    few = reason in ("few_links", "few_persons", "no_links")
    for name in found.parts:
        value, error, df = found.part(name)
        why = reason or (found.reason_adjusted if name in ("composition",) or name.endswith("adjusted") else "")
        told = {} if why else {"value": value, "se": error, "df": df}
        counts = {} if few else {"n": number[0], "n_other": number[1], "n_links": found.n_links}
        yield {"part": name, "reason": why, "reliability": math.nan if few else reliability, **counts, **told}


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Annual rows if there are any, else all periodic ones."""
    annual = rows["period"] == rows["year"].astype("str")
    return rows[annual] if annual.any() else rows


def _form(rows: pd.DataFrame) -> tuple[Any, ...]:
    """What must be the same for scores to be on one scale: criteria, scale, periods."""
    return (sorted(rows["criterion"].unique()), *(sorted(rows[c].unique()) for c in ("scale_min", "scale_max")),
            sorted(rows["period"].unique()))  # fmt: skip


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per ratee, rater and source: the mean over criteria and periods, 0 to 100."""
    return pair_means(rows).groupby(["ratee", "rater", "source"], as_index=False)["score"].mean()


def _sds(means: Sequence[pd.DataFrame]) -> dict[str, float]:
    """SD of pairs, raters and ratees, pooled over the regions; assumed ones where no employee has two raters."""
    from kinerja_analysis.stats import crossed_effects

    found = []
    for part in means:
        edges = fits.compared(part.assign(period=""))
        spread = float(part["score"].std()) or 1.0
        if edges.empty:
            found.append((len(part), spread, SD_RATER * spread, spread))
            continue
        groups = {name: pd.factorize(edges[name], sort=True)[0] for name in ("ratee", "rater")}
        component = fits.components(edges)[1][groups["rater"]]
        columns = fits.source_columns(edges["source"], component)[1]
        fit = crossed_effects(edges["score"], groups, columns, component=component, sd_interval=False)
        found.append((len(part), fit.sd_residual, fit.sd["rater"], fit.sd["ratee"]))
    weight = np.array([n for n, *_ in found], float)
    pooled = np.sqrt(np.average(np.array([sds for _, *sds in found], float) ** 2, axis=0, weights=weight))
    names = dict(zip(("pair", "rater", "ratee"), map(float, pooled), strict=True))
    return names | {"pair": max(names["pair"], 1e-6)}


def _strata(employees: pd.DataFrame, pair: tuple[str, str]) -> pd.Series | None:
    """Return the stratum of each (group, person), from position type and grade, None where nothing is known."""
    rows = employees[employees["region"].isin(pair)].drop_duplicates(["region", "person"])
    stratum = strata(rows)
    if rows.empty or not (stratum != "|").any():
        return None
    place = pd.MultiIndex.from_arrays([rows["region"].map(dict(zip(pair, (0, 1), strict=True))), rows["person"]])
    return pd.Series(pd.factorize(stratum, sort=True)[0], index=place)


def strata(employees: pd.DataFrame) -> pd.Series:
    """Return position type and group of grades (I to IV, or PPPK) of each row.

    >>> strata(pd.DataFrame({"position_type": ["pelaksana", None], "grade": ["III/d", "IX"]})).tolist()
    ['pelaksana|III', '|pppk']
    """
    grade = employees["grade"].fillna("").astype("str")
    first = grade.str.split("/").str[0].str.upper().str.strip()
    group = first.where(first.isin(GRADES) & grade.str.contains("/"), "pppk").where(grade != "", "")
    return employees["position_type"].fillna("").astype("str") + "|" + group
