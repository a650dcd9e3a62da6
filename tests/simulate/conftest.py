"""One demo for all tests of the generator: simulated once (about a second)."""

import pytest

from kinerja_analysis.simulate import Simulation, simulate


@pytest.fixture(scope="session")
def demo() -> Simulation:
    return simulate(seed=1)


@pytest.fixture(scope="session")
def small() -> Simulation:
    """The demo at a tenth of its size, one year."""
    return simulate(seed=3, size=0.1, years=[2025])
