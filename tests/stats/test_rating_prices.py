"""What further ratings tell: the figures of inference.md section 5 and a simulation of the spread."""

from __future__ import annotations

import numpy as np
import pytest

from kinerja_analysis.stats import rating_prices


def test_published_figures_of_superiors() -> None:
    """inference.md section 5, idea 3: m = 3 gives SE .81, m = 8 .49 SD (pair SD .7); printed to two digits."""
    found = rating_prices(300, (900, 2400), way="superior")
    assert found.per_rater.tolist() == [3, 8]
    assert found.contrast_se == pytest.approx([0.81, 0.49], abs=0.006)


def test_vignettes_have_one_error_and_linked_raters_need_so_many() -> None:
    found = rating_prices(10, (80, 5), way="vignette", sd_pair=0.7)
    assert found.contrast_se.tolist() == pytest.approx([(2 * 0.49 / 8) ** 0.5, np.inf])
    assert found.per_rater.tolist() == [8, 0] and np.isnan(found.spread_found[1])
    assert found.n_needed == 80, "1 - .49 / (8 * .1225) is one half"
    assert found.reliability.tolist() == pytest.approx([0.5, 0.0])


def test_the_printed_spread_is_found_eighty_times_of_a_hundred() -> None:
    found = rating_prices(150, 600, way="superior", sd_pair=0.7)
    sd, noise = float(found.spread_found[0]), 2 * 0.49 / 4
    rng = np.random.default_rng(7)
    limit = noise * (1 + 1.645 * (2 / 149) ** 0.5)  # level .05 where there is no leniency
    empty = rng.normal(0, noise**0.5, (4000, 150)).var(axis=1, ddof=1)
    real = rng.normal(0, (sd**2 + noise) ** 0.5, (4000, 150)).var(axis=1, ddof=1)
    assert np.mean(empty > limit) == pytest.approx(0.05, abs=0.02)
    assert np.mean(real > limit) == pytest.approx(0.80, abs=0.03)


@pytest.mark.parametrize("wrong", [{"n_raters": 1}, {"n_added": 0}, {"way": "peer"}, {"sd_pair": 0.0}, {"power": 1.0}])
def test_impossible_numbers_are_refused(wrong: dict[str, object]) -> None:
    given = {"n_raters": 10, "n_added": 50, "way": "superior"} | wrong
    with pytest.raises(ValueError, match="must be"):
        rating_prices(given.pop("n_raters"), given.pop("n_added"), **given)
