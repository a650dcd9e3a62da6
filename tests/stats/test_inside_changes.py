"""Supervisor changes: a hand example, invariances, size, coverage and power as in inference.md 2.3."""

import math

import numpy as np
import pytest

from kinerja_analysis.stats.inside_changes import supervisor_change


def _world(rng, teams, sd, *, rate=0.15, periods=3, size=None, top=None, pair=0.0, swap=False):
    """Stable teams whose supervisor changes at `rate`; rows employee × period after the first.

    `pair`: SD of what a supervisor sees in one employee. `swap`: supervisors exchange in pairs instead of being new.
    """
    n = np.full(teams, 8) if size is None else rng.integers(*size, teams)
    team, person = np.repeat(np.arange(teams), n), np.arange(n.sum())
    merit, own = rng.normal(size=team.size), pair * rng.normal(size=team.size)
    boss, lenient = np.arange(teams), sd * rng.normal(size=teams * periods)
    past, rows = None, []
    for period in range(periods):
        old = boss
        if period:
            new = np.flatnonzero(rng.random(teams) < rate)
            new = new[: len(new) // 2 * 2] if swap else new
            boss = boss.copy()
            boss[new] = old[np.roll(new, len(new) // 2)] if swap else teams * period + new
            own = np.where(np.isin(team, new), pair * rng.normal(size=team.size), own)
        score = merit + 0.8 * rng.normal(size=team.size) + lenient[boss[team]] + own + 0.2 * period
        score = score if top is None else (score > top).astype(float)
        if period:
            rows.append((score - past, person, team, old[team], boss[team], np.full(team.size, period)))
        past = score
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def _teams(change, changed):
    """One pair of periods of teams of three who all move alike."""
    change, changed = np.repeat(change, 3), np.repeat(changed, 3)
    team = np.repeat(np.arange(change.size // 3), 3)
    return change, np.arange(change.size), team, team, team + 100 * changed, np.ones(change.size, dtype=int)


def test_by_hand():
    # 10 changed teams move by ±2, 10 others by ±1: d² = 4 against 1. The shift of the period is the mean of ten
    # others, so 1/9 of 1 is missing from their mean square (10/9 with it) and 1/10 of 10/9 too much in the 4.
    step = np.where(np.arange(20) < 10, 2.0, 1.0) * np.where(np.arange(20) % 2, 1, -1)
    fit = supervisor_change(*_teams(step, np.arange(20) < 10))
    assert fit.value == pytest.approx(4 - 1 / 9 - 10 / 9) and fit.sd == pytest.approx(math.sqrt(fit.value / 2))
    assert (fit.n, fit.n_changed, fit.n_supervisors, fit.df) == (20, 10, 10, 9)
    assert fit.reason == "" and math.isnan(fit.check)


def test_two_different_employees_are_multiplied():
    # Teams of three: 10 changed move by 3, 0, 0, 10 others by 1, 1, −2 with the mean 0. Products of different
    # employees: 0 of the first (mean 1, s²/n = 1), (1 − 2 − 2)/3 = −1 of the others (mean 0, s²/n = 1).
    one = np.tile([3.0, 0.0, 0.0], 10), np.tile([1.0, 1.0, -2.0], 10)
    rows = _teams(np.zeros(20), np.arange(20) < 10)
    fit = supervisor_change(np.concatenate(one), *rows[1:])
    assert fit.value == pytest.approx(0 - -1)


def test_limits_by_hand():
    # One pair of periods, nobody differs inside a team. Mean d is 1, 2 in turn (±) where the supervisor stays and 1,
    # 3, 5 in turn (±) where not.
    square = np.concatenate([np.tile([1.0, 1.0, 4.0, 4.0], 8), np.tile([1.0, 1.0, 9.0, 9.0, 25.0, 25.0], 2)])
    step, teams = np.sqrt(square) * np.tile([1, -1], 22), 44
    changed = np.arange(teams) >= 32
    fit = supervisor_change(*_teams(step, changed))
    shift = 2.5 / 31  # variance of the mean of the 32 that stayed, mean square 2.5·32/31
    a, b = 2.5 * 32 / 31, 35 / 3
    se_a, se_b = (
        math.sqrt(teams / (teams - 1) * ((y - y.mean()) ** 2).sum()) / y.size
        for y in (square[~changed] * 32 / 31, square[changed])
    )
    # d² of the 12 changes vary, relative to their mean, at least as normal squares (√2) and as the 32 others
    least = max(math.sqrt(2), math.sqrt(32) * se_a / a)
    high_b = max(se_b, b * least / math.sqrt(12))
    still = a + shift
    t = 2.200985  # t(11), .975 quantile (printed tables)
    down = math.hypot(b - b * math.exp(-t * high_b / b), still * math.exp(t * se_a / still) - still)
    up = math.hypot(b * math.exp(t * high_b / b) - b, still - still * math.exp(-t * se_a / still))
    assert fit.value == pytest.approx(b - still) and fit.se == pytest.approx(math.hypot(se_a, high_b))
    assert (fit.lower, fit.upper) == pytest.approx((b - still - down, b - still + up), rel=1e-5)
    assert fit.z == pytest.approx(math.log(b / still) / math.hypot(se_a / still, high_b / b))


def test_common_shifts_and_order_cancel():
    rows = _world(np.random.default_rng(1), 60, 0.5)
    plain = supervisor_change(*rows)
    assert supervisor_change(rows[0] + 3.0 * rows[5] ** 2, *rows[1:]).value == pytest.approx(plain.value, abs=1e-9)
    order = np.random.default_rng(2).permutation(rows[0].size)
    assert supervisor_change(*(r[order] for r in rows)).value == pytest.approx(plain.value, abs=1e-12)


def test_periods_in_which_nobody_stays_say_nothing():
    """All 40 teams change in the third period, in which everybody moves by 5: no shift of that period is known."""
    rows = _world(np.random.default_rng(3), 40, 0.0, rate=0.4, periods=2)
    more = [rows[0] + 5, *rows[1:3], rows[4], rows[4] + 500, rows[5] + 1]
    both = [np.concatenate(pair) for pair in zip(rows, more, strict=True)]
    plain, fit = supervisor_change(*rows), supervisor_change(*both)
    assert (fit.n, fit.n_changed, fit.value) == (plain.n, plain.n_changed, pytest.approx(plain.value))
    assert supervisor_change(*more).reason == "empty"


def test_what_a_supervisor_sees_in_one_person_is_not_leniency():
    """inference.md 2.3 with pair SD 1: 60 regions; the mean is that of leniency alone, with each alone it is not."""
    for sd in (0.0, 0.5):
        worlds = [_world(np.random.default_rng(s), 200, sd, pair=1.0) for s in range(60)]
        found = [[supervisor_change(*w, alone=alone).value for alone in (False, True)] for w in worlds]
        together, alone = np.mean(found, axis=0)
        error = np.std(found, axis=0) / math.sqrt(60)
        assert together == pytest.approx(2 * sd**2, abs=4 * error[0])
        assert alone == pytest.approx(2 * sd**2 + 2 * 1.0, abs=4 * error[1])


def test_sizes_do_not_fake_leniency():
    # Small teams move more; if small teams are the ones whose supervisor changes, plain means would mislead.
    found = []
    for seed in range(60):
        change, person, team, old, _, period = _world(np.random.default_rng(seed), 200, 0.0, rate=0.0, size=(3, 25))
        small = (np.bincount(team) / 2 < 8)[team] & (np.random.default_rng([1, seed]).random(200)[team] < 0.7)
        found.append(supervisor_change(change, person, team, old, np.where(small, old + 1000 * period, old), period).z)
    assert abs(np.mean(found)) < 0.5


@pytest.mark.parametrize("top", [None, 1.5])
def test_size_without_leniency(top):
    # 200 runs: 99.9 % band of 5 % is .01 to .11
    hits = [
        supervisor_change(*_world(np.random.default_rng(s), 150, 0.0, top=top)).p < 0.05 for s in range(200)
    ]
    assert 0.01 <= np.mean(hits) < 0.11


@pytest.mark.parametrize(
    ("teams", "sd", "pair", "swap"),
    [(100, 0.6, 0, False), (300, 0.3, 0, False), (300, 0.0, 0, False), (300, 0.3, 0.7, False), (100, 0.6, 0, True)],
)
def test_interval_covers_with_thirty_changes_and_more(teams, sd, pair, swap):
    # inference.md trap 6: at least nominal − 2 points with 30 clusters; 99.9 % band of 200 runs around .95
    missed, values = 0, []
    for seed in range(200):
        rows = _world(np.random.default_rng(1000 + seed), teams, sd, size=(4, 14), pair=pair, swap=swap)
        fit = supervisor_change(*rows)
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
    change, _, team, old, new, period = rows
    later = np.unique(team[(period == 2) & (old != new)])
    dipped = change - 0.5 * ((period == 1) & np.isin(team, later)) + 0.5 * ((period == 2) & np.isin(team, later))
    assert supervisor_change(*rows).check_p > 0.001
    fit = supervisor_change(dipped, *rows[1:])
    assert fit.check == pytest.approx(-0.5, abs=0.2) and fit.check_p < 0.001


def test_gaps_between_periods_are_no_period_before():
    rows = _world(np.random.default_rng(3), 400, 0.3)
    assert supervisor_change(*rows).n_check > 20
    assert supervisor_change(*rows[:5], 2 * rows[5]).n_check == 0


def test_reasons():
    rows = _world(np.random.default_rng(4), 60, 0.3)
    stay = supervisor_change(*rows[:4], rows[3], rows[5])
    assert stay.reason == "too_few_changes" and stay.n_changed == 0 and math.isnan(stay.sd)
    go = supervisor_change(*rows[:4], np.where(rows[2] < 57, rows[3] + 1000, rows[3]), rows[5])
    assert go.reason == "no_stable_teams"
    assert supervisor_change(np.ones(rows[0].size), *rows[1:]).reason == "constant"
    none = np.array([], dtype=int)
    assert supervisor_change([], none, none, none, none, none).reason == "empty"
    assert supervisor_change(*rows, min_size=9).reason == "empty"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"period": [1, 1]}, "two rows in one period"),
        ({"min_size": 1}, "at least 2"),
        ({"change": [np.nan, 1]}, "NaN"),
        ({"before": [1]}, "expected 2"),
    ],
)
def test_malformed_input_is_refused(change, message):
    good = {"change": [1, 2], "employee": [0, 0], "team": [0, 0], "before": [1, 2], "after": [2, 2], "period": [1, 2]}
    with pytest.raises(ValueError, match=message):
        supervisor_change(**(good | change))


def test_frame():
    frame = supervisor_change(*_world(np.random.default_rng(5), 60, 0.3)).to_frame()
    assert frame["quantity"].tolist() == ["twice_variance", "sd", "check"]


def test_supervisors_who_exchange_tell_one_thing_twice():
    """24 changes: 12 pairs exchange, so as many independent ones; in a ring of 24 each is worth 1/(1 + 2/4)."""
    team, changed = np.repeat(np.arange(48), 3), np.repeat(np.arange(48) < 24, 3)
    change, ones = np.random.default_rng(6).normal(size=144), np.ones(144, dtype=int)
    for after, df in ((team ^ 1, 12 - 1), ((team + 1) % 24, 24 / 1.5 - 1), (team + 100, 24 - 1)):
        fit = supervisor_change(change, np.arange(144), team, team, np.where(changed, after, team), ones)
        assert fit.n_changed == 24 and fit.df == pytest.approx(df)
