"""NIST StRD, one-way analysis of variance: F against the certified values, in correct digits.

The generated sets are those of Simon & Lesage (1989), Computational Statistics & Data Analysis 8, 325–332: nine
treatments; the first value of a treatment, then alternately a tenth less and a tenth more; 1, 7 or 13 constant leading
digits. A test compares them with NIST's own files, which scipy ships. SiRstv and AtmWtAg are NIST's files, unchanged
but for spaces at line ends. Digits asked: 14, 10 and 4 on the three levels of difficulty; 4.2 is all that binary64
leaves of 1000000000000.4. For the REML components 6 digits on the first two levels, 4 on the last.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import scipy

from kinerja_analysis.stats import crossed_effects, icc

DATA = Path(__file__).parent / "data"
SHIPPED = Path(scipy.__file__).parent / "stats/tests/data/nist_anova"
LEADING, REPLICATES = ("1", "1000000", "1000000000000"), (21, 201, 2001)
FIRST = (4, 3, 5, 3, 5, 3, 5, 3, 5)
SETS = {
    f"SmLs{3 * level + size + 1:02d}": (LEADING[level], REPLICATES[size], (14, 10, 4)[level], (6, 6, 4)[level])
    for level in range(3)
    for size in range(3)
}


def simon_lesage(leading, replicates):
    """Treatments × replicates, each number read from its decimal text."""
    pairs = (replicates - 1) // 2
    return np.array([[float(f"{leading}.{d}") for d in [t] + [t - 1, t + 1] * pairs] for t in FIRST])


def observed(place):
    """Treatments × replicates and the certified F of one of NIST's files."""
    lines = place.read_text(encoding="ascii").splitlines()
    treatment, value = np.array([line.split() for line in lines[60:] if line.split()], float).T
    certified = next(line for line in lines if line.startswith("Between")).split()[-1]
    return value.reshape(np.unique(treatment).size, -1), float(certified)


def digits(found, certified):
    """Log relative error: correct significant digits, at most 15."""
    return 15.0 if found == certified else min(15.0, -math.log10(abs(found - certified) / abs(certified)))


def f_of_components(table):
    """F of a balanced one-way layout from its REML components: 1 + n·σ²_between/σ²_residual."""
    treatments, replicates = table.shape
    fit = crossed_effects(table.ravel(), {"treatment": np.repeat(np.arange(treatments), replicates)}, sd_interval=False)
    assert fit.converged and fit.reason == ""
    return 1 + replicates * (fit.sd["treatment"] / fit.sd_residual) ** 2


@pytest.mark.parametrize("name", SETS)
def test_simon_lesage(name):
    leading, replicates, of_icc, of_components = SETS[name]
    table = simon_lesage(leading, replicates)
    assert digits(icc(table).F[0], replicates) >= of_icc
    assert digits(f_of_components(table), replicates) >= of_components


@pytest.mark.parametrize(("name", "of_icc"), [("SiRstv", 13), ("AtmWtAg", 10)])
def test_observed_sets(name, of_icc):
    """Three and seven constant leading digits; reading 196.3052 into binary64 alone costs F its 14th digit."""
    table, certified = observed(DATA / f"nist_{name}.dat")
    assert digits(icc(table).F[0], certified) >= of_icc
    assert digits(f_of_components(table), certified) >= 6


@pytest.mark.parametrize("name", [*SETS, "SiRstv", "AtmWtAg"])
def test_the_data_are_those_of_nist(name):
    if not SHIPPED.is_dir():
        pytest.skip("this scipy comes without its tests")
    table, certified = observed(SHIPPED / f"{name}.dat")
    if name in SETS:
        leading, replicates, *_ = SETS[name]
        own, own_certified = simon_lesage(leading, replicates), replicates
    else:
        own, own_certified = observed(DATA / f"nist_{name}.dat")
    np.testing.assert_array_equal(table, own)
    assert certified == own_certified
