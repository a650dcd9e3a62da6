"""Recognising tables from their headers alone."""

import pytest

from kinerja_analysis.base.config import MappingConfig
from kinerja_analysis.read.layout import accepted, declared, locate, recognise

EKINERJA = ["No", "nip", "nama", "skp_unor", "skp_unor_induk", "skp_jabatan", "hasil_kerja", "perilaku_kerja",
            "hasil_akhir", "golru", "jenis_pegawai", "skp_jenis_jabatan", "is_skp_plt_plh_pjb"]  # fmt: skip
LONG = [
    "periode",
    "wilayah",
    "nip_dinilai",
    "nip_penilai",
    "peran_penilai",
    "dimensi",
    "nilai",
    "skala_min",
    "skala_maks",
]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (EKINERJA, "ekinerja"),
        (LONG, "ratings"),
        ([h.upper().replace("_", " ") for h in LONG], "ratings"),
        (["ratee_id", "rater_id", "assessment_type", "indicator_id", "score", "scale_min", "scale_max"], "ratings"),
        ([*LONG[:5], "skala_min", "skala_maks", "Inovasi", "hasil_kerja"], "wide"),
        (["skp_id", "nip", "nama", "jabatan", "unit", "jenis_pegawai", "skp_status"], "skp_list"),
        (["nip", "indikator", "aspek", "target", "realisasi", "arah"], "achievements"),
        (["unor", "periode", "wilayah", "predikat_organisasi"], "units"),
        (["nip", "unor", "opd", "jenis_kelamin", "golongan", "asal"], "employees"),
        (["person", "status", "predikat"], "appraisals"),
        (["kode", "tingkat", "berkas", "lembar", "sel", "kolom"], "problem_list"),
        (["a", "b", "c"], None),
        (["nip", "nama"], None),
    ],
)
def test_kinds(header: list[str], kind: str | None) -> None:
    found = recognise(header)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("header", "meant"),
    [("N.I.P.", "nip"), ("Hasil Kerja (HK)", "hasil_kerja"), ("Perilaku Kerja *", "perilaku_kerja"),
     ("NIP / NI PPPK", "nip"), ("SKPD", "skp_unor_induk"), ("Satuan Kerja", "skp_unor_induk"),
     ("Unit Organisasi", "skp_unor"), ("Unit Kerja / Instansi", "skp_unor")],
)  # fmt: skip
def test_marks_and_local_words_of_a_header(header: str, meant: str) -> None:
    names = [header if h == meant else h for h in EKINERJA]
    found, usual = recognise(names), recognise(EKINERJA)
    assert found and usual and found.names == usual.names and not found.missing


def test_brackets_that_say_more_than_the_initials_count() -> None:
    """"Skala (min)" is not "Skala", "Hasil Kerja (lama)" not "Hasil Kerja"."""
    found = recognise(["nip", "Hasil Kerja (lama)", "perilaku_kerja"])
    assert found and found.names == {0: "person", 2: "perilaku_kerja"}


def test_a_misspelt_header_is_still_recognised_and_hinted() -> None:
    header = [h.replace("hasil_kerja", "hasl_kerja") for h in EKINERJA]
    found = recognise(header)
    assert found and found.kind == "ekinerja" and found.missing == ("hasil_kerja",)
    assert found.near == {EKINERJA.index("hasil_kerja"): "hasil_kerja"}


def test_a_title_tells_the_kind_when_labels_are_damaged() -> None:
    found = recognise(["nip", "golru", "x", "y"], "Laporan Penilaian SKP Periode Tahunan Tahun 2025")
    assert found and found.kind == "ekinerja" and found.missing == ("hasil_kerja", "perilaku_kerja")


def test_columns_of_the_export_that_are_not_used_give_no_hint() -> None:
    found = recognise([*EKINERJA, "pegawai_atasan_nama", "pegawai_atasan_id", "skp_unor_id"])
    assert found and found.near == {}


@pytest.mark.parametrize("lines", range(16))
def test_the_header_is_found_below_up_to_15_lines(lines: int) -> None:
    rows = [[f"baris {i}"] for i in range(lines)] + [EKINERJA, ["1", "190501012010011001"]]
    found = locate(rows, "a.xlsx", "S")
    assert found and found[0] == lines


def test_mapping_comes_first_and_needs_all_columns_unless_the_file_is_named() -> None:
    mapping = MappingConfig(table="ratings", columns={"ratee": "d", "rater": "s", "score": "y"},
                            constants={"criterion": "y", "source": "subordinate", "scale_min": 1,
                                       "scale_max": 5})  # fmt: skip
    found = locate([["s", "d", "y"]], "x.csv", "", [mapping])
    assert found and found[1].names == {0: "rater", 1: "ratee", 2: "score"} and not found[1].missing
    assert locate([["s", "d"]], "x.csv", "", [mapping]) is None
    named = mapping.model_copy(update={"file": "x.*"})
    part = locate([["s", "d"]], "x.csv", "", [named])
    assert part and part[1].missing == ("score",)
    assert locate([["t"], ["s", "d", "y"]], "x.csv", "", [named.model_copy(update={"header_row": 1})]) is None


def test_declared_and_accepted() -> None:
    assert declared("ratings", ["ratee", "rater", "source", "scale_min", "scale_max", "x"]).kind == "wide"
    assert accepted("ratings", "score") == ("nilai", "skor", "score")
