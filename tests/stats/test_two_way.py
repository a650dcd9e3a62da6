"""Severity on pair means: contracts, dense algebra, and coverage in the designs users have."""

import numpy as np
import pytest
from scipy.special import stdtrit

from kinerja_analysis.stats import _laplacian, linkage, two_way_effects


def teams(units, size=8, peers=3, cross=0.0, seed=3):
    """A supervisor (last codes) and `peers` raters for everybody; a share of the peers' ratings crosses."""
    rng = np.random.default_rng(seed)
    n = units * size
    person = np.repeat(np.arange(n), peers)
    peer = person // size * size + (person % size + np.tile(np.arange(1, peers + 1), n)) % size
    crossing = rng.random(peer.size) < cross
    peer[crossing] = rng.integers(0, n, crossing.sum())
    keep = peer != person
    ratee = np.concatenate([np.arange(n), person[keep]])
    rater = np.concatenate([n + np.arange(n) // size, peer[keep]])
    return ratee, np.unique(rater, return_inverse=True)[1]


def scores(ratee, rater, severity, rng, sd=0.7):
    return rng.normal(0, 1, ratee.max() + 1)[ratee] - severity[rater] + rng.normal(0, sd, ratee.size)


def relative(severity, component):
    mean = np.bincount(component, severity) / np.bincount(component)
    return severity - mean[component]


def brute_force(y, ratee, rater):
    """Severity, CR2 errors and Satterthwaite df from the dense design with dummies for everybody."""
    design = np.hstack([np.eye(ratee.max() + 1)[ratee], np.eye(rater.max() + 1)[rater]])
    inverse = np.linalg.pinv(design.T @ design)
    hat = design @ inverse @ design.T
    residual = y - hat @ y
    n_ratees, n_raters = ratee.max() + 1, rater.max() + 1
    centre = np.hstack([np.zeros((n_raters, n_ratees)), 1 / n_raters - np.eye(n_raters)])
    weights = np.zeros((n_ratees, n_raters, y.size))
    for person in range(n_ratees):
        rows = np.flatnonzero(ratee == person)
        value, vector = np.linalg.eigh(np.eye(rows.size) - hat[np.ix_(rows, rows)])
        root = vector @ np.diag([x**-0.5 if x > 1e-8 else 0.0 for x in value]) @ vector.T
        weights[person][:, rows] = centre @ inverse @ design[rows].T @ root
    variance = ((weights @ residual) ** 2).sum(axis=0)
    omega = np.einsum("pri,ij,qrj->rpq", weights, np.eye(y.size) - hat, weights, optimize=True)
    df = np.einsum("rpp->r", omega) ** 2 / np.einsum("rpq,rpq->r", omega, omega)
    return centre @ inverse @ design.T @ y, np.sqrt(variance), df


def test_against_dense_cr2():
    """Every pair can be left out (no bridge), so nothing is pooled."""
    ratee, rater = teams(1, peers=4)
    y = scores(ratee, rater, np.zeros(9), np.random.default_rng(0))
    found = two_way_effects(y, ratee, rater)
    assert linkage(ratee, rater).bridges.size == 0
    effects, se, df = brute_force(y, ratee, rater)
    np.testing.assert_allclose(found.effects, effects, atol=1e-10)
    np.testing.assert_allclose(found.effects_se, se, rtol=1e-8)
    np.testing.assert_allclose(found.df, df, rtol=1e-8)


def test_full_crossing_by_hand():
    """All rate all: severity = grand mean − rater mean; SE under equal variance σ·√((1 − 1/m)/n)."""
    rng = np.random.default_rng(1)
    table = rng.normal(0, 1, (30, 5))
    found = two_way_effects(table.ravel(), np.repeat(np.arange(30), 5), np.tile(np.arange(5), 30))
    np.testing.assert_allclose(found.effects, table.mean() - table.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.effects_se_model, found.sd_residual * np.sqrt(0.8 / 30))
    centred = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    assert found.sd_residual == pytest.approx(np.sqrt((centred**2).sum() / (29 * 4)))
    assert found.df_residual == 29 * 4


def test_a_constant_added_to_one_component_changes_no_severity():
    ratee, rater = teams(5)
    y = scores(ratee, rater, np.zeros(45), np.random.default_rng(2))
    found = two_way_effects(y, ratee, rater)
    moved = two_way_effects(y + 10.0 * (ratee // 8 == 2), ratee, rater)
    np.testing.assert_allclose(moved.effects, found.effects, atol=1e-9)
    np.testing.assert_allclose(moved.within_ratee, found.within_ratee, atol=1e-9)
    np.testing.assert_allclose(moved.effects_se, found.effects_se, rtol=1e-7)


def test_sign_and_size_of_one_stricter_rater():
    """One point less from rater 4 of nine: +1 − 1/9 for him, −1/9 for the others of his component."""
    ratee, rater = teams(2)
    y = scores(ratee, rater, np.zeros(18), np.random.default_rng(3))
    before, after = two_way_effects(y, ratee, rater), two_way_effects(y - (rater == 4), ratee, rater)
    expected = np.where(
        np.arange(18) == 4, 8 / 9, np.where(before.component == before.component[4], -1 / 9, 0.0)
    )
    np.testing.assert_allclose(after.effects - before.effects, expected, atol=1e-9)
    assert after.within_ratee[4] - before.within_ratee[4] == pytest.approx(1.0)


def test_within_ratee_by_hand():
    """Rater 0 gives 3, 5; the others of the same ratees average 4 and 4.5: (1 − .5)/2, SE |1 + .5|/2."""
    found = two_way_effects([3.0, 4.0, 5.0, 4.0, 5.0, 9.0], [0, 0, 1, 1, 1, 2], [0, 1, 0, 1, 2, 0])
    assert found.within_ratee[0] == pytest.approx(0.25)
    assert found.within_ratee_se[0] == pytest.approx(0.75)
    assert found.within_ratee_df[0] == 1.0
    assert found.n_ratees.tolist() == [3, 2, 1] and found.n_shared.tolist() == [2, 2, 1]
    assert np.isnan(found.within_ratee_se[2])


def test_criteria_of_one_pair_are_averaged_first():
    ratee, rater = teams(2)
    y = scores(ratee, rater, np.zeros(18), np.random.default_rng(4))
    twice = two_way_effects(np.concatenate([y - 0.3, y + 0.3]), np.tile(ratee, 2), np.tile(rater, 2))
    once = two_way_effects(y, ratee, rater)
    assert twice.n == once.n
    np.testing.assert_allclose(twice.effects_se, once.effects_se, rtol=1e-9)


@pytest.mark.parametrize("cross", [0.0, 0.25])
def test_coverage_in_teams_of_eight_with_three_peers(cross):
    """95 % intervals, pair errors of supervisors half as large as of peers; 60 sets (MC error ≈ 1 point)."""
    rng = np.random.default_rng(5)
    ratee, rater = teams(15, cross=cross)
    n_raters = rater.max() + 1
    supervisor = np.arange(n_raters) >= n_raters - 15
    sd = np.where(supervisor, 0.45, 0.9)[rater]
    share, within = [], []
    for _ in range(60):
        severity = rng.normal(0, 0.35, n_raters)
        found = two_way_effects(scores(ratee, rater, severity, rng, sd), ratee, rater)
        error = found.effects - relative(severity, found.component)
        share.append(np.abs(error) <= stdtrit(found.df, 0.975) * found.effects_se)
        others = np.bincount(ratee)[ratee] - 1
        total = np.bincount(ratee, severity[rater])[ratee]
        gap = severity[rater] - (total - severity[rater]) / others
        target = np.bincount(rater, gap) / np.bincount(rater)
        limit = stdtrit(found.within_ratee_df, 0.975) * found.within_ratee_se
        within.append(np.abs(found.within_ratee - target) <= limit)
    shared = found.n_shared > 1
    assert 0.925 <= np.mean(np.array(share)[:, supervisor]) <= 0.98
    assert 0.925 <= np.mean(np.array(share)[:, ~supervisor & shared]) <= 0.98
    assert 0.93 <= np.mean(np.array(within)[:, shared]) <= 0.97


def test_rater_of_a_single_ratee_takes_the_pooled_variance():
    """Such a pair is fitted exactly; without its own noise the interval would cover far too little."""
    rng = np.random.default_rng(6)
    ratee, rater = teams(12, peers=4)
    ratee, rater = np.append(ratee, 0), np.append(rater, rater.max() + 1)
    hits = []
    for _ in range(150):
        severity = rng.normal(0, 0.35, rater.max() + 1)
        found = two_way_effects(scores(ratee, rater, severity, rng), ratee, rater)
        error = (found.effects - relative(severity, found.component))[-1]
        hits.append(abs(error) <= stdtrit(found.df[-1], 0.975) * found.effects_se[-1])
    assert np.mean(hits) >= 0.90


def test_large_components_by_projection(monkeypatch):
    """Same effects; standard errors within the stated noise, without bias."""
    ratee, rater = teams(40, cross=0.2)
    y = scores(ratee, rater, np.zeros(rater.max() + 1), np.random.default_rng(7))
    exact = two_way_effects(y, ratee, rater)
    monkeypatch.setattr(_laplacian, "DENSE_LIMIT", 50)
    sketched = two_way_effects(y, ratee, rater)
    assert "projection" in sketched.method and "projection" not in exact.method
    np.testing.assert_allclose(sketched.effects, exact.effects, atol=1e-7)
    ratio = sketched.effects_se / exact.effects_se
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.03) and np.std(ratio) < 0.15
    assert np.median(sketched.df / exact.df) == pytest.approx(1.0, abs=0.35)


def test_raters_without_comparison_have_a_reason():
    found = two_way_effects([1.0, 2.0, 3.0, 4.0, 2.0, 2.5, 1.0], [0, 1, 2, 2, 3, 3, 4], [0, 0, 1, 2, 1, 2, 4])
    assert found.rater_reason.tolist() == ["alone_in_component", "", "", "no_ratings", "alone_in_component"]
    assert np.isnan(found.effects[[0, 3, 4]]).all() and np.isfinite(found.effects[[1, 2]]).all()
    assert found.reason == ""
    alone = two_way_effects([1.0, 2.0], [0, 1], [0, 1])
    assert alone.reason == "not_identified" and np.isnan(alone.effects).all()


def test_no_error_without_residuals():
    saturated = two_way_effects([1.0, 2.0], [0, 0], [0, 1])
    assert saturated.rater_reason.tolist() == ["saturated", "saturated"]
    assert np.isnan(saturated.effects_se).all() and saturated.effects.tolist() == [0.5, -0.5]
    equal = two_way_effects(np.full(6, 2.0), np.repeat(np.arange(3), 2), np.tile([0, 1], 3))
    assert equal.rater_reason.tolist() == ["zero_residual", "zero_residual"]
    assert np.isnan(equal.within_ratee_se).all() and (equal.effects == 0).all()


def test_components_take_the_callers_numbers():
    ratee, rater = teams(3)
    record = linkage(ratee, rater)
    y = scores(ratee, rater, np.zeros(27), np.random.default_rng(8))
    found = two_way_effects(y, ratee, rater, component=record.component_rater + 10)
    assert np.unique(found.component).tolist() == [10, 11, 12]
    with pytest.raises(ValueError, match="partition"):
        two_way_effects(y, ratee, rater, component=np.zeros(27, int))


def test_empty_and_malformed():
    assert two_way_effects([], [], []).reason == "empty"
    with pytest.raises(ValueError):
        two_way_effects([1.0, np.nan], [0, 1], [0, 0])
    with pytest.raises(ValueError):
        two_way_effects([1.0, 2.0], [0, 1], [0])


def test_frame():
    ratee, rater = teams(1)
    table = two_way_effects(
        scores(ratee, rater, np.zeros(9), np.random.default_rng(9)), ratee, rater
    ).to_frame()
    assert list(table) == ["quantity", "level", "value", "se", "lower", "upper"]
    severity = table.query("quantity == 'severity'")
    assert len(severity) == 9 and (severity.upper > severity.lower).all()
