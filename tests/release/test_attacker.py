"""The ranges of the attacker by hand and against every table there is; suppression; what is out already."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, Published, ranges, recovered
from kinerja_analysis.release.earlier import PUBLISHED, starts
from kinerja_analysis.release.linked import Book, total
from kinerja_analysis.release.suppress import protect

ROW = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], float)
SQUARE = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
                   [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]], float)  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "base", "low", "high"),
    [
        ([HIDDEN, 12, 20, 40], 1, 8, 8),  # 40 - 12 - 20
        ([HIDDEN, 10, 20, 30], 5, 0, 4),  # at most 32 - 10 - 18: a published 10 is never less than 10
        ([HIDDEN, 15, 20, 40], 5, 0, 9),  # 38 - 17 - 22 to 42 - 13 - 18, below 10
        ([HIDDEN, WITHHELD, 20, 40], 5, 0, 9),
        ([WITHHELD, 15, 20, 60], 5, 19, 31),  # 58 - 17 - 22 to 62 - 13 - 18
    ],
)
def test_ranges_by_hand(shown: list[int], base: int, low: float, high: float) -> None:
    found = ranges(Published(ROW, np.array(shown), np.full(4, base)), [0])
    assert [float(end[0]) for end in found] == pytest.approx([low, high])


@pytest.mark.parametrize("seed", range(5))
def test_ranges_hold_every_table_that_agrees(seed: int) -> None:
    """All tables of two by two with whole numbers up to 22 are tried: the ends are theirs."""
    rng = np.random.default_rng(seed)
    truth = SQUARE @ rng.integers(3, 15, 4)
    base = np.full(9, 5)
    shown = np.where(truth < 10, HIDDEN, (truth / 5 + 0.5).astype(int) * 5).astype(int)
    public = Published(SQUARE, shown, base)
    low, high = public.bounds()
    tables = np.array(list(product(range(23), repeat=4))) @ SQUARE.T
    agree = tables[((tables >= low) & (tables <= high)).all(axis=1)]
    assert len(agree) and (agree == truth).all(axis=1).any()
    found = ranges(public, range(4))
    assert found[0] == pytest.approx(agree[:, :4].min(axis=0)) and found[1] == pytest.approx(agree[:, :4].max(axis=0))


def test_a_publication_that_contradicts_itself_is_no_protection() -> None:
    public = Published(ROW, np.array([HIDDEN, 50, 20, 30]), np.full(4, 5))
    assert recovered(public).tolist() == [0]
    assert np.isnan(ranges(public, [0])[0]).all()


def test_protection_ends_with_nothing_recovered_and_true_statements() -> None:
    truth = (SQUARE @ np.array([2, 31, 44, 12])).astype(int)
    public = protect(SQUARE, truth, kept=np.arange(9) == 8)
    low, high = public.bounds()
    assert ((truth >= low) & (truth <= high)).all()
    assert public.shown[0] == HIDDEN and public.shown[8] > 0
    assert not len(recovered(public))


def test_what_is_out_exactly_cannot_be_protected() -> None:
    """With the other two and the total known exactly, nothing is left to withhold."""
    known = Published(ROW[1:], np.array([12, 20, 37]), np.ones(3, int))
    with pytest.raises(DisclosureRefused) as refused:
        protect(ROW, np.array([5, 12, 20, 37]), kept=np.zeros(4, bool), known=[known])
    assert refused.value.exit_code == 4
    whole = Published(ROW, np.array([5, 12, 20, 37]), np.ones(4, int))  # its own number is out: nothing to protect
    assert protect(ROW, np.array([5, 12, 20, 37]), kept=np.zeros(4, bool), known=[whole]).shown[0] == HIDDEN


def out(count: str, shown: int, *, region: str = "01.01", year: int = 2025, data: str = "old") -> pd.DataFrame:
    return pd.DataFrame([[region, year, count, shown, 5, data]], columns=PUBLISHED)


def book(agency: int, rest: int) -> Book:
    made = Book()
    forms = [made.part(agency), made.part(rest)]
    for name, form, value, kept in (("agency", forms[0], agency, False), ("all", total(forms), agency + rest, True)):
        made.put(("t", 0, name), form, value, name, kept=kept)
    return made


@pytest.mark.parametrize(
    ("known", "coarse", "gone"),
    [
        (out("agency", 40), 5, False),  # 42 reads 40 again: no difference
        (out("agency", 35), 5, True),  # 35, then 40: five more people, all in one state
        (out("agency", 25), 5, False),  # fifteen more
        (out("all", 495), 10, False),  # 500 after 495: to the nearest ten both read 500
        (out("all", 500), 5, False),
        (out("agency", 35, year=2024), 5, False),  # another year: other appraisals
        (out("agency", 35, data="new"), 5, False),  # the same data: the attacker gets both, see below
        (out("all", 500, region="01.01.02"), 10, False),  # a part of the region with as many people
        (out("all", 450, region="01.01.02"), 5, False),
        (out("all", 500, region="01.02"), 5, False),  # no overlap
    ],
)
def test_differences_to_what_is_out(known: pd.DataFrame, coarse: int, gone: bool) -> None:
    made = book(42, 458)
    start, withheld, _ = starts(made, made.truth(), known, ("01.01", 2025), {"01.01.02"}, "new", 10, 5)
    assert start.max() == coarse and withheld.any() == gone


def test_an_earlier_release_of_the_same_data_is_known_to_the_attacker() -> None:
    made = book(42, 458)
    _, _, same = starts(made, made.truth(), out("agency", 40, data="new"), ("01.01", 2025), set(), "new", 10, 5)
    (known,) = same
    assert known.shown.tolist() == [40] and known.forms.tolist() == [[1.0, 0.0]]


def test_a_sum_of_nothing_is_no_secret() -> None:
    """A region without an export has no predikat: the empty count is hidden, and there is nothing to recover."""
    forms = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert recovered(Published(forms, np.array([-1, -1, 20]), np.full(3, 5))).tolist() == []
    assert recovered(Published(forms[1:], np.array([-1, 20]), np.full(2, 5)), width=11).tolist() == [0]
