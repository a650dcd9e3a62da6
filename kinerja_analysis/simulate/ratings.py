"""The e-Kinerja ratings: one latent number per appraisal, cut into the nine cells of hasil x perilaku.

The latent number is merit + leniency of the supervisor + pair + noise (total SD 1 without planted effects), cut so
that each cell has exactly its share: Sangat Baik on top, then the two mixed cells, then sesuai/sesuai, and below
Baik at the bottom. Which of the mixed or of the lowest cells it is, is drawn. The pair effect lasts a year, the
noise one period.
"""

from __future__ import annotations

import datetime as dt
from statistics import NormalDist

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.simulate.latent import Floats, Latent, copied, drifted
from kinerja_analysis.simulate.organisation import Ints
from kinerja_analysis.simulate.people import World, stream
from kinerja_analysis.simulate.plan import Cells

_SK, _K, _BP, _B, _SB = PREDIKAT
#: Predikat by (hasil, perilaku), PermenPANRB 6/2022 annex p. 99-103; written out here on purpose, apart from ``score``.
MATRIX = np.array([[_SK, _BP, _BP], [_K, _B, _B], [_K, _B, _SB]], dtype=object)


def cells_of(latent: Floats, draw: Floats, cells: Cells) -> tuple[Ints, Ints]:
    """Cut standard normal numbers into the nine cells.

    Parameters
    ----------
    latent : ndarray of float, shape (n,)
        Standard normal.
    draw : ndarray of float, shape (n,)
        Uniform in [0, 1): chooses among the cells of one band.
    cells : mapping of (hasil, perilaku) to share

    Returns
    -------
    hasil, perilaku : ndarray of int, shape (n,)
        Codes 1 dibawah, 2 sesuai, 3 diatas.

    Examples
    --------
    >>> cells_of(np.array([-9., 0, 9]), np.zeros(3), {(1, 1): .1, (2, 2): .8, (3, 3): .1})
    (array([1, 2, 3]), array([1, 2, 3]))
    """
    bands = (
        [c for c in cells if 1 in c],
        [(2, 2)],
        [(3, 2), (2, 3)],
        [(3, 3)],
    )
    height = np.cumsum([sum(cells.get(c, 0.0) for c in band) for band in bands])[:-1]
    normal = NormalDist()
    cuts = [normal.inv_cdf(min(max(h, 1e-12), 1 - 1e-12)) for h in height]
    band_of = np.searchsorted(cuts, latent)
    pair = np.full((len(latent), 2), 2)
    for k, band in enumerate(bands):
        shares = np.array([cells.get(c, 0.0) for c in band])
        here = band_of == k
        if here.any():
            edges = np.cumsum(shares)[:-1] / shares.sum() if shares.sum() else np.zeros(len(band) - 1)
            pair[here] = np.array(band)[np.searchsorted(edges, draw[here], side="right")]
    return pair[:, 0], pair[:, 1]


def appraisals(world: World, latent: Latent, year: int, quarter: int, seed: int) -> pd.DataFrame:
    """Make the rows of one e-Kinerja workbook.

    Parameters
    ----------
    world, latent : the region
    year : int
    quarter : int
        1 to 4, or 0 for the annual evaluation.
    seed : int

    Returns
    -------
    DataFrame
        ``person supervisor seat post acting status hasil perilaku predikat rated_at start end``; persons and
        supervisors by number, ``hasil`` and ``perilaku`` 0 where not rated.
    """
    seating = world.seating[year]
    rows = [_rows(world, seating[:-1], np.arange(world.size), year, quarter)]
    moved, left = world.moved[year]
    if len(moved) and not quarter:
        rows[0].loc[rows[0]["person"].isin(moved), "start"] = dt.date(year, 7, 1)
        rows.append(_rows(world, moved, left, year, quarter).assign(end=dt.date(year, 6, 30)))
    rows.append(_acting(world, year, quarter, seed))
    frame = pd.concat(rows, ignore_index=True)
    rng = stream(seed, world.plan.code, 8, year, quarter)
    level = _level(world, latent, frame, year, rng, seed)
    supervisor = frame["supervisor"].to_numpy()
    hasil, perilaku = (
        np.asarray(copied(part, supervisor, latent.copies[supervisor]), np.int64)
        for part in cells_of(level, rng.random(len(frame)), world.plan.cells)
    )
    habits = world.plan.habits
    shares = [habits.no_skp, habits.not_rated, 1 - habits.no_skp - habits.not_rated]
    status = rng.choice(["no_skp", "not_rated", "rated"], len(frame), p=shares)
    status[world.size :] = "rated"
    given = status == "rated"
    predikat = MATRIX[hasil - 1, perilaku - 1]
    if world.plan.planted.mismatch:
        wrong = rng.random(len(frame)) < world.plan.planted.mismatch
        predikat = np.where(wrong, np.where(predikat == _SB, _B, _SB), predikat)
    return frame.assign(
        status=status,
        hasil=np.where(given, hasil, 0),
        perilaku=np.where(given, perilaku, 0),
        predikat=np.where(given, predikat, ""),
        rated_at=np.where(given, _when(frame, world, year, quarter, seed), np.datetime64("NaT")),
    )


def _rows(world: World, person: Ints, seat: Ints, year: int, quarter: int) -> pd.DataFrame:
    first, last = (1, 12) if not quarter else (3 * quarter - 2, 3 * quarter)
    end = (dt.date(year + last // 12, last % 12 + 1, 1)) - dt.timedelta(days=1)
    return pd.DataFrame(
        {
            "person": person,
            "supervisor": world.seating[year][world.supervisor_seat()[seat]],
            "seat": seat,
            "post": world.places.seats["post"].to_numpy()[seat],
            "acting": False,
            "start": dt.date(year, first, 1),
            "end": end,
        }
    )


def _acting(world: World, year: int, quarter: int, seed: int) -> pd.DataFrame:
    """Return the second rows of leaders who act for another leader of their agency."""
    places, rng = world.places, stream(seed, world.plan.code, 7, year)
    tops = np.isin(places.team_unit, np.flatnonzero(places.units["name"] == places.units["opd"]))
    leaders = rng.permutation(places.team_seat[(places.team_unit >= 0) & ~tops])
    number = min(round(world.plan.habits.acting * world.size), len(leaders) // 2)
    who, where = leaders[:number], leaders[number : 2 * number]
    frame = _rows(world, world.seating[year][who], where, year, quarter)
    return frame.assign(acting=True, post="Plt. " + frame["post"])


def _level(world: World, latent: Latent, frame: pd.DataFrame, year: int, rng: np.random.Generator, seed: int) -> Floats:
    model, planted = world.plan.model, world.plan.planted
    person, supervisor = frame["person"].to_numpy(), frame["supervisor"].to_numpy()
    whole_year = stream(seed, world.plan.code, 9, year)
    pair, other = whole_year.standard_normal((2, len(frame)))
    merit = np.where(latent.ignores[supervisor], other, latent.merit[year][person])
    noise = np.sqrt(1 - model.merit**2 - model.leniency**2 - model.pair**2)
    level = model.merit * merit + latent.leniency[supervisor] + model.pair * pair
    level += noise * rng.standard_normal(len(frame))
    level += drifted(world, year, supervisor)
    if planted.gap:
        women = (world.persons["sex"] == "female").to_numpy()[person]
        level -= planted.gap * (women - women.mean())
    if planted.own_group and (not planted.years or year in planted.years):
        asal = world.persons["asal"].to_numpy()
        own = asal[person] == asal[supervisor]
        level += planted.own_group * (own - own.mean())
    return np.asarray(level)


def deadline(year: int, quarter: int) -> dt.date:
    """Return the last day of the rating window.

    The annual evaluation ends with January of the next year (PermenPANRB 6/2022 p. 90); that a quarter's window
    ends on the 10th of the next month is an assumption.

    >>> deadline(2025, 0), deadline(2025, 4)
    (datetime.date(2026, 1, 31), datetime.date(2026, 1, 10))
    """
    if not quarter:
        return dt.date(year + 1, 1, 31)
    return dt.date(year + quarter // 4, 3 * quarter % 12 + 1, 10)


def _when(frame: pd.DataFrame, world: World, year: int, quarter: int, seed: int) -> np.ndarray:
    """Return time stamps: one sitting per supervisor, ``late`` of the rows in the last days, a few in one minute."""
    habits, rng = world.plan.habits, stream(seed, world.plan.code, 10, year, quarter)
    who, code = np.unique(frame["supervisor"].to_numpy(), return_inverse=True)
    size = np.bincount(code)
    order = rng.permutation(len(who))
    late = np.zeros(len(who), bool)
    late[order] = np.cumsum(size[order]) <= habits.late * len(frame)
    last, window = (3, 10) if quarter else (5, 42)
    day = np.where(late, rng.integers(0, last, len(who)), rng.integers(last, window, len(who)))
    start = rng.integers(27_000, 54_000, len(who))
    batch = rng.random(len(who)) < habits.batch
    gap = np.where(batch[code], 1, rng.integers(60, 420, len(frame)))
    minute = np.where(batch, start // 60 * 60, start)
    rows = np.argsort(code, kind="stable")
    passed = np.empty(len(frame), np.int64)
    passed[rows] = np.cumsum(gap[rows])
    first = np.full(len(who), np.iinfo(np.int64).max)
    np.minimum.at(first, code, passed)
    seconds = minute[code] + passed - first[code]
    midnight = np.datetime64(deadline(year, quarter)) - day[code].astype("timedelta64[D]")
    return np.asarray(midnight.astype("datetime64[s]") + seconds.astype("timedelta64[s]"))
