"""The exact null space against dense algebra on hundreds of small designs of two to five facets."""

import numpy as np
import pytest

from kinerja_analysis.stats import _null_space, linkage
from kinerja_analysis.stats._null_space import null_space


def compact(*facets):
    return np.column_stack([np.unique(codes, return_inverse=True)[1] for codes in facets])


def dense(rows):
    """Dimension and classes by the singular value decomposition of the design of ones and zeros."""
    design = np.hstack([np.eye(column.max() + 1)[column] for column in rows.T])
    _, singular, right = np.linalg.svd(design)
    rank = int((singular > 1e-9).sum())
    parts = np.split(right[rank:].T, np.cumsum(rows.max(axis=0) + 1)[:-1])
    classes = [np.unique(part.round(6) + 0.0, axis=0, return_inverse=True)[1].ravel() for part in parts]
    return design.shape[1] - rank, classes


def same_partition(left, right):
    pairs = np.unique(np.column_stack([left, right]), axis=0)
    return len(pairs) == np.unique(left).size == np.unique(right).size


def random_design(rng, kind):
    n, sizes = int(rng.integers(1, 45)), rng.integers(1, 13, int(rng.integers(2, 6)))
    facets = [rng.integers(0, size, n) for size in sizes]
    if kind == "nested" and sizes.size > 2:
        facets[2] = 2 * (facets[0] < sizes[0] // 2) + facets[2] % 2
    if kind == "nearly additive" and sizes.size > 2:
        facets[2] = (facets[0] + facets[1] + (rng.random(n) < 0.1)) % 5
    if kind == "chain" and sizes.size > 2:
        facets[0], facets[1] = np.arange(n), np.arange(n) + rng.integers(0, 2, n)
    return compact(*facets)


@pytest.mark.parametrize("kind", ["random", "nested", "nearly additive", "chain"])
def test_dimension_and_classes_against_dense_algebra(kind):
    rng = np.random.default_rng(len(kind))
    excess = []
    for _ in range(150):
        rows = random_design(rng, kind)
        dimension, classes = null_space(rows)
        expected, partition = dense(rows)
        assert dimension == expected
        assert all(same_partition(*pair) for pair in zip(classes, partition, strict=True))
        excess.append(dimension - (rows.shape[1] - 1))
    assert min(excess) == 0 and max(excess) > 2


@pytest.mark.parametrize(("n", "sizes"), [(200, (50, 50, 60)), (75, (20, 20, 12, 9)), (75, (20, 20, 25, 25))])
def test_designs_that_must_be_eliminated(n, sizes, monkeypatch):
    """Sparse designs in which merging and setting aside leave conditions on the smaller facets."""
    conditions = []
    reduced = _null_space._reduced
    monkeypatch.setattr(_null_space, "_reduced", lambda *args: conditions.append(args) or reduced(*args))
    rng = np.random.default_rng(1)
    for _ in range(40):
        rows = compact(*(rng.integers(0, size, n) for size in sizes))
        dimension, classes = null_space(rows)
        expected, partition = dense(rows)
        assert dimension == expected
        assert all(same_partition(*pair) for pair in zip(classes, partition, strict=True))
    assert len(conditions) > 200


def test_connected_by_pairs_of_facets_but_not_jointly():
    """Criterion = type of ratee + type of rater: every two facets connect, yet the types trade off."""
    ratee, rater = (side.ravel() for side in np.meshgrid(np.arange(6), np.arange(4), indexing="ij"))
    criterion = ratee % 2 + rater % 2
    for left, right in ((ratee, rater), (ratee, criterion), (rater, criterion)):
        assert linkage(left, right).n_components == 1
    record = linkage(ratee, rater, extra_facets={"criterion": criterion})
    assert (record.null_dim, record.null_dim_expected) == (3, 2)
    assert {name: codes.tolist() for name, codes in record.unlinked.items()} == {
        "ratee": [1, 3, 5],
        "rater": [1, 3],
        "criterion": [1, 2],
    }


def test_two_separate_copies_have_twice_the_dimension():
    """80,000 ratees × 40,000 raters × 1,000 occasions, and a tenth of that beside."""
    rng = np.random.default_rng(2)
    large = [rng.integers(0, size, 400_000) for size in (80_000, 40_000, 1_000)]
    alone, _ = null_space(compact(*large))
    small = [rng.integers(0, size, 40_000) for size in (8_000, 4_000, 100)]
    beside, _ = null_space(compact(*small))
    ratee, rater, occasion = (np.append(a, b + a.max() + 1) for a, b in zip(large, small, strict=True))
    record = linkage(ratee, rater, extra_facets={"occasion": occasion})
    assert record.null_dim == alone + beside
    assert record.unlinked["occasion"].tolist() == list(range(1_000, 1_100))


def test_conditions_beyond_memory_are_refused(monkeypatch):
    monkeypatch.setattr(_null_space, "_MOST_CELLS", 100)
    rng = np.random.default_rng(3)
    with pytest.raises(ValueError, match="too many conditions"):
        null_space(compact(*(rng.integers(0, size, 75) for size in (20, 20, 25, 25))))
