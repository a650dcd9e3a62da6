"""What the large route samples: the diagonal of the inverse, the log determinant, and their errors."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._gradients import conjugate_gradients, log_quadratic
from ._mixed import CHUNK, Diagonal, Fit, MixedSystem, level_sums
from ._probes import probes

FloatArray = NDArray[np.float64]
Signs = NDArray[np.int8]
_FINAL, _LOGDET = 64, 32
_SEARCH, _SEARCH_MOST, _SEARCH_BUDGET = 16, 512, 1e7
_WANTED, _MOST, _BUDGET = 0.01, 2048, 1e8
_ROUGH, _FINE, _MIDDLE = 1e-3, 1e-4, 1e-8


@dataclass(frozen=True, slots=True)
class Refined:
    """A fit with its final diagonal and log determinant, and how far sampling may have moved them.

    In `bounded` every variance is kept within what is known of it. `se_error` is the largest relative error of a
    standard error, three times the largest difference of two independent halves from their mean; `logdet_error` the
    standard error of the log determinant.
    """

    fit: Fit
    bounded: Fit
    se_error: float
    logdet_error: float


class SampledSystem(MixedSystem):
    """A mixed model with the diagonal of its inverse: exact, or sampled where S is not inverted."""

    seed = 0
    _signs: Signs | None = None

    def fit(self, gamma: FloatArray) -> Fit:
        """Solve the model at the variance ratios `gamma`.

        By the large route the diagonal is sampled with fewer probes, the same at every call, so that the score is a
        smooth function; the log determinant is that of the unit blocks. `refine` mends both.
        """
        fit = super().fit(gamma)
        if self.exact:
            return replace(fit, diagonal=Diagonal(*self.blocks.inverse_parts()))
        if self._signs is None:
            count = _SEARCH
            while count < _SEARCH_MOST and 2 * count * self.n <= _SEARCH_BUDGET:
                count *= 2
            self._signs = self._probes(count, np.random.default_rng(self.seed))
        return replace(fit, diagonal=self._sample(fit, self._signs))

    def _probes(self, count: int, rng: np.random.Generator) -> Signs:
        factor = np.empty(self.block.size, np.int64)
        for k, place in self.place.items():
            factor[place] = k
        return probes(self.ties(self.C, self.B), factor, self.block, count, rng)

    def _sample(self, fit: Fit, signs: Signs, tolerance: float = _ROUGH) -> Diagonal:
        """The diagonal with one set of signs, factor by factor: probes of one factor leave out the others.

        The noise in a factor's part is then of the order of its own variance ratio, however small it is.
        """
        self.blocks.factor(fit.weight, fit.scale)
        bulk, rows = self.blocks.inverse_parts()
        scale, count = fit.scale[:, None], signs.shape[1]
        for place in self.place.values():
            for start in range(0, count, CHUNK):
                probe = np.zeros((bulk.size, min(CHUNK, count - start)))
                probe[place] = signs[place, start : start + CHUNK]
                beyond = self.solve(fit.weight, fit.scale, probe, tolerance) - self.blocks.solve(probe)
                bulk += (probe * beyond).sum(axis=1) / count
                rows += ((self.C @ (scale * probe)) * (self.C @ (scale * beyond))).sum(axis=1) / count
        return Diagonal(bulk, rows)

    def refine(self, fit: Fit, *, fixed: bool) -> Refined:
        """The final diagonal and log determinant at these variance ratios, with their errors."""
        rng = np.random.default_rng([self.seed, 1])
        count, (diagonal, spread) = _FINAL, self._halves(fit, _FINAL, rng, fixed)
        while spread > _WANTED and count < _MOST and 4 * count * self.n <= _BUDGET:
            count *= 2
            diagonal, spread = self._halves(fit, count, rng, fixed)
        logs = self._log_determinants(fit, rng)
        fit = replace(fit, diagonal=diagonal, logdet=fit.logdet + float(logs.mean()))
        bounded = replace(fit, diagonal=self._bounded(diagonal))
        return Refined(fit, bounded, spread, float(logs.std(ddof=1) / np.sqrt(logs.size)))

    def _halves(
        self, fit: Fit, count: int, rng: np.random.Generator, fixed: bool
    ) -> tuple[Diagonal, float]:
        """Mean of two independent estimates, and three times how far they are from it, for the worst SE."""
        one, two = (self._sample(fit, self._probes(count, rng), _FINE) for _ in range(2))
        spread = 0.0
        fits = (replace(fit, diagonal=self._bounded(half)) for half in (one, two))
        parts = (self.variances(half, fixed=fixed)[0] for half in fits)
        for low, high in zip(*parts, strict=True):
            root = np.sqrt(low), np.sqrt(high)
            spread = max(spread, float(np.max(3.0 * np.abs(root[0] - root[1]) / (root[0] + root[1]), initial=0.0)))
        return Diagonal(0.5 * (one.bulk + two.bulk), 0.5 * (one.rows + two.rows)), spread

    def _bounded(self, diagonal: Diagonal) -> Diagonal:
        """The diagonal is at least that of the inverse unit blocks and, with the identity in S, at most 1."""
        base, _ = self.blocks.inverse_parts()
        return Diagonal(np.clip(diagonal.bulk, base, 1.0), np.maximum(diagonal.rows, 0.0))

    def _log_determinants(self, fit: Fit, rng: np.random.Generator) -> FloatArray:
        """log|S| − log|M| by probe, stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017)."""
        signs = self._probes(_LOGDET, rng)
        out = []
        for start in range(0, _LOGDET, CHUNK):
            probe = self.blocks.times_lower(signs[:, start : start + CHUNK].astype(np.float64))
            solved = conjugate_gradients(
                lambda v: self.apply(v, fit.weight, fit.scale), self.blocks.solve, probe, tolerance=_ROUGH
            )
            out.append(log_quadratic(solved, np.full(probe.shape[1], float(probe.shape[0]))))
        return np.concatenate(out)

    def variances(self, fit: Fit, *, fixed: bool) -> tuple[list[FloatArray], FloatArray]:
        """Diagonal of the inverse equations for scaled effects u: by factor, and of the means.

        With `fixed` the uncertainty of the fixed design X is included.
        """
        if fit.diagonal is None:
            raise ValueError("this fit has no diagonal")
        h = self.n_small
        inner = np.zeros_like(fit.inner)
        known = slice(None) if fixed else slice(0, h)
        inner[known, known] = np.linalg.inv(fit.inner[known, known])
        gamma0 = fit.gamma[self.first]
        d = 1.0 + gamma0 * self.count0
        left = self.D.first[:, :-1] * fit.size - self.C @ (fit.scale[:, None] * fit.solved)
        moved, bulk, rows, means = fit.solved, fit.diagonal.bulk, fit.diagonal.rows, np.zeros(0)
        if self.ones is not None:
            own = self.ones.first[:, 0] - self.C @ (fit.scale * fit.packed)
            bulk = bulk + fit.packed**2 / fit.mean_size[self.component_bulk]
            rows = rows + own**2 / fit.mean_size[self.component0]
            moved = moved - fit.packed[:, None] * fit.mean_load[self.component_bulk]
            left = left - own[:, None] * fit.mean_load[self.component0]
            means = 1.0 / fit.mean_size + _quadratic(fit.mean_load, inner)
        first = 1.0 / d + gamma0 / d**2 * (rows + _quadratic(left, inner))
        bulk = bulk + _quadratic(moved, inner)
        small = np.diag(inner)[:h]
        parts = {**{k: small[part] for k, part in self.small_slice.items()}, self.first: first}
        parts |= {k: bulk[place] for k, place in self.place.items()}
        return [parts[k] for k in range(self.levels.size)], means

    def working_information(self, fit: Fit) -> FloatArray:
        """f_k'·P·f_l with f_k = Z_k·Z_k'·P·y, σ² = 1: twice the average information without σ²."""
        root = np.sqrt(fit.gamma)
        F = np.column_stack(
            [(u / root[k])[codes] for k, (u, codes) in enumerate(zip(self.effects(fit), self.factors, strict=True))]
        )
        own = self.sums(F)
        rhs, loads = self.reduced(own, fit.weight, fit.scale)
        solved = self.solve(fit.weight, fit.scale, rhs, _MIDDLE)
        A = F.T @ F - own.first.T @ (fit.weight[:, None] * own.first) - rhs.T @ solved
        sums = [level_sums(self.factors[k], F, int(self.levels[k])) for k in self.small]
        beside = np.vstack([*sums, self.M[:, : self.p].T @ F])
        beside -= self.D.first[:, :-1].T @ (fit.weight[:, None] * own.first)
        beside = fit.size[:, None] * beside - fit.solved.T @ rhs
        if self.ones is not None:
            loads = loads - level_sums(self.component_bulk, fit.packed[:, None] * rhs, self.parts)
            A -= loads.T @ (loads / fit.mean_size[:, None])
            beside -= fit.mean_load.T @ loads
        return A - beside.T @ np.linalg.solve(fit.inner, beside) if beside.size else A


def _quadratic(rows: FloatArray, inner: FloatArray) -> FloatArray:
    """r'·inner·r of every row."""
    return np.asarray(((rows @ inner) * rows).sum(axis=1))
