"""The 360 ratings: supervisor, peers, self and subordinates on a numeric scale with a ceiling.

score = level + points x (merit + leniency + pair + criterion + profile + noise), stepped and cut at the ends of the
scale. ``criterion`` is common to all, ``profile`` belongs to person x criterion and is seen by every rater; a
rater with halo gives the overall impression alone. Leaders are rated only where subordinates rate them, and rate no
peers: elsewhere teams share no rater.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.simulate.latent import Floats, Latent, copied, drifted
from kinerja_analysis.simulate.organisation import Ints
from kinerja_analysis.simulate.people import World, stream
from kinerja_analysis.simulate.plan import Form
from kinerja_analysis.simulate.ratings import deadline

HALO_NOISE = 0.03
SUBORDINATES = 3


def multisource(world: World, latent: Latent, year: int, seed: int) -> pd.DataFrame:
    """Make the 360 ratings of one year, one row per ratee x rater.

    Returns
    -------
    DataFrame
        ``ratee rater source seat rated_at`` and one column per criterion, ordered by agency, team and ratee;
        empty (with these columns) where the region has no 360 form.
    """
    form = world.plan.form
    names = ["ratee", "rater", "source", "seat", "rated_at"]
    rng = stream(seed, world.plan.code, 11, year)
    if form is None:
        return pd.DataFrame(columns=names)
    seats = pairs(world, form, rng)
    seats = seats[rng.random(len(seats)) >= form.missing].reset_index(drop=True)
    seating = world.seating[year]
    ratee, rater = (seating[seats[side].to_numpy(np.int64)] for side in ("ratee", "rater"))
    frame = pd.DataFrame({"ratee": ratee, "rater": rater, "source": seats["source"], "seat": seats["ratee"]})
    score = _scores(world, latent, form, frame, (year, seed), rng)
    frame["rated_at"] = _when(frame, year, rng)
    values = pd.DataFrame(score, columns=list(form.criteria))
    return pd.concat([frame, values], axis=1).sort_values(["seat", "source"], kind="stable", ignore_index=True)


def pairs(world: World, form: Form, rng: np.random.Generator) -> pd.DataFrame:
    """Return who rates whom, as seats: ``ratee rater source``."""
    places = world.places
    sources = {o.name: o.sources for o in world.plan.opds}
    units = places.units["opd"].to_numpy()
    unit = places.seats["unit"].to_numpy()
    given = [sources[o] for o in units[unit]]
    staff = places.seats["leads"].to_numpy() < 0
    own_top = places.seats["team"].to_numpy() == 0
    upward = np.array(["subordinate" in s for s in given])
    rated = staff | (upward & ~own_top)
    team = places.seats["team"].to_numpy()
    parts = []
    for source in ("supervisor", "self", "peer", "subordinate"):
        asked = np.array([source in s for s in given])
        if source == "peer":
            ratee, rater = _peers(np.flatnonzero(asked & staff), team, form, rng)
            rater = _foreign(ratee, rater, unit, form.foreign, rng) if form.foreign else rater
        elif source == "subordinate":
            ratee, rater = _subordinates(np.flatnonzero(asked & rated & ~staff), places.seats, rng)
        else:
            ratee = np.flatnonzero(asked & rated)
            rater = world.supervisor_seat()[ratee] if source == "supervisor" else ratee
        parts.append(pd.DataFrame({"ratee": ratee, "rater": rater, "source": source}))
    return pd.concat(parts, ignore_index=True).drop_duplicates(["ratee", "rater"], ignore_index=True)


def _foreign(ratee: Ints, rater: Ints, unit: Ints, share: float, rng: np.random.Generator) -> Ints:
    """Replace a share of the peers by peers of somebody in another unit."""
    other = rng.permutation(rater)
    chosen = (rng.random(len(rater)) < share) & (unit[other] != unit[ratee])
    return np.where(chosen, other, rater)


def _peers(members: Ints, team: Ints, form: Form, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Let each member of a team rate ``form.peers`` others round a circle; ``mutual`` pairs them both ways."""
    shuffled = rng.permutation(members)
    order = shuffled[np.argsort(team[shuffled], kind="stable")]
    _, first, code, size = np.unique(team[order], return_index=True, return_inverse=True, return_counts=True)
    place, n = np.arange(len(order)) - first[code], size[code]
    steps = [np.full(len(n), k) for k in range(1, form.peers + 1)]
    if form.mutual:
        steps = [np.ones(len(n), np.int64), n - 1, np.where(n % 2 == 0, n // 2, 2)]
    ratee, rater = [], []
    for k, step in enumerate(steps):
        again = np.any([step % n == other % n for other in steps[:k]], axis=0)
        new = (step % n != 0) & ~again
        ratee.append(order[new])
        rater.append(order[(first[code] + (place + step) % n)[new]])
    return np.concatenate(ratee), np.concatenate(rater)


def _subordinates(leaders: Ints, seats: pd.DataFrame, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Let up to three members of its team rate each leader."""
    team, leads = seats["team"].to_numpy(), seats["leads"].to_numpy()
    raters = [rng.permutation(np.flatnonzero(team == leads[s]))[:SUBORDINATES] for s in leaders]
    return np.repeat(leaders, [len(r) for r in raters]), np.concatenate([*raters, np.zeros(0, np.int64)])


def _scores(
    world: World, latent: Latent, form: Form, frame: pd.DataFrame, when: tuple[int, int], rng: np.random.Generator
) -> Floats:
    model, n, k = world.plan.model, world.size, len(form.criteria)
    year, seed = when
    ratee, rater = frame["ratee"].to_numpy(), frame["rater"].to_numpy()
    overall = _overall(world, latent, frame, year, rng)
    effect = np.linspace(-1, 1, k)
    effect = stream(seed, world.plan.code, 12).permutation(effect) * model.criterion / (effect.std() or 1)
    profile = model.profile * rng.standard_normal((n, k))
    noise = rng.standard_normal((len(frame), k))
    detail = effect + profile[ratee] + model.residual * noise
    halo = latent.halo[rater] & (frame["source"] == "supervisor").to_numpy()
    latent_score = overall[:, None] + np.where(halo[:, None], HALO_NOISE * noise, detail)
    raw = form.level + form.points * latent_score
    score = np.clip(np.round(raw / form.step) * form.step, *form.scale)
    return np.asarray(copied(score, rater, latent.copies[rater] & (frame["source"] == "supervisor").to_numpy()))


def _overall(world: World, latent: Latent, frame: pd.DataFrame, year: int, rng: np.random.Generator) -> Floats:
    model, planted = world.plan.model, world.plan.planted
    ratee, rater = frame["ratee"].to_numpy(), frame["rater"].to_numpy()
    source = frame["source"].to_numpy()
    myself, above, peer = (source == s for s in ("self", "supervisor", "peer"))
    merit = latent.merit[year][ratee]
    merit = np.where(myself, model.self_weight * merit, merit)
    merit = np.where(above & latent.ignores[rater], rng.standard_normal(len(frame)), merit)
    pair = rng.standard_normal(len(frame))
    if planted.reciprocity:
        shared = _shared(ratee, rater, rng)
        mutual = np.sqrt(planted.reciprocity) * shared + np.sqrt(1 - planted.reciprocity) * pair
        pair = np.where(peer, mutual, pair)
    out = merit + np.where(above, model.pair_supervisor, model.pair_other) * pair
    out += np.where(myself, planted.self_shift or model.self_shift, latent.leniency_score[rater])
    out += np.where(above, drifted(world, year, rater), 0.0)
    if planted.gap_score:
        women = (world.persons["sex"] == "female").to_numpy()[ratee]
        out -= planted.gap_score * np.where(above, women - women[above].mean(), 0.0)
    if planted.own_group_score and (not planted.years or year in planted.years):
        asal = world.persons["asal"].to_numpy()
        own = (asal[ratee] == asal[rater]) & above
        out += planted.own_group_score * np.where(above, own - (own[above].mean() if above.any() else 0.0), 0.0)
    return np.asarray(out)


def _shared(ratee: Ints, rater: Ints, rng: np.random.Generator) -> Floats:
    """Return one standard normal number per unordered pair of persons."""
    low, high = np.minimum(ratee, rater), np.maximum(ratee, rater)
    _, code = np.unique(low * (int(high.max()) + 1) + high, return_inverse=True)
    return np.asarray(rng.standard_normal(int(code.max()) + 1)[code])


def _when(frame: pd.DataFrame, year: int, rng: np.random.Generator) -> np.ndarray:
    """Return time stamps: each rater fills in one sitting of December, seven minutes per person at most."""
    who, code = np.unique(frame["rater"].to_numpy(), return_inverse=True)
    day = np.datetime64(deadline(year, 4)) - rng.integers(11, 40, len(who)).astype("timedelta64[D]")
    nth = frame.groupby(code).cumcount().to_numpy()
    seconds = rng.integers(27_000, 54_000, len(who))[code] + 300 * nth + rng.integers(0, 240, len(frame))
    return np.asarray(day.astype("datetime64[s]")[code] + seconds.astype("timedelta64[s]"))
