"""Repeated answers: exact chances by enumeration, the careless package's data (O34), malformed input."""

import itertools
from itertools import combinations, groupby, product

import numpy as np
import pytest

from kinerja_analysis.stats._repeats import pair_chance, run_chance
from kinerja_analysis.stats.patterns import (
    identical_vectors,
    intra_individual_variability,
    longstring,
    single_value_chance,
)

# First ten persons of the simulated data set of the R package careless 1.2.2 (50 items, answers 1-5).
CARELESS = [
    "33322423342332222224322324122523312331233312132233",
    "45322254354431233434442222543533323243334533234445",
    "21544433432354341143223334233322443423323334442322",
    "23524333442341343343335253243323414343432353534443",
    "33553213433144212333534521352341442225334344322422",
    "42144551432345532413512143445143412451431212125215",
    "35423223234443343323343243333344324343243443423324",
    "12323522321323342241323334213211332521322333342142",
    "21155555523311531132442242214235133413245151235444",
    "12152433123134334412112513342313143335222225134423",
]


def _answers():
    return np.array([[int(c) for c in row] for row in CARELESS])


def test_longstring_of_the_careless_data():
    assert longstring(_answers()).value.tolist() == [6, 4, 3, 3, 3, 2, 5, 4, 6, 5]  # O34, exact


def test_irv_of_the_careless_data():
    got = intra_individual_variability(_answers()).value[:5]
    assert got == pytest.approx([0.8631, 1.0351, 0.9689, 0.9649, 1.1692], abs=5e-5)  # O34


def test_row_indices_at_the_edges():
    assert longstring([[2], [5]]).value.tolist() == [1, 1]
    assert longstring(np.full((1, 7), 0.1 + 0.2)).value.tolist() == [7]
    assert intra_individual_variability(np.full((1, 7), 0.1 + 0.2)).value.tolist() == [0]
    alone = intra_individual_variability([[2], [5]])
    assert np.isnan(alone.value).all() and alone.reason == "too_few_criteria"
    assert longstring(np.zeros((0, 3))).value.size == 0
    assert longstring([[1, 1, 2]]).to_frame()["value"].tolist() == [2, 1]


def test_single_value_chance_by_enumeration():
    pattern = np.array([0, 0, 0, 0, 1, 2, 0, 1, 0, 0, 2])
    team = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3])
    fit = single_value_chance(pattern, team)
    for t in range(4):
        others, n = pattern[team != t], int((team == t).sum())
        draws = itertools.product(others.tolist(), repeat=n)
        same = [len(set(draw)) == 1 for draw in draws]
        assert fit.chance[t] == pytest.approx(np.mean(same), abs=1e-12)
    assert fit.single.tolist() == [True, False, False, True]
    assert fit.p_team == pytest.approx([fit.chance[0], 1, 1, 1])
    assert fit.size.tolist() == [3, 3, 4, 1]
    # a team of one is always alike: it is not counted
    assert (fit.n_teams, fit.observed) == (3, 1)
    assert fit.expected == pytest.approx(fit.chance[:3].sum())
    assert fit.p == pytest.approx(1 - np.prod(1 - fit.chance[:3]))


def test_chance_of_the_reference_team():
    # inference.md trap 26: P(all Baik | n = 8, .8846) = .375; section 4: n = 30 gives .025 at 88.5 %
    rest = np.repeat([0, 1], [8846, 1154])
    for size, chance in ((8, 0.375), (30, 0.025)):
        pattern = np.concatenate([np.zeros(size, dtype=int), rest])
        team = np.concatenate([np.zeros(size, dtype=int), np.ones(rest.size, dtype=int)])
        assert single_value_chance(pattern, team).chance[0] == pytest.approx(chance, abs=0.0015)


def test_own_team_is_left_out():
    # a large single-value team does not make its own pattern likely
    pattern = np.concatenate([np.full(50, 3), np.tile([0, 1], 25)])
    fit = single_value_chance(pattern, np.repeat([0, 1], 50))
    assert fit.chance[0] == pytest.approx(2 * 0.5**50)


def test_observed_follows_expected_under_chance():
    rng = np.random.default_rng(1)
    team = np.repeat(np.arange(500), rng.integers(2, 10, 500))
    fit = single_value_chance(rng.choice(9, team.size, p=[0.02] * 4 + [0.8] + [0.03] * 4), team)
    assert fit.observed == pytest.approx(fit.expected, abs=4 * np.sqrt(fit.expected))
    assert 0.001 < fit.p < 0.999


def test_excess_of_single_value_teams_is_found():
    rng = np.random.default_rng(2)
    pattern = rng.choice(3, 800, p=[0.1, 0.6, 0.3])
    pattern[:160] = 1
    fit = single_value_chance(pattern, np.repeat(np.arange(100), 8))
    assert fit.observed >= 20 and fit.p < 1e-6


@pytest.mark.parametrize(
    ("pattern", "team", "reason"),
    [([], [], "empty"), ([1, 2], [0, 1], "empty"), ([1, 1, 2], [0, 0, 0], "one_team")],
)
def test_single_value_reasons(pattern, team, reason):
    fit = single_value_chance(np.array(pattern, dtype=int), np.array(team, dtype=int))
    assert fit.reason == reason and np.isnan(fit.chance).all() and np.isnan(fit.expected)


def test_identical_vectors_by_counting_pairs():
    rng = np.random.default_rng(3)
    matrix, rater = rng.integers(1, 3, (40, 3)), rng.integers(0, 5, 40)
    fit = identical_vectors(matrix, rater)

    def share(rows):
        pairs = list(itertools.combinations([tuple(r) for r in rows.tolist()], 2))
        return np.mean([a == b for a, b in pairs])

    for r in range(5):
        assert fit.value[r] == pytest.approx(share(matrix[rater == r]))
        assert fit.expected[r] == pytest.approx(share(matrix[rater != r]))
    assert fit.excess == pytest.approx(fit.value - fit.expected)
    assert fit.n_patterns == 8 and fit.reason == ""


def test_a_copying_rater_stands_out():
    rng = np.random.default_rng(4)
    matrix = rng.integers(1, 6, (80, 7)).astype(float)
    matrix[:8] = matrix[0]
    fit = identical_vectors(matrix, np.repeat(np.arange(10), 8))
    assert fit.value[0] == 1.0 and fit.excess[0] > 0.9 and (fit.excess[1:] <= 0).all()


def test_identical_vectors_reasons():
    fit = identical_vectors([[1, 2], [1, 2], [3, 3]], [0, 0, 1])
    assert fit.reason == "too_few_ratees" and fit.value[0] == 1.0 and np.isnan(fit.value[1])
    assert identical_vectors([[1, 2], [1, 2]], [0, 0]).reason == "one_rater"
    assert identical_vectors(np.zeros((0, 2)), np.array([], dtype=int)).reason == "empty"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: longstring([1, 2, 3]), "shape"),
        (lambda: longstring([[1, np.nan]]), "NaN"),
        (lambda: intra_individual_variability(np.zeros((3, 0))), "shape"),
        (lambda: identical_vectors([[1, 2]], [0, 1]), "expected 1"),
        (lambda: single_value_chance([0, -1], [0, 0]), "negative"),
        (lambda: single_value_chance([0.5, 1.0], [0, 0]), "integer"),
    ],
)
def test_malformed_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_frames():
    columns = ["quantity", "level", "value", "se", "lower", "upper"]
    assert list(single_value_chance([0, 0, 1], [0, 0, 1]).to_frame()) == columns
    assert list(identical_vectors([[1], [1]], [0, 1]).to_frame()) == columns


def test_chance_of_identical_pairs_by_enumeration():
    # three vectors with chances .5, .3, .2 and four draws: every outcome of 3⁴
    q = np.array([0.5, 0.3, 0.2])
    outcomes = list(product(range(3), repeat=4))
    chance = np.array([q[list(o)].prod() for o in outcomes])
    pairs = np.array([sum(a == b for a, b in combinations(o, 2)) for o in outcomes])
    for least in range(1, 7):
        exact = chance[pairs >= least].sum()
        assert pair_chance(4, least, 10 * q, 10.0) == pytest.approx(exact, abs=1e-14), least


def test_identical_vectors_of_raters_who_draw_are_called_rare_as_often_as_stated():
    rng = np.random.default_rng(0)
    matrix = rng.choice(4, p=[0.1, 0.2, 0.4, 0.3], size=(4000, 2)).astype(float)
    p = identical_vectors(matrix, np.arange(4000) // 8).p
    assert 0.01 < np.mean(p <= 0.05) <= 0.06 and p.min() > 0  # discrete: below .05
    copied = np.vstack([matrix, np.full((8, 2), 0.0)])
    assert identical_vectors(copied, np.append(np.arange(4000) // 8, [500] * 8)).p[500] < 1e-6  # about Σ q⁸


def test_chance_of_runs_by_enumeration():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(3), size=5)
    outcomes = list(product(range(3), repeat=5))
    chance = np.array([np.prod([shares[i, v] for i, v in enumerate(o)]) for o in outcomes])
    longest = np.array([max(len(list(run)) for _, run in groupby(o)) for o in outcomes])
    exact = [chance[longest >= least].sum() for least in range(1, 6)]
    assert run_chance(shares) == pytest.approx(exact, abs=1e-14)
    assert longstring(np.array(outcomes, float)).p.max() == 1.0


def test_a_rater_of_many_equal_vectors_is_counted_without_states_that_cannot_reach_them():
    count = np.array([3.0, 2.0, 1.0])
    assert pair_chance(60, 1770, count, 6.0) == pytest.approx(sum((count / 6) ** 60), rel=1e-10)
    pairs = [sum(draw.count(v) * (draw.count(v) - 1) // 2 for v in "abc") for draw in product("aaabbc", repeat=6)]
    exact = sum(found >= 7 for found in pairs)
    assert pair_chance(6, 7, count, 6.0) == pytest.approx(exact / 6**6)
