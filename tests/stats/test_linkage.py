"""Verdicts by hand-made designs, graph algorithms against networkx, errors against dense algebra."""

import networkx as nx
import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import null_space

from kinerja_analysis.stats import _gradients, _laplacian, linkage


def teams(units, size=8, peers=3, cross=0.0, seed=3):
    """A supervisor and `peers` raters for everybody; a share of the peers' ratings crosses the units."""
    rng = np.random.default_rng(seed)
    n = units * size
    unit = np.repeat(np.arange(units), size)
    ratee, rater = list(range(n)), list(n + unit)
    for person in range(n):
        mates = np.setdiff1d(np.arange(unit[person] * size, (unit[person] + 1) * size), [person])
        for mate in rng.choice(mates, peers, replace=False):
            other = rng.choice(np.flatnonzero(unit != unit[person])) if rng.random() < cross else mate
            ratee.append(person)
            rater.append(other)
    ratee = np.array(ratee)
    return ratee, np.unique(rater, return_inverse=True)[1], unit[ratee]


def test_one_rater_per_ratee_identifies_no_rater():
    record = linkage([0, 1, 2, 3], [0, 0, 1, 1], group=[0, 0, 1, 1])
    assert record.verdict == "not_identified"
    assert record.n_components == 2 and record.n_movers == 0
    assert record.bridges.tolist() == [[0, 0], [1, 0], [2, 1], [3, 1]]
    assert record.hinge_raters.size == 0
    assert record.reason == "disconnected" and np.isnan(record.contrast_se)


def test_raters_who_stay_in_their_unit_are_compared_inside_only():
    ratee, rater, unit = teams(6)
    record = linkage(ratee, rater, group=unit)
    assert record.verdict == "inside_groups_only"
    assert record.share_connected == 0.0 and record.contrast_se_all == np.inf
    assert linkage(ratee, rater).verdict == "inside_groups_only"


def test_supervisors_who_change_are_linked_by_changes():
    ratee, rater, period = [0, 1, 2, 0, 1, 2], [0, 0, 1, 0, 1, 1], [0, 0, 0, 1, 1, 1]
    record = linkage(ratee, rater, period=period)
    assert record.verdict == "linked_by_changes"
    assert record.movers.tolist() == [1]
    assert linkage(ratee, rater).verdict != "linked_by_changes"


def test_one_bridge_between_two_of_sixty_units_is_too_weak():
    ratee, rater, unit = teams(60)
    joined = linkage(np.append(ratee, 0), np.append(rater, rater[-1]), group=np.append(unit, 0))
    assert joined.verdict == "connected_too_weak"
    assert joined.contrast_se_all == np.inf
    assert joined.share_connected == pytest.approx(2 / (60 * 59))


def test_full_crossing_has_the_textbook_standard_error():
    """Everybody rates all 20: Var(ψ_r − ψ_s) = 2σ²/20."""
    ratee, rater = np.repeat(np.arange(20), 4), np.tile(np.arange(4), 20)
    record = linkage(ratee, rater, group=ratee % 2)
    expected = 0.7 * np.sqrt(2 / 20)
    assert record.contrast_se == pytest.approx(expected, rel=1e-9)
    assert record.contrast_reliability == pytest.approx(1 - expected**2 / (2 * 0.35**2))
    assert record.verdict == "linked" and record.reason == ""


@pytest.mark.parametrize(
    ("cross", "printed", "tolerance"), [(0.02, 1.65, 0.25), (0.05, 1.46, 0.15), (0.10, 0.83, 0.05), (0.25, 0.55, 0.05)]
)
def test_contrast_errors_of_the_inference_table(cross, printed, tolerance):
    """reference/inference.md row 8: 60 units × 8, 3 peers, one random design each; here ten of them.

    The printed figure lies among the ten, and their median as near to it as single designs of that kind lie to
    each other: 25 and 15 % where a few links carry the comparison, 5 % where many do.
    """
    records = [linkage(*(design := teams(60, cross=cross, seed=seed))[:2], group=design[2]) for seed in range(10)]
    se = np.array([record.contrast_se for record in records])
    print(f"{cross:.0%} cross-unit: printed {printed}, here {np.median(se):.2f} ({se.min():.2f} to {se.max():.2f})")
    assert se.min() < printed < se.max()
    assert np.median(se) == pytest.approx(printed, rel=tolerance)
    assert {record.verdict for record in records} == {"connected_too_weak"}


def test_two_percent_across_units_leave_some_thirty_components():
    """reference/inference.md row 8: 2 % cross-unit = 33 components, one random design."""
    found = [linkage(*teams(60, cross=0.02, seed=seed)[:2]).n_components for seed in range(10)]
    assert min(found) < 33 < max(found)


def test_many_common_ratees_link_and_few_do_not():
    """Two units of 8; the first so many are rated by both supervisors: linked from SE ≤ sd_rater, 2σ²/n ≤ .35²."""
    ratee, rater, group = np.arange(16), np.repeat([0, 1], 8), np.repeat([0, 1], 8)
    for common, verdict in ((0, "not_identified"), (7, "connected_too_weak"), (9, "linked")):
        joined = linkage(
            np.append(ratee, ratee[:common]),
            np.append(rater, 1 - rater[:common]),
            group=np.append(group, group[:common]),
        )
        assert joined.verdict == verdict


def test_anchors_only_by_the_callers_word():
    assert linkage([0, 1], [0, 1], anchored=True).verdict == "linked_by_anchors"


def test_self_ratings_link_nothing():
    ratee, rater = [0, 1, 0, 1], [0, 0, 1, 2]
    masked = linkage(ratee, rater, self_mask=[False, False, True, True])
    assert masked.n == 2 and masked.verdict == "not_identified"
    assert masked.component_rater.tolist() == [0, -1, -1]
    assert linkage(ratee, rater).verdict != "not_identified"


@pytest.mark.parametrize("seed", range(6))
def test_bridges_and_hinges_agree_with_networkx(seed):
    rng = np.random.default_rng(seed)
    ratee, rater = rng.integers(0, 25, 45), rng.integers(0, 12, 45)
    record = linkage(ratee, rater)
    graph = nx.Graph((("p", int(p)), ("r", int(r))) for p, r in zip(ratee, rater, strict=True))
    expected = {tuple(code for _, code in sorted(edge)) for edge in nx.bridges(graph)}
    assert {tuple(pair) for pair in record.bridges.tolist()} == expected
    assert record.n_components == nx.number_connected_components(graph)
    pruned = graph.subgraph([n for n in graph if n[0] == "r" or graph.degree(n) > 1])
    hinges = {code for side, code in nx.articulation_points(pruned) if side == "r"}
    assert set(record.hinge_raters.tolist()) == hinges


@pytest.mark.parametrize("seed", range(8))
def test_null_space_of_three_and_four_facets_against_the_dense_rank(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 40))
    facets = [rng.integers(0, size, n) for size in (8, 5, 4, 3)]
    facets[2] = np.where(facets[0] < 4, facets[2] % 2, 2 + facets[2] % 2)
    present = [np.unique(codes, return_inverse=True)[1] for codes in facets]
    for extra in (1, 2):
        dense = np.hstack([np.eye(codes.max() + 1)[codes] for codes in present[: 2 + extra]])
        names = dict(zip(("criterion", "task"), present[2 : 2 + extra], strict=False))
        record = linkage(present[0], present[1], extra_facets=names)
        assert record.null_dim == dense.shape[1] - np.linalg.matrix_rank(dense)
        assert record.null_dim_expected == 1 + extra
        free = record.null_dim - record.null_dim_expected
        assert (free == 0) == all(codes.size == 0 for codes in record.unlinked.values())


@pytest.mark.parametrize("seed", range(60))
def test_unlinked_elements_against_the_dense_null_space(seed):
    """Elements of a facet are comparable iff every null vector gives them the same value (scipy's SVD)."""
    rng = np.random.default_rng(seed)
    sizes = [int(rng.integers(2, 9)) for _ in range(3 + seed % 2)]
    if seed % 3:
        n = int(rng.integers(8, 30))
        raw = [rng.integers(0, size, n) for size in sizes]
    else:  # a chain, in which paths are as long as they can be
        step = np.arange(14)
        raw = [(step + 1) // 2, step // 2, *[rng.integers(0, size, 14) for size in sizes[2:]]]
    facets = [np.unique(codes, return_inverse=True)[1] for codes in raw]
    names = dict(zip(("criterion", "task"), facets[2:], strict=False))
    record = linkage(facets[0], facets[1], extra_facets=names)
    dense = np.hstack([np.eye(codes.max() + 1)[codes] for codes in facets])
    null = null_space(dense)
    assert record.null_dim == null.shape[1]
    start = 0
    for name, codes in zip(("ratee", "rater", *names), facets, strict=True):
        size = int(codes.max()) + 1
        classes = np.unique(null[start : start + size].round(8) + 0.0, axis=0, return_inverse=True)[1].ravel()
        linked = np.setdiff1d(np.arange(size), record.unlinked[name])
        assert np.unique(classes[linked]).size == 1
        assert linked.size == np.bincount(classes).max()
        start += size


def test_thousands_of_levels_of_a_further_facet():
    """2,000 occasions on 40,000 ratings in two halves that share nobody and no occasion."""
    rng = np.random.default_rng(0)
    half = np.repeat([0, 1], 20_000)
    ratee, rater = (rng.integers(0, size, 40_000) + size * half for size in (3000, 1500))
    occasion = rng.integers(0, 1000, 40_000) + 1000 * half
    record = linkage(ratee, rater, extra_facets={"occasion": occasion})
    assert (record.null_dim, record.null_dim_expected) == (4, 2)
    assert record.unlinked["occasion"].size == 1000


def test_criteria_of_separate_parts_are_named_as_unlinked():
    """Raters 0, 1 use criteria 0, 1 on ratees 0, 1; rater 2 uses criterion 2 on ratee 2 only."""
    ratee = [0, 0, 0, 0, 1, 1, 1, 1, 2]
    rater = [0, 0, 1, 1, 0, 0, 1, 1, 2]
    criterion = [0, 1, 0, 1, 0, 1, 0, 1, 2]
    record = linkage(ratee, rater, extra_facets={"criterion": criterion})
    assert {name: codes.tolist() for name, codes in record.unlinked.items()} == {
        "ratee": [2],
        "rater": [2],
        "criterion": [2],
    }


def test_contrast_errors_against_the_pseudo_inverse_of_the_whole_design():
    ratee, rater, unit = teams(4, size=5, peers=2, cross=0.5, seed=1)
    record = linkage(ratee, rater, group=unit, sd_pair=1.0)
    pairs = np.unique(np.column_stack([ratee, rater]), axis=0)
    n_ratees, n_raters = pairs.max(axis=0) + 1
    dense = np.hstack([np.eye(n_ratees)[pairs[:, 0]], np.eye(n_raters)[pairs[:, 1]]])
    cov = np.linalg.pinv(dense.T @ dense)[n_ratees:, n_ratees:]
    supervisors = np.arange(n_raters - 4, n_raters)
    se = [np.sqrt(cov[a, a] + cov[b, b] - 2 * cov[a, b]) for i, a in enumerate(supervisors) for b in supervisors[:i]]
    assert record.n_components == 1
    assert record.contrast_se == pytest.approx(np.median(se), rel=1e-9)
    assert record.contrast_se_weakest == pytest.approx(max(se), rel=1e-9)


def test_large_components_by_conjugate_gradients_give_the_same(monkeypatch):
    ratee, rater, unit = teams(20, cross=0.3)
    exact = linkage(ratee, rater, group=unit)
    monkeypatch.setattr(_laplacian, "DENSE_LIMIT", 10)
    iterated = linkage(ratee, rater, group=unit)
    assert iterated.contrast_se == pytest.approx(exact.contrast_se, rel=1e-3)


def test_a_head_who_alone_rates_the_heads_of_units_links_no_units():
    """Three units of three rated by two inside, and the three heads by one rater who rates nobody else."""
    ratee, rater, unit = teams(3, size=3, peers=2)
    heads = np.arange(3)
    record = linkage(np.append(ratee, 9 + heads), np.append(rater, np.full(3, rater.max() + 1)),
                     group=np.append(unit, heads))  # fmt: skip
    assert (record.verdict, record.share_connected) == ("inside_groups_only", 0.0)


def test_few_links_between_large_parts_are_eliminated(monkeypatch):
    """Chains of units, the worst for conjugate gradients: one rating ties each to the next."""
    ratee, rater, unit = teams(150)
    ratee, rater = np.append(ratee, np.arange(149) * 8), np.append(rater, np.arange(1, 150) * 8)
    unit = np.append(unit, np.arange(149))
    exact = linkage(ratee, rater, group=unit)
    monkeypatch.setattr(_laplacian, "DENSE_LIMIT", 10)
    monkeypatch.setattr(_gradients, "_MAX_STEPS", 20)
    found = linkage(ratee, rater, group=unit)
    for field in ("contrast_se", "contrast_se_weakest", "contrast_se_all"):
        assert getattr(found, field) == pytest.approx(getattr(exact, field), rel=1e-8)


def test_links_count_raters_and_ratees_of_each_pair_of_groups():
    """Rater 0 rates in groups 0, 1, 2; ratee 3 is rated in groups 1 and 2."""
    ratee, rater, group = [0, 1, 2, 3, 3, 4], [0, 0, 0, 1, 2, 3], [0, 1, 2, 1, 2, 5]
    assert linkage(ratee, rater, group=group).links.tolist() == [[0, 1, 1, 0], [0, 2, 1, 0], [1, 2, 1, 1]]


def test_no_ratings():
    record = linkage(np.zeros(0, int), np.zeros(0, int))
    assert (record.n, record.verdict, record.reason) == (0, "not_identified", "empty")
    assert list(record.to_frame()) == ["quantity", "level", "value", "se", "lower", "upper"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"ratee": [0.5, 1], "rater": [0, 1]},
        {"ratee": [0, -1], "rater": [0, 1]},
        {"ratee": [0, 1], "rater": [0]},
        {"ratee": [0, 1], "rater": [0, 1], "group": [0]},
        {"ratee": [0, 1], "rater": [0, 1], "self_mask": [0, 1]},
        {"ratee": [0, 1], "rater": [0, 1], "sd_pair": 0.0},
    ],
)
def test_malformed_input_is_refused(arguments):
    with pytest.raises(ValueError):
        linkage(arguments.pop("ratee"), arguments.pop("rater"), **arguments)


@pytest.mark.slow
def test_a_million_pairs():
    """Components against scipy, and a verdict from contrasts that are sampled, as `method` says."""
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(31_250), 8)
    ratee = np.repeat(np.arange(unit.size), 3)
    rater = unit[ratee] * 8 + (ratee + rng.integers(1, 8, ratee.size)) % 8
    crossing = rng.random(ratee.size) < 0.1
    rater[crossing] = rng.integers(0, unit.size, crossing.sum())
    ratee = np.concatenate([np.arange(unit.size), ratee])
    rater = np.concatenate([unit.size + unit, rater])
    record = linkage(ratee, rater, group=unit[ratee])
    assert record.verdict == "connected_too_weak" and "seeded sample" in record.method
    nodes = unit.size + rater.max() + 1
    graph = sparse.coo_array((np.ones(ratee.size), (ratee, unit.size + rater)), shape=(nodes, nodes))
    label = sparse.csgraph.connected_components(graph, directed=False)[1]
    assert record.n_components == np.unique(label[: unit.size]).size
