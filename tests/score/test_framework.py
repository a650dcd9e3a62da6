"""Indicator systems: the shipped ones are sound, wrong ones are refused with everything that is wrong at once."""

from pathlib import Path

import pytest

from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.score.framework import (
    checked_source_weights,
    framework_names,
    load_framework,
    parse_framework,
)

GOOD = """
name = "contoh"
label = { id = "Contoh", en = "Example" }
note = { id = "Untuk uji", en = "For tests" }
status = "agency"
period = "year"

[sources]
supervisor = 0.6
peer = 0.4
self = 0.0

[[sectors]]
name = "Dinas Pendidikan"
sources = ["supervisor"]

[[criteria]]
key = "disiplin"
label = { id = "Disiplin", en = "Discipline" }
weight = 0.7
scale = [1, 5]

[[criteria]]
key = "inisiatif"
label = { id = "Inisiatif kerja", en = "Initiative" }
weight = 0.3
scale = [1, 5]
sources = ["peer", "self"]
aliases = ["prakarsa"]

[[indicators]]
key = "layanan"
label = { id = "Layanan", en = "Services" }
unit = { id = "layanan", en = "services" }
weight = 1.0
aspect = "kuantitas"
direction = "higher"
measured_by = "rater"

[[indicators]]
key = "ujian"
label = { id = "Nilai ujian", en = "Examination score" }
unit = { id = "nilai", en = "score" }
weight = 1.0
aspect = "kualitas"
direction = "higher"
measured_by = "other"
sector = "Dinas Pendidikan"
"""


@pytest.mark.parametrize("name", framework_names())
def test_shipped_frameworks_are_sound(name):
    framework = load_framework(name)
    assert framework.name == name and framework.status == "illustration"
    assert sum(c.weight for c in framework.criteria) == pytest.approx(1)
    for sector in {i.sector for i in framework.indicators}:
        assert sum(i.weight for i in framework.indicators if i.sector == sector) == pytest.approx(1)
    assert not framework.sources or sum(framework.sources.values()) == pytest.approx(1)


def test_the_five_systems():
    assert set(framework_names()) == {"batanghari", "kuranji", "mamuju", "salor", "umum_berakhlak"}
    criteria = {n: [c.key for c in load_framework(n).criteria] for n in framework_names()}
    berakhlak = ["berorientasi_pelayanan", "akuntabel", "kompeten", "harmonis", "loyal", "adaptif", "kolaboratif"]
    assert criteria["kuranji"] == ["efisiensi", "efektivitas", "dampak"]
    assert criteria["salor"] == ["pencapaian_target", "disiplin", "inovasi", "pelayanan_publik"]
    assert criteria["mamuju"] == ["pencapaian_target", "disiplin", "inisiatif"]
    assert criteria["batanghari"] == criteria["umum_berakhlak"] == berakhlak  # Ps 10(3), order of the text
    assert load_framework("kuranji").period == "quarter"
    assert load_framework("umum_berakhlak").sources == {}  # no 360 weight was found in law
    assert load_framework("mamuju").sources["self"] == 0
    assert load_framework("mamuju").sectors[0].sources == ("supervisor", "self")
    assert load_framework("salor").indicator("kepuasan_masyarakat").measured_by == "other"
    education = [i.key for i in load_framework("batanghari").indicators if i.sector == "Dinas Pendidikan"]
    assert education == ["nilai_ujian", "akreditasi"]


def test_a_file_of_ones_own(tmp_path: Path):
    place = tmp_path / "sistem.toml"
    place.write_text(GOOD, encoding="utf-8")
    assert load_framework(str(place)).name == "contoh"
    place.write_text(GOOD.replace('"contoh"', '"lain"'), encoding="utf-8")
    assert load_framework(str(place)).name == "lain"  # read anew after editing


def test_names_are_found_by_key_label_and_alias_in_any_case():
    framework = parse_framework(GOOD)
    names = ["DISIPLIN", "Inisiatif Kerja", "initiative", "Prakarsa", "loyal"]
    assert framework.criterion_keys(names) == {
        "DISIPLIN": "disiplin",
        "Inisiatif Kerja": "inisiatif",
        "initiative": "inisiatif",
        "Prakarsa": "inisiatif",
    }
    assert framework.indicator_keys(["nilai ujian", "x"]) == {"nilai ujian": "ujian"}


def test_source_weights_by_criterion():
    rows = parse_framework(GOOD).source_weights().values.tolist()
    assert rows == [
        ["disiplin", "supervisor", 0.6, 0.7],
        ["disiplin", "peer", 0.4, 0.7],
        ["inisiatif", "peer", 0.4, 0.3],
    ]
    override = parse_framework(GOOD).source_weights({"self": 1.0}).values.tolist()
    assert override == [["disiplin", "self", 1.0, 0.7], ["inisiatif", "self", 1.0, 0.3]]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("weight = 0.7", "weight = 0.6", "criteria.weight"),
        ("weight = 0.7", "weight = 1.7", "criteria"),
        ("peer = 0.4", "peer = 0.3", "sources"),
        ("supervisor = 0.6\npeer = 0.4", "supervisor = 1.2\npeer = -0.2", "sources"),
        ("peer = 0.4", "rekan = 0.4", "rekan"),
        ('key = "inisiatif"', 'key = "disiplin"', "disiplin"),
        ("scale = [1, 5]\nsources", "scale = [5, 1]\nsources", "criteria.scale"),
        ('sources = ["peer", "self"]', 'sources = ["other"]', "criteria.sources"),
        ('direction = "higher"', 'direction = "naik"', "direction"),
        ('aspect = "kuantitas"', 'aspect = "jumlah"', "aspect"),
        ('sector = "Dinas Pendidikan"', 'sector = "Dinas Lain"', "Dinas Lain"),
        ('period = "year"', 'period = "semester"', "period"),
        ("[sources]", "bobot = 1\n[sources]", "bobot"),
        ('en = "Initiative"', 'en = ""', "criteria"),
    ],
)
def test_wrong_entries_are_named(old, new, named):
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        parse_framework(GOOD.replace(old, new, 1), file="sistem.toml")
    for lang in ("id", "en"):
        assert named in caught.value.text(lang) and "sistem.toml" in caught.value.text(lang)
    assert not {"should", "Input", "expected", "required"} & set(caught.value.text("id").split())


def test_a_file_that_is_no_text_is_named(tmp_path: Path):
    (tmp_path / "sistem.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError) as caught:
        load_framework(str(tmp_path / "sistem.toml"))
    assert "sistem.toml" in caught.value.text("id")


def test_wrong_criteria_are_not_called_missing_too():
    bad = GOOD.replace('key = "inisiatif"', 'key = "Inisiatif 1"').replace('key = "disiplin"', 'key = "Disiplin!"')
    with pytest.raises(UsageError) as caught:
        parse_framework(bad)
    assert "Disiplin!" in caught.value.text("id") and "paling sedikit" not in caught.value.text("id")


def test_everything_wrong_is_named_at_once():
    bad = GOOD.replace("weight = 0.7", "weight = 0.6").replace("peer = 0.4", "peer = 0.1")
    with pytest.raises(UsageError) as caught:
        parse_framework(bad)
    assert "criteria.weight" in caught.value.text("en") and "sources" in caught.value.text("en")


def test_not_toml_and_not_there(tmp_path: Path):
    with pytest.raises(UsageError):
        parse_framework("name = ", file="x.toml")
    with pytest.raises(UsageError) as caught:
        load_framework(str(tmp_path / "tidak_ada.toml"))
    assert "tidak_ada.toml" in caught.value.text("id") and str(tmp_path) not in caught.value.text("id")


def test_frozen():
    with pytest.raises(ValueError, match="frozen"):
        load_framework("mamuju").name = "x"


@pytest.mark.parametrize("weights", [{"rekan": 1.0}, {"peer": -1.0}, {"peer": 0.0}, {"peer": float("nan")}])
def test_wrong_source_weights_in_the_configuration(weights):
    with pytest.raises(UsageError):
        checked_source_weights(weights)


def test_no_source_weights_in_the_configuration():
    assert checked_source_weights({}) == {}


def test_sectors_name_their_agencies_and_measures():
    health, education = load_framework("salor").sectors[0], load_framework("batanghari").sectors[0]
    assert health.members == ("Dinas Kesehatan",) and [m.name for m in health.measures] == ["volume", "mutu"]
    assert education.members == ("Dinas Pendidikan",)
    assert education.measures[0].indicators == ("nilai_ujian", "akreditasi")
    whole = 'sources = ["supervisor"]\n\n[[criteria]]'
    wrong = """sources = ["supervisor"]
measures = [{ name = "kosong" }, { name = "asing", indicators = ["panjang"] }]
[[sectors]]
name = "Sekolah"
opds = ["dinas pendidikan"]

[[criteria]]"""
    with pytest.raises(UsageError) as error:
        parse_framework(GOOD.replace(whole, wrong, 1))
    text = str(error.value)
    assert "kosong" in text and "asing): panjang" in text and "dinas_pendidikan × 2" in text
