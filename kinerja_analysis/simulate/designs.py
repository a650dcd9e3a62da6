"""Constructed rating designs, one for each verdict about what the ratings can carry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import EKINERJA_CRITERIA, conform
from kinerja_analysis.simulate.plan import NATIONAL
from kinerja_analysis.simulate.ratings import cells_of

REGION = "99.02"
CRITERIA = ("pencapaian_target", "disiplin", "inisiatif")
_SD_RATER, _SD_PAIR, _SD_NOISE = 0.5, 0.5, 0.4


def designs(
    kind: str, *, units: int = 24, size: int = 30, peers: int = 3, changes: int = 30, seed: int = 1
) -> pd.DataFrame:
    """Make a rating table with a known design.

    Parameters
    ----------
    kind : str
        ``inside_units``: a supervisor and ``peers`` colleagues of the unit rate each employee, nobody rates in two
        units. ``one_cross_unit``: the same, but one single rating is given by a colleague of another unit.
        ``quarter_cross_unit``: a quarter of the colleagues, drawn at random, come from other units.
        ``supervisor_changes``: a plain export of two years, one supervisor per employee, in which ``changes``
        employees have another supervisor in the second year.
    units, size : int
        Units, and employees in each (besides the supervisor).
    peers, changes : int
    seed : int

    Returns
    -------
    DataFrame
        With ``RatingTable``'s columns. 360 designs: three criteria, 0 to 100, in 2025; the export: hasil kerja and
        perilaku kerja, 1 to 3, in 2024 and 2025.

    Raises
    ------
    ValueError
        For an unknown kind, fewer than two units, or a size not above ``peers``.

    Examples
    --------
    >>> table = designs("inside_units", units=2, size=5)
    >>> len(table), table["source"].value_counts().to_dict()
    (120, {'peer': 90, 'supervisor': 30})
    """
    if kind not in DESIGNS:
        raise ValueError(f"no design {kind!r}; there are: {', '.join(DESIGNS)}")
    if units < 2 or size <= peers:
        raise ValueError(f"needs two units and more than {peers} employees in each: {units}, {size}")
    rng = np.random.default_rng([seed, list(DESIGNS).index(kind)])
    if kind == "supervisor_changes":
        return _export(units, size, min(changes, units * size), rng)
    return _scores(DESIGNS[kind](_peers(units, size, peers), units, size, rng), units, size, rng)


def _peers(units: int, size: int, peers: int) -> np.ndarray:
    """Return the peers of each employee, shape (units x size, peers), round a circle inside the unit."""
    place = np.arange(units * size)
    step = np.arange(1, peers + 1)
    return (place // size * size)[:, None] + (place[:, None] + step) % size


def _same(peers: np.ndarray, units: int, size: int, rng: np.random.Generator) -> np.ndarray:
    return peers


def _one(peers: np.ndarray, units: int, size: int, rng: np.random.Generator) -> np.ndarray:
    out = peers.copy()
    out[0, 0] = size
    return out


def _quarter(peers: np.ndarray, units: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Replace a quarter of the peers; a rater who would stand twice with one employee is kept once."""
    unit = np.arange(units * size) // size
    other = (unit[:, None] + rng.integers(1, units, peers.shape)) % units
    foreign = other * size + rng.integers(0, size, peers.shape)
    return np.where(rng.random(peers.shape) < 0.25, foreign, peers)


def _scores(peers: np.ndarray, units: int, size: int, rng: np.random.Generator) -> pd.DataFrame:
    n = units * size
    ratee = np.concatenate([np.arange(n), np.repeat(np.arange(n), peers.shape[1])])
    rater = np.concatenate([n + np.arange(n) // size, peers.ravel()])
    pairs = pd.DataFrame({"ratee": ratee, "rater": rater, "source": np.where(rater >= n, "supervisor", "peer")})
    pairs = pairs.drop_duplicates(["ratee", "rater"], ignore_index=True)
    merit, leniency = rng.standard_normal(n), _SD_RATER * rng.standard_normal(n + units)
    overall = merit[pairs["ratee"]] + leniency[pairs["rater"]] + _SD_PAIR * rng.standard_normal(len(pairs))
    score = overall[:, None] + _SD_NOISE * rng.standard_normal((len(pairs), len(CRITERIA)))
    long = pairs.loc[pairs.index.repeat(len(CRITERIA))].reset_index(drop=True)
    long = long.assign(
        criterion=np.tile(np.array(CRITERIA, dtype=object), len(pairs)),
        score=np.clip(np.round(75 + 6 * score.ravel()), 0, 100),
        scale_min=0.0, scale_max=100.0, year=2025, unit=long["ratee"] // size,
    )  # fmt: skip
    return _named(long, np.repeat(np.arange(len(pairs)), len(CRITERIA)))


def _export(units: int, size: int, changes: int, rng: np.random.Generator) -> pd.DataFrame:
    n = units * size
    home = np.arange(n) // size
    moved = rng.permutation(n)[:changes]
    now = home.copy()
    now[moved] = (home[moved] + rng.integers(1, units, changes)) % units
    merit, leniency = rng.standard_normal(n), 0.3 * rng.standard_normal(units)
    parts = []
    for year, unit in ((2024, home), (2025, now)):
        level = 0.7 * merit + leniency[unit] + np.sqrt(1 - 0.7**2 - 0.3**2) * rng.standard_normal(n)
        cells = np.column_stack(cells_of(level, rng.random(n), NATIONAL))
        for k, criterion in enumerate(EKINERJA_CRITERIA):
            parts.append(
                pd.DataFrame(
                    {"ratee": np.arange(n), "rater": n + unit, "unit": unit, "year": year, "criterion": criterion,
                     "score": cells[:, k].astype(float), "source": "supervisor", "scale_min": 1.0, "scale_max": 3.0}
                )
            )  # fmt: skip
    long = pd.concat(parts, ignore_index=True)
    return _named(long, long["ratee"].to_numpy() + n * (long["year"].to_numpy() - 2024))


def _named(frame: pd.DataFrame, record: np.ndarray) -> pd.DataFrame:
    text = [f"{letter}{{:05d}}".format for letter in ("E", "E")]
    return conform(
        "ratings",
        frame.assign(
            period=frame["year"].astype("str"), region=REGION, opd="Dinas Contoh",
            unit="Unit " + (frame["unit"] + 1).astype("str").str.zfill(3),
            ratee=frame["ratee"].map(text[0]), rater=frame["rater"].map(text[1]),
            row=["1:1:" + str(2 + k) for k in record],
        ),
    )  # fmt: skip


DESIGNS: dict[str, Callable[[np.ndarray, int, int, np.random.Generator], np.ndarray]] = {
    "inside_units": _same,
    "one_cross_unit": _one,
    "quarter_cross_unit": _quarter,
    "supervisor_changes": _same,
}
