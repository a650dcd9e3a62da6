"""SE MenPANRB 3/2023: how predikat may spread in the group led by one supervisor.

The guide depends on the rating of the organisation that the supervisor leads.

Source: SE MenPANRB 3/2023 [secondary: naikpangkat.com, quoting the circular]. A circular guides; to be beyond
it is to be "di luar panduan", not a breach of law. Conformity is arithmetic on a full count, so it has no
sampling interval.

Choices where the circular is silent [assumption], all visible in the record: a share of a small group is
turned into persons by ``rounding`` (down unless told otherwise), and ``tolerance`` persons beyond it still
count as inside. The tolerance covers rounding only: "someone must be there" and "nobody may be there" are not
shares and have none. Groups of 1 to 4 are too small, groups of 5 to 9 get a note without judgement. "Sebagian
besar" (most) read as "more than half" is a note too, never a reason for "outside".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from kinerja_analysis.base.tables import ORG_RATING, PREDIKAT

CITATION = "SE MenPANRB 3/2023"
TOO_SMALL_BELOW = 5
JUDGED_FROM = 10

Rounding = Literal["floor", "ceil", "half_up"]
Status = Literal["inside", "outside", "too_small", "note", "no_org_rating"]
_SK, _K, _BP, _B, _SB = PREDIKAT
_ADD = {"floor": 0, "ceil": 99, "half_up": 50}


@dataclass(frozen=True, slots=True)
class GuideRule:
    """One line of the guide: ``kind`` at_most or at_least (``percent``), exists, none, or most (a note)."""

    name: str
    kind: Literal["at_most", "at_least", "exists", "none", "most"]
    categories: tuple[str, ...]
    percent: int | None = None


GUIDE: dict[str, tuple[GuideRule, ...]] = {
    "ISTIMEWA": (
        GuideRule("sb_at_most_70", "at_most", (_SB,), 70),
        GuideRule("sb_most", "most", (_SB,)),
    ),
    "BAIK": (
        GuideRule("b_at_most_70", "at_most", (_B,), 70),
        GuideRule("bp_or_k_exists", "exists", (_BP, _K)),
        GuideRule("b_most", "most", (_B,)),
    ),
    "BUTUH PERBAIKAN": (
        GuideRule("bp_at_least_60", "at_least", (_BP,), 60),
        GuideRule("sb_at_most_10", "at_most", (_SB,), 10),
    ),
    "KURANG": (
        GuideRule("k_at_least_60", "at_least", (_K,), 60),
        GuideRule("bp_at_least_10", "at_least", (_BP,), 10),
        GuideRule("sb_at_most_10", "at_most", (_SB,), 10),
    ),
    "SANGAT KURANG": (
        GuideRule("sk_at_least_60", "at_least", (_SK,), 60),
        GuideRule("k_or_bp_at_least_10", "at_least", (_K, _BP), 10),
        GuideRule("sb_none", "none", (_SB,)),
    ),
}


@dataclass(frozen=True, slots=True)
class GuideRow:
    """One line of the guide applied: ``limit``, ``count`` and ``excess`` (beyond the limit) in persons."""

    name: str
    kind: str
    categories: tuple[str, ...]
    percent: int | None
    limit: int
    count: int
    excess: int
    status: Status


@dataclass(frozen=True, slots=True)
class Conformity:
    """The guide applied to one group: its ``status``, ``n`` persons with a predikat, one row per line."""

    org_rating: str | None
    n: int
    status: Status
    rows: tuple[GuideRow, ...]
    tolerance: int
    rounding: Rounding
    citation: str = CITATION

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a frame (columns: the fields of ``GuideRow``; categories joined by " + ")."""
        names = list(GuideRow.__slots__)
        cells = [[getattr(row, name) for name in names] for row in self.rows]
        frame = pd.DataFrame(cells, columns=names)
        return frame.assign(categories=[" + ".join(row.categories) for row in self.rows])


def _apply(
    rule: GuideRule, counts: npt.NDArray[np.int64], rounding: Rounding
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return limit, count and excess of one line for groups ``counts`` (m, 5), in whole numbers."""
    n = counts.sum(axis=1)
    count = counts[:, [PREDIKAT.index(c) for c in rule.categories]].sum(axis=1)
    if rule.percent is not None:
        limit = (rule.percent * n + _ADD[rounding]) // 100
    else:
        limit = {"exists": np.ones_like(n), "none": np.zeros_like(n), "most": n // 2 + 1}[rule.kind]
    beyond = count - limit if rule.kind in ("at_most", "none") else limit - count
    return limit, count, np.maximum(beyond, 0)


def _row_status(
    rule: GuideRule, n: npt.NDArray[np.int64], excess: npt.NDArray[np.int64], tolerance: int
) -> npt.NDArray[np.object_]:
    allowed = tolerance if rule.percent is not None else 0
    judged = np.where(excess > allowed, "note" if rule.kind == "most" else "outside", "inside")
    return np.select([n < TOO_SMALL_BELOW, n < JUDGED_FROM], ["too_small", "note"], default=judged).astype(object)


def conformity_table(
    counts: pd.DataFrame, org_rating: pd.Series, *, tolerance: int = 1, rounding: Rounding = "floor"
) -> pd.DataFrame:
    """Apply the guide to many groups at once.

    Parameters
    ----------
    counts : DataFrame, m groups
        Persons per predikat; columns are those of ``PREDIKAT`` (absent ones count as nobody).
    org_rating : Series of str, same index
        Rating of the organisation that the group's supervisor leads; missing stays unjudged, it is never
        assumed.
    tolerance : int, persons
        How many persons beyond a rounded share still count as inside.
    rounding : {"floor", "ceil", "half_up"}
        How a share of the group becomes persons.

    Returns
    -------
    DataFrame
        One row per group and line of the guide, index as in ``counts``: ``org_rating n name kind categories
        percent limit count excess status``; a group without organisational rating has one row with status
        ``no_org_rating`` and no name.

    Raises
    ------
    ValueError
        For negative or fractional counts, unknown predikat columns, an unknown organisational rating, a
        negative tolerance or an unknown rounding.

    Examples
    --------
    >>> teams = pd.DataFrame({"BAIK": [10, 7], "KURANG": [0, 3]}, index=["a", "b"])
    >>> table = conformity_table(teams, pd.Series(["BAIK", "BAIK"], index=["a", "b"]))
    >>> table.loc["a", ["name", "excess", "status"]].values.tolist()
    [['b_at_most_70', 3, 'outside'], ['bp_or_k_exists', 1, 'outside'], ['b_most', 0, 'inside']]
    """
    numbers = _checked(counts, org_rating, tolerance, rounding)
    rated = org_rating.reindex(counts.index)
    parts = []
    for organisation, rules in GUIDE.items():
        where = np.flatnonzero((rated == organisation).fillna(False).to_numpy(dtype=bool))
        for order, rule in enumerate(rules):
            limit, count, excess = _apply(rule, numbers[where], rounding)
            n = numbers[where].sum(axis=1)
            parts.append(
                pd.DataFrame(
                    {
                        "org_rating": organisation, "n": n, "name": rule.name, "kind": rule.kind,
                        "categories": " + ".join(rule.categories), "percent": rule.percent, "limit": limit,
                        "count": count, "excess": excess, "status": _row_status(rule, n, excess, tolerance),
                        "_group": where, "_order": order,
                    }
                ).astype({"percent": "Int64", "limit": "Int64", "count": "Int64", "excess": "Int64"})
            )  # fmt: skip
    unrated = np.flatnonzero(rated.isna().to_numpy())
    silent = {"n": numbers[unrated].sum(axis=1), "status": "no_org_rating", "_group": unrated, "_order": 0}
    parts.append(pd.DataFrame(silent))
    table = pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True).reindex(columns=parts[0].columns)
    table = table.sort_values(["_group", "_order"], kind="stable")
    return table.set_index(counts.index.take(table["_group"].to_numpy(dtype=int))).drop(columns=["_group", "_order"])


def _checked(counts: pd.DataFrame, org_rating: pd.Series, tolerance: int, rounding: str) -> npt.NDArray[np.int64]:
    strange = [str(c) for c in counts.columns if c not in PREDIKAT]
    unknown = sorted(set(org_rating.dropna()) - set(ORG_RATING))
    if strange or unknown:
        raise ValueError(f"not a predikat or organisational rating: {', '.join(strange + unknown)}")
    if rounding not in _ADD or tolerance < 0:
        raise ValueError(f"rounding must be one of {', '.join(_ADD)}, tolerance not negative")
    values = counts.reindex(columns=list(PREDIKAT), fill_value=0).to_numpy(dtype=float)
    if not np.all((values >= 0) & (values == np.floor(values))):
        raise ValueError("counts must be whole numbers of persons")
    return values.astype(np.int64)


def conformity(
    counts_by_predikat: Mapping[str, int],
    org_rating: str | None,
    *,
    tolerance: int = 1,
    rounding: Rounding = "floor",
) -> Conformity:
    """Apply the guide to one group led by one supervisor.

    Parameters
    ----------
    counts_by_predikat : mapping of str to int
        Persons per predikat (words of ``PREDIKAT``; absent ones count as nobody).
    org_rating : str or None
        Rating of the organisation the supervisor leads (PermenPANRB 6/2022 p. 94 g), a word of
        ``ORG_RATING``.
    tolerance, rounding
        As in :func:`conformity_table`, whose errors apply here too.

    Returns
    -------
    Conformity
        ``status`` is ``outside`` if any line is, else ``inside``; ``no_org_rating``, ``too_small`` (n < 5)
        and ``note`` (n of 5 to 9) say that nothing was judged.

    Examples
    --------
    >>> record = conformity({"BAIK": 12}, "BAIK")
    >>> record.status, [(row.name, row.limit, row.excess) for row in record.rows]
    ('outside', [('b_at_most_70', 8, 4), ('bp_or_k_exists', 1, 1), ('b_most', 7, 0)])
    """
    counts = pd.DataFrame([dict(counts_by_predikat)], index=[0])
    numbers = _checked(counts, pd.Series([org_rating], dtype="str"), tolerance, rounding)
    n = int(numbers.sum())
    rows = []
    for rule in GUIDE.get(org_rating or "", ()):
        persons = _apply(rule, numbers, rounding)
        status = _row_status(rule, numbers.sum(axis=1), persons[2], tolerance)[0]
        limit, count, excess = (int(v[0]) for v in persons)
        rows.append(GuideRow(rule.name, rule.kind, rule.categories, rule.percent, limit, count, excess, status))
    overall: Status = "inside"
    if org_rating is None:
        overall = "no_org_rating"
    elif n < JUDGED_FROM:
        overall = "too_small" if n < TOO_SMALL_BELOW else "note"
    elif any(row.status == "outside" for row in rows):
        overall = "outside"
    return Conformity(org_rating, n, overall, tuple(rows), tolerance, rounding)
