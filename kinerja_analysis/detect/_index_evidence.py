"""What the objectivity index compares: rated members of teams and evidence about them that is not the rater's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.detect.attributes import declared, dummies, latest, members, values
from kinerja_analysis.detect.context import Context, placed
from kinerja_analysis.detect.copied_peers import copied_peers
from kinerja_analysis.detect.copies import copied
from kinerja_analysis.detect.evidence import achievements, with_achievement
from kinerja_analysis.stats import reliability_of_means, supported_order, without_groups
from kinerja_analysis.stats.supported_order import SupportedOrder

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
FULL, MANY, BOTH = "ekinerja", "multisource", "both"
PEER, CAPAIAN = "peer", "capaian"
EXACT = 9  #: decimals of evidence: what differs only beyond them is a tie, not an order


@dataclass(frozen=True)
class Cell:
    """Members of one kind of official score: ``ratee supervisor score rows`` with codes ``team`` and ``home`` (unit).

    ``peers`` are rows ``i rater score`` (``i`` the member's position), ``capaian`` one number per member, NaN without;
    ``excluded`` counts peer ratings left out as copies. ``names`` are the comparators that enough units have.
    """

    scope: str
    rows: pd.DataFrame
    names: tuple[str, ...]
    peers: pd.DataFrame
    capaian: Floats
    excluded: int

    @property
    def team(self) -> Ints:
        """Team code per member."""
        return self.rows["team"].to_numpy(np.intp)

    @property
    def home(self) -> Ints:
        """Code per member of the unit that is left out as a whole."""
        return self.rows["home"].to_numpy(np.intp)


@dataclass(frozen=True)
class Freed:
    """Comparators without group differences, their reliability, and the same without each unit."""

    evidence: list[Floats]
    reliability: list[float]
    left: list[Floats | None]

    def order(
        self, cell: Cell, keep: NDArray[np.bool_], team: Ints, level: float, *, score: Floats | None = None
    ) -> SupportedOrder:
        """Return the order of the kept members that the comparators support; ``team`` may split teams further."""
        keep = keep & (np.bincount(team[keep], minlength=team.max(initial=0) + 1)[team] > 1)
        examined = cell.rows["score"].to_numpy(float) if score is None else score
        return supported_order(
            examined[keep], [np.round(x[keep], EXACT) for x in self.evidence], team[keep],
            reliability=self.reliability, reliability_left=self.left, unit=cell.home[keep], level=level,
        )  # fmt: skip


def official(ctx: Context) -> pd.DataFrame:
    """Return the members of the export of the last period: the predikat's level is the score."""
    rows = latest(members(ctx)).rename(columns={"level": "score", "row": "rows"})
    return _placed(rows[["period", "supervisor", "ratee", "unit", "opd", "score", "rows"]])


def given(ctx: Context) -> pd.DataFrame:
    """Return the employees whom a supervisor rated in the multi-source data of the last period."""
    pairs = ctx.pairs
    keep = (pairs["source"] == "supervisor") & pairs["rater"].notna() & (pairs["rater"] != pairs["ratee"])
    rows = latest(pairs[keep]).rename(columns={"rater": "supervisor"})
    rows = rows.assign(rows=[min(addresses) for addresses in rows["rows"]])
    return _placed(rows[["period", "supervisor", "ratee", "unit", "opd", "score", "rows"]])


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the codes of teams and of their units: the unit of most members, where none is named the team itself."""
    rows = rows.sort_values(["supervisor", "ratee"], kind="stable").reset_index(drop=True)
    unit = placed(rows).where(rows["unit"].fillna("") != "", "")
    places = rows.assign(unit=unit).groupby(["supervisor", "unit"]).size().rename("n").reset_index()
    places = places.sort_values(["supervisor", "n", "unit"], ascending=[True, False, True], kind="stable")
    home = places.drop_duplicates("supervisor").set_index("supervisor")["unit"]
    home = home.where(home != "", "\x1f" + home.index.astype("str"))
    return rows.assign(
        team=pd.factorize(rows["supervisor"], sort=True)[0],
        home=pd.factorize(rows["supervisor"].map(home), sort=True)[0],
    )


def cell_of(ctx: Context, scope: str, rows: pd.DataFrame) -> Cell:
    """Return the members with their comparators; peers count for the export only in the scope ``both``.

    A comparator exists by its columns and by the number of units that have it (peers also by the number of employees
    with two of them: else their reliability cannot be known), never by its values. Peer ratings that repeat the
    supervisor's or another peer's beyond chance are left out.
    """
    least = int(ctx.threshold("index.min_units").value)
    capaian = _capaian(ctx, rows)
    peers = _peers(ctx, rows) if scope != FULL else _none()
    drop = np.zeros(len(peers), bool)
    if len(peers):
        told = pd.MultiIndex.from_frame(peers[["ratee", "rater"]])
        drop = told.isin(copied(ctx)) | told.isin(copied_peers(ctx))
        peers = peers[~drop].reset_index(drop=True)
    units = {CAPAIAN: _units(rows, np.flatnonzero(np.isfinite(capaian))), PEER: _units(rows, peers["i"].unique())}
    enough = {CAPAIAN: True, PEER: doubles(peers) >= ctx.threshold("index.min_doubles").value}
    names = tuple(n for n in (PEER, CAPAIAN) if units[n] >= least and enough[n])
    return Cell(scope, rows, names, peers, capaian, int(drop.sum()))


def doubles(peers: pd.DataFrame) -> int:
    """Return how many members have two peers or more.

    >>> doubles(pd.DataFrame({"i": [0, 0, 2, 3, 3, 3]}))
    2
    """
    return int((peers["i"].value_counts() > 1).sum())


def some(cell: Cell) -> bool:
    """Tell whether anybody has evidence at all."""
    return bool(len(cell.peers)) or bool(np.isfinite(cell.capaian).any())


def _units(rows: pd.DataFrame, chosen: Ints) -> int:
    """Return in how many units a pair of one team has the evidence."""
    part = rows.iloc[chosen]
    return int(part.loc[part["team"].duplicated(keep=False), "home"].nunique())


def by_rater_only(ctx: Context) -> bool:
    """Tell whether the file says that raters measured all achievement themselves."""
    by = ctx.tables.achievements["measured_by"]
    return bool(by.notna().any()) and not bool((by == "other").any())


def _capaian(ctx: Context, rows: pd.DataFrame) -> Floats:
    """Return the achievement per member: what others measured, or all of it where the file does not say who did."""
    if by_rater_only(ctx) or rows.empty:
        return np.full(len(rows), np.nan)
    said = ctx.tables.achievements["measured_by"].notna().any()
    known = ctx.memo("by_others", lambda: achievements(ctx, measured_by="other")) if said else achievements(ctx)
    if known.empty:
        return np.full(len(rows), np.nan)
    found = with_achievement(rows[["period", "ratee"]].assign(i=np.arange(len(rows))), known)
    return np.asarray(found.drop_duplicates("i").set_index("i")["achievement"].reindex(range(len(rows))), np.float64)


def _none() -> pd.DataFrame:
    return pd.DataFrame({"i": np.zeros(0, np.intp), "ratee": "", "rater": "", "score": np.zeros(0)})


def _peers(ctx: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the peer ratings of the members, one per peer; a member of two teams counts in the first of the file."""
    pairs = ctx.pairs
    keep = (pairs["source"] == "peer") & pairs["rater"].notna() & (pairs["rater"] != pairs["ratee"])
    peer = latest(pairs[keep])
    place = rows.assign(i=np.arange(len(rows))).sort_values("rows", kind="stable").drop_duplicates("ratee")
    found = peer[["ratee", "rater", "score"]].merge(place[["ratee", "supervisor", "i"]], on="ratee")
    found = found[found["rater"] != found["supervisor"]].sort_values(["ratee", "rater"], kind="stable")
    return found[["i", "ratee", "rater", "score"]].reset_index(drop=True)


def groups(ctx: Context, cell: Cell) -> Floats:
    """Return indicators of all declared groups of enough members, the largest group of each attribute left out."""
    parts = [np.empty((len(cell.rows), 0))]
    for group in attribute_values(ctx, cell).values():
        sizes = group.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        big = [str(g) for g in sizes.index[1:] if sizes[g] >= ctx.threshold("index.min_group").value]
        parts.append(dummies(group, big))
    return np.column_stack(parts)


def attribute_values(ctx: Context, cell: Cell) -> dict[str, pd.Series]:
    """Return the members' group by attribute ("" where unknown), attributes with two to a dozen values only."""

    def known() -> dict[str, pd.Series]:
        found = {}
        for name in declared(ctx.tables.employees):
            group = cell.rows["ratee"].map(values(ctx.tables.employees, name)).fillna("").astype("str")
            if 2 <= group[group != ""].nunique() <= ctx.threshold("index.max_values").value:
                found[name] = group
        return found

    return ctx.memo(("index_groups", cell.scope), known)  # type: ignore[no-any-return]


def freed(ctx: Context, cell: Cell, groups: Floats, *, conditional: bool = False) -> Freed:
    """Return the comparators without the groups' differences; ``conditional``: only what capaian does not explain.

    Peers' reliability comes from distinct peers' covariances inside teams; where it is not positive, no correction is
    made. That of capaian is declared.
    """
    evidence: list[Floats] = []
    reliability: list[float] = []
    left: list[Floats | None] = []
    for name in cell.names:
        if name == CAPAIAN:
            evidence.append(cell.capaian if conditional else without_groups(cell.capaian, groups, cell.team)[0])
            reliability.append(ctx.threshold("index.capaian_reliability").value)
            left.append(None)
            continue
        i = cell.peers["i"].to_numpy(np.intp)
        number = np.bincount(i, minlength=len(cell.rows))
        mean = np.bincount(i, cell.peers["score"], minlength=len(cell.rows)) / np.where(number > 0, number, np.nan)
        free, effect = without_groups(mean, groups, cell.team, given=cell.capaian if conditional else None)
        single = cell.peers["score"].to_numpy(float) - (groups @ effect)[i]
        rater = pd.factorize(cell.peers["rater"], sort=True)[0]
        value, without = reliability_of_means(single, i, rater, cell.team[i], cell.home[i])
        known = np.isfinite(value) and value > 0
        evidence.append(free)
        reliability.append(min(value, 1.0) if known else 1.0)
        size = int(cell.home.max(initial=-1)) + 1
        left.append(np.r_[without, np.full(size - without.size, value)].clip(0, 1) if known else None)
    return Freed(evidence, reliability, left)
