"""SIASN's JSON: codes with their direction, envelopes, spans of months, raters who are no civil servants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.read import check, read

BOSS = "190509202010032900"


def record(nip: str, **more: Any) -> dict[str, Any]:
    return {"id": "x", "tahun": 2024, "nip": nip, "hasilKinerja": "SESUAI EKSPEKTASI", "hasilKinerjaNilai": 2,
            "perilakuKerja": "DIATAS EKSPEKTASI", "PerilakuKerjaNilai": 1, "kuadranKinerja": "BAIK",
            "KuadranKinerjaNilai": 2, "namaPenilai": "Siapa", "nipNrpPenilai": BOSS, "statusPenilai": "ASN",
            **more}  # fmt: skip


@pytest.fixture
def write(make: Any) -> Any:
    return lambda body, name="rw-skp22.json": make.raw(
        (body if isinstance(body, str) else json.dumps(body)).encode(), name
    )


def test_words_and_codes_of_siasn(make: Any, write: Any) -> None:
    tables = read(write([record(make.nip(1)), record(make.nip(2), hasilKinerja=None, hasilKinerjaNilai=1)]),
                  region="98.01", config=make.config)  # fmt: skip
    got = tables.ratings.pivot(index="row", columns="criterion", values="score")
    assert got.loc["1:1:1"].to_dict() == {"hasil_kerja": 2.0, "perilaku_kerja": 3.0}
    assert got.loc["1:1:2"].to_dict() == {"hasil_kerja": 3.0, "perilaku_kerja": 3.0}, "1 = DIATAS, as the words show"
    assert tables.appraisals["predikat"].tolist() == ["BAIK", "BAIK"]
    assert tables.appraisals["period"].tolist() == ["2024", "2024"]


def test_codes_alone_need_a_direction(make: Any, write: Any) -> None:
    bare = {"hasilKinerja": None, "perilakuKerja": None, "kuadranKinerja": None}
    place = write([record(make.nip(1), **bare)])
    report = check(place, region="98.01", config=make.config)
    assert {(p.code, p.cell, p.column) for p in report.problems if p.severity == "error"} == {
        ("KA-E213", "butir 1", c) for c in ("hasilKinerjaNilai", "PerilakuKerjaNilai", "KuadranKinerjaNilai")
    }
    for codes, hasil, predikat in (("best_first", 2.0, "BAIK"), ("worst_first", 2.0, "KURANG")):
        told = read(place, region="98.01", config=make.config.model_copy(update={"codes": codes}))
        assert told.ratings["score"].tolist() == [hasil, 3.0 if codes == "best_first" else 1.0]
        assert told.appraisals["predikat"].tolist() == [predikat]


def test_a_code_that_contradicts_its_word(make: Any, write: Any) -> None:
    rows = [record(make.nip(i)) for i in range(1, 4)]
    rows[1]["KuadranKinerjaNilai"] = 4
    report = check(write(rows), region="98.01", config=make.config)
    assert [(p.code, p.cell, p.value) for p in report.problems if p.severity == "error"] == [
        ("KA-E511", "butir 2", "4")
    ]


@pytest.mark.parametrize(
    "body",
    [
        lambda r: r,
        lambda r: {"code": 1, "message": "success", "data": r},
        lambda r: {x["nip"]: [{k: v for k, v in x.items() if k != "nip"}] for x in r},
        lambda r: [{"nip": x["nip"], "riwayat": [{k: v for k, v in x.items() if k != "nip"}]} for x in r],
        lambda r: "\n".join(json.dumps(x) for x in r) + "\n",
        lambda r: [{**x, "pegawai": {"nip": x["nip"]}, "nip": x["nip"], "path": {"a": {"b": 1}}} for x in r],
    ],
    ids=["list", "envelope", "by nip", "nested", "lines", "objects inside"],
)
def test_the_same_records_in_other_wrappings(make: Any, write: Any, body: Any) -> None:
    rows = [record(make.nip(1)), record(make.nip(2))]
    plain = read(write(rows, "a.json"), region="98.01", config=make.config).ratings
    other = read(write(body(rows), "b.json"), region="98.01", config=make.config).ratings
    assert other.equals(plain) and len(plain) == 4


def test_the_nip_of_the_file_name(make: Any, write: Any) -> None:
    bare = {k: v for k, v in record("").items() if k != "nip"} | {"pnsDinilaiId": "a1"}
    named = read(write([bare], f"rw-skp22_{make.nip(3)}.json"), region="98.01", config=make.config)
    plain = read(write([record(make.nip(3))], "lain.json"), region="98.01", config=make.config)
    assert named.ratings.equals(plain.ratings)
    report = check(write([bare], "tanpa.json"), region="98.01", config=make.config)
    assert [p.code for p in report.problems if p.severity == "error"] == ["KA-E302"]


def test_raters_who_are_no_civil_servants_are_nobody(make: Any, write: Any) -> None:
    place = write([record(make.nip(1), statusPenilai="NON ASN", nipNrpPenilai="11930045"), record(make.nip(2))])
    report = check(place, region="98.01", config=make.config)
    assert report.ok, report.summary("en")
    tables = read(place, region="98.01", config=make.config)
    assert len(tables.ratings) == 4 and len(tables.appraisals) == 2
    assert tables.ratings["rater"].isna().tolist() == [True, False, True, False]
    assert (tables.accounting["reason"] == "").all()


@pytest.mark.parametrize(
    ("months", "period"), [((1, 12), "2024"), ((4, 6), "2024-Q2"), ((7, 7), "2024-07"), (("10", "12"), "2024-Q4")]
)
def test_spans_of_months(make: Any, write: Any, months: tuple[Any, Any], period: str) -> None:
    row = record(make.nip(1), bulanMulaiPenilaian=months[0], bulanSelesaiPenilaian=months[1],
                 tahunMulaiPenilaian=2024, tahunSelesaiPenilaian=2024)  # fmt: skip
    del row["tahun"]
    tables = read(write([row]), region="98.01", config=make.config)
    assert tables.appraisals["period"].tolist() == [period] and tables.appraisals["year"].tolist() == [2024]


def test_a_span_that_is_no_period(make: Any, write: Any) -> None:
    rows = [record(make.nip(i), bulanMulaiPenilaian=2, bulanSelesaiPenilaian=5 if i == 2 else 2) for i in (1, 2)]
    report = check(write(rows), region="98.01", config=make.config)
    assert [(p.code, p.cell, p.column) for p in report.problems if p.severity == "error"] == [
        ("KA-E209", "butir 2", "bulanSelesaiPenilaian")
    ]


@pytest.mark.parametrize(
    ("body", "code", "cell"),
    [
        ('[{"nip": "1", "nip": "2"}]', "KA-E307", "baris 1"),
        ('[{"nip": "1", "NIP": "2"}]', "KA-E307", "butir 1"),
        ('[{"nilaiSkp": NaN}]', "KA-E122", "baris 1"),
        ('[{"nip": "1"},\n {"nip": }]', "KA-E122", "baris 2"),
        ('{"nip": "1"}\n{"nip": }\n', "KA-E122", "baris 2"),
        ("[1, 2]", "KA-E122", ""),
        ('"nip"', "KA-E122", ""),
        ("[" * 100_000, "KA-E122", ""),
        ("[]", "KA-E304", ""),
    ],
)
def test_damaged_json(make: Any, write: Any, body: str, code: str, cell: str) -> None:
    report = check(write(body), region="98.01", config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [(code, cell)]


def test_numbers_stay_exact(make: Any, write: Any) -> None:
    rows = [record(make.nip(1)), record(make.nip(2))]
    rows[0]["nip"] = int(rows[0]["nip"])
    plain = read(write([record(make.nip(1)), record(make.nip(2))], "a.json"), region="98.01", config=make.config)
    assert read(write(rows, "b.json"), region="98.01", config=make.config).ratings.equals(plain.ratings)
    rows[1]["nip"] = float(rows[1]["nip"])
    report = check(write(rows), region="98.01", config=make.config)
    assert [(p.code, p.cell) for p in report.problems] == [("KA-E104", "butir 2"), ("KA-W501", "")]


def test_old_records(make: Any, write: Any) -> None:
    row = {"nip": make.nip(1), "tahun": 2020, "nilaiSkp": 88.5, "orientasiPelayanan": 80, "integritas": 81,
           "komitmen": 82, "disiplin": 83, "kerjasama": 84, "kepemimpinan": None, "jumlah": 410,
           "nilairatarata": 82, "nilaiPerilakuKerja": 82, "nilaiPrestasiKerja": 85.9,
           "penilaiNipNrp": BOSS}  # fmt: skip
    tables = read(write([row], "rw-skp.json"), region="98.01", config=make.config)
    assert tables.appraisals[["number", "status", "period"]].values.tolist() == [[85.9, "rated", "2020"]]
    got = tables.ratings.set_index("criterion")["score"].to_dict()
    assert got == {"hasil_kerja": 88.5, "perilaku_kerja": 82.0, "orientasi_pelayanan": 80.0, "integritas": 81.0,
                   "komitmen": 82.0, "disiplin": 83.0, "kerja_sama": 84.0}  # fmt: skip
    assert set(tables.ratings["scale_max"]) == {100.0}


def test_a_folder_name_stays_beside_the_file_name(make: Any, tmp_path: Path, write: Any) -> None:
    write([record("19")], "wilayah/a.json")
    report = check(make.folder, region="98.01", config=make.config)
    assert {p.file for p in report.problems} == {"wilayah/a.json"}
