"""Names and codes of regions. Expected codes: Kepmendagri 300.2.2-2138/2025 as in reference domain.md 6.3."""

import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.region_names import fold
from kinerja_analysis.read.regions import Regions, place, reference


def codes(text: str, config: AuditConfig | None = None) -> list[str]:
    return [r.code for r in Regions(config or AuditConfig()).find(text)]


def test_reference_has_all_provinces_and_regencies() -> None:
    levels = [r.code.count(".") for r in reference()]
    assert levels.count(0) == 38 and levels.count(1) == 514
    kota = [r for r in reference() if r.code.count(".") == 1 and int(r.code[3:]) >= 71]
    assert len(kota) == 98 and all(r.name.startswith("Kota ") for r in kota)
    assert len({r.code for r in reference()}) == len(reference())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("76.02", "76.02"), ("7604", "76.02"), ("Kab. Mamuju", "76.02"), ("Pemerintah Kabupaten Mamuju", "76.02"),
        ("Mamuju", "76.02"), ("MAMUJU TENGAH", "76.06"), ("Polewali Mandar", "76.04"), ("1504", "15.04"),
        ("Batang Hari", "15.04"), ("Kota Padang", "13.71"), ("Kab. Padang Pariaman", "13.05"), ("1306", "13.05"),
        ("Provinsi Papua Selatan", "93"), ("Kab. Merauke", "93.01"), ("Pemerintah Provinsi Jambi", "15"),
        ("Daerah Istimewa Yogyakarta", "34"), ("Kecamatan Kuranji, x", ""), ("76.99", ""), ("76.1", ""), ("9999", ""),
    ],
)  # fmt: skip
def test_found(text: str, code: str) -> None:
    assert codes(text) == ([code] if code else [])


def test_ambiguous_names_list_the_choices() -> None:
    assert codes("Solok") == ["13.02", "13.72"]
    assert codes("Jambi") == ["15", "15.71"]
    assert codes("Kuranji") == ["13.71.09", "63.10.10"]


def test_a_declared_region_wins() -> None:
    config = AuditConfig(regions={"13.71.09": RegionConfig(name="Kuranji", parent="13.71")})
    assert codes("Kuranji", config) == ["13.71.09"]
    assert Regions(config).name("13.71.09") == "Kuranji"


def test_official_name_is_still_found_beside_a_declared_one() -> None:
    config = AuditConfig(regions={"93.01": RegionConfig(name="Salor")})
    assert codes("Pemerintah Kab. Merauke", config) == codes("Salor", config) == ["93.01"]


def test_text_behind_the_name_is_dropped() -> None:
    assert [r.code for r in Regions(AuditConfig()).prefix("Pemerintah Kab. Aceh Timur Tahun Berjalan")] == ["11.03"]


@pytest.mark.parametrize("text", ["Kab. Mamuju Utara", "Kota Padang Sidempuan", "Kab. Lampung Sel.",
                                  "Kab. Tulang Bawang Brt", "Kab. Maluku Tenggara Barat", "Mamuju Tegah",
                                  "Kab. Mamuju dan Kab. Majene"])  # fmt: skip
def test_a_name_that_goes_on_is_another_name(text: str) -> None:
    """Old names, other spellings and abbreviations are unknown: not the region with which they begin."""
    assert Regions(AuditConfig()).prefix(text) == []


@pytest.mark.parametrize("text", ["Kabupaten Mamuju, Sulawesi Barat", "Kab. Mamuju Provinsi Sulawesi Barat",
                                  "Kabupaten Mamuju Sulawesi Barat", "Mamuju (2025)", "Kab. Mamuju Tahun 2025",
                                  "Kabupaten Mamuju - Triwulan II"])  # fmt: skip
def test_when_and_where_may_follow_a_name(text: str) -> None:
    assert [r.code for r in Regions(AuditConfig()).prefix(text)] == ["76.02"]


def test_declared_units_move_rows_below() -> None:
    config = AuditConfig(regions={"13.71.09": RegionConfig(name="Kuranji", parent="13.71", units=("Puskesmas A",))})
    frame = pd.DataFrame(
        {"region": ["13.71", "13.71", "11.01"], "unit": ["puskesmas a", "B", "Puskesmas A"], "opd": ["x", None, "x"]}
    )
    assert Regions(config).move(frame)["region"].tolist() == ["13.71.09", "13.71", "11.01"]


def test_fold() -> None:
    assert fold("Pemkab Aceh Timur") == ("kab", "acehtimur") and fold("Kota") == ("", "kota")


def test_a_place_is_as_declared_else_as_listed() -> None:
    """data/referensi/wilayah.csv: 76.02;7604;Kabupaten Mamuju;Sulawesi Barat."""
    listed = place("76.02", AuditConfig())
    assert (listed.bps, listed.province) == ("7604", "Sulawesi Barat")
    assert place("76.02.01", AuditConfig()).province == "Sulawesi Barat", "a district lies in its province"
    assert place("76.02", AuditConfig(regions={"76.02": RegionConfig(province="Lain")})).province == "Lain"


def test_the_nearest_name_is_told_only_where_there_is_one() -> None:
    for text, words in (("Foo", ()), ("Mamujuu", ("Mamuju",))):
        with pytest.raises(UsageError) as unknown:
            Regions(AuditConfig()).named(text)
        told = unknown.value.text("id")
        assert ("Yang terdekat" in told) == bool(words) and "–" not in told and all(w in told for w in words)
