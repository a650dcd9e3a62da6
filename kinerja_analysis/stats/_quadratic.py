"""Exact tails of quadratic forms in normal variables."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEP, _SMALLEST, _GONE = 0.1, -3.7, 36.0


def chance_positive(weight: Floats, count: Floats | None = None) -> float:
    """P(Σ w χ²₁ > 0) for independent χ²₁, each weight taken `count` times; NaN if all weights are 0.

    Imhof (1961), Biometrika 48:419: ½ + (1/π) ∫ sin θ(u) / (u ρ(u)) du with θ = ½ Σ arctan(w u) and
    ρ = Π (1 + w² u²)^¼, by the trapezoid rule after u = exp(x − exp(−x)).

    Examples
    --------
    Two of each sign: F(2, 2) above 1/3 has chance 1/(1 + 1/3).

    >>> round(chance_positive(np.array([3.0, -1.0]), np.array([2.0, 2.0])), 10)
    0.75
    """
    times = np.ones(weight.size) if count is None else count
    scale = math.sqrt(float(times @ weight**2)) if weight.size else 0.0
    if not scale > 0:
        return math.nan
    w = weight / scale
    end = 2.0
    while 0.25 * float(times @ np.log1p((w * math.exp(end)) ** 2)) < _GONE and end < 80:
        end += 0.5
    step = _STEP / (1 + abs(float(times @ w)) / 4)
    total = 0.0
    nodes = np.arange(_SMALLEST, end, step)
    for x in np.array_split(nodes, max(1, nodes.size * w.size // 2_000_000)):
        u = np.exp(x - np.exp(-x))[:, None] * w
        height = np.exp(-0.25 * (np.log1p(u * u) @ times))
        total += float((np.sin(0.5 * (np.arctan(u) @ times)) * height * (1 + np.exp(-x))).sum())
    return min(max(0.5 + step * total / math.pi, 0.0), 1.0)
