"""Each one-problem world has its problem, and the honest worlds have none."""

import numpy as np
import pytest

from kinerja_analysis.simulate import simulate
from kinerja_analysis.simulate.plan import NATIONAL
from kinerja_analysis.simulate.scenarios import ALL_BAIK, COPIED, GUIDE, SCENARIOS, plans


def appraisals(scenario, **more):
    t = simulate(scenario=scenario, years=[2025], **{"size": 2000, **more}).tables
    return t, t.appraisals.query("status == 'rated' and not acting")


@pytest.mark.parametrize("cells", [NATIONAL, GUIDE, ALL_BAIK, COPIED])
def test_cells_sum_to_one(cells):
    assert sum(cells.values()) == pytest.approx(1, abs=1e-12)


def test_scenarios_are_those_of_the_recipe():
    """domain.md 8.1 point 3, and the honest worlds."""
    named = {"nasional", "panduan", "lunak", "favoritisme", "halo", "rekan_baku", "data_rusak"}
    assert set(SCENARIOS) == named | {"demo", "clean", "null", "menyeluruh"}


def test_panduan_has_the_mix_of_the_guide():
    """domain.md 8.1: B 65, SB 18, BP 12, K 4, SK 1 %; every organisation Baik."""
    t, a = appraisals("panduan", size=10_000)
    seen = a["predikat"].value_counts(normalize=True)
    for name, share in (("BAIK", 0.65), ("SANGAT BAIK", 0.18), ("BUTUH PERBAIKAN", 0.12), ("KURANG", 0.04)):
        assert abs(seen[name] - share) < 4 * np.sqrt(2 * share * (1 - share) / len(a))
    assert set(t.units["org_rating"]) == {"BAIK"}


def test_lunak_rates_everyone_baik():
    _, a = appraisals("lunak")
    assert set(a["predikat"]) == {"BAIK"}


def test_favoritisme_favours_the_own_group():
    t, a = appraisals("favoritisme")
    origin = t.employees.set_index("person")["asal"]
    own = a["person"].map(origin) == a["supervisor"].map(origin)
    top = a["predikat"] == "SANGAT BAIK"
    assert top[own].mean() > 2 * top[~own].mean()


def test_halo_copies_hasil_into_perilaku():
    for scenario, same in (("halo", 1.0), ("clean", 0.86)):  # 1 - the two mixed cells of domain.md 8.1
        t, _ = appraisals(scenario)
        wide = t.ratings.query("scale_max == 3").pivot(index="row", columns="criterion", values="score")
        equal = (wide["hasil_kerja"] == wide["perilaku_kerja"]).mean()
        assert equal == pytest.approx(same, abs=0.03)


def test_rekan_baku_pairs_agree():
    t, _ = appraisals("rekan_baku")
    r = t.ratings.query("source == 'peer'").groupby(["ratee", "rater"])["score"].mean().reset_index()
    above = t.ratings.query("source == 'supervisor' and scale_max != 3").groupby("ratee")["score"].mean()
    r["rest"] = r["score"] - r["ratee"].map(above)
    both = r.merge(r, left_on=["ratee", "rater"], right_on=["rater", "ratee"])
    assert both["rest_x"].corr(both["rest_y"]) > 0.3


def test_null_has_no_leniency_and_clean_the_ordinary_spread():
    sd = {s: simulate(scenario=s, years=[2025]).truth["raters"]["leniency"].std() for s in ("null", "clean")}
    assert sd["null"] == 0
    assert sd["clean"] == pytest.approx(0.30, abs=0.06)


def test_a_region_of_the_demo_by_name_or_code_and_any_code_elsewhere():
    assert [p.code for p in plans("demo", ["salor", "15.04"])] == ["93.01", "15.04"]
    assert plans("nasional", ["76.02"])[0].name == "Mamuju"
    assert plans("nasional", ["11.01", "11.02"])[1].code == "11.02"


def test_several_generic_regions_have_distinct_people():
    made = simulate(["11.01", "11.02", "11.03"], [2025], scenario="nasional", size=300)
    persons = made.truth["persons"]
    assert persons["nip"].is_unique and persons["person"].is_unique
    assert len(set(made.tables.employees["region"])) == 3
