"""Supervisor changes: a hand example, invariances, size, coverage and power as in inference.md 2.3."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats.inside_changes import supervisor_change


def _world(rng, teams, sd, *, rate=0.15, periods=3, size=None, top=None):
    """Stable teams; a new supervisor with probability `rate`, each with own leniency; rows team × period."""
    n = np.full(teams, 8) if size is None else rng.integers(*size, teams)
    team = np.repeat(np.arange(teams), n)
    merit = rng.normal(size=team.size)
    boss, lenient = np.arange(teams), sd * rng.normal(size=teams)
    rows = []
    for period in range(periods):
        if period:
            new = rng.random(teams) < rate
            boss = np.where(new, teams * period + np.arange(teams), boss)
            lenient = np.where(new, sd * rng.normal(size=teams), lenient)
        score = merit + 0.8 * rng.normal(size=team.size) + lenient[team] + 0.2 * period
        score = score if top is None else score > top
        rows.append((np.bincount(team, score) / n, np.arange(teams), boss, np.full(teams, period), n))
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def test_by_hand():
    # 10 changed teams move by ±2, 10 others by ±1: E[d²] = 4 against 1, so 2σ² = 3.
    team = np.repeat(np.arange(20), 2)
    step = np.where(np.arange(20) < 10, 2.0, 1.0) * np.where(np.arange(20) % 2, 1, -1)
    mean = np.column_stack([np.zeros(20), step]).ravel()
    boss = np.column_stack([np.arange(20), np.arange(20) + 50 * (np.arange(20) < 10)]).ravel()
    fit = supervisor_change(mean, team, boss, np.tile([4, 5], 20), np.full(40, 8))
    assert fit.value == pytest.approx(3) and fit.sd == pytest.approx(math.sqrt(1.5))
    assert (fit.n, fit.n_changed, fit.n_teams, fit.n_teams_changed) == (20, 10, 20, 10)
    assert fit.reason == "" and math.isnan(fit.check)


def test_limits_by_hand():
    # Two periods: one difference per team, so the two mean squares are independent. d² is 1, 4 in turn where
    # the supervisor stays (mean 2.5) and 1, 9, 25 in turn where not; signs alternate: no shift is left.
    square = np.concatenate([np.tile([1.0, 1.0, 4.0, 4.0], 8), np.tile([1.0, 1.0, 9.0, 9.0, 25.0, 25.0], 2)])
    step, teams = np.sqrt(square) * np.tile([1, -1], 22), 44
    changed = np.arange(teams) >= 32
    boss = np.column_stack([np.arange(teams), np.arange(teams) + 100 * changed]).ravel()
    mean = np.column_stack([np.zeros(teams), step]).ravel()
    team, period = np.repeat(np.arange(teams), 2), np.tile([0, 1], teams)
    fit = supervisor_change(mean, team, boss, period, np.full(88, 8))
    a, b = 2.5, 35 / 3
    se_a, se_b = (
        math.sqrt(teams / (teams - 1) * ((square[k] - m) ** 2).sum()) / k.sum()
        for k, m in ((~changed, a), (changed, b))
    )
    # d² of the 12 changes vary, relative to their mean, at least as normal squares (√2) and as the 32 others
    least = max(math.sqrt(2), math.sqrt(32) * se_a / a)
    high_b = max(se_b, b * least / math.sqrt(12))
    t = 2.200985  # t(11), .975 quantile (printed tables)
    down = math.hypot(b - b * math.exp(-t * high_b / b), a * math.exp(t * se_a / a) - a)
    up = math.hypot(b * math.exp(t * high_b / b) - b, a - a * math.exp(-t * se_a / a))
    assert fit.value == pytest.approx(b - a) and fit.se == pytest.approx(math.hypot(se_a, se_b))
    assert (fit.lower, fit.upper) == pytest.approx((b - a - down, b - a + up), rel=1e-5)
    assert fit.z == pytest.approx(math.log(b / a) / math.hypot(se_a / a, se_b / b))


def test_common_shifts_and_constant_levels_cancel():
    rows = _world(np.random.default_rng(1), 60, 0.5)
    plain = supervisor_change(*rows)
    moved = [rows[0] + 3.0 * rows[3] ** 2 + 5 * rows[1], *rows[1:]]
    assert supervisor_change(*moved).value == pytest.approx(plain.value, abs=1e-9)
    order = np.random.default_rng(2).permutation(rows[0].size)
    assert supervisor_change(*(r[order] for r in rows)).value == pytest.approx(plain.value, abs=1e-12)


def test_gaps_between_periods_are_left_out():
    team = np.repeat(np.arange(24), 2)
    period = np.tile([0, 2], 24)
    assert supervisor_change(np.arange(48.0), team, team, period, np.full(48, 8)).reason == "empty"


def test_sizes_do_not_fake_leniency():
    # Small teams move more; if small teams are the ones whose supervisor changes, plain means would mislead.
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mean, team, boss, period, n = _world(rng, 200, 0.0, rate=0.0, size=(3, 25))
        boss = np.where((period == 1) & (n < 8), boss + 1000, boss)
        boss = np.where((period == 2) & (n < 8), boss + 2000, boss)
        mixed = rng.random(200)[team] < 0.7
        found.append(supervisor_change(mean, team, np.where(mixed, boss, team), period, n).z)
    assert abs(np.mean(found)) < 0.5


@pytest.mark.parametrize("top", [None, 1.5])
def test_size_without_leniency(top):
    # 200 runs: 99.9 % band of 5 % is .01 to .11
    hits = [
        supervisor_change(*_world(np.random.default_rng(s), 150, 0.0, top=top)).p < 0.05 for s in range(200)
    ]
    assert 0.01 <= np.mean(hits) < 0.11


@pytest.mark.parametrize(("teams", "sd"), [(100, 0.6), (300, 0.3), (300, 0.0)])
def test_interval_covers_with_thirty_changes_and_more(teams, sd):
    # inference.md trap 6: at least nominal − 2 points with 30 clusters; 99.9 % band of 200 runs around .95
    missed, values = 0, []
    for seed in range(200):
        fit = supervisor_change(*_world(np.random.default_rng(1000 + seed), teams, sd, size=(4, 14)))
        missed += not fit.sd_lower <= sd <= fit.sd_upper
        values.append(fit.value)
    assert missed / 200 < 0.125
    error = np.std(values) / math.sqrt(200)
    assert np.mean(values) == pytest.approx(2 * sd**2, abs=4 * error)


def test_interval_of_shares_covers_with_few_changes():
    # Shares of a rare rating move in skewed steps: 36 changes covered .90 when only they told how much d² varies.
    # The true difference is the mean over the runs; 400 runs, three standard errors above .04 misses.
    fits = [
        supervisor_change(*_world(np.random.default_rng(s), 120, 0.75, top=1.74)) for s in range(2000, 2400)
    ]
    truth = np.mean([f.value for f in fits])
    assert np.mean([not f.lower <= truth <= f.upper for f in fits]) < 0.07


def test_power_is_at_least_that_of_the_reference():
    # inference.md 2.3: 560 teams, 15 % a year, 3 years, top-rating shares: z 3.6 at leniency SD .6
    z = [supervisor_change(*_world(np.random.default_rng(s), 560, 0.6, top=1.55)).z for s in range(40)]
    assert np.mean(z) > 3.6


def test_check_sees_a_dip_before_the_change():
    rows = _world(np.random.default_rng(3), 400, 0.3)
    mean, team, boss, period, _ = rows
    changes = np.zeros(400, dtype=bool)
    changes[team[period == 2][boss[period == 2] != boss[period == 1]]] = True
    dipped = mean - 0.5 * ((period == 1) & changes[team])
    assert supervisor_change(*rows).check_p > 0.001
    fit = supervisor_change(dipped, *rows[1:])
    assert fit.check == pytest.approx(-0.5, abs=0.2) and fit.check_p < 0.001


def test_reasons():
    rows = _world(np.random.default_rng(4), 60, 0.3)
    stay = supervisor_change(rows[0], rows[1], rows[1], *rows[3:])
    assert stay.reason == "too_few_changes" and stay.n_changed == 0 and math.isnan(stay.sd)
    go = supervisor_change(rows[0], rows[1], 60 * rows[3] + rows[1], *rows[3:])
    assert go.reason == "no_stable_teams"
    assert supervisor_change(np.ones(rows[0].size), *rows[1:]).reason == "constant"
    none = np.array([], dtype=int)
    assert supervisor_change([], none, none, none, []).reason == "empty"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"period": [0, 0]}, "two rows in one period"),
        ({"n": [8, 0]}, "at least 1"),
        ({"team_mean": [np.nan, 1]}, "NaN"),
        ({"supervisor": [1]}, "expected 2"),
    ],
)
def test_malformed_input_is_refused(change, message):
    good = {"team_mean": [1, 2], "team": [0, 0], "supervisor": [1, 2], "period": [0, 1], "n": [8, 8]}
    with pytest.raises(ValueError, match=message):
        supervisor_change(**(good | change))


def test_frame():
    frame = supervisor_change(*_world(np.random.default_rng(5), 60, 0.3)).to_frame()
    assert frame["quantity"].tolist() == ["twice_variance", "sd", "check"]


def test_sizes_that_go_with_changes_are_refused():
    """Single movers against teams of eight, no leniency: the size column would take any part of the difference."""
    rng = np.random.default_rng(2)
    n = np.repeat(np.where(np.arange(80) < 40, 1, 8), 2)
    team, period = np.repeat(np.arange(80), 2), np.tile([0, 1], 80)
    boss = team + 80 * ((period == 1) & (team < 40))
    fit = supervisor_change(rng.normal(size=160) / np.sqrt(n), team, boss, period, n)
    assert fit.reason == "sizes_apart" and np.isnan(fit.value) and fit.n_changed == 40
    mixed = np.where(team == 0, 2, n)
    assert supervisor_change(rng.normal(size=160) / np.sqrt(mixed), team, boss, period, mixed).reason == ""
