"""What the public can work out: 200 random tables in four shapes, and every table of the demo's public audits.

The attack on the demo knows nothing of how the release was made: its equations come from the public frames alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

import numpy as np
import pytest

from kinerja_analysis.base.results import Audit
from kinerja_analysis.detect import detect
from kinerja_analysis.release import release
from kinerja_analysis.release.attacker import HIDDEN, WITHHELD, Published, ranges, recovered
from kinerja_analysis.release.linked import CLASSES, STATUS
from kinerja_analysis.release.suppress import protect, rounded
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate

WIDTH, SMALLEST = 5, 10
Table = tuple[np.ndarray, np.ndarray, np.ndarray]


def margins(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """All cells of a table and all its margins; which of them is the grand total."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    rows, whole = [], []
    for summed in product([False, True], repeat=len(shape)):
        free = [range(n) if not s else [slice(None)] for n, s in zip(shape, summed, strict=True)]
        for place in product(*free):
            rows.append(np.isin(index.ravel(), index[place]).astype(float))
            whole.append(all(summed))
    return np.array(rows), np.array(whole)


def tables() -> Iterator[Table]:
    """Yield forms, counts and which counts are the region's: 50 each of four shapes, many counts small."""
    rng = np.random.default_rng(20)
    flat, cube = margins((10, 4)), margins((3, 2, 3))
    units = np.repeat(np.arange(4), 3)  # units of four agencies, three predikat, all levels published
    up = np.vstack([np.eye(12), (units == np.arange(4)[:, None]).astype(float), np.ones((1, 12))])
    cross = np.vstack([np.eye(3), np.ones((1, 3))])
    tree = np.kron(up, cross), np.arange(len(up) * 4) == len(up) * 4 - 1
    one, two = margins((4, 3)), margins((2, 3))  # agency x employment and age x employment: one margin in common
    link = np.zeros((12, 24)), np.zeros((6, 24))  # the parts are agency x employment x age
    for a, e, s in product(range(4), range(3), range(2)):
        link[0][a * 3 + e, a * 6 + e * 2 + s] = link[1][s * 3 + e, a * 6 + e * 2 + s] = 1
    both = np.unique(np.vstack([one[0] @ link[0], two[0] @ link[1]]), axis=0)
    linked = both, both.sum(axis=1) == both.shape[1]
    for _ in range(50):
        for forms, whole in (flat, cube, tree, linked):
            mean = rng.choice([2, 8, 25])
            parts = rng.negative_binomial(1, 1 / (1 + mean), forms.shape[1])
            yield forms, np.rint(forms @ parts).astype(np.int64), whole


def protected() -> Iterator[Published]:
    for forms, truth, whole in tables():
        public = protect(forms, truth, kept=whole)
        low, high = public.bounds()
        assert ((low <= truth) & (truth <= high)).all()  # nothing untrue is printed
        assert ((truth >= SMALLEST) | (public.shown == HIDDEN)).all()  # nothing small is printed
        yield public


def test_200_random_tables_give_nothing_away() -> None:
    """The quick search finds nothing in any; in one table of each shape every hidden count is asked for its ends."""
    hidden = numbers = n = 0
    for n, public in enumerate(protected(), 1):
        assert not len(recovered(public, WIDTH))
        hidden += int(public.suppressed.sum())
        numbers += int((~public.suppressed).sum())
        if n <= 4:
            low, high = ranges(public, np.flatnonzero(public.suppressed))
            assert (high - low >= WIDTH - 1e-6).all()
    assert n == 200 and hidden > 2000 and numbers > 2000


def broken(forms: np.ndarray, truth: np.ndarray, *, base: int) -> Published:
    """Suppression of small counts only."""
    shown = np.where(truth < SMALLEST, HIDDEN, [rounded(int(c), base) for c in truth])
    return Published(forms, shown, np.full(len(truth), base))


@pytest.mark.parametrize(("base", "tables_open"), [(1, 0.9), (5, 0.4)])
def test_hiding_small_counts_alone_is_found_out(base: int, tables_open: float) -> None:
    """Exact others give them away nearly always, rounded others still in many tables."""
    tried = [broken(forms, truth, base=base) for forms, truth, _ in islice(tables(), 24)]
    found = [len(recovered(public, WIDTH)) > 0 for public in tried if public.suppressed.any()]
    assert len(found) > 15 and np.mean(found) >= tables_open


@pytest.fixture(scope="module")
def demo() -> Audit:
    """The whole demo, two years; of the detectors the one that prints shares of predikat."""
    made = simulate(years=[2024, 2025])
    config = made.config.model_copy(update={"detectors": ("distribution",)})
    return release(detect(made.tables, score(made.tables, config), config))


class Puzzle:
    """Unknown counts by name, and what the public frames say of sums of them."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, ...], int] = {}
        self.rows: list[dict[int, float]] = []
        self.shown: list[int] = []
        self.base: list[int] = []

    def say(self, shown: int, base: int, *parts: tuple[str, ...]) -> None:
        self.rows.append({self.names.setdefault(p, len(self.names)): 1.0 for p in parts})
        self.shown.append(int(shown))
        self.base.append(base)

    def published(self) -> Published:
        forms = np.zeros((len(self.rows), len(self.names)))
        for i, row in enumerate(self.rows):
            forms[i, list(row)] = list(row.values())
        return Published(forms, np.array(self.shown), np.array(self.base), SMALLEST)


def puzzle(public: Audit) -> Published:
    """Head counts, predikat and examined of one region and year, as their frames print them."""
    made, heads = Puzzle(), public.counts["headcount"]
    printed = public.counts["published"].drop_duplicates("count", keep="last").set_index("count")["base"]
    finest = {c: {int(b) for b in printed[printed.index.str.endswith(f"|{c}")]} for c in (*CLASSES, *STATUS, "total")}
    keys = [(str(o), str(e)) for o, e in zip(heads["opd"], heads["employment"], strict=True)]
    for (opd, employment), row in zip(keys, heads.to_dict("records"), strict=True):
        for name in (*CLASSES, *STATUS):
            base = int(printed.get(f"headcount|{opd}|{employment}|{name}", min(finest[name], default=5)))
            made.say(row[name], base, (opd, employment, name))
        base = int(printed.get(f"headcount|{opd}|{employment}|total", 5))
        made.say(row["total"], base, *((opd, employment, c) for c in (*CLASSES, *STATUS, "none")))
    for r in public.counts["predikat"].to_dict("records"):
        made.say(r["n"], int(printed.get(f"predikat|{r['predikat']}", 5)), *((*k, r["predikat"]) for k in keys))
    (export,) = public.counts["examined"].query("kind == 'ekinerja'").to_dict("records")
    groups = {"n_persons": (*CLASSES, "none", *STATUS), "n_rated": (*CLASSES, "none"), "n_not_rated": ("not_rated",),
              "n_no_skp": ("no_skp",), "n_excluded": ("excluded",)}  # fmt: skip
    for name, parts in groups.items():
        base = int(printed.get(f"examined|ekinerja|{name}", 5))
        made.say(export[name], base, *((*k, c) for k in keys for c in parts))
    unrated = public.counts["unrated"]
    for opd in sorted({o for o, _ in keys if o} & set(unrated["opd"])):
        own = unrated[unrated["opd"] == opd].set_index("reason")["n"]
        mine = [k for k in keys if k[0] == opd]
        rest = (opd, "in a merged row")
        base = int(printed.get(f"unrated|{opd}|rated", 5))
        made.say(own["rated"], base, *((*k, c) for k in mine for c in (*CLASSES, "none")), (*rest, "rated"))
    return made.published()


def test_every_table_of_the_demo_gives_nothing_away(demo: Audit) -> None:
    """All regions, both years; the attacker's programmes for every hidden count, from the public frames alone."""
    assert len(demo.cells) == 8
    for region, year in demo.cells:
        public = puzzle(demo.select(region=region, year=year))
        hidden = np.flatnonzero(public.suppressed)
        assert len(hidden) > 5
        assert not len(recovered(public, WIDTH)), (region, year)


def test_the_frames_of_the_demo_agree_with_what_is_counted_as_hidden(demo: Audit) -> None:
    told = demo.counts["disclosure"]
    assert (told["shown"] + told["hidden"] + told["withheld"] == told["cells"]).all()
    numbers = demo.counts["headcount"].drop(columns=["region", "year", "opd", "employment"]).to_numpy()
    assert ((numbers >= SMALLEST) | np.isin(numbers, [HIDDEN, WITHHELD])).all()
    assert (numbers[numbers > 0] % 5 == 0).all()
    assert "raters" not in demo.counts


def test_no_difference_between_years_is_known_closely(demo: Audit) -> None:
    """Two rounded counts differ by an amount known to within 8, or 4 where both read 10 (a 10 is never 8 or 9)."""
    printed = demo.counts["published"].query("base > 1").groupby(["region", "count"])
    pairs = [g for _, g in printed if len(g) == 2]
    assert len(pairs) > 100
    for g in pairs:
        shown, base = (g[c].to_numpy(np.int64) for c in ("shown", "base"))
        low, high = Published(np.eye(2), shown, base, SMALLEST).bounds()
        assert (high - low).sum() >= (8 if (shown > SMALLEST).all() else 4)


def test_a_second_release_shows_no_small_difference() -> None:
    """Three people more in one agency: what is printed of it stays, or is withheld, or differs by ten and more."""
    made = simulate(regions=["76.02"], years=[2025], size=600)
    config = made.config.model_copy(update={"detectors": ("distribution",)})
    first = detect(made.tables, score(made.tables, config), config)
    heads = first.counts["headcount"].copy()
    big = heads["total"].idxmax()
    heads.loc[big, ["total", "BAIK"]] += 3
    predikat = first.counts["predikat"].copy()
    predikat.loc[predikat["predikat"] == "BAIK", "n"] += 3
    examined = first.counts["examined"].copy()
    examined.loc[examined["kind"] == "ekinerja", ["n_persons", "n_rated"]] += 3
    counts = {**first.counts, "headcount": heads, "predikat": predikat, "examined": examined}
    second = Audit(**{**{f: getattr(first, f) for f in Audit.__dataclass_fields__}, "counts": counts,
                      "provenance": {**first.provenance, "data": "0" * 16}})  # fmt: skip
    old = release(first)
    new = release(second, earlier=[old])
    latest = [a.counts["published"].drop_duplicates("count", keep="last").set_index("count") for a in (old, new)]
    both = latest[0].join(latest[1], suffixes=("_old", "_new"), how="inner")
    moved = both[(both["shown_old"] != both["shown_new"]) & (both["base_new"] == 5)]
    assert ((moved["shown_old"] - moved["shown_new"]).abs() >= SMALLEST).all()
    assert set(old.counts["published"]["count"]) <= set(new.counts["published"]["count"])  # nothing is forgotten
    alone = release(second).counts["published"].set_index("count")
    apart = latest[0].join(alone, suffixes=("_old", "_new"), how="inner")
    assert (apart["shown_old"] != apart["shown_new"]).any()  # without the earlier one it would have shown
