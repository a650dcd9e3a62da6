"""The planted problem of each region is in its data, by simple arithmetic that shares no code with the detectors."""

import numpy as np
import pandas as pd
import pytest

KURANJI, SALOR, MAMUJU, BATANGHARI = "13.71.09", "93.01", "76.02", "15.04"


def pair_means(tables, region, year):
    r = tables.ratings
    r = r[(r["region"] == region) & (r["year"] == year) & (r["scale_max"] != 3)]
    return r.groupby(["ratee", "rater", "source", "opd"])["score"].mean().reset_index()


def mantel_haenszel(tables, region, year):
    """Odds ratio of Sangat Baik for sharing the supervisor's origin, strata supervisor x period; its log's SE.

    Robins, Breslow & Greenland (1986): variance of the Mantel-Haenszel log odds ratio.
    """
    t = tables.select(region=region, year=year)
    origin = t.employees.set_index("person")["asal"]
    a = t.appraisals[(t.appraisals["status"] == "rated") & ~t.appraisals["acting"]]
    a = a[a["supervisor"].isin(origin.index)]
    own = a["person"].map(origin) == a["supervisor"].map(origin)
    top = a["predikat"] == "SANGAT BAIK"
    stratum = a["supervisor"] + a["period"]
    b = [(x & y).groupby(stratum).sum() for x, y in ((own, top), (own, ~top), (~own, top), (~own, ~top))]
    n = sum(b)
    r, s = b[0] * b[3] / n, b[1] * b[2] / n
    p, q = (b[0] + b[3]) / n, (b[1] + b[2]) / n
    total_r, total_s = r.sum(), s.sum()
    variance = (
        (p * r).sum() / (2 * total_r**2)
        + (p * s + q * r).sum() / (2 * total_r * total_s)
        + (q * s).sum() / (2 * total_s**2)
    )
    return total_r / total_s, np.sqrt(variance)


def test_kuranji_own_group_bonus_in_2025_only(demo):
    before = [mantel_haenszel(demo.tables, KURANJI, y) for y in (2023, 2024)]
    odds, se = mantel_haenszel(demo.tables, KURANJI, 2025)
    assert odds > 2.5
    assert (np.log(odds) - np.log(1.5)) / (2 * se) > 2  # twice the SE: quarters repeat the same people
    for value, error in before:
        assert abs(np.log(value)) < 2 * 2 * error


def test_kuranji_bonus_is_in_the_360_ratings_of_supervisors(demo):
    found = {}
    for year in (2024, 2025):
        pairs = pair_means(demo.tables, KURANJI, year)
        origin = demo.tables.select(region=KURANJI, year=year).employees.set_index("person")["asal"]
        peers = pairs[pairs["source"] == "peer"].groupby("ratee")["score"].mean()
        above = pairs[pairs["source"] == "supervisor"].set_index("ratee")
        own = origin.reindex(above.index).to_numpy() == origin.reindex(above["rater"]).to_numpy()
        gap = above["score"] - peers.reindex(above.index)
        gap = gap - gap.groupby(above["rater"]).transform("mean")
        se = np.sqrt(gap[own].var() / own.sum() + gap[~own].var() / (~own).sum())
        found[year] = (gap[own].mean() - gap[~own].mean()) / se
    assert found[2025] > 3 > abs(found[2024])


@pytest.mark.parametrize("region", [SALOR, MAMUJU, BATANGHARI])
def test_no_own_group_bonus_elsewhere(demo, region):
    odds, se = mantel_haenszel(demo.tables, region, 2025)
    assert abs(np.log(odds)) < 3.3 * se


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_salor_lenient_supervisors_show_against_peers(demo, year):
    pairs = pair_means(demo.tables, SALOR, year)
    peers = pairs[pairs["source"] == "peer"].groupby("ratee")["score"].mean()
    above = pairs[pairs["source"] == "supervisor"].set_index("ratee")
    sd = np.sqrt(above.groupby("rater")["score"].var().mean())
    gap = ((above["score"] - peers.reindex(above.index)) / sd).groupby(above["rater"]).agg(["mean", "count"])
    truth = demo.truth["raters"].query("region == @SALOR and year == @year")
    lenient = truth.loc[truth["lenient"], "rater"]
    assert len(lenient) == 4
    assert (gap.loc[lenient, "count"] >= 15).all()
    assert gap.loc[lenient, "mean"].mean() > 1.0 and gap.loc[lenient, "mean"].min() > 0.7
    rest = gap.drop(index=lenient)
    assert abs(rest["mean"].mean()) < 0.15


def test_salor_rotation_carries_the_share_of_top_ratings_along(demo):
    a = demo.tables.appraisals.query("region == @SALOR and status == 'rated' and not acting")
    share = (a["predikat"] == "SANGAT BAIK").groupby([a["unit"], a["supervisor"], a["year"]]).mean()
    truth = demo.truth["raters"].query("region == @SALOR")
    lenient = set(truth.loc[truth["lenient"], "rater"])
    by_unit = a.assign(lenient=a["supervisor"].isin(lenient), top=a["predikat"] == "SANGAT BAIK").pivot_table(
        index="unit", columns="year", values=["lenient", "top"]
    )
    lost = by_unit[by_unit["lenient"][2024] > by_unit["lenient"][2025] + 0.5]
    gained = by_unit[by_unit["lenient"][2024] < by_unit["lenient"][2025] - 0.3]
    assert len(lost) == 2 and len(gained) >= 2
    assert (lost["top"][2024] - lost["top"][2025]).mean() > 0.15
    assert (gained["top"][2025] - gained["top"][2024]).mean() > 0.15
    assert share.between(0, 1).all()


def test_salor_satisfaction_follows_merit_not_leniency(demo):
    c = demo.tables.achievements.query("region == @SALOR and year == 2025 and indicator == 'kepuasan_masyarakat'")
    assert set(c["measured_by"]) == {"other"}
    truth = demo.truth["persons"].query("region == @SALOR and year == 2025").set_index("person")
    merit = truth["merit"].loc[c["person"]].to_numpy()
    assert np.corrcoef(merit, c["realised"])[0, 1] == pytest.approx(np.sqrt(0.6), abs=0.06)
    lenient = set(demo.truth["raters"].query("region == @SALOR and lenient")["rater"])
    under = truth["supervisor"].loc[c["person"]].isin(lenient).to_numpy()
    value = c["realised"].to_numpy()
    assert abs(value[under].mean() - value[~under].mean()) < value.std() / 2


def test_mamuju_self_inflation(demo):
    """d_av (pooled SD): planted about .7; in other regions the ordinary gap of about .25."""
    found = {}
    for region in (MAMUJU, SALOR, KURANJI):
        pairs = pair_means(demo.tables, region, 2025)
        own = pairs[pairs["source"] == "self"].set_index("ratee")["score"]
        others = pairs[pairs["source"] != "self"].groupby("ratee")["score"].mean()
        both = pd.concat([own, others], axis=1, keys=["own", "others"]).dropna()
        pooled = np.sqrt((both["own"].var() + both["others"].var()) / 2)
        found[region] = (both["own"] - both["others"]).mean() / pooled
    assert 0.6 < found[MAMUJU] < 0.8
    assert found[SALOR] < 0.4 and found[KURANJI] < 0.4


def test_mamuju_education_has_superior_and_self_only(demo):
    pairs = pair_means(demo.tables, MAMUJU, 2025)
    by_opd = pairs.groupby("opd")["source"].agg(set)
    assert by_opd["Dinas Pendidikan"] == {"supervisor", "self"}
    assert by_opd.drop("Dinas Pendidikan").map(lambda s: s == {"supervisor", "peer", "self"}).all()


def test_mamuju_peers_return_favours(demo):
    """Correlation of the two ratings of a pair of peers, each less the supervisor's of the same employee."""
    found = {}
    for region in (MAMUJU, KURANJI):
        parts = []
        for year in (2023, 2024, 2025):
            pairs = pair_means(demo.tables, region, year)
            above = pairs[pairs["source"] == "supervisor"].set_index("ratee")["score"]
            peers = pairs[pairs["source"] == "peer"]
            rest = peers["score"] - peers["ratee"].map(above)
            peers = peers.assign(rest=rest, year=year)
            parts.append(peers)
        all_pairs = pd.concat(parts)
        both = all_pairs.merge(all_pairs, left_on=["year", "ratee", "rater"], right_on=["year", "rater", "ratee"])
        found[region] = (len(both), both["rest_x"].corr(both["rest_y"]))
    assert found[MAMUJU][0] > 3000 and found[MAMUJU][1] > 0.2
    assert found[KURANJI][0] < 0.2 * found[MAMUJU][0]


def test_batanghari_half_of_the_supervisors_ignore_achievement(demo):
    t = demo.tables
    truth = demo.truth["raters"].query("region == @BATANGHARI and year == 2025 and unit != ''")
    assert truth["ignores_merit"].mean() == pytest.approx(0.5, abs=0.03)
    ignoring = set(truth.loc[truth["ignores_merit"], "rater"])
    evidence = t.achievements[t.achievements["indicator"].isin(["nilai_ujian", "jumlah_layanan"])]
    a = t.appraisals.query("region == @BATANGHARI and status == 'rated' and not acting")
    a = a.drop_duplicates(["year", "person"]).merge(evidence[["region", "year", "person", "realised"]])
    top = a["predikat"] == "SANGAT BAIK"
    group = [a["year"], a["supervisor"]]
    gap = a["realised"] - a.groupby(group)["realised"].transform("mean")
    gap = gap / gap.groupby(a["opd"]).transform("std")
    ignore = a["supervisor"].isin(ignoring)
    assert gap[top & ~ignore].mean() > 0.5
    assert abs(gap[top & ignore].mean()) < 0.2


def test_batanghari_halo_supervisors_do_not_tell_criteria_apart(demo):
    r = demo.tables.ratings.query("region == @BATANGHARI and year == 2025 and scale_max != 3")
    wide = r.pivot(index=["ratee", "rater", "source"], columns="criterion", values="score").reset_index()
    criteria = sorted(r["criterion"].unique())
    assert len(criteria) == 7
    truth = demo.truth["raters"].query("region == @BATANGHARI and year == 2025").set_index("rater")["halo"]
    slopes = []
    for rater, rows in wide[wide["source"] == "supervisor"].groupby("rater"):
        if len(rows) < 15:
            continue
        others = wide[wide["ratee"].isin(rows["ratee"]) & (wide["rater"] != rater)][criteria].mean()
        x = others - others.mean()
        slopes.append((bool(truth[rater]), float((x * rows[criteria].mean()).sum() / (x**2).sum())))
    halo = [s for planted, s in slopes if planted]
    honest = [s for planted, s in slopes if not planted]
    assert len(halo) >= 10 and len(honest) >= 10
    assert max(np.abs(halo)) < 0.2 and min(honest) > 0.6


def test_formats_differ_and_scales_too(demo):
    scales = demo.tables.ratings.query("scale_max != 3").groupby("region")[["scale_min", "scale_max"]].max()
    assert scales.to_dict("index") == {
        KURANJI: {"scale_min": 0, "scale_max": 100},
        SALOR: {"scale_min": 1, "scale_max": 10},
        MAMUJU: {"scale_min": 1, "scale_max": 5},
        BATANGHARI: {"scale_min": 0, "scale_max": 100},
    }


def test_organisations_are_rated_about_as_in_the_recipe(demo):
    """Domain 8.1 point 1: Istimewa 10, Baik 80, Butuh Perbaikan 8, Kurang 1.5, Sangat Kurang .5 %."""
    u = demo.tables.units.drop_duplicates(["region", "year", "unit"])
    seen = u["org_rating"].value_counts(normalize=True)
    n = len(u)
    for name, share in (("ISTIMEWA", 0.10), ("BAIK", 0.80), ("BUTUH PERBAIKAN", 0.08), ("KURANG", 0.015)):
        assert abs(seen[name] - share) < 4 * np.sqrt(share * (1 - share) / n)
