"""Findings at the public level: aggregates only, without a number that tells a count of few persons.

Counts are printed as everywhere (``Told``), other numbers with so few digits that no count can be had from them.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Status
from kinerja_analysis.base.words import has
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, Published
from kinerja_analysis.release.linked import CLASSES, Book
from kinerja_analysis.release.suppress import ROUND_TO, rounded
from kinerja_analysis.show.names import OF_GROUPS

PUBLIC_KINDS = ("region", "group", "attribute", "source", "source_pair")
SHARES = ("share_top", "share_modal")
VALUES = ("value", "lower", "upper", "p_value", "p_adjusted")
#: parameters of findings that count persons or pairs of them, those of which none may be small, and rows
PERSONS = ("n", "n_rated", "k", "higher", "lower", "unknown", "alone", "of", "n_pairs", "n_separated")
APART = ("higher", "lower", "alone", "n_separated")
ROWS = ("read", "lines")
PARTS = ("share", "share_reference", "over", "under", "covered")  #: parameters that are shares of persons
MIXED = ("variety", "separated_pairs", "index_differentiation")  #: measures that tell how mixed the predikat are
RATERS = 3
FEW_PAIRS = 1000  #: below, a share of pairs with more than two digits tells the count itself


@dataclass(frozen=True, slots=True)
class Told:
    """What one region and year tells: its public frames, the counts behind them, and how each count is printed."""

    book: Book
    public: Published
    frames: dict[str, pd.DataFrame]
    whole: dict[int, tuple[int, int]]
    persons: int

    def count(self, value: float) -> int:
        """Return a count of the region as it is printed; the same number is printed the same everywhere."""
        return self.whole.get(int(value), (rounded(int(value)), ROUND_TO))[0]

    def rows(self, value: int) -> int:
        """Return a count of rows: where a person has several, it tells no more of persons than their own count."""
        shown, base = self.whole.get(self.persons, (0, ROUND_TO))
        if int(value) in self.whole or value <= self.persons:
            return self.count(value)
        return rounded(int(value), base * -(-int(value) // self.persons)) if shown >= 0 else WITHHELD

    def shares(self) -> dict[str, int]:
        """Return the cells of the region's predikat, of their sum ``n`` and of those ``waiting``."""
        return {column: c for frame, _, column, c in self.book.places if frame == "shares"}


def findings(
    frame: pd.DataFrame, persons: int, raters: int, enough: set[tuple[str, int, str]],
    told: Mapping[tuple[str, int], Told],
) -> pd.DataFrame:  # fmt: skip
    """Keep aggregate findings; hide the numbers of those with too few persons or raters behind them.

    ``family`` in a finding's parameters counts the raters (groups, attributes) it was made from; ``k`` of n persons
    with fewer than ``persons`` (but not none) on a side is hidden as a count would be. A finding that refuses may say
    why, but no number that rests on few.
    """
    kept = frame[frame["subject_kind"].isin(PUBLIC_KINDS)].reset_index(drop=True)
    cell = zip(kept["region"], kept["year"], kept["scope"], strict=True)
    few_raters = np.array([s in ("ekinerja", "multisource") and (r, y, s) not in enough for r, y, s in cell], bool)
    params = [json.loads(p) for p in kept["params"]]
    family = np.array([p.get("family", raters) for p in params], float)
    about_raters = kept["code"].str.startswith(("leniency.", "drift.retest")).to_numpy(bool)
    few = few_raters | (about_raters & (family < raters)) | ((kept["n"] > 0) & (kept["n"] < persons)).to_numpy(bool)
    answered = kept["status"].isin([Status.FLAGGED, Status.CLEAR]).to_numpy(bool)
    out = kept.assign(rows=[[] for _ in range(len(kept))])
    for i, r in enumerate(kept.to_dict("records")):
        mine, given = told[r["region"], int(r["year"])], params[i]
        if r["measure"] in SHARES and np.isfinite(r["value"]):
            few[i] |= not _share(out, i, mine, given)
            continue
        few[i] |= _few(r, given, mine, persons)
        digits = 2 if r["measure"] in MIXED and given.get("n_pairs", 0) < FEW_PAIRS else 3
        out.loc[i, list(VALUES)] = [_short(r[name], digits) for name in VALUES]
        if r["measure"] == "variety":  # as it is, it would tell the counts that are hidden
            out.loc[i, "value"], given = round(r["value"], 1), {"used": 0, "entropy": 0.0}
        elif r["measure"] == "index_integrity":
            given = _usable(out, i, given, persons)
        elif r["unit"] == "persons":
            out.loc[i, "value"] = mine.count(r["value"])
        if r["code"] == "distribution.guide_outside" and given["n_outside"] == given["n_judged"]:
            out.loc[i, ["code", "value"]] = ["distribution.guide_outside_most", np.nan]  # else every team is told of
            given.pop("n_outside")
        if r["code"] == "distribution.smallest_effect":  # names no share
            given.pop("share", None)
        out.loc[i, "n"] = mine.count(r["n"]) if r["n"] >= persons and r["code"] not in OF_GROUPS else r["n"]
        if has(f"{out.loc[i, 'code']}_rounded"):
            out.loc[i, "code"] += "_rounded"
        said = {p: _param(r["measure"], p, v, mine, persons, digits) for p, v in given.items()}
        out.loc[i, "params"] = json.dumps(said, sort_keys=True)
    hidden = few & answered | ~answered & np.array([
        _tells(r, p, persons, bool(f)) for r, p, f in zip(kept.to_dict("records"), params, few, strict=True)
    ], bool)  # fmt: skip
    out.loc[hidden, list(VALUES)] = np.nan
    out.loc[hidden, ["status", "code", "params", "n"]] = [str(Status.INSUFFICIENT), "release.suppressed", "{}", 0]
    return out


def _few(r: dict[Hashable, Any], given: dict[str, Any], told: Told, persons: int) -> bool:
    """Tell whether a finding's numbers would tell a count of few persons."""
    n, k, value = int(r["n"]), given.get("k", 0), r["value"]
    counted = [k, *(given.get(p, 0) for p in APART), value if r["unit"] == "persons" else 0]
    of = given.get("n_rated", n)
    shares = [given[p] * of for p in PARTS if p in given and r["code"] != "distribution.smallest_effect"]
    rest = [n - k if k else 0, given.get("of", 0) - given.get("alone", 0), *(of - s for s in shares)]
    if "copies" in r["measure"] and "raters" in given:
        counted += [value, given["raters"] + persons - RATERS]
    if r["measure"] in MIXED and r["scope"] != "multisource":
        cells, truth = told.shares(), told.book.truth()
        rest.append(int(truth[cells["n"]]) - max(int(truth[cells[c]]) for c in CLASSES))
        if r["measure"] == "variety" and _variety_tells(told, value, persons):
            return True
    small = any(0 < round(v) < persons for v in (*counted, *shares, *rest) if isinstance(v, int | float) and v == v)
    return small or (n >= persons and told.count(n) < 0)


def _variety_tells(told: Told, value: float, smallest: int) -> bool:
    """Tell whether the effective number of predikat, to one decimal, narrows a hidden count down.

    Entropy is least at a corner of what the counts can be; the largest is looked for at corners only, which finds too
    few possible values rather than too many.
    """
    cells, (low, high) = told.shares(), told.public.bounds()
    ends = [(low[cells[c]], high[cells[c]]) for c in CLASSES]
    for i, c in enumerate(CLASSES):
        fits = 0
        for h in range(smallest):
            sides = product(*(((h, h) if j == i else e) for j, e in enumerate(ends)))
            found = [_variety([*low3, *rest]) for b, *rest in sides for low3 in ((b,), (b / 3,) * 3)]
            fits += min(found) - 0.05 <= value <= max(found) + 0.05
        if fits <= ROUND_TO and told.public.shown[cells[c]] < 0:
            return True
    return False


def _variety(counts: Sequence[float]) -> float:
    p = np.array([c for c in counts if c > 0], float)
    return float(np.exp(-(p / p.sum() * np.log(p / p.sum())).sum())) if np.isfinite(p).all() else np.nan


def _usable(out: pd.DataFrame, i: int, given: dict[str, Any], persons: int) -> dict[str, Any]:
    """Tell the share of usable rows in whole percents; where few are not usable, only how many are at least."""
    read, value = int(given["read"]), float(out.loc[i, "value"])  # type: ignore[arg-type]
    if few := 0 < read - round(float(given["hundred"]) * read / 100) < persons:
        value = max(np.floor(100 * (1 - (persons - 1) / read)) / 100, 0.0)
        out.loc[i, ["lower", "upper"]] = [value, 1.0]
    out.loc[i, ["value", "code"]] = [round(value, 2), "index.integrity_least" if few else out.loc[i, "code"]]
    return {**given, "hundred": round(100 * value)}


def _param(measure: str, name: str, value: Any, told: Told, persons: int, digits: int) -> Any:
    """Return a parameter of a public finding: counts as they are printed, other numbers short."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        return round(value, 2) if name in PARTS else _short(value, digits)
    if name in ROWS:
        return told.rows(value)
    if (measure, name) == ("own_group_change", "n_informative"):  # told of as "at most"
        return max(told.count(value), persons)
    if name in PERSONS or (measure, name) == ("guide", "persons"):
        return told.count(value) if value >= persons else HIDDEN if value and name in ("unknown", "persons") else value
    return value


def _short(value: float, digits: int = 3) -> float:
    """Return a number with so many digits that the counts it was made of cannot be had from it.

    >>> _short(17 / 116), _short(1043.2), _short(-0.0)
    (0.147, 1040.0, 0.0)
    """
    return float(f"{value + 0.0:.{digits}g}")


def coarse(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose fractions have so few digits, too."""
    return frame.assign(**{str(c): frame[c].map(_short) for c in frame.select_dtypes("float")})


def _tells(finding: dict[Hashable, Any], params: dict[str, object], persons: int, few: bool) -> bool:
    """Tell whether a finding without an answer gives a number of few persons, or one made from few."""
    made = np.isfinite(finding["value"]) or any(isinstance(v, float) for v in params.values())
    counted = [finding["n"], *(params.get(p, 0) for p in PERSONS)]
    return bool(few and made) or any(isinstance(v, int) and 0 < v < persons for v in counted)


def _share(out: pd.DataFrame, i: int, told: Told, given: dict[str, object]) -> bool:
    """Make a share of predikat from the printed counts; False when a count it needs is not told.

    Its limits hold for every table that agrees with what is printed of the two counts and of those still waiting;
    they are whole percents, rounded outwards, and the share itself is no finer.
    """
    cell = told.shares()
    low, high = told.public.bounds()
    if str(given["predikat"]) not in cell:
        return False
    k, n, more = (cell[str(x)] for x in (given["predikat"], "n", "waiting"))
    shown = [int(told.public.shown[c]) for c in (k, n, more)]
    if min(shown[:2]) < 0 or not np.isfinite(high[more]):
        return False
    shown[0] = min(shown[:2])
    lower = low[k] / (high[n] + high[more])
    upper = min((high[k] + high[more]) / (max(low[n], high[k]) + high[more]), 1.0)
    ends = [np.floor(100 * lower) / 100, np.ceil(100 * upper) / 100]
    out.loc[i, ["value", "lower", "upper"]] = [round(shown[0] / shown[1], 2), *ends]
    out.loc[i, "n"] = shown[1]
    out.loc[i, "code"] = f"{out.loc[i, 'code']}".removesuffix("_all") + "_rounded"
    out.loc[i, "params"] = json.dumps({**given, "k": shown[0], "waiting": int(high[more])}, sort_keys=True)
    return True
