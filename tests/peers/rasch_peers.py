"""Our many-facet Rasch estimates beside mirt, raschpy and three plain maximisations written here.

    python tests/peers/rasch_peers.py

A script, not a test: it needs ``mirt==1.2.0 raschpy==1.4.0`` in the interpreter, which are not among our development
dependencies. It writes ``rasch_peers.csv`` beside it; names of cases as arguments run these alone and write nothing.
Columns ``peer_…`` and ``ours_…`` hold the largest absolute differences from the maximum (``loglik``: value there less
the maximum; ``score``: largest derivative at the peer's measures per rating or comparison). What to expect, by
estimator:

MML
    mirt with 241 nodes and ``tol=1e-10`` against the maximum of the marginal likelihood on 401 nodes found here
    (`maximise_marginal`). mirt stops at a relative change of 1e-14 per ratee whatever ``tol`` is. Measured: its
    measures agree to 6e-7 with few raters and to 5e-6 with a hundred. The log likelihood it reports is 1e-7 to 6e-7
    above the one here at the same measures, because its grid ends at 6 standard deviations and is given weights of
    sum 1; that tells nothing of the measures. Ours should come within 1e-6 of the maximum if it converges tightly and
    its quadrature is exact enough. ``ratees`` compares posterior means; other scores of ratees differ by more.
JML
    No peer maximises the joint likelihood. `maximise_joint` does, by Newton's method on dense matrices. Ours without
    bias correction should agree to 1e-6.
pairwise
    raschpy without smoothing and ridge against the maximum of its own criterion (`maximise_pairwise`). It stops at a
    Newton decrement; measured agreement is 2e-6 or better. (Distances between thresholds seen fewer than 20 times
    would keep a ridge; no case has one.) Ours is another estimator and differs by sampling error: its columns are
    information. One case is exact: with two categories and two ratings for each ratee the joint estimate puts the
    ratee halfway between the two raters, so the joint measures are twice the pairwise ones.

Ratees and raters whose ratings all lie at one end are left out beforehand, for every program.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import block_diag, null_space

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2]))
from rasch_designs import RatingDesign, complete_design, panel_design, rating_design
from rasch_programs import Measures, prepare_mirt, prepare_ours, prepare_raschpy

Array = NDArray[np.float64]
RESULT = Path(__file__).with_suffix(".csv")
REACH, NODES = 8.0, 401
CASES: dict[str, tuple[Callable[[], RatingDesign], str]] = {
    "two facets, complete, 5": (lambda: complete_design(150, 8, 1, 5, seed=11), "RSM"),
    "two facets, incomplete, 4": (lambda: panel_design(300, 10, 5, 1, 4, seed=12), "RSM"),
    "two facets, complete, 3": (lambda: complete_design(200, 6, 1, 3, seed=13), "PCM"),
    "two facets, incomplete, 4, PCM": (lambda: panel_design(400, 8, 4, 1, 4, seed=14), "PCM"),
    "three facets, complete, 5": (lambda: complete_design(80, 4, 5, 5, seed=15), "RSM"),
    "three facets, teams, 5": (lambda: rating_design(352, 0.2, 5, 5, seed=16), "RSM"),
    "three facets, complete, 5, PCM": (lambda: complete_design(80, 4, 4, 5, seed=17), "PCM"),
    "three facets, incomplete, 4, PCM": (lambda: panel_design(200, 12, 3, 4, 4, seed=18), "PCM"),
    "three facets, incomplete, 2": (lambda: panel_design(200, 12, 3, 5, 2, seed=19), "RSM"),
    "three facets, incomplete, 7": (lambda: panel_design(200, 12, 3, 4, 7, seed=20), "RSM"),
    "three facets, pair effects, 3": (lambda: panel_design(200, 12, 3, 5, 3, seed=21, pair_sd=0.5), "RSM"),
    "three facets, sparse, 5, PCM": (lambda: panel_design(300, 20, 2, 4, 5, seed=22), "PCM"),
    "two ratings each, 2": (lambda: panel_design(600, 8, 2, 1, 2, seed=23), "RSM"),
}
TWICE = "two ratings each, 2"
COLUMNS = [
    "case", "model", "levels", "categories", "n", "estimator", "peer", "peer_measures", "peer_thresholds",
    "peer_ratees", "peer_sigma", "peer_loglik", "peer_score", "ours_measures", "ours_thresholds", "ours_ratees",
    "ours_sigma", "ours_loglik", "expected_of_ours", "note", "command",
]  # fmt: skip


class Problem:
    """Ratings with the vectors that all three criteria share.

    The natural parameters are the levels of the facets after the first, then the thresholds, group by group; `basis`
    maps free values to them such that every facet and every group has mean 0. The last facet owns the groups.
    """

    def __init__(self, design: RatingDesign, model: str) -> None:
        facets = {k: v for k, v in design.facets.items() if v.max() > 0}
        keep = np.ones(design.score.size, bool)
        while True:
            x = design.score[keep]
            lost = np.zeros(x.size, bool)
            for codes in (values[keep] for values in facets.values()):
                total, count = np.bincount(codes, weights=x), np.bincount(codes)
                lost |= ((total == 0) | (total == design.score.max() * count))[codes]
            if not lost.any():
                break
            keep[np.flatnonzero(keep)[lost]] = False
        order = np.argsort(facets["ratee"][keep], kind="stable")
        self.facets = {k: np.unique(v[keep], return_inverse=True)[1][order] for k, v in facets.items()}
        self.x = x[order]
        self.model, self.names = model, list(self.facets)
        self.size = {name: int(codes.max()) + 1 for name, codes in self.facets.items()}
        self.steps = int(self.x.max())
        self.group = self.facets[self.names[-1]] if model == "PCM" else np.zeros(self.x.size, int)
        self.groups = int(self.group.max()) + 1
        assert np.bincount(self.group * (self.steps + 1) + self.x, minlength=self.groups * (self.steps + 1)).all()
        self.start = np.flatnonzero(np.diff(self.facets["ratee"], prepend=-1))
        blocks = [self.size[name] for name in self.names[1:]] + [self.steps] * self.groups
        self.basis = block_diag(*(null_space(np.ones((1, n))) if n > 1 else np.zeros((1, 0)) for n in blocks))
        self.first = np.cumsum([0] + [self.size[name] for name in self.names[1:]])
        self.columns = [self.facets[n] + f for n, f in zip(self.names[1:], self.first, strict=False)]

    def natural(self, found: Measures) -> Array:
        """Natural parameters of what a program found."""
        return np.concatenate([found.facets[name] for name in self.names[1:]] + [found.thresholds.ravel()])

    def split(self, natural: Array) -> tuple[Array, Array]:
        """Sum of the facets after the first by rating, and thresholds by group."""
        location = sum(natural[column] for column in self.columns)
        return location, natural[self.first[-1] :].reshape(self.groups, self.steps)

    def chances(self, eta: Array, thresholds: Array) -> Array:
        """Chance of every category; `eta` has the ratings first, categories come last."""
        upto = np.concatenate([np.zeros((self.groups, 1)), np.cumsum(thresholds, axis=1)], axis=1)[self.group]
        upto = upto.reshape(upto.shape[:1] + (1,) * (eta.ndim - 1) + upto.shape[1:])
        power = eta[..., None] * np.arange(self.steps + 1) - upto
        power = np.exp(power - power.max(axis=-1, keepdims=True))
        return power / power.sum(axis=-1, keepdims=True)

    def gradient(self, surplus: Array, above: Array) -> Array:
        """Derivative in the natural parameters from observed less expected scores and P(X >= k), by rating."""
        out = np.zeros(self.first[-1] + self.groups * self.steps)
        for column in self.columns:
            np.add.at(out, column, -surplus)
        rows = np.zeros((self.groups, self.steps))
        np.add.at(rows, self.group, above - (self.x[:, None] >= np.arange(1, self.steps + 1)))
        out[self.first[-1] :] += rows.ravel()
        return out


def marginal(problem: Problem, natural: Array, mean: float, log_sigma: float) -> tuple[float, Array, Array]:
    """Marginal log likelihood by the trapezoidal rule, its gradient (natural, mean, log sigma) and posterior means."""
    z = np.linspace(-REACH, REACH, NODES)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    sigma = np.exp(log_sigma)
    location, thresholds = problem.split(natural)
    chance = problem.chances(mean + sigma * z - location[:, None], thresholds)
    own = np.take_along_axis(chance, problem.x[:, None, None], axis=2)[..., 0]
    joint = np.add.reduceat(np.log(own), problem.start) + np.log(weight)
    peak = joint.max(axis=1, keepdims=True)
    posterior = np.exp(joint - peak)
    total = posterior.sum(axis=1, keepdims=True)
    posterior /= total
    by_row = posterior[problem.facets["ratee"]]
    surplus = by_row * (problem.x[:, None] - chance @ np.arange(problem.steps + 1))
    above = np.cumsum(chance[..., :0:-1], axis=-1)[..., ::-1]
    gradient = problem.gradient(surplus.sum(axis=1), np.einsum("rq,rqk->rk", by_row, above))
    more = [surplus.sum(), sigma * (surplus @ z).sum()]
    value = float((peak + np.log(total)).sum())
    return value, np.concatenate([gradient, more]), mean + sigma * (posterior @ z)


def maximise_marginal(problem: Problem, start: Measures) -> tuple[Measures, float, float]:
    """Maximum of the marginal likelihood near `start`, its value at `start`, and the largest score there per rating.

    The matrix of second derivatives is taken once, by differences of the gradient, and kept.
    """
    basis = block_diag(problem.basis, np.eye(2))
    at = np.concatenate([problem.natural(start), [start.mean, np.log(start.sigma)]])
    value, gradient, _ = first = marginal(problem, at[:-2], at[-2], at[-1])
    step, slopes = 1e-5, []
    for direction in basis.T:
        up, down = (marginal(problem, p[:-2], p[-2], p[-1])[1] for p in (at + step * direction, at - step * direction))
        slopes.append(basis.T @ (up - down) / (2 * step))
    curve = -(np.array(slopes) + np.array(slopes).T) / 2
    for _ in range(8):
        move = np.linalg.solve(curve, basis.T @ gradient)
        at = at + basis @ move
        reached, gradient, ratees = marginal(problem, at[:-2], at[-2], at[-1])
        if np.abs(move).max() < 1e-10:
            break
    assert np.abs(move).max() < 1e-9, "the marginal likelihood was not maximised"
    return (
        measures(problem, at[:-2], ratees, float(at[-2]), float(np.exp(at[-1])), reached),
        value,
        float(np.abs(basis.T @ first[1]).max() / problem.x.size),
    )


def measures(
    problem: Problem, natural: Array, ratees: Array, mean: float = np.nan, sigma: float = np.nan, loglik: float = np.nan
) -> Measures:
    """Natural parameters as `Measures`."""
    facets = {problem.names[0]: ratees}
    for number, name in enumerate(problem.names[1:]):
        facets[name] = natural[problem.first[number] : problem.first[number + 1]]
    return Measures(facets, problem.split(natural)[1], mean, sigma, loglik)


def maximise_joint(problem: Problem) -> Measures:
    """Maximum of the joint likelihood by Newton's method, all parameters at once."""
    n, ratee, steps = problem.x.size, problem.facets["ratee"], problem.steps
    n_ratees = problem.size["ratee"]
    fixed = np.zeros((n, problem.basis.shape[0]))
    for column in problem.columns:
        fixed[np.arange(n), column] = -1
    of_eta = np.hstack([np.eye(n_ratees)[ratee], fixed @ problem.basis])
    of_step = np.zeros((steps, n, of_eta.shape[1]))
    for k in range(steps):
        of_step[k, :, n_ratees:] = problem.basis[problem.first[-1] + problem.group * steps + k]
    category = np.arange(steps + 1)
    at = np.zeros(of_eta.shape[1])

    def value(at: Array) -> tuple[float, Array]:
        natural = problem.basis @ at[n_ratees:]
        location, thresholds = problem.split(natural)
        chance = problem.chances(at[ratee] - location, thresholds)
        return float(np.log(chance[np.arange(n), problem.x]).sum()), chance

    reached, chance = value(at)
    for _ in range(100):
        expected = chance @ category
        above = np.cumsum(chance[:, :0:-1], axis=1)[:, ::-1]
        seen = problem.x[:, None] >= category[1:]
        slope = of_eta.T @ (problem.x - expected) - np.einsum("kri,rk->i", of_step, seen - above)
        curve = of_eta.T @ ((chance @ category**2 - expected**2)[:, None] * of_eta)
        for k in range(steps):
            with_k = (chance[:, k + 1 :] @ category[k + 1 :]) - expected * above[:, k]
            cross = of_eta.T @ (with_k[:, None] * of_step[k])
            curve -= cross + cross.T
            for j in range(steps):
                both = above[:, max(j, k)] - above[:, j] * above[:, k]
                curve += of_step[k].T @ (both[:, None] * of_step[j])
        move = np.linalg.solve(curve, slope)
        size = 1.0
        while (trial := value(at + size * move))[0] < reached - 1e-9 and size > 1e-6:
            size /= 2
        at = at + size * move
        reached, chance = trial
        if np.abs(move).max() < 1e-11:
            break
    assert np.abs(move).max() < 1e-8, "the joint likelihood was not maximised"
    return measures(problem, problem.basis @ at[n_ratees:], at[:n_ratees], loglik=reached)


def pairwise_rows(problem: Problem) -> sparse.csr_array:
    """Each comparison of raschpy's criterion, as the derivative of its log odds in the natural parameters.

    Two ratings of a ratee are compared if the program does so: they share the rater or the item (all of them with two
    facets). Patterns (a, b) and (a - 1, b + 1): the log odds of the first are location b + 1 of the second cell less
    location a of the first. The sign is turned so that the observed pattern comes first.
    """
    ratee = problem.facets["ratee"]
    ends = np.r_[problem.start[1:], ratee.size]
    pairs = [
        np.array(np.triu_indices(int(stop - start), 1)) + start
        for start, stop in zip(problem.start, ends, strict=True)
    ]
    one, two = np.concatenate(pairs, axis=1)
    if len(problem.names) == 3:
        same = [problem.facets[name][one] == problem.facets[name][two] for name in problem.names[1:]]
        one, two = one[same[0] | same[1]], two[same[0] | same[1]]

    def cell(row: NDArray[Any], threshold: NDArray[Any]) -> sparse.csr_array:
        """Indicators of the location of `threshold` (from 1) in the cell of `row`."""
        parts = [column[row] for column in problem.columns]
        parts.append(problem.first[-1] + problem.group[row] * problem.steps + threshold - 1)
        where = np.repeat(np.arange(row.size), len(parts)), np.column_stack(parts).ravel()
        return sparse.csr_array((np.ones(where[0].size), where), shape=(row.size, problem.basis.shape[0]))

    x, y = problem.x[one], problem.x[two]
    up, down = (x >= 1) & (y < problem.steps), (x < problem.steps) & (y >= 1)
    return sparse.vstack(
        [
            cell(two[up], y[up] + 1) - cell(one[up], x[up]),
            cell(one[down], x[down] + 1) - cell(two[down], y[down]),
        ]
    ).tocsr()


def maximise_pairwise(problem: Problem) -> tuple[Array, Callable[[Array], tuple[float, float]]]:
    """Maximum of the unpenalised pairwise likelihood; a function giving its value and largest score per comparison."""
    rows = pairwise_rows(problem) @ problem.basis
    at = np.zeros(rows.shape[1])

    def chance(at: Array) -> Array:
        return 1 / (1 + np.exp(-(rows @ at)))

    for _ in range(60):
        p = chance(at)
        curve = rows.T @ ((p * (1 - p))[:, None] * rows)
        move = np.linalg.solve(curve, rows.T @ (1 - p))
        at = at + move / max(1.0, np.abs(move).max())
        if np.abs(move).max() < 1e-11:
            break
    assert np.abs(move).max() < 1e-9, "the pairwise likelihood was not maximised"

    def told(natural: Array) -> tuple[float, float]:
        free = problem.basis.T @ natural
        score = rows.T @ (1 - chance(free))
        return float(np.log(chance(free)).sum()), float(np.abs(score).max() / rows.shape[0])

    return problem.basis @ at, told


def distances(problem: Problem, prefix: str, found: Measures, exact: Measures) -> dict[str, Any]:
    """Largest differences by kind."""
    out: dict[str, Any] = {}
    if np.isfinite(found.facets["ratee"]).all() and np.isfinite(exact.facets["ratee"]).all():
        out["ratees"] = np.abs(found.facets["ratee"] - exact.facets["ratee"]).max()
    out["measures"] = max(np.abs(found.facets[n] - exact.facets[n]).max() for n in problem.names[1:])
    out["thresholds"] = np.abs(found.thresholds - exact.thresholds).max()
    if np.isfinite(found.sigma):
        out["sigma"] = abs(found.sigma - exact.sigma)
    if np.isfinite(found.loglik):
        out["loglik"] = found.loglik - exact.loglik
    return {f"{prefix}_{key}": value for key, value in out.items()}


def ours(problem: Problem, estimator: str, **more: Any) -> Measures | None:
    """Our fit, or None while the function is missing."""
    from kinerja_analysis import stats

    if not hasattr(stats, "many_facet_rasch"):
        return None
    raw, read = prepare_ours(problem.x, problem.facets, estimator, problem.model, **more)()
    return read(raw)


def rows_of(name: str) -> list[dict[str, Any]]:
    """All comparisons of one case."""
    make, model = CASES[name]
    problem = Problem(make(), model)
    common = {
        "case": name, "model": model, "n": problem.x.size, "categories": problem.steps + 1,
        "levels": " ".join(f"{k}:{v}" for k, v in problem.size.items()),
        "command": f'python tests/peers/rasch_peers.py "{name}"',
    }  # fmt: skip
    rows = []
    if name != TWICE:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            raw, read = prepare_mirt(problem.x, problem.facets, model, nodes=241, tol=1e-10, max_iter=5000)()
        peer = read(raw)
        exact, value, score = maximise_marginal(problem, peer)
        row = {**common, "estimator": "MML", "peer": f"mirt {peer.version}", "peer_score": score}
        row |= distances(problem, "peer", peer, exact)
        row["peer_loglik"] = value - exact.loglik
        notes = [str(one.message) for one in told] + [f"{peer.iterations} iterations"]
        notes += [f"mirt's own log likelihood less the one here at its measures: {peer.loglik - value:.1e}"]
        notes += ["" if peer.converged else "mirt reports no convergence"]
        if (mine := ours(problem, "MML")) is not None:
            row |= distances(problem, "ours", mine, exact)
        rows.append({**row, "expected_of_ours": "1e-6", "note": "; ".join(filter(None, notes))})
    joint = maximise_joint(problem)
    row = {**common, "estimator": "JML", "peer": "none", "expected_of_ours": "1e-6"}
    if (mine := ours(problem, "JML", correct_bias=False)) is not None:
        row |= distances(problem, "ours", mine, joint)
    rows.append(row)
    if model == "RSM":
        raw, read = prepare_raschpy(problem.x, problem.facets, smooth=False, ratees=False)()
        peer = read(raw)
        natural, told_at = maximise_pairwise(problem)
        exact = measures(problem, natural, np.full(problem.size["ratee"], np.nan), loglik=told_at(natural)[0])
        there = told_at(problem.natural(peer))
        row = {**common, "estimator": "pairwise", "peer": f"raschpy {peer.version}", "peer_score": there[1]}
        row |= distances(problem, "peer", peer, exact)
        row["peer_loglik"] = there[0] - exact.loglik
        notes = ["" if peer.converged else "raschpy reports no convergence"]
        if name == TWICE:
            notes.append(f"joint maximum found here less twice the pairwise: {twice(problem, joint, exact):.1e}")
            row["expected_of_ours"] = "1e-6 after halving (ours JML without bias correction)"
        else:
            row["expected_of_ours"] = "sampling error (ours JML with bias correction)"
        mine = ours(problem, "JML", correct_bias=name != TWICE)
        if mine is not None:
            if name == TWICE:
                mine.facets = {k: v / 2 for k, v in mine.facets.items()}
            mine.loglik = np.nan
            row |= distances(problem, "ours", mine, exact)
        rows.append({**row, "note": "; ".join(filter(None, notes))})
    for row in rows:
        print("  ".join(f"{k}={shown(row[k])}" for k in COLUMNS[:-1] if row.get(k, "") != ""), flush=True)
    return rows


def twice(problem: Problem, joint: Measures, pairwise: Measures) -> float:
    """Largest difference of the joint measures from twice the pairwise ones."""
    return float(max(np.abs(joint.facets[n] - 2 * pairwise.facets[n]).max() for n in problem.names[1:]))


def shown(value: Any) -> str:
    """A cell of the table."""
    return f"{value:.1e}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run the named cases, or all of them and write the table."""
    chosen = sys.argv[1:] or list(CASES)
    rows = [row for name in chosen for row in rows_of(name)]
    for prefix in ("peer", "ours"):
        for estimator in ("MML", "JML", "pairwise"):
            found = [r[f"{prefix}_measures"] for r in rows if r["estimator"] == estimator and f"{prefix}_measures" in r]
            if found:
                print(f"{prefix}, {estimator}: largest difference of a measure {max(found):.1e} in {len(found)} cases")
    if sys.argv[1:]:
        return
    with RESULT.open("w", newline="", encoding="utf-8") as stream:
        stream.write(f"# python tests/peers/rasch_peers.py, {dt.date.today()}; largest differences from the maxima\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([shown(row.get(k, "")) for k in COLUMNS] for row in rows)


if __name__ == "__main__":
    main()
