"""Every chart: drawn in both languages, says its numbers in words, leaves nothing open, refuses to draw nothing."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.results import Comparison, Finding, Result, Status
from kinerja_analysis.base.words import has, say
from kinerja_analysis.report.view import table_block
from kinerja_analysis.show import charts, theme
from kinerja_analysis.show.charts import (
    caterpillar,
    d_study,
    design,
    distribution,
    drawing,
    funnel,
    pairs,
    panel,
    regions,
    rows,
    supported,
    teams,
)


def raters(lab: SimpleNamespace, n: int, groups: int = 1) -> Result:
    found = [
        lab.finding("leniency.not_shown", "FLAGGED" if i == 0 else "CLEAR", "within_ratee", "rater",
                    f"P{chr(65 + i % 26) * 3}{chr(65 + i // 26)}AAAAAAAAA", value=11.4 - i, lower=7.0 - i,
                    upper=15.8 - i, n=5 + i, unit="points", threshold=2.5, p_adjusted=0.001 + i / 1000,
                    scope="multisource", component=i % groups, shrunken=8.0 - i)
        for i in range(n)
    ]  # fmt: skip
    return Result.of("leniency", found)


def dependability(lab: SimpleNamespace, phi: float = 0.625) -> Any:
    """Φ of 2.5 raters: by hand, one rater has .625/(2.5 − 1.5·.625) = .4."""
    return lab.finding("agreement.phi_neither", measure="phi", kind="source", subject="peer", scope="multisource",
                       value=phi, lower=phi - 0.1, upper=phi + 0.1, n=300, unit="reliability", raters=2.5, decision=0.8,
                       feedback=0.7, more=5, then=0.77, then_lower=0.7, then_upper=0.8)  # fmt: skip


def inputs(lab: SimpleNamespace) -> dict[str, tuple[Any, list[str]]]:
    """Chart name -> what it is drawn from, and numbers its words must hold (in Indonesian)."""
    share = {"value": 0.16, "lower": 0.14, "upper": 0.19, "n": 400, "unit": "share", "threshold": 0.2}
    pairs = lab.finding("distribution.pairs", measure="separated_pairs", **share)
    odds = [lab.finding("group_gap.open", kind="group", subject=f"employment={g}", value=0.81, lower=0.58, upper=1.13,
                        n=300, unit="odds_ratio", threshold=1.5, reference="pns")
            for g in ("pppk", "pppk_paruh_waktu")]  # fmt: skip
    agree = [lab.finding("agreement.pair", measure="correlation", kind="source_pair", subject="supervisor|peer", n=318,
                         value=0.41, lower=0.31, upper=0.5, unit="correlation", world=0.34),
             lab.finding("agreement.single", measure="reliability_single", kind="source", subject="other", n=318,
                         value=0.44, lower=0.3, upper=0.5, unit="reliability", world=None)]  # fmt: skip
    selfs = [lab.finding("self_other.usual", measure="difference", value=4.0, lower=1.0, upper=7.0, n=300,
                         unit="points", threshold=7.0),
             lab.finding("self_other.unit_usual", "FLAGGED", measure="difference", kind="unit", subject="Dinas Sosial",
                         value=9.5, lower=8.0, upper=11.0, n=40, unit="points", threshold=7.0)]  # fmt: skip
    single = lab.finding("straight_lining.single", measure="single_value", value=12.0, n=400, unit="teams", observed=12,
                         expected=9.4, expected_lower=4.0, expected_upper=15.0, n_teams=40)  # fmt: skip
    predikat = pd.DataFrame({"predikat": ["SANGAT KURANG", "KURANG", "BUTUH PERBAIKAN", "BAIK", "SANGAT BAIK"],
                             "n": [0, 1, 1, 358, 40]})  # fmt: skip
    bins = pd.DataFrame({"bin": ["<=50", "51-60", "100"], "n": [1, 2, 7], "expected": [0.1, 1.0, 4.0],
                         "lower": [0.0, 0.0, 2.0], "upper": [1.0, 3.0, 6.0]})  # fmt: skip
    row = SimpleNamespace(kind="multisource", verdict="inside_groups_only", n_ratees=9, n_raters=7, n_components=3,
                          movers=0)  # fmt: skip
    index = lab.finding("index.supported", measure="index", value=10.0, lower=5.0, upper=15.0, n=318, unit="of_100",
                        separated=16.0, concordant=12.0, discordant=4.0, tied=84.0, n_comparators=1)  # fmt: skip
    own = {"measure": "own_group_gap", "subject": "asal|supervisor", "reference": "", "adjusted": False, "unit": "sd",
           "value": 0.44, "lower": 0.07, "upper": 0.81, "n_a": 275, "n_b": 300, "status": "FLAGGED"}  # fmt: skip
    dimensions = [
        lab.finding("index.differentiation", measure="index_differentiation", value=27.0, n=400, unit="of_100"),
        lab.finding("index.agreement", measure="index_agreement", value=0.44, lower=0.3, upper=0.5, n=318,
                    unit="reliability"),
        lab.finding("index.equity", measure="index_equity", value=12.0, lower=0.0, upper=79.0, n=400, unit="of_100"),
        lab.finding("index.achievement_none", "NOT_APPLICABLE", measure="index_achievement")]  # fmt: skip
    funnel_of = pd.DataFrame({"region": ["01.01", "01.02", "01.03"], "value": [0.4, 0.21, 0.2],
                              "se": [0.02, 0.05, 0.01], "centre": 0.2, "phi": 1.5,
                              "lower": [0.15, 0.08, 0.18], "upper": [0.25, 0.32, 0.22],
                              "lower_outer": [0.12, 0.01, 0.16], "upper_outer": [0.28, 0.39, 0.24]})  # fmt: skip
    columns = ["facet", "name", "position", "se", "n"]
    places = pd.DataFrame(
        [("ratee", "", 0.5, np.nan, 30), ("ratee", "", 1.0, np.nan, 10), ("rater", "", -0.5, np.nan, 4),
         ("criterion", "kerja_sama", 0.2, 0.1, 1), ("criterion", "loyal", 0.1, 0.1, 1),
         ("step", "25|50", -0.4, 0.1, 1)], columns=columns)  # fmt: skip
    moves = pd.DataFrame({"position": [-0.5, 0.0, 0.5], "kept": [0, 20, 0], "changed": [2, 4, 2]})
    return {
        "wright": (places, ["40 pegawai terletak antara 0,5 dan 0,5", "4 penilai", "kerja sama, loyal"]),
        "changes": (moves, ["20 pergeseran, 0% bukan nol", "8 pergeseran, 50% bukan nol, simpangan baku 0,35"]),
        "panel": (dimensions, ["Daya pembeda: 27 (n 400).", "0,44 (n 318), 0,30 sampai 0,50", "paling banyak 79",
                               "Kaitan dengan capaian: tidak teridentifikasi"]),
        "regions": (funnel_of, ["3 wilayah", "rata-rata 20,0%", "1 di luar batas 99,8%", "01.01: 40,0%"]),
        "contrasts": (Comparison(pd.DataFrame([own])), ["asal sama, dari atasan: 0,44", "0,07 sampai 0,81"]),
        "bounds": (lab.finding("leniency.bounds", measure="bounds", **share), ["19%"]),
        "caterpillar": (raters(lab, 5), ["+11,4", "+7,0 sampai +15,8", "Ditandai 1"]),
        "d_study": (Result.of("agreement", [dependability(lab)]), ["2,5 penilai", "0,62", "0,80", "6 penilai"]),
        "funnel": (raters(lab, 9), ["9 penilai", "5 sampai 13", "1 ditandai"]),
        "chance": (Result.of("straight_lining", [single]), ["12 dari 40", "9,4"]),
        "design": (row, ["7 penilai", "9 pegawai", "3 kelompok"]),
        "distribution": (predikat, ["89,5%", "10,0%", "88,5%"]),
        "odds": (Result.of("group_gap", odds), ["0,81", "0,58 sampai 1,13", "0,67 dan 1,50"]),
        "pairs": (pairs, ["16 menerima", "14 sampai 19"]),
        "ranges": ([pairs], ["16,0%", "14,0% sampai 19,0%", "20,0%"]),
        "self_other": (Result.of("self_other", selfs), ["+4,0", "Dinas Sosial: +9,5"]),
        "sources": (Result.of("agreement", agree), ["0,41", "angka penelitian 0,34", "pihak lain 0,44"]),
        "supported": (index, ["Indeks 10", "5 sampai 15", "batas atas 16", "12 searah"]),
        "teams": (bins, ["100%: 7 tim", "10 tim"]),
    }  # fmt: skip


@pytest.mark.parametrize("name", charts.NAMES)
def test_every_chart_in_both_languages(name: str, lab: SimpleNamespace) -> None:
    from matplotlib import pyplot

    source, numbers = inputs(lab)[name]
    made = {lang: charts.figure(name, source, lang=lang) for lang in ("id", "en")}
    for chart in made.values():
        assert chart is not None
        assert lab.png_size(chart.png) == (2 * chart.width, 2 * chart.height)
        assert lab.png_size(chart.narrow) == (2 * chart.narrow_width, 2 * chart.narrow_height)
        assert chart.narrow_width == theme.NARROW
        assert len(chart.table) and "nan" not in chart.alt.lower()
    assert all(number in made["id"].alt for number in numbers), made["id"].alt
    assert made["id"].alt != made["en"].alt
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", sorted(set(charts.NAMES) - {"contrasts", "design", "regions"}))  # tables of no page
def test_the_data_of_a_chart_are_headed_in_words_and_name_whom_they_are_about(name: str, lab: SimpleNamespace) -> None:
    chart = charts.figure(name, inputs(lab)[name][0], lang="id", pictures=False)
    assert chart is not None
    shown = table_block(SimpleNamespace(lang="id"), chart.table, "")
    heads = [c.label for c in shown.columns]
    assert not [c for c in chart.table.columns if c in heads and not has(f"show.column.{c}")], "a heading in code"
    if "Subjek" in heads:
        assert all(row[heads.index("Subjek")] for row in shown.rows)


@pytest.mark.parametrize(("verdict", "words"), [
    ("not_identified", "pernah berganti"), ("linked_by_changes", "pernah berganti"),
    ("linked_by_anchors", "contoh kasus yang sama"),
])  # fmt: skip
def test_the_schema_shows_what_links_supervisors(verdict: str, words: str) -> None:
    row = SimpleNamespace(kind="ekinerja", verdict=verdict, n_ratees=90, n_raters=7, n_components=7, movers=0)
    chart = charts.figure("design", row, lang="id")
    assert chart is not None and words in chart.alt


def test_the_levels_of_a_report_share_pictures_and_two_regions_do_not(lab: SimpleNamespace) -> None:
    charts.begin("13.71 2025")
    charts.figure("caterpillar", raters(lab, 5), lang="id")
    kept = set(charts.drawn())
    charts.begin("13.71 2025")
    assert kept and set(charts.drawn()) == kept
    charts.begin("13.71 2024")
    assert not charts.drawn()


def test_few_changes_and_no_employees_are_no_picture() -> None:
    few = pd.DataFrame({"position": [0.0, 0.5], "kept": [20, 1], "changed": [4, 3]})
    assert charts.figure("changes", few, lang="id") is None
    parts = pd.DataFrame({"facet": ["parts"], "name": [""], "position": [np.nan], "se": [np.nan], "n": [9]})
    assert charts.figure("wright", parts, lang="id") is None


def test_the_same_input_gives_the_same_bytes(lab: SimpleNamespace) -> None:
    source = raters(lab, 6)
    first, second = (charts.figure("caterpillar", source, lang="id") for _ in range(2))
    assert first.png == second.png and first.narrow == second.narrow


def test_nothing_to_draw_is_no_chart(lab: SimpleNamespace) -> None:
    empty = Result.of("group_gap", [])
    for name in ("caterpillar", "chance", "odds", "sources", "self_other", "ranges"):
        assert charts.figure(name, empty, lang="id") is None
    none = pd.DataFrame({"bin": ["100"], "n": [0], "expected": [0.0], "lower": [0.0], "upper": [0.0]})
    assert charts.figure("teams", none, lang="id") is None
    with pytest.raises(KeyError):
        charts.figure("../theme", empty, lang="id")


def test_raters_are_ordered_only_inside_linked_groups(lab: SimpleNamespace) -> None:
    frame = caterpillar.data(raters(lab, 7, groups=2))
    assert frame["component"].tolist() == ["A"] * 4 + ["B"] * 3
    for _, group in frame.groupby("component"):
        assert group["value"].is_monotonic_decreasing
    assert caterpillar.headed(frame)


def test_with_many_groups_flagged_raters_come_first_and_the_rest_is_not_ranked(lab: SimpleNamespace) -> None:
    frame = caterpillar.data(raters(lab, 12, groups=12))
    assert frame["flagged"].tolist() == [True] + [False] * 11
    assert not caterpillar.headed(frame)
    assert frame["component"].is_monotonic_increasing


def test_flagged_raters_are_never_left_out(lab: SimpleNamespace) -> None:
    frame = caterpillar.data(raters(lab, 60), most=10)
    assert len(frame) == 10 and frame["flagged"].sum() == 1 and frame.attrs["all"] == 60
    assert frame.loc[~frame["flagged"], "n"].min() == 56, "then those with most employees"
    assert "60 atasan" in caterpillar.alt(frame, "id") and "10 digambar" in caterpillar.alt(frame, "id")


def test_hidden_counts_are_not_zero(lab: SimpleNamespace) -> None:
    public = pd.DataFrame({"predikat": ["DI BAWAH BAIK", "BAIK", "SANGAT BAIK"], "n": [-1, 360, 40]})
    frame = distribution.data(public)
    assert np.isnan(frame["share"].iloc[2]) and frame["share"].iloc[1] == 0.9
    assert "kurang dari 10" in distribution.alt(frame, "id") and " 0,0%" not in distribution.alt(frame, "id")
    of_all = distribution.data(public, rated=405)
    assert of_all["share"].tolist()[:2] == [40 / 405, 360 / 405], "those of a hidden class are rated, too"
    assert "Dari 405 pegawai" in distribution.alt(of_all, "id") and "88,9%" in distribution.alt(of_all, "id")
    rounded = distribution.alt(distribution.data(public, rated=405, rounded=True), "id")
    assert "Dari 405 pegawai" in rounded and " 89%" in rounded and "88,9" not in rounded, "counts told in fives"
    one, other = (charts.figure("distribution", public, rated=405, rounded=r, lang="id") for r in (False, True))
    assert one is not None and other is not None and one.png != other.png, "same numbers, other words: not one picture"


@pytest.mark.parametrize("width", [theme.NARROW, theme.WIDE])
def test_words_of_the_predikat_bar_neither_overlap_nor_leave_their_part(width: int) -> None:
    frame = distribution.data(
        pd.DataFrame({"predikat": ["DI BAWAH BAIK", "BAIK", "SANGAT BAIK"], "n": [-1, 1295, 165]}), rated=1465
    )
    with theme.style():
        picture = theme.canvas(width, 184)
        distribution.draw(drawing.whole(picture), frame, "id", width == theme.NARROW)
        bars = picture.axes[0].patches[:2]
        boxes = {t.get_text(): t.get_window_extent() for t in picture.axes[0].texts}
        own = [boxes[next(t for t in boxes if share in t)] for share in ("11,3%", "88,4%", "kurang dari 10")]
        assert own[0].x1 < own[1].x0 and own[1].x1 < own[2].x0
        edge = bars[0].get_window_extent().x1
        assert own[0].x1 < edge or own[0].x0 > edge, "inside its part or beside it"


def test_a_name_is_no_formula() -> None:
    with theme.style():
        figure = theme.canvas(400, 100)
        figure.text(0.1, 0.5, r"Dinas $\input{/etc/passwd}$ dan $A$")
        assert theme.png(figure)


def test_limits_hold_everything_drawn() -> None:
    frame = pd.DataFrame({"value": [0.8], "lower": [0.2], "upper": [3.0], "n": [9], "flagged": [False]})
    low, high = rows.limits(frame, rows.Look("odds_ratio", 1.0, (1 / 1.5, 1.5)))
    assert low < 0.2 and high > 3.0
    low, high = rows.limits(frame.assign(upper=0.99), rows.Look("share"))
    assert low >= -0.02 and high <= 1.02


@pytest.mark.parametrize(("step", "shown"), [(0.25, "+0,25"), (0.5, "+0,5"), (10.0, "+10")])
def test_ticks_are_written_exactly(step: float, shown: str) -> None:
    with theme.style():
        figure = theme.canvas(400, 100)
        ax = drawing.place(drawing.whole(figure), 10, 10, 10, 30)
        ax.set_xlim(-2 * step, 2 * step)
        drawing.number_axis(ax, "id", signed=True, ticks=4)
        figure.canvas.draw()
        assert shown in [t.get_text() for t in ax.get_xticklabels()]


def test_plot_draws_into_axes_of_the_caller(lab: SimpleNamespace) -> None:
    from matplotlib import pyplot

    result = raters(lab, 4)
    figure, axes = pyplot.subplots(1, 2, figsize=(16, 4))
    try:
        assert result.plot(axes[0], "en") is axes[0]
        assert len(figure.axes) == 3 and figure.axes[2].get_position().x1 <= axes[0].get_position().x1 + 1e-9
        own = result.plot(lang="id")
        pyplot.close(own.figure)
    finally:
        pyplot.close(figure)


@pytest.mark.parametrize("lang", ["id", "en"])
def test_plot_without_an_estimate_tells_the_reason_and_draws_no_zero(lang: str) -> None:
    """The region's refusal comes before others; what is not known has no mark on the axes."""
    from matplotlib import pyplot

    refused = [Finding("release.suppressed", Status.INSUFFICIENT, "within_ratee", k, "x") for k in ("unit", "region")]
    figure, own = pyplot.subplots(figsize=(3, 2))
    try:
        for result in (Result.of("leniency", refused), Result.of("agreement", refused), Result.of("leniency", [])):
            for axes in (result.plot(own, lang), result.plot(lang=lang)):
                words = " ".join(axes.texts[-1].get_text().split())
                assert words == (refused[1].sentence(lang) if len(result) else say("charts.nothing", lang))
                assert not (axes.lines or axes.patches or axes.collections or axes.axison)
                axes.figure.canvas.draw()
                room, told = axes.figure.bbox, axes.texts[-1].get_window_extent()
                assert room.x0 <= told.x0 and told.x1 <= room.x1
                if axes is not own:
                    pyplot.close(axes.figure)
            own.texts[-1].remove()
    finally:
        pyplot.close(figure)


def test_bins_read_well() -> None:
    frame = pd.DataFrame({"bin": ["<=50"], "n": [1], "expected": [1.0], "lower": [0.0], "upper": [2.0]})
    assert "≤ 50%: 1 tim" in teams.alt(frame, "id")


def test_the_curve_of_a_decision_study_by_hand(lab: SimpleNamespace) -> None:
    frame = d_study.data(Result.of("agreement", [dependability(lab)]))
    assert frame is not None
    whole = frame[~frame["now"]].set_index("raters")["value"]
    assert whole[1] == pytest.approx(0.4) and whole[6] == pytest.approx(0.8)  # 6·.4/(1 + 5·.4)
    assert frame[frame["now"]][["raters", "value", "lower", "upper"]].values.tolist() == [
        pytest.approx([2.5, 0.625, 0.525, 0.725])
    ]
    assert (frame["lower"] < frame["value"]).all() and (frame["value"] < frame["upper"]).all()


@pytest.mark.parametrize("phi", [0.0, 1.0])
def test_no_curve_where_there_is_nothing_to_foresee(phi: float, lab: SimpleNamespace) -> None:
    assert d_study.data(Result.of("agreement", [dependability(lab, phi)])) is None


def test_the_reach_of_chance_narrows_with_the_root_of_n(lab: SimpleNamespace) -> None:
    frame = funnel.data(raters(lab, 9))
    assert frame is not None and frame["n"].tolist() == list(range(5, 14))
    scale = frame["chance"] * np.sqrt(frame["n"])
    assert scale.max() == pytest.approx(scale.min())
    assert scale.iloc[0] == pytest.approx(4.4 * 3.0)  # half width 4.4 for all, so the median is that of n = 9
    assert frame["flagged"].sum() == 1 and frame.loc[frame["flagged"], "value"].item() == 11.4
    assert funnel.data(raters(lab, 7)) is None


def test_shifts_are_told_as_shifts(lab: SimpleNamespace) -> None:
    found = [lab.finding("drift.not_shown", measure="relative_shift", kind="rater", subject=f"P{c * 13}", value=1.0,
                         lower=-3.0, upper=5.0, n=9, unit="points", threshold=2.0, scope="multisource",
                         p_adjusted=0.9) for c in "ABC"]  # fmt: skip
    chart = charts.figure("caterpillar", Result.of("drift", found), measure="relative_shift", lang="en")
    assert chart is not None and chart.alt.startswith("Shifts of 3 raters since the year before")


def test_a_dimension_that_may_be_none_has_bounds_and_no_figure(lab: SimpleNamespace) -> None:
    source, _ = inputs(lab)["panel"]
    frame = panel.data(source, yardsticks={"differentiation": (20.0, 53.0)})
    assert frame is not None
    rows_ = frame.set_index("measure")
    assert rows_.loc["differentiation", ["value", "mark", "further"]].tolist() == [27.0, 20.0, 53.0]
    assert np.isnan(rows_.loc["equity", "value"]) and rows_.loc["equity", "upper"] == 79.0
    assert rows_.loc["achievement", ["value", "lower", "upper"]].isna().all()
    assert panel.data(source[3:]) is None, "nothing is known"


def test_regions_outside_the_outer_limits_only_are_marked(lab: SimpleNamespace) -> None:
    source, _ = inputs(lab)["regions"]
    frame = regions.data(source, names={"01.01": "Satu"})
    assert frame is not None and frame["se"].is_monotonic_increasing
    assert frame.loc[frame["flagged"], "region"].tolist() == ["Satu"]
    assert regions.data(source.iloc[:0]) is None


def test_the_lines_of_a_funnel_go_on_where_its_limits_end() -> None:
    """Limits of a share end at 0 and 1; the lines stay straight: 1.96 and 3.09 times √4 errors from .1 everywhere."""
    se = np.array([0.05, 0.1, 0.2])
    ends = {f"{side}{o}": (0.1 + s * q * 2 * se).clip(0, 1) for o, q in (("", 1.96), ("_outer", 3.09))
            for side, s in (("lower", -1), ("upper", 1))}  # fmt: skip
    assert ends["upper_outer"][2] == 1 and ends["lower"].max() == 0
    head = {"region": list("abc"), "value": [0.1, 0.2, 0.05], "se": se, "centre": 0.1, "phi": 4.0}
    frame = regions.data(pd.DataFrame(head | ends))
    assert frame is not None
    with theme.style():
        figure = theme.canvas(800, 380)
        regions.draw(drawing.whole(figure), frame, "en", False)
        (ax,) = figure.axes
        steps = [np.diff(line.get_data(), axis=1).ravel() for line in ax.lines if len(line.get_xdata()) == 2]
    assert sorted(x / y for x, y in steps if x) == pytest.approx([-6.18, -3.92, 3.92, 6.18])


@pytest.mark.parametrize(("groups", "islands", "rest"), [(1, 1, ""), (2, 2, ""), (41, 4, "dan 37 kelompok lain")])
@pytest.mark.parametrize("verdict", ["inside_groups_only", "connected_too_weak", "linked"])
def test_the_schema_draws_its_groups_and_nothing_its_legend_does_not_name(groups, islands, rest, verdict) -> None:
    from matplotlib.figure import Figure

    row = SimpleNamespace(kind="multisource", verdict=verdict, n_ratees=9, n_raters=7, n_components=groups, movers=0)
    figure = Figure(figsize=(4, 2))
    design.draw(drawing.whole(figure), design.data(row), "id", False)
    (ax,) = figure.axes
    told = [t.get_text() for t in ax.texts]
    assert len(ax.patches) == islands and (rest in told if rest else not any("lain" in t for t in told))
    assert "pegawai yang dinilai" not in told and "menilai pegawai yang sama" in told
    assert not any(line.get_marker() == "o" for line in ax.lines)


def test_a_long_name_stands_on_two_lines_uncut() -> None:
    name = "jenis jabatan pelaksana – fungsional"
    assert drawing.wrapped(name, 33).split("\n") == ["jenis jabatan pelaksana –", "fungsional"]
    assert "…" not in drawing.wrapped(name, 33) and drawing.wrapped("PPPK – PNS", 33) == "PPPK – PNS"
    assert drawing.wrapped(name * 3, 33).endswith(" …") and drawing.wrapped(name * 3, 33).count("\n") == 1


@pytest.mark.parametrize(("name", "parts"), [("supported", [12, 4, 84]), ("pairs", [16, 84])])
def test_the_legend_of_the_hundred_squares_looks_like_them(name: str, parts: list[int], lab: SimpleNamespace) -> None:
    from matplotlib.figure import Figure

    module = {"supported": supported, "pairs": pairs}[name]
    canvas = Figure(figsize=(4, 2.2))
    module.draw(drawing.whole(canvas), module.data(inputs(lab)[name][0]), "id", False)
    ax = canvas.axes[-1]
    looks = Counter((p.get_facecolor(), p.get_edgecolor(), p.get_hatch()) for p in ax.patches)
    legend = ax.get_legend()
    told = {(p.get_facecolor(), p.get_edgecolor(), p.get_hatch()): text.get_text()
            for p, text in zip(legend.get_patches(), legend.get_texts(), strict=True)}  # fmt: skip
    assert list(looks.values()) == parts and list(told) == list(looks)
    assert [int(text.split()[0]) for text in told.values()] == parts
