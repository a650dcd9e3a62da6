"""What lies inside teams: differences, intervals that hold together, and reasons for no number; all by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis import compare_regions, compare_years
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import Status
from kinerja_analysis.cli.compare import chosen
from kinerja_analysis.compare.pairs import NO_T
from kinerja_analysis.detect._halo_official import mantel_haenszel
from kinerja_analysis.show.comparison import label, sized, told
from kinerja_analysis.stats import conditional_ordinal

A, B, C = "01.01", "01.02", "01.03"
TWO = [(A, 2025), (B, 2025)]
Z = 1.959963984540054


def row(frame: pd.DataFrame, measure: str, **where: object) -> pd.Series:
    found = frame[(frame["measure"] == measure) & (~frame["adjusted"])]
    for name, value in where.items():
        found = found[found[name] == value]
    assert len(found) == 1, found
    return found.iloc[0]


def test_one_difference_by_hand(fact, make_audit) -> None:
    """.30 ± .04 against .20 ± .04: .10 ± .04√2; z = .10 · 1.96 / (.04√2) = 3.465, p = .00053."""
    found = [fact(r, "separated_pairs", v, v - 0.04, v + 0.04) for r, v in ((A, 0.3), (B, 0.2))]
    audit = make_audit(found, TWO)
    r = row(compare_regions(audit).to_frame(), "separated_pairs")
    assert (r["value"], r["value_a"], r["value_b"]) == pytest.approx((0.10, 0.30, 0.20))
    assert r["upper"] - r["value"] == pytest.approx(0.04 * math.sqrt(2))
    assert r["p_adjusted"] == pytest.approx(0.00053, abs=5e-6) and r["status"] == "FLAGGED"
    assert (r["n_a"], r["n_b"], r["unit"], r["scope"]) == (100, 100, "share", "ekinerja")


def test_what_a_region_withholds_for_too_few_teams_is_not_compared(fact, make_audit) -> None:
    """Ten teams are too few for the region's own page, so they are for a comparison; twenty are told with their n."""
    one, two = (fact(r, "separated_pairs", v, v - 0.04, v + 0.04, n_teams=n)
                for r, v, n in ((A, 0.3, 20), (B, 0.5, 10)))  # fmt: skip
    r = row(compare_regions(make_audit([one, replace(two, status=Status.INSUFFICIENT)], TWO)).frame, "separated_pairs")
    assert (r["reason"], r["teams_a"], r["teams_b"]) == ("not_measured", 20, 0) and math.isnan(r["value_b"])
    both = compare_regions(make_audit([one, two], TWO))
    r = next(both.frame[both.frame["measure"] == "separated_pairs"].itertuples())
    assert (sized(r, "a", "id"), sized(r, "b", "en")) == ("30,0% (n 100; 20 tim)", "50.0% (n 100; 10 teams)")
    assert "; n 100 dan 100; 20 dan 10 tim)" in told(both, r, "id")
    own = next(both.frame.head(1).assign(measure="own_group_gap", value=0.2, value_a=0.3, value_b=0.1, teams_a=20,
                                         teams_b=10, n_a=100, n_b=100, unit="sd").itertuples())  # fmt: skip
    assert sized(own, "a", "id").endswith("(n 100; 20 penilai)") and sized(own, "b", "en").endswith("10 raters)")


def test_counts_of_too_few_teams_are_not_called_unknown(fact, make_audit) -> None:
    """Both reports print how many pairs are told apart: the comparison says why it has no number, not "in neither"."""
    few = [replace(fact(r, "separated_pairs", v, 0.0, v + 0.2, n_teams=4), status=Status.INSUFFICIENT)
           for r, v in ((A, 0.13), (B, 0.31))]  # fmt: skip
    for found, reason in ((few, "few_teams"), (few[:1], "few_teams"), ([], "in_neither")):
        rest = [fact(r, "association", 2.0, 1.5, 2.5) for r in (A, B)]
        frame = compare_regions(make_audit([*rest, *found], TWO)).to_frame()
        assert frame.loc[frame["measure"] == "separated_pairs", "reason"].tolist() == [reason]


def test_a_region_or_year_without_an_audit_is_named(fact, make_audit) -> None:
    """Asked for two regions, of which one has no audit of the year, nobody is told that two years are needed."""
    audit = make_audit([fact(A, "separated_pairs", 0.3, 0.2, 0.4)], [(A, 2024), (A, 2025), (B, 2025)])
    for regions, years, name in (((A, B), (2024,), B), ((A,), (2024, 2026), "2026"), ((), (2023,), "2023")):
        with pytest.raises(UsageError) as error:
            chosen(audit, regions, years)
        assert f"no stored audit of {name} " in error.value.text("en")
    assert chosen(audit, (A, B), (2025,)).cells == ((A, 2025), (B, 2025))
    assert chosen(audit, (A, B), (2024, 2025)).cells == ((A, 2024), (A, 2025), (B, 2025))


def test_the_family_is_every_number_of_the_year(fact, make_audit) -> None:
    """Two measures, three regions: six comparisons; each at 1 − .05/6, z = 2.638."""
    cells = [*TWO, (C, 2025)]
    found = [fact(r, m, 0.2, 0.16, 0.24) for r, _ in cells for m in ("separated_pairs", "order")]
    frame = compare_regions(make_audit(found, cells)).to_frame()
    known = frame[frame["value"].notna()]
    assert len(known) == 6
    se = 0.04 / Z * math.sqrt(2)
    assert (known["upper"] - known["value"]).to_numpy() == pytest.approx(2.6383 * se, rel=1e-4)
    fewer = compare_regions(make_audit(found, cells), measures=["order"]).to_frame()
    assert set(fewer["measure"]) == {"verdict", "order"}
    half = (fewer["upper"] - fewer["value"]).dropna().to_numpy()
    assert half == pytest.approx(2.3940 * se, rel=1e-4)  # three comparisons


def test_odds_ratios_are_compared_as_ratios(fact, make_audit) -> None:
    """4 (2 to 8) against 1 (.5 to 2): 4, to 2^(2 ± √2)."""
    found = [fact(r, "odds_ratio", v, v / 2, v * 2, unit="odds_ratio", subject="sex=male", kind="group",
                  reference="female") for r, v in ((A, 4.0), (B, 1.0))]  # fmt: skip
    r = row(compare_regions(make_audit(found, TWO)).to_frame(), "odds_ratio")
    assert (r["value"], r["lower"], r["upper"]) == pytest.approx((4, 2 ** (2 - math.sqrt(2)), 2 ** (2 + math.sqrt(2))))
    assert (r["subject"], r["reference"]) == ("sex=male", "female")


def test_contrasts_with_the_reference_reversed_are_turned_round(fact, make_audit) -> None:
    """31-40 against 41-50 is 4 (2 to 8); the other region has 41-50 against 31-40: 2 (1 to 4), which is 1/2 (1/4 to 1).

    Of gaps the sign is turned: .3 against −(−.1) = .1.
    """
    ends = {A: ("age=31-40", "41-50"), B: ("age=41-50", "31-40")}
    found = [fact(r, "odds_ratio", v, v / 2, v * 2, unit="odds_ratio", subject=ends[r][0], kind="group",
                  reference=ends[r][1]) for r, v in ((A, 4.0), (B, 2.0))]  # fmt: skip
    found += [fact(r, "gap", v, v - 0.1, v + 0.2, unit="sd", subject=ends[r][0], kind="group", reference=ends[r][1])
              for r, v in ((A, 0.3), (B, -0.1))]  # fmt: skip
    frame = compare_regions(make_audit(found, TWO)).to_frame()
    odds, gap = row(frame, "odds_ratio"), row(frame, "gap")
    assert (odds["value"], odds["value_a"], odds["value_b"]) == pytest.approx((8, 4, 0.5))
    assert (odds["subject"], odds["reference"]) == ("age=31-40", "41-50")
    assert (gap["value"], gap["value_a"], gap["value_b"]) == pytest.approx((0.2, 0.3, 0.1))
    most = [fact(C, "odds_ratio", 2.0, 1.0, 4.0, unit="odds_ratio", subject=ends[B][0], kind="group",
                 reference=ends[B][1])]  # fmt: skip
    three = compare_regions(make_audit([*found, *most], [*TWO, (C, 2025)])).to_frame()
    first = row(three, "odds_ratio", region_a=A, region_b=B)
    assert (first["subject"], first["value"]) == ("age=41-50", pytest.approx(1 / 8)), "as two of three regions have it"


def test_reasons_for_no_number(fact, make_audit) -> None:
    found = [
        fact(A, "gap", 0.1, 0, 0.2, unit="sd", subject="asal=x", kind="group", reference="y", scope="multisource"),
        fact(B, "gap", 0.1, 0, 0.2, unit="sd", subject="asal=x", kind="group", reference="z", scope="multisource"),
        fact(A, "order", 0.6, 0.5, 0.7),
        fact(A, "likeness", 0.5, math.nan, math.nan, unit="correlation", scope="multisource"),
        fact(B, "likeness", 0.5, 0.4, 0.6, unit="correlation", scope="multisource"),
        fact(A, "difference", 3, 2, 4, unit="points", scope="multisource"),
        fact(B, "difference", 9, 8, 10, unit="points", scope="multisource"),
    ]
    frame = compare_regions(make_audit(found, TWO, scale={B: 5.0})).to_frame()
    told = {m: row(frame, m)["reason"] for m in ("gap", "order", "likeness", "difference")}
    assert told == {"gap": "reference_differs", "order": "not_measured", "likeness": "no_interval",
                    "difference": "form_differs"}  # fmt: skip
    assert frame["value"].isna().all() and "scale_differs" in row(frame, "likeness")["mark"]
    even = frame[frame["measure"] == "separated_pairs"]
    assert even["adjusted"].tolist() == [True] and even["reason"].tolist() == ["in_neither"]  # no region has an export
    one = compare_regions(make_audit([fact(A, "separated_pairs", 0.3, 0.2, 0.4)], TWO)).to_frame()
    assert set(one.loc[one["measure"] == "separated_pairs", "reason"]) == {"not_measured"}
    same = compare_regions(make_audit(found, TWO)).to_frame()
    assert row(same, "difference")["value"] == pytest.approx(-6)


def test_agencies_of_one_name_are_not_compared(fact, make_audit) -> None:
    found = [fact(r, "difference", 3, 2, 4, unit="points", subject="Dinas", kind="unit") for r in (A, B)]
    assert "difference" not in set(compare_regions(make_audit(found, TWO)).to_frame()["measure"])


def test_marks_of_form_and_framework(fact, make_audit) -> None:
    found = [fact(r, m, 0.5, 0.4, 0.6) for r in (A, B) for m in ("separated_pairs", "order")]
    audit = make_audit(found, TWO, periods={A: "2025-Q1|2025-Q2"}, frameworks={A: "kuranji", B: "mamuju"})
    frame = compare_regions(audit).to_frame()
    assert row(frame, "separated_pairs")["mark"] == "periods_differ"
    assert row(frame, "order")["mark"] == "periods_differ|framework_differs"
    for evidence, mark in (("peer", ""), ("capaian|peer", "framework_differs")):
        two = [index_of(fact, r, 50.0, comparators=evidence) for r in (A, B)]
        other = compare_regions(make_audit(two, TWO, frameworks={A: "kuranji", B: "mamuju"})).to_frame()
        assert row(other, "index")["mark"] == mark, "indicators matter only where achievement is the evidence"


def strata(region: str, *rows: tuple[str, int, float, float], covered: float = 1.0) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["stratum", "pairs", "share", "variance"])
    return frame.assign(region=region, year=2025, covered=covered)


def test_composition_held_equal_by_hand(fact, make_audit) -> None:
    """x and y separate .4 and .1 in both; A has 80 % x, B 20 %: plain .34 against .16, even .25 in both."""
    shares = ((A, 80, 20), (B, 20, 80))
    both = pd.concat([strata(r, ("x", x, 0.4, 0.0), ("y", y, 0.1, 0.0)) for r, x, y in shares])
    found = [fact(A, "separated_pairs", 0.34, 0.3, 0.38), fact(B, "separated_pairs", 0.16, 0.12, 0.2)]
    frame = compare_regions(make_audit(found, TWO, pair_strata=both)).to_frame()
    (even,) = frame[frame["adjusted"] & (frame["measure"] == "separated_pairs")].itertuples()
    plain = row(frame, "separated_pairs")
    assert (even.value, even.value_a, even.value_b) == pytest.approx((0, 0.25, 0.25))
    assert plain["value"] == pytest.approx(0.18) and plain["status"] == "FLAGGED" and even.status == "CLEAR"
    assert even.upper - even.value == pytest.approx(plain["upper"] - plain["value"])  # never known better
    apart = both[~((both["region"] == B) & (both["stratum"] == "x"))]
    (none,) = compare_regions(make_audit(found, TWO, pair_strata=apart)).to_frame().query(
        "adjusted and measure == 'separated_pairs'").itertuples()  # fmt: skip
    assert none.reason == "no_overlap" and math.isnan(none.value) and none.covered == pytest.approx(0.2)


def test_pairs_of_kinds_too_small_to_be_told_count_as_not_covered(fact, make_audit) -> None:
    """B has 23 % of its pairs in kinds that are not told: its two kinds hold 77 % of all pairs, less than 80 %.

    With 17 % left out, 83 % are covered, and the row says so in its frame and in its name; with nothing, it need not.
    """
    rows = (("x", 80, 0.4, 0.0), ("y", 20, 0.1, 0.0))
    found = [fact(A, "separated_pairs", 0.34, 0.3, 0.38), fact(B, "separated_pairs", 0.16, 0.12, 0.2)]
    told = {"id": "disamakan (meliputi sedikitnya 83% pasangan)", "en": "equal (over at least 83% of the pairs)"}
    for covered, value in ((0.77, math.nan), (0.80, 0.0), (0.83, 0.0), (1.0, 0.0)):
        both = pd.concat([strata(A, *rows), strata(B, *rows, covered=covered)])
        made = compare_regions(make_audit(found, TWO, pair_strata=both))
        (even,) = made.frame[made.frame["adjusted"] & (made.frame["measure"] == "separated_pairs")].itertuples()
        assert (even.value, even.covered) == pytest.approx((value, covered), nan_ok=True)
        assert even.reason == ("no_overlap" if covered < 0.8 else "")
        for lang, words in told.items():
            assert (words in label(even, lang)) == (covered == 0.83) and ("%" in label(even, lang)) == (covered < 1)
    assert made.frame[~made.frame["adjusted"]]["covered"].isna().all()
    earlier = make_audit(found, TWO, pair_strata=both.drop(columns="covered"))  # stored before it was told
    frame = compare_regions(earlier).frame.query("adjusted and measure == 'separated_pairs'")
    assert frame["reason"].tolist() == ["no_strata"]


def index_of(fact, region: str, value: float, *, comparators: str = "peer", peers: float = 3.0):
    return fact(region, "index", value, value - 2, value + 2, unit="of_100", scope="both", comparators=comparators,
                scored="predikat", peers=peers, distinguish=5.0)  # fmt: skip


def test_the_index_is_compared_on_the_same_evidence_only(fact, make_audit) -> None:
    def compared(*two):
        return row(compare_regions(make_audit(two, TWO)).to_frame(), "index")

    r = compared(index_of(fact, A, 60.0), index_of(fact, B, 40.0, peers=3.2))
    assert r["value"] == pytest.approx(20) and r["upper"] - 20 == pytest.approx(2 * math.sqrt(2))
    assert r["status"] == "FLAGGED" and r["reference"] == ""
    near = compared(index_of(fact, A, 44.5), index_of(fact, B, 40.0))
    assert near["lower"] > 0 and near["status"] == "CLEAR"  # less than five points
    for other in ({"comparators": "capaian"}, {"peers": 5.0}):
        assert compared(index_of(fact, A, 60), index_of(fact, B, 40, **other))["reason"] == "comparators_differ"


def test_criteria_that_are_harder_in_one_region(make_audit) -> None:
    rows = [(A, "disiplin", 4.0), (A, "inisiatif", -4.0), (B, "disiplin", 0.0), (B, "inisiatif", 0.0)]
    frame = pd.DataFrame([{"region": r, "year": 2025, "criterion": c, "n": 50, "n_raters": 9, "value": v, "se": 1.0}
                          for r, c, v in rows])  # fmt: skip
    found = compare_regions(make_audit([], TWO, criteria=frame)).to_frame().query("measure == 'criterion_difficulty'")
    assert found["value"].tolist() == [4.0, -4.0] and (found["status"] == "FLAGGED").all()
    assert (found["upper"] - found["value"]).to_numpy() == pytest.approx(2.2414 * math.sqrt(2), rel=1e-4)  # 1 − .05/4
    other = compare_regions(make_audit([], TWO, scale={B: 5.0}, criteria=frame)).to_frame()
    assert row(other, "criterion_difficulty")["reason"] == "form_differs"


def test_years_and_a_change_of_rule(fact, make_audit) -> None:
    cells = [(A, y) for y in (2021, 2022, 2023)]
    values = zip(cells, (0.2, 0.3, 0.5), strict=True)
    found = [fact(A, "separated_pairs", v, v - 0.1, v + 0.1, year=y) for (_, y), v in values]
    found += [fact(A, "common_change", 2.0, 1.0, 3.0, year=2023, unit="points", scope="multisource")]
    frame = compare_years(make_audit(found, cells)).to_frame()
    later = frame[frame["year"] == 2023]
    assert row(frame, "separated_pairs", year=2023)["value"] == pytest.approx(0.2)
    assert row(frame, "separated_pairs", year=2022)["mark"] == "rule_change"
    assert row(later, "separated_pairs")["mark"] == ""
    assert row(frame, "verdict", year=2022)["mark"] == "rule_change"
    assert (frame[frame["measure"] == "level"]["reason"] == "common_drift").all()
    assert frame[frame["measure"] == "level"]["value"].isna().all()
    change = row(frame, "common_change")
    # nobody can split it from performance and its interval stands alone: it tells no years apart (guide, method page)
    assert (change["value"], change["mark"], change["status"], change["year_b"]) == (2.0, "not_split", "CLEAR", 2022)
    assert math.isnan(change["p_adjusted"])


def test_intervals_of_few_units_are_of_student(fact, make_audit) -> None:
    """Errors from t intervals of 9 and 20 units; the difference takes t with the smaller degrees of freedom.

    By hand: t(8; .975) = 2.306, t(19; .975) = 2.093, one comparison: half = 2.306 · √((.2/2.306)² + (.1/2.093)²).
    """
    found = [fact(r, "correlation", v, v - half, v + half, unit="correlation", scope="multisource", subject="x|y",
                  kind="source_pair", units=units, method="unit jackknife, t")
             for r, v, half, units in ((A, 0.5, 0.2, 9), (B, 0.3, 0.1, 20))]  # fmt: skip
    told = row(compare_regions(make_audit(found, TWO), measures=["correlation"]).to_frame(), "correlation")
    half = 2.306 * math.hypot(0.2 / 2.306, 0.1 / 2.093)
    assert told["upper"] - told["value"] == pytest.approx(half, rel=1e-3)
    for method in NO_T:
        plain = [replace(f, estimate=replace(f.estimate, method=method)) for f in found]
        told = row(compare_regions(make_audit(plain, TWO), measures=["correlation"]).to_frame(), "correlation")
        assert told["upper"] - told["value"] == pytest.approx(math.hypot(0.2, 0.1), rel=1e-3)


def test_odds_ratios_of_few_teams_are_of_student_too(fact, make_audit) -> None:
    """The interval of 20 clusters is t(19), that of the odds of Mantel and Haenszel over 12 teams t(11): no other.

    The standard error that the fit tells comes out of its interval again, and with 2 comparisons of as many teams the
    half width is t(19; 1 − .05/4) = 2.433 times √2 of it, by the table of t; the normal quantile would be 2.241.
    """
    sets = np.repeat(np.arange(20), 2)
    for levels in (2, 3):
        y, x = np.tile([1, 0], 20), np.concatenate([np.tile([1, 0], 15), np.tile([0, 1], 5)])
        y = np.where((sets < 6) & (y == 1), levels - 1, y)
        fit = conditional_ordinal(y, x, sets)
        ends = (float(v) for v in np.exp([fit.coef[0], fit.lower[0], fit.upper[0]]))
        one = fact(A, "odds_ratio", *ends, unit="odds_ratio", subject="sex=male", kind="group", method=fit.method,
                   reference="female", n_teams=fit.n_clusters)  # fmt: skip
        both = [replace(one, region=r, measure=m) for r in (A, B) for m in ("odds_ratio", "own_group_odds_ratio")]
        both = [replace(f, subject_kind="region", subject=f.region) for f in both]
        told = row(compare_regions(make_audit(both, TWO)).to_frame(), "odds_ratio")
        assert math.log(told["upper"]) == pytest.approx(2.433 * math.sqrt(2) * float(fit.se[0]), rel=1e-3)
    fit = mantel_haenszel(np.tile([True, True, False, False], 12), np.arange(48) % 5 < 2, np.repeat(np.arange(12), 4))
    assert fit.informative == 12
    ends = (math.exp(v) for v in (fit.value, fit.lower, fit.upper))
    found = [fact(A, "association", *ends, unit="odds_ratio", method="mantel_haenszel", informative=12)]
    found += [fact(A, "order", 0.6, 0.5, 0.7, n_teams=12)]  # two comparisons: 2.593 for 2.201
    audit = make_audit([replace(f, region=r, subject=r) for f in found for r in (A, B)], TWO)
    told = row(compare_regions(audit).to_frame(), "association")
    assert math.log(told["upper"]) == pytest.approx(2.593 / 2.201 * math.sqrt(2) * (fit.upper - fit.value), rel=1e-3)


def test_changes_over_a_gap_of_years_are_not_drifts(fact, make_audit) -> None:
    cells = [(A, 2023), (A, 2025)]
    found = [fact(A, "common_change", 2.0, 1.0, 3.0, year=2025, unit="points", scope="multisource")]
    assert "common_change" not in set(compare_years(make_audit(found, cells)).to_frame()["measure"])


def test_ten_regions_make_a_funnel(fact, make_audit) -> None:
    cells = [(f"02.{i:02d}", 2025) for i in range(10)]
    found = [fact(r, "separated_pairs", 0.2 + 0.1 * (i == 9), 0.16, 0.34) for i, (r, _) in enumerate(cells)]
    funnels = compare_regions(make_audit(found, cells)).funnels
    assert len(funnels) == 10 and (funnels["phi"] >= 1).all()
    assert compare_regions(make_audit(found[:9], cells[:9])).funnels.empty


def test_limits_of_a_share_end_where_shares_do(fact, make_audit) -> None:
    """Shares of .02 and .98 with errors of about .05 and .1: centre ± 3.09 · SE · √φ lies outside 0 to 1.

    Points and correlations have no such ends.
    """
    cells = [(f"02.{i:02d}", 2025) for i in range(10)]
    columns = ["lower", "upper", "lower_outer", "upper_outer"]
    for measure, unit in (("separated_pairs", "share"), ("difference", "points")):
        for middle in (0.02, 0.98):
            found = [fact(r, measure, middle, middle - w, middle + w, unit=unit) for w, (r, _) in
                     zip((0.1, 0.2) * 5, cells, strict=True)]  # fmt: skip
            told = compare_regions(make_audit(found, cells)).funnels
            half = 3.09 * told["se"] * told["phi"] ** 0.5
            raw = np.array([told["centre"] - half, told["centre"] + half]).T
            assert (raw < 0).any() or (raw > 1).any()
            raw = raw.clip(0, 1) if unit == "share" else raw
            assert told[columns[2:]].to_numpy() == pytest.approx(raw, abs=1e-4)
            assert (unit == "points") == bool(((told[columns] < 0) | (told[columns] > 1)).any(axis=None))


def test_nothing_to_compare_is_said(make_audit) -> None:
    with pytest.raises(UsageError):
        compare_regions(make_audit([], [(A, 2025), (B, 2024)]))
    with pytest.raises(UsageError):
        compare_years(make_audit([], TWO))
    with pytest.raises(UsageError):
        compare_regions([])
    with pytest.raises(UsageError, match="separated"):
        compare_regions(make_audit([], TWO), measures=["nope"])


def test_order_of_audits_does_not_matter(fact, make_audit) -> None:
    one, two = (make_audit([fact(r, "order", v, v - 0.1, v + 0.1)], [(r, 2025)]) for r, v in ((A, 0.5), (B, 0.7)))
    pd.testing.assert_frame_equal(compare_regions([one, two]).to_frame(), compare_regions([two, one]).to_frame())
    assert np.isfinite(row(compare_regions([two, one]).to_frame(), "order")["value"])
