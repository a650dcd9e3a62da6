"""Linkage on random designs against brute force: contrasts, cuts, links, invariance, reasons."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from kinerja_analysis.stats import design_power, linkage

SEEDS = range(40)


def sparse_design(seed):
    """A few dozen pairs that fall into components, with a group per ratee and a third facet."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    ratee, rater = rng.integers(0, 14, n), rng.integers(0, 9, n)
    return ratee, rater, (ratee % 4), rng.integers(0, 3, n)


def in_pairs(se, codes):
    return np.array([se(a, b) for i, a in enumerate(codes) for b in codes[:i]])


def dense_contrast(ratee, rater):
    """Standard error of two raters' difference by the pseudo-inverse of the whole design; inf if unlinked."""
    pairs = np.unique(np.column_stack([ratee, rater]), axis=0)
    n_ratees, n_raters = pairs.max(axis=0) + 1
    design = np.hstack([np.eye(n_ratees)[pairs[:, 0]], np.eye(n_raters)[pairs[:, 1]]])
    information = design.T @ design
    inverse = np.linalg.pinv(information)

    def se(a, b):
        contrast = np.zeros(n_ratees + n_raters)
        contrast[n_ratees + a], contrast[n_ratees + b] = 1, -1
        estimable = np.allclose(information @ (inverse @ contrast), contrast, atol=1e-8)
        return np.sqrt(contrast @ inverse @ contrast) if estimable else np.inf

    return se


def supervisors(ratee, rater, group):
    """By definition: home is the group rated most in, the representative rates most ratees there."""
    pairs = {(int(p), int(r)) for p, r in zip(ratee, rater, strict=True)}
    group_of = dict(zip(ratee.tolist(), group.tolist(), strict=True))
    rated = {r: [p for p, q in pairs if q == r] for r in sorted({r for _, r in pairs})}
    home = {}
    for r, people in rated.items():
        units = [group_of[p] for p in people]
        home[r] = min(set(units), key=lambda unit: (-units.count(unit), unit))
    units = sorted(set(home.values()))
    chosen = [min((r for r in home if home[r] == unit), key=lambda r: (-len(rated[r]), r)) for unit in units]
    return sorted(chosen) if len(chosen) > 1 else sorted(home)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_contrasts_against_dense_algebra(seed, grouped):
    ratee, rater, group, _ = sparse_design(seed)
    record = linkage(ratee, rater, group=group if grouped else None, sd_pair=1.0)
    chosen = supervisors(ratee, rater, group) if grouped else np.unique(rater)
    se = in_pairs(dense_contrast(ratee, rater), chosen)
    linked = se[np.isfinite(se)]
    if linked.size:
        assert record.contrast_se == pytest.approx(np.median(linked), rel=1e-9)
        assert record.contrast_se_weakest == pytest.approx(linked.max(), rel=1e-9)
    else:
        assert np.isnan(record.contrast_se) and record.reason in ("disconnected", "one_rater")
    if se.size:
        expected = np.sort(se)[[(se.size - 1) // 2, se.size // 2]].mean()
        assert record.contrast_se_all == pytest.approx(expected, rel=1e-9)
        assert record.share_connected == pytest.approx(linked.size / se.size)


@pytest.mark.parametrize("seed", SEEDS)
def test_cuts_by_their_definition(seed):
    """A bridge or a hinge is what leaves more components among the others when it is taken out."""
    ratee, rater, group, _ = sparse_design(seed)
    record = linkage(ratee, rater, group=group)
    graph = nx.Graph((("p", int(p)), ("r", int(r))) for p, r in zip(ratee, rater, strict=True))
    assert {frozenset((("p", p), ("r", r))) for p, r in record.bridges.tolist()} == {
        frozenset(edge) for edge in graph.edges if not nx.has_path(_without(graph, edges=[edge]), *edge)
    }
    split = set()
    for side, code in [node for node in graph if node[0] == "r"]:
        rest = _without(graph, nodes=[(side, code)])
        parts = [part for part in nx.connected_components(rest) if any(node[0] == "r" for node in part)]
        before = [part for part in nx.connected_components(graph) if any(n[0] == "r" for n in part - {(side, code)})]
        if len(parts) > len(before):
            split.add(code)
    assert set(record.hinge_raters.tolist()) == split
    several = [code for side, code in graph if side == "p" and graph.degree((side, code)) > 1]
    assert record.movers.tolist() == sorted(several)


def _without(graph, *, nodes=(), edges=()):
    copy = graph.copy()
    copy.remove_nodes_from(nodes)
    copy.remove_edges_from(edges)
    return copy


@pytest.mark.parametrize("seed", SEEDS)
def test_links_by_counting(seed):
    rng = np.random.default_rng(seed)
    ratee, rater, group = rng.integers(0, 9, 30), rng.integers(0, 6, 30), rng.integers(0, 5, 30)
    found = {(a, b): (r, p) for a, b, r, p in linkage(ratee, rater, group=group).links.tolist()}
    for a in range(5):
        for b in range(a + 1, 5):
            both = tuple(np.intersect1d(code[group == a], code[group == b]).size for code in (rater, ratee))
            assert found.get((a, b), (0, 0)) == both


def assert_same(left, right):
    for field in dataclasses.fields(left):
        one, other = getattr(left, field.name), getattr(right, field.name)
        if isinstance(one, dict):
            assert {k: v.tolist() for k, v in one.items()} == {k: v.tolist() for k, v in other.items()}, field.name
        elif isinstance(one, float):
            np.testing.assert_allclose(one, other, rtol=1e-9, err_msg=field.name)
        else:
            np.testing.assert_array_equal(one, other, err_msg=field.name)


@pytest.mark.parametrize("seed", SEEDS)
def test_order_duplicates_and_self_ratings_change_nothing(seed):
    """Groups differ between the ratings of one pair, as those of several years may."""
    ratee, rater, _, third = sparse_design(seed)
    group = (ratee + third) % 4
    whole = linkage(ratee, rater, group=group, extra_facets={"third": third})
    rng = np.random.default_rng(seed)
    again = np.concatenate([rng.permutation(ratee.size), rng.integers(0, ratee.size, 10)])
    people = np.unique(ratee)
    columns = [np.concatenate([code[again], more]) for code, more in (
        (ratee, people), (rater, people % (rater.max() + 1)), (group, people % 4), (third, people % 3))]  # fmt: skip
    mask = np.arange(columns[0].size) >= again.size
    facets = {"third": columns[3]}
    assert_same(whole, linkage(*columns[:2], group=columns[2], extra_facets=facets, self_mask=mask))


@pytest.mark.parametrize("seed", SEEDS)
def test_new_names_rename_the_answer(seed):
    ratee, rater, _, third = sparse_design(seed)
    rng = np.random.default_rng(seed)
    names = {"ratee": rng.permutation(20), "rater": rng.permutation(20), "third": rng.permutation(20)}
    old = linkage(ratee, rater, extra_facets={"third": third})
    new = linkage(names["ratee"][ratee], names["rater"][rater], extra_facets={"third": names["third"][third]})
    for field in dataclasses.fields(old):
        one, other = getattr(old, field.name), getattr(new, field.name)
        if isinstance(one, float):
            np.testing.assert_allclose(one, other, rtol=1e-9, err_msg=field.name)
        elif not isinstance(one, (np.ndarray, dict)):
            assert one == other, field.name
    assert np.unique(names["rater"][old.hinge_raters]).tolist() == new.hinge_raters.tolist()
    assert np.unique(names["ratee"][old.movers]).tolist() == new.movers.tolist()
    renamed = np.column_stack([names["ratee"][old.bridges[:, 0]], names["rater"][old.bridges[:, 1]]])
    assert {tuple(pair) for pair in renamed} == {tuple(pair) for pair in new.bridges}
    for side, codes in (("ratee", ratee), ("rater", rater)):
        before, after = (getattr(record, f"component_{side}") for record in (old, new))
        both = set(zip(before[codes].tolist(), after[names[side][codes]].tolist(), strict=True))
        assert len(both) == len({one for one, _ in both}) == len({other for _, other in both})
    for name, codes in old.unlinked.items():
        assert codes.size == new.unlinked[name].size


@pytest.mark.parametrize(
    ("ratee", "rater", "self_mask", "reason"),
    [
        ([], [], None, "empty"),
        ([0, 1], [0, 1], [True, True], "only_self_ratings"),
        ([0, 1, 2], [0, 0, 0], None, "one_rater"),
        ([0], [3], None, "one_rater"),
        ([0, 1, 2], [0, 0, 1], None, "disconnected"),
        ([0, 0], [0, 1], None, ""),
        ([0, 0, 1], [0, 1, 2], None, ""),
    ],
)
def test_every_missing_contrast_has_its_reason(ratee, rater, self_mask, reason):
    """No ratings, self ratings only, one rater, one ratee, raters with nobody in common."""
    codes = np.array(ratee, dtype=int), np.array(rater, dtype=int)
    record = linkage(*codes, self_mask=self_mask, extra_facets={"item": np.zeros(len(ratee), int)})
    assert record.reason == reason
    numbers = (record.contrast_se, record.contrast_se_weakest, record.contrast_reliability)
    assert np.isnan(numbers).tolist() == [bool(reason)] * 3
    assert np.isnan(record.share_connected) == (reason in ("empty", "only_self_ratings", "one_rater"))
    assert set(record.unlinked) == {"ratee", "rater", "item"}


@pytest.mark.parametrize("seed", SEEDS)
def test_power_standard_error_by_its_weights(seed):
    """Each rater's difference written out as a sum over pair errors and other raters' severities."""
    ratee, rater, _, _ = sparse_design(seed)
    found = design_power(ratee, rater, sd_pair=0.6, sd_rater=0.3, delta=0.2, family=5)
    pairs = {(int(p), int(r)) for p, r in zip(ratee, rater, strict=True)}
    for own in range(rater.max() + 1):
        others = {p: [r for q, r in pairs if q == p and r != own] for p, r in pairs if r == own}
        shared = {p: raters for p, raters in others.items() if raters}
        if not shared:
            assert np.isnan(found.se[own])
            continue
        severity = np.zeros(rater.max() + 1)
        error = []
        for raters in shared.values():
            error += [1 / len(shared), *[1 / len(raters) / len(shared)] * len(raters)]
            severity[raters] += 1 / len(raters) / len(shared)
        expected = 0.6**2 * np.square(error).sum() + 0.3**2 * np.square(severity).sum()
        assert found.se[own] == pytest.approx(np.sqrt(expected), rel=1e-12)
    assert found.n == np.isfinite(found.se).sum() and (found.n > 0 or found.reason == "no_common_ratees")
    assert (found.detectable_adjusted >= found.detectable)[np.isfinite(found.se)].all()
