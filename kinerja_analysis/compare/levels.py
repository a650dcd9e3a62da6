"""The verdict of a pair of cells, and the level of ratings: split only where persons link the two."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Audit, Status
from kinerja_analysis.base.tables import KINDS
from kinerja_analysis.compare.pairs import Form, Pair, Row, findings, forms, together

#: Measure and ``adjusted`` of each part of ``stats.linked_groups``.
PARTS = {"level": ("level", False), "level_adjusted": ("level", True), "performance": ("performance", False),
         "performance_adjusted": ("performance", True), "raters": ("severity", False),
         "composition": ("composition", False)}  # fmt: skip
LEVELS = ("level", "performance", "severity", "composition")
CHANGES = ("common_change", "relative_shift")
#: Reasons for no value, the one that says most first.
REASONS = ("too_weak", "few_links", "no_links", "few_persons", "form_differs", "not_linked", "audited_apart")


def rows(audit: Audit, pairs: Sequence[Pair]) -> list[Row]:
    """Return the verdict of each pair, then the rows about levels of each kind of data both have.

    The intervals of one part (severity, say) hold together over the pairs of a year.
    """
    found, shape = _between(audit), forms(audit)
    level = float(audit.config.level)
    out, verdicts = [], []
    for pair in pairs:
        if pair.over_time:
            verdicts.append(Row(pair, "verdict", reason="common_drift", marks=_over_time(shape[pair.a], shape[pair.b])))
            kinds = [k for k in KINDS if k in shape[pair.a].by_kind and k in shape[pair.b].by_kind]
            out += [Row(pair, "level", scope=k, unit="points", level=level, reason="common_drift") for k in kinds]
            continue
        mine = [r for k in KINDS if k in shape[pair.a].by_kind and k in shape[pair.b].by_kind
                for r in _level(pair, k, found, shape, level)]  # fmt: skip
        out += mine
        linked = [r for r in mine if np.isfinite(r.difference) and r.measure == "severity"]
        missing = [reason for reason in REASONS if any(r.reason == reason for r in mine)]
        verdict = "linked" if linked else (missing or ["not_linked"])[0]
        status = Status.CLEAR if linked else Status.NOT_APPLICABLE
        verdicts.append(Row(pair, "verdict", reason=verdict, status=status))
    keys = dict.fromkeys((r.measure, r.adjusted) for r in out)
    each = [[r for r in out if (r.measure, r.adjusted) == key] for key in keys]
    told = [r for part in each for r in together(part)]
    return [*verdicts, *told, *_changes(audit, [p for p in pairs if p.over_time])]


def _over_time(later: Form, earlier: Form) -> tuple[str, ...]:
    marks = ("rule_change",) if later.rule != earlier.rule else ()
    return marks + tuple(dict.fromkeys(m for k in KINDS for m in later.differs(earlier, k)))


def _between(audit: Audit) -> pd.DataFrame:
    frame = audit.counts.get("between")
    names = ["region", "year", "other", "kind", "joint", "part"]
    return pd.DataFrame(columns=names) if frame is None else frame


def _level(pair: Pair, kind: str, found: pd.DataFrame, shape: dict[Any, Form], level: float) -> list[Row]:
    (a, year), (b, _) = pair.a, pair.b
    here = found[found["year"] == year]
    joint = [set(here.loc[(here["region"] == r) & (here["other"] == ""), "joint"]) for r in (a, b)]
    if not joint[0] & joint[1]:
        return _without(pair, kind, "audited_apart", level)
    first, second = sorted((a, b))
    mine = here[(here["region"] == first) & (here["other"] == second) & (here["kind"] == kind)]
    if shape[pair.a].by_kind[kind] != shape[pair.b].by_kind[kind]:
        return _without(pair, kind, "form_differs" if len(mine) else "not_linked", level)
    if mine.empty or set(mine["joint"]) != joint[0]:
        return _without(pair, kind, "not_linked", level)
    sign = 1.0 if a == first else -1.0
    out = []
    for r in mine.itertuples():
        measure, adjusted = PARTS[str(r.part)]
        n = (int(r.n), int(r.n_other)) if a == first else (int(r.n_other), int(r.n))
        status = Status.INSUFFICIENT if r.reason else Status.CLEAR
        out.append(Row(pair, measure, scope=kind, adjusted=adjusted, difference=sign * float(r.value), se=float(r.se),
                       df=float(r.df), unit="points", level=level, n_a=n[0], n_b=n[1], status=status,
                       reason=str(r.reason)))  # fmt: skip
    return out


def _without(pair: Pair, kind: str, reason: str, level: float) -> list[Row]:
    return [Row(pair, measure, scope=kind, adjusted=adjusted, unit="points", level=level, reason=reason)
            for measure, adjusted in PARTS.values()]  # fmt: skip


def _changes(audit: Audit, pairs: Sequence[Pair]) -> list[Row]:
    """Return what drift told of the later year: the change of the ratings, which nobody can split, and shifted raters.

    ``relative_shift`` is the number of raters who shifted against the others, of ``n_a`` who can be examined.
    """
    told = findings(audit, CHANGES)
    shifted = [json.loads(p).get("flagged", np.nan) if m == "relative_shift" else v
               for m, v, p in zip(told["measure"], told["value"], told["params"], strict=True)]  # fmt: skip
    told = told.assign(value=np.array(shifted, float))
    out = []
    for pair in pairs:
        region, year = pair.a
        mine = told[(told["region"] == region) & (told["year"] == year) & (told["about"] == "")]
        for r in mine[mine["value"].notna()].itertuples() if pair.b[1] == year - 1 else ():
            shift = r.measure == "relative_shift"
            n = int(json.loads(str(r.params))["family"]) if shift else int(r.n)
            out.append(Row(pair, str(r.measure), scope=str(r.scope), difference=float(r.value), n_a=n, n_b=n,
                           unit="raters" if shift else str(r.unit), level=float(r.level),
                           bounds=(float(r.lower), float(r.upper)),
                           status=Status.FLAGGED if shift and r.value > 0 else Status.CLEAR,
                           marks=() if shift else ("not_split",)))  # fmt: skip
    return out
