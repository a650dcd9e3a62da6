"""Regions for the acceptance of the objectivity index: 80 units of 8, a supervisor, three peers each, capaian.

Latent scale: SD of an employee's merit inside a unit 1. Each score = merit + severity + pair + criterion part, cut into
five levels. A planted problem changes one thing; all random numbers of a run are common to every problem.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

UNITS, TEAM, PEERS, CRITERIA = 80, 8, 3, 3
LENIENCY, PAIR, DETAIL, QUALITY, RELIABILITY = 0.35, 0.65, 0.60, 0.50, 0.60
#: 3, 7, 20, 40, 30 % of an ordinary rater's scores.
CUTS = np.array([-1.88, -1.28, -0.52, 0.52]) * np.sqrt(1 + QUALITY**2 + LENIENCY**2 + PAIR**2 + DETAIL**2)
N = UNITS * TEAM
UNIT = np.arange(N) // TEAM
SELF = np.arange(N)
#: Peer j of an employee is the colleague j + 1 places further round the team.
PEER = np.stack([UNIT * TEAM + (SELF + j + 1) % TEAM for j in range(PEERS)], axis=1)


def draw(seed):
    """Return the random numbers of a run."""
    g = np.random.default_rng([20261128, seed])
    z = g.standard_normal
    return SimpleNamespace(
        merit=z(N), quality=z(UNITS), boss=z(UNITS), peer=z(N), pair=z(N), pairs=z((N, PEERS)), mutual=z((N, N)),
        detail=z((N, CRITERIA)), details=z((N, PEERS, CRITERIA)), evidence=z(N), other=z(N), group=g.random(N) < 0.5,
        chief=g.random(UNITS) < 0.5, chosen=g.permutation(UNITS), some=g.permutation(N), order=g.random(N),
    )


def cut(latent, cuts=CUTS):
    """Five levels, 1 to 5."""
    return 1.0 + np.searchsorted(cuts, latent)


def region(d, problem=""):
    """Return ``score vectors peers peer_vectors capaian group own true`` of one run with a problem planted.

    ``score`` is the supervisor's mean over criteria, ``peers`` (N, 3) the peers' means.
    """
    truth = d.merit + QUALITY * d.quality[UNIT]
    own = d.group == d.chief[UNIT]
    spread = 0.9 if problem == "leniency" else LENIENCY
    level = {"level 0.8": 0.8, "level 1.8": 1.8}.get(problem, 0.0)
    noise = 2.0 if problem == "noise" else 1.0
    half, third = (np.isin(UNIT, d.chosen[: int(share * UNITS)]) for share in (0.5, 0.3))
    merit = np.where(half, d.other, truth) if problem == "ignoring" else truth
    gap = 0.7 * (d.group - 0.5) if problem.startswith("gap") else np.zeros(N)
    boss = merit + PAIR * noise * d.pair + gap + (0.9 * own if problem == "own group" else 0.0)
    detail = DETAIL * noise * (d.detail if problem != "halo" else np.repeat(d.detail[:, :1], CRITERIA, axis=1) * 0.5)
    latent = (0.4 if problem == "compression" else 1.0) * (boss[:, None] + detail)
    vectors = cut(latent + spread * d.boss[UNIT][:, None] + level)
    pair = d.pairs
    if problem == "reciprocity":
        low, high = np.minimum(SELF[:, None], PEER), np.maximum(SELF[:, None], PEER)
        pair = np.sqrt(0.8) * d.mutual[low, high] + np.sqrt(0.2) * d.pairs
    seen = truth + (gap if problem in ("gap all", "gap all and capaian") else 0.0)
    peers = cut((seen[:, None] + PAIR * pair + LENIENCY * d.peer[PEER])[..., None] + DETAIL * d.details)
    capaian = np.sqrt(RELIABILITY) * (truth + (gap if problem == "gap all and capaian" else 0.0))
    capaian = capaian + np.sqrt(1 - RELIABILITY) * d.evidence
    if problem == "single value":
        vectors[third] = 4.0
    if problem == "identical":
        vectors[:] = 4.0
    if problem == "quota":
        rank = np.argsort(np.argsort(d.order + UNIT))  # a random order inside each team
        vectors = np.repeat(np.array([5.0, 5, 4, 4, 4, 4, 4, 3])[rank % TEAM][:, None], CRITERIA, axis=1)
    if problem == "peers copy":
        copying = np.isin(PEER, d.some[: int(0.4 * N)])
        peers[copying] = np.broadcast_to(vectors[:, None, :], peers.shape)[copying]
    score = vectors.mean(axis=1)
    if problem == "three levels":  # 0.2, 88.5, 11.3 %, as the predikat of the country
        score = cut(latent.mean(axis=1) / latent.mean(axis=1).std(), np.array([-2.88, 1.21]))
    if problem == "supervisors copy":
        score = np.where(half, peers.mean(axis=(1, 2)), score)
    return SimpleNamespace(score=score, vectors=vectors, peers=peers.mean(axis=2), peer_vectors=peers, capaian=capaian,
                           group=d.group.astype(float), own=own, true=truth)  # fmt: skip
