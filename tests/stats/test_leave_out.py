"""Leave-out variances against dense algebra, in simulation, and at the edges of what can be estimated."""

import networkx as nx
import numpy as np
import pytest

from kinerja_analysis.stats import _laplacian, leave_out_decomposition

NAMES = ("var_ratee", "var_rater", "cov")


def rows(rng, n_ratees=12, n_raters=6, each=3, most=3):
    """Codes of a random design with 1 to `most` rows per pair."""
    rater = np.concatenate([rng.permutation(n_raters)[:each] for _ in range(n_ratees)])
    times = rng.integers(1, most + 1, rater.size)
    return np.repeat(np.repeat(np.arange(n_ratees), each), times), np.repeat(rater, times)


def scores(rng, ratee, rater, sd=1.0):
    """Ratee + rater + error; the error of a pair is shared by its rows."""
    pair = np.unique(np.column_stack([ratee, rater]), axis=0, return_inverse=True)[1].ravel()
    effect = rng.normal(0, 1, ratee.max() + 1)[ratee] + rng.normal(0, 0.7, rater.max() + 1)[rater]
    return effect + sd * (rng.normal(0, 0.7, pair.max() + 1)[pair] + rng.normal(0, 0.7, ratee.size))


def literal(y, ratee, rater, centre="rows"):
    """Plug-in, homoskedastic, leave-out value and its variance by name, from the formulas with a pseudo-inverse."""
    pairs, place, w = np.unique(np.column_stack([ratee, rater]), axis=0, return_inverse=True, return_counts=True)
    mean = np.bincount(place.ravel(), y) / w
    X_ratee, X_rater = np.eye(ratee.max() + 1)[pairs[:, 0]], np.eye(rater.max() + 1)[pairs[:, 1]]
    X, N = np.hstack([X_ratee, X_rater]), w.sum()
    first, second = np.hstack([X_ratee, 0 * X_rater]), np.hstack([0 * X_ratee, X_rater])
    A = (np.diag(w) - np.outer(w, w) / N) / (N - 1)
    root = np.sqrt(w)[:, None]
    S = np.linalg.pinv((root * X).T @ (root * X))
    M = np.eye(w.size) - (root * X) @ S @ (root * X).T
    z = root[:, 0] * (mean - w @ mean / N)
    beta, residual, left = S @ (root * X).T @ z, M @ z, np.diag(M)
    own = z if centre == "rows" else root[:, 0] * mean - np.mean(root[:, 0] * mean)
    sigma2, spread = own * residual / left, residual**2 / left
    found = {}
    for name, a, c in (("var_ratee", first, first), ("var_rater", second, second), ("cov", first, second)):
        form = (a.T @ A @ c + c.T @ A @ a) / 2
        B = (root * X) @ S @ form @ S @ (root * X).T
        b, plug_in = np.diag(B), beta @ form @ beta
        K = B - (np.diag(b / left) @ M + M @ np.diag(b / left)) / 2
        pooled = residual @ residual / (w.size - np.linalg.matrix_rank(X))
        least = 2 * spread @ (K * K) @ spread
        variance = max(4 * spread @ (K @ z) ** 2 - least, least)
        found[name] = plug_in, plug_in - pooled * b.sum(), plug_in - b @ sigma2, variance
    return found


@pytest.mark.parametrize("seed", range(4))
def test_literal_formulas(seed):
    rng = np.random.default_rng(seed)
    ratee, rater = rows(rng)
    y = scores(rng, ratee, rater)
    found = leave_out_decomposition(y, ratee, rater)
    assert (found.n, found.n_dropped, found.n_pairs) == (y.size, 0, 36)
    for name, (plug_in, homoskedastic, value, variance) in literal(y, ratee, rater).items():
        assert found.plug_in[name] == pytest.approx(plug_in, rel=1e-9)
        assert found.homoskedastic[name] == pytest.approx(homoskedastic, rel=1e-9)
        assert getattr(found, name) == pytest.approx(value, rel=1e-9)
        assert found.se[name] ** 2 == pytest.approx(variance, rel=1e-8)
    assert found.var_y == pytest.approx(y.var(ddof=1))
    assert found.share["cov"] == pytest.approx(2 * found.cov / found.var_y)
    assert found.correlation == pytest.approx(found.cov / np.sqrt(found.var_ratee * found.var_rater))


def test_the_centre_of_the_authors_program():
    rng = np.random.default_rng(9)
    ratee, rater = rows(rng)
    y = scores(rng, ratee, rater) + 5.0
    found, told = leave_out_decomposition(y, ratee, rater, centre="pairs"), literal(y, ratee, rater, "pairs")
    assert [getattr(found, name) for name in NAMES] == pytest.approx([told[name][2] for name in NAMES], rel=1e-9)
    assert found.var_rater != pytest.approx(leave_out_decomposition(y, ratee, rater).var_rater, rel=1e-6)
    one = np.unique(np.column_stack([ratee, rater]), axis=0, return_index=True)[1]  # a row a pair: the same centre
    same = [leave_out_decomposition(y[one], ratee[one], rater[one], centre=c).var_rater for c in ("rows", "pairs")]
    assert same[0] == pytest.approx(same[1], rel=1e-9)
    with pytest.raises(ValueError, match="centre"):
        leave_out_decomposition(y, ratee, rater, centre="mean")


def test_traces_by_random_signs_agree_with_exact_ones(monkeypatch):
    rng = np.random.default_rng(5)
    ratee, rater = rows(rng, 80, 20, 3)
    y = scores(rng, ratee, rater)
    exact = leave_out_decomposition(y, ratee, rater)
    monkeypatch.setattr("kinerja_analysis.stats.leave_out._EXACT_TRACE", 0)
    found = leave_out_decomposition(y, ratee, rater)
    for name in NAMES:
        assert found.se[name] == pytest.approx(exact.se[name], rel=0.02)


def test_random_projection_agrees_with_the_exact_route(monkeypatch):
    """Within a twentieth of a standard error, 200 draws: mean of eight seeds nearer still."""
    rng = np.random.default_rng(6)
    ratee, rater = rows(rng, 300, 80, 3)
    y = scores(rng, ratee, rater)
    exact = leave_out_decomposition(y, ratee, rater)
    monkeypatch.setattr(_laplacian, "DENSE_LIMIT", 1)
    found = [leave_out_decomposition(y, ratee, rater, seed=seed) for seed in range(8)]
    assert "exact" in exact.method and "random projection" in found[0].method
    for name in NAMES:
        gap = np.array([getattr(one, name) - getattr(exact, name) for one in found]) / exact.se[name]
        assert np.abs(gap).max() < 0.15 and abs(gap.mean()) < 0.05
        assert found[0].se[name] == pytest.approx(exact.se[name], rel=0.05)
        assert found[0].plug_in[name] == pytest.approx(exact.plug_in[name], rel=1e-8)


@pytest.mark.parametrize("uneven", [False, True])
def test_unbiased_and_covering_where_the_plug_in_value_is_not(uneven):
    """200 data sets on one graph: bias within 3.5 Monte-Carlo errors, limits hold the truth in 93 % (SE 2 %)."""
    rng = np.random.default_rng(8)
    ratee, rater = rows(rng, 40, 14, 3)
    effect, severity = rng.normal(0, 0.5, 40)[ratee], rng.normal(0, 0.4, 14)[rater]
    truth = [effect.var(ddof=1), severity.var(ddof=1), np.cov(effect, severity)[0, 1]]
    sd = np.exp(rng.normal(0, 0.6, 14))[rater] if uneven else 1.0
    found = [
        leave_out_decomposition(effect + severity + sd * rng.normal(0, 1, ratee.size), ratee, rater) for _ in range(200)
    ]
    for name, true in zip(NAMES, truth, strict=True):
        value, plug_in = np.array([[getattr(one, name), one.plug_in[name]] for one in found]).T
        error = value.std() / np.sqrt(200)
        assert abs(value.mean() - true) < 3.5 * error < abs(plug_in.mean() - true)
        assert np.mean([one.lower[name] <= true <= one.upper[name] for one in found]) >= 0.87


def test_relabelling_row_order_and_a_constant_change_nothing():
    rng = np.random.default_rng(9)
    ratee, rater = rows(rng)
    y = scores(rng, ratee, rater)
    expected = leave_out_decomposition(y, ratee, rater).to_frame()["value"]
    order, names = rng.permutation(y.size), rng.permutation(40)
    for other in (
        leave_out_decomposition(y[order], ratee[order], rater[order]),
        leave_out_decomposition(y, names[ratee], names[rater]),
        leave_out_decomposition(y + 100.0, ratee, rater),
    ):
        np.testing.assert_allclose(other.to_frame()["value"], expected, rtol=1e-8)
    twice = leave_out_decomposition(2 * y, ratee, rater)
    assert twice.se["cov"] == pytest.approx(2**2 * leave_out_decomposition(y, ratee, rater).se["cov"])


def test_codes_do_not_choose_between_parts_of_one_size():
    """Two units of five ratees and three raters without a link: the same one is taken under any names."""
    rng = np.random.default_rng(10)
    ratee, rater = (part.ravel() for part in np.meshgrid(np.arange(5), np.arange(3), indexing="ij"))
    ratee, rater = np.concatenate([ratee, ratee + 5]), np.concatenate([rater, rater + 3])
    y = rng.normal(size=30) * np.repeat([1.0, 3.0], 15)
    one, other = leave_out_decomposition(y, ratee, rater), leave_out_decomposition(y, 9 - ratee, 5 - rater)
    assert one.n == 15
    np.testing.assert_allclose(other.to_frame()["value"], one.to_frame()["value"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_bridges_are_cut_as_networkx_says(seed):
    rng = np.random.default_rng(seed)
    ratee, rater = rng.integers(0, 25, 60), rng.integers(0, 18, 60)
    ends = [(("p", p), ("r", r)) for p, r in zip(ratee.tolist(), rater.tolist(), strict=True)]
    graph = nx.Graph()
    graph.add_edges_from(ends)
    n_pairs, nodes = graph.number_of_edges(), graph.number_of_nodes()
    graph.remove_edges_from(list(nx.bridges(graph)))
    parts = [part for part in nx.connected_components(graph) if len(part) > 1]
    inside = [np.array([p in part and r in part for p, r in ends]) for part in parts]
    best = int(np.argmax([np.sum(one) for one in inside]))
    use, kept = inside[best], parts[best]
    y = rng.normal(size=60)
    found = leave_out_decomposition(y, ratee, rater)
    assert (found.n, found.n_dropped) == (use.sum(), 60 - use.sum())
    assert found.n_pairs == graph.subgraph(kept).number_of_edges() == n_pairs - found.n_dropped_pairs
    assert found.n_ratees + found.n_raters == len(kept)
    assert found.n_dropped_ratees + found.n_dropped_raters == nodes - len(kept)
    assert found.n_components == len(parts)
    alone = leave_out_decomposition(y[use], ratee[use], rater[use])
    assert (alone.n_dropped, alone.var_rater) == (0, pytest.approx(found.var_rater))


def test_reasons():
    empty = leave_out_decomposition([], [], [])
    assert (empty.reason, empty.n) == ("empty", 0) and np.isnan(empty.var_rater)
    tree = leave_out_decomposition([1, 2, 3, 3], [0, 1, 2, 2], [0, 0, 0, 0])
    assert (tree.reason, tree.n_dropped, tree.n_dropped_pairs, tree.n_dropped_ratees) == (
        "no_bridge_free_component", 4, 3, 3
    )  # fmt: skip
    square = [0, 0, 1, 1], [0, 1, 0, 1]
    constant = leave_out_decomposition([3, 3, 3, 3], *square)
    assert (constant.reason, constant.var_ratee, constant.var_y) == ("constant", 0.0, 0.0)
    assert np.isnan(constant.correlation) and np.isnan(constant.se["cov"]) and np.isnan(constant.share["cov"])
    negative = leave_out_decomposition([1, 0, 0, 1], *square)
    assert negative.reason == "variance_not_positive" and np.isnan(negative.correlation)
    assert negative.var_rater < 0


@pytest.mark.parametrize("change", [{"y": [1, 2, 3, np.nan]}, {"ratee": [0, 0, 1, -1]}, {"level": 1.0}])
def test_malformed_input_is_refused(change):
    good = {"y": [1, 2, 3, 5], "ratee": [0, 0, 1, 1], "rater": [0, 1, 0, 1]}
    with pytest.raises(ValueError):
        leave_out_decomposition(**(good | change))


def test_frame():
    frame = leave_out_decomposition([1, 2, 3, 5], [0, 0, 1, 1], [0, 1, 0, 1]).to_frame()
    assert frame["quantity"].tolist()[:3] == list(NAMES)
    assert frame.loc[frame["quantity"] == "plug_in", "level"].tolist() == list(NAMES)
