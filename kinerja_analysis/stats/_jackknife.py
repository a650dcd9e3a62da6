"""Delete-one-unit jackknife with Student's t: the interval used for within-team quantities."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit


def unit_jackknife(
    value: float, replicates: NDArray[np.float64], *, level: float = 0.95
) -> tuple[float, float, float]:
    """Standard error and interval of `value` from its leave-one-unit-out replicates.

    Parameters
    ----------
    value : float
        The estimate from all units.
    replicates : ndarray of float, shape (U,)
        The estimate without unit u. Units that carry no data for it must be left out by the caller.
    level : float
        Confidence level.

    Returns
    -------
    se, lower, upper : float
        se² = (U−1)/U · Σ(replicate − mean replicate)², limits value ± t(U−1)·se. All NaN when U < 2 or
        when a replicate or the value itself is not finite.

    Notes
    -----
    Efron & Tibshirani (1993), chapter 11. With few units the t interval keeps its level where the
    percentile bootstrap of units does not.

    Examples
    --------
    The jackknife of a mean is the ordinary standard error, here s/√n = 1/√3:

    >>> import numpy as np
    >>> se, lower, upper = unit_jackknife(2.0, np.array([2.5, 2.0, 1.5]))
    >>> round(se, 6)
    0.57735
    """
    n_units = replicates.size
    if n_units < 2 or not math.isfinite(value) or not np.isfinite(replicates).all():
        return math.nan, math.nan, math.nan
    spread = replicates - replicates.mean()
    se = math.sqrt((n_units - 1) / n_units * float(spread @ spread))
    half = float(stdtrit(n_units - 1, 0.5 + level / 2)) * se
    return se, value - half, value + half
