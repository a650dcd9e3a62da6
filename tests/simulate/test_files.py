"""The written files: layout of domain.md 7.1, cells that say what the tables say, the same bytes for one seed."""

import csv
import re
from functools import lru_cache

import pytest
from openpyxl import load_workbook

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.simulate import simulate

# domain.md 7.1, table "Laporan Penilaian SKP: columns".
COLUMNS_7_1 = """id jenis nip nama tahun_skp periode_id skp_id skp_penilaian_id periode_awal_skp periode_akhir_skp
skp_unor_id skp_unor skp_unor_induk_id skp_unor_induk skp_jabatan skp_jenis_jabatan is_skp_plt_plh_pjb golru
jenis_pegawai hasil_kerja perilaku_kerja hasil_akhir pegawai_atasan_id pegawai_atasan_nip pegawai_atasan_nama
pegawai_atasan_jabatan pegawai_atasan_golru pegawai_atasan_unor_id pegawai_atasan_unor pegawai_penilai_id
waktu_dinilai created_at""".split()  # noqa: SIM905
NIP = re.compile(r"190\d{15}")


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory):
    place = tmp_path_factory.mktemp("contoh")
    small.write(place)
    return place


@lru_cache(maxsize=64)
def cells(path):
    book = load_workbook(path, read_only=True)
    rows = [list(r) for r in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return rows


def lines(path, delimiter):
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, delimiter=delimiter))


def test_all_files_of_the_demo_are_there(folder):
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    quarters = [f"kuranji/penilaian_skp_2025_tw{q}.xlsx" for q in (1, 2, 3, 4)]
    both = [
        f"{r}/{name}_2025.csv" for r in ("kuranji", "salor", "mamuju", "batanghari") for name in ("pegawai", "unit")
    ]
    rest = [
        "kinerja.toml", "kuranji/penilaian_360_2025.csv", "salor/penilaian_360_2025.xlsx",
        "mamuju/penilaian_360_2025.csv", "batanghari/penilaian_360_2025.xlsx", "salor/capaian_2025.xlsx",
        "batanghari/capaian_2025.xlsx", *(f"{r}/penilaian_skp_2025.xlsx" for r in ("salor", "mamuju", "batanghari")),
    ]  # fmt: skip
    assert found == sorted(quarters + both + rest)


def test_the_ekinerja_workbook_has_the_layout_of_the_real_export(folder):
    rows = cells(folder / "mamuju" / "penilaian_skp_2025.xlsx")
    first = [(r or [None])[0] for r in rows[:7]]
    assert first[0] == "Laporan Penilaian SKP Periode Tahunan Tahun 2025"
    assert first[1] == "Instansi Pemerintah Kab. Mamuju"
    assert first[2] == "Periode : Tahunan"
    assert first[3].startswith("Unor Induk : ") and first[4] == "Unor : ALL"
    assert re.fullmatch(r"Data ditarik pada : \d{1,2}/\d{1,2}/\d{4} \d\d\.\d\d\.\d\d", first[5])
    assert first[6] is None and not any(rows[6])
    assert rows[7] == COLUMNS_7_1
    at = {name: k for k, name in enumerate(COLUMNS_7_1)}
    for row in rows[8:]:
        assert isinstance(row[at["nip"]], str) and NIP.fullmatch(row[at["nip"]])
        assert NIP.fullmatch(row[at["pegawai_atasan_nip"]])
        assert row[at["nama"]].startswith("Contoh ") and row[at["pegawai_atasan_nama"]].startswith("Contoh ")
        assert row[at["hasil_kerja"]] in ("DIATAS EKSPEKTASI", "SESUAI EKSPEKTASI", "DIBAWAH EKSPEKTASI", "-")
    assert {r[at["jenis_pegawai"]] for r in rows[8:]} == {"pns", "pppk", "pppk_paruh_waktu"}
    assert {r[at["is_skp_plt_plh_pjb"]] for r in rows[8:]} == {"0", "1"}


def test_quarterly_workbooks_say_their_quarter(folder):
    titles = [cells(folder / "kuranji" / f"penilaian_skp_2025_tw{q}.xlsx")[0][0] for q in (1, 2, 3, 4)]
    expected = [f"Laporan Penilaian SKP Periode Triwulan {q} Tahun 2025" for q in ("I", "II", "III", "IV")]
    assert titles == expected


def test_scores_are_addressed_by_their_own_row_in_long_files_and_by_the_pairs_row_in_wide_ones(small, folder):
    ratings = small.tables.ratings[small.tables.ratings["scale_max"] != 3]
    long = cells(folder / "salor" / "penilaian_360_2025.xlsx")
    for row in ratings.query("region == '93.01'").sample(20, random_state=1).itertuples():
        found = dict(zip(long[0], long[int(row.row.split(":")[2]) - 1], strict=True))
        assert (found["dimensi"], found["nilai"]) == (row.criterion, row.score)
    wide = cells(folder / "batanghari" / "penilaian_360_2025.xlsx")
    for row in ratings.query("region == '15.04'").sample(20, random_state=1).itertuples():
        assert dict(zip(wide[0], wide[int(row.row.split(":")[2]) - 1], strict=True))[row.criterion] == row.score


@pytest.mark.parametrize("region", ["76.02", "13.71.09"])
def test_every_row_address_leads_to_the_row_in_the_file(small, folder, region):
    nip = small.truth["persons"].drop_duplicates("person").set_index("person")["nip"]
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".xlsx", ".csv"))
    a = small.tables.appraisals.query("region == @region")
    for row in a.sample(30, random_state=1).itertuples():
        file, sheet, line = map(int, row.row.split(":"))
        path = sorted(paths, key=lambda p: p.relative_to(folder).as_posix())[file - 1]
        found = cells(path)[line - 1]
        assert sheet == 1 and found[2] == nip[row.person]
        shown = {"rated": row.predikat, "not_rated": "-", "no_skp": "Tidak Membuat SKP"}[row.status]
        assert found[COLUMNS_7_1.index("hasil_akhir")] == shown
        if row.status == "rated":
            assert found[COLUMNS_7_1.index("waktu_dinilai")] == str(row.rated_at)


def test_mamuju_360_is_what_an_indonesian_excel_writes(small, folder):
    path = folder / "mamuju" / "penilaian_360_2025.csv"
    assert path.read_text(encoding="utf-8").splitlines()[0].count(";") == 11
    rows = lines(path, ";")
    assert {r["peran_penilai"] for r in rows} == {"ATASAN", "DIRI", "REKAN"}
    assert any("," in r["nilai"] for r in rows) and not any("." in r["nilai"] for r in rows)
    scores = small.tables.ratings.query("region == '76.02' and scale_max != 3")["score"].tolist()
    assert [float(r["nilai"].replace(",", ".")) for r in rows] == scores
    assert all(r["nip_dinilai"] == r["nip_penilai"] for r in rows if r["peran_penilai"] == "DIRI")


def test_the_other_360_sheets_are_long_xlsx_wide_xlsx_and_plain_csv(small, folder):
    plain = lines(folder / "kuranji" / "penilaian_360_2025.csv", ",")
    assert {r["dimensi"] for r in plain} == {"efisiensi", "efektivitas", "dampak"}
    long = cells(folder / "salor" / "penilaian_360_2025.xlsx")
    at = long[0].index("dimensi")
    assert {r[at] for r in long[1:]} == {"pencapaian_target", "disiplin", "inovasi", "pelayanan_publik"}
    assert all(isinstance(r[long[0].index("nilai")], int) for r in long[1:])
    wide = cells(folder / "batanghari" / "penilaian_360_2025.xlsx")
    values = wide[0][10:]
    assert values == ["berorientasi_pelayanan", "akuntabel", "kompeten", "harmonis", "loyal", "adaptif", "kolaboratif"]
    pairs = small.tables.ratings.query("region == '15.04' and scale_max != 3")
    assert len(wide) - 1 == len(pairs) / 7
    assert [v for r in wide[1:] for v in r[10:]] == pairs["score"].tolist()


def test_achievements_units_and_employees_carry_their_tables(small, folder):
    rows = cells(folder / "batanghari" / "capaian_2025.xlsx")
    assert rows[0] == ["periode", "wilayah", "nip", "indikator", "aspek", "target", "realisasi", "arah", "bobot",
                       "diukur_oleh"]  # fmt: skip
    by_opd = {(r[3], r[9]) for r in rows[1:]}
    assert {("nilai_ujian", "lainnya"), ("akreditasi", "lainnya"), ("jumlah_layanan", "penilai")} <= by_opd
    units = lines(folder / "batanghari" / "unit_2025.csv", ";")
    assert set(units[0]) == {"periode", "wilayah", "unor", "opd", "nip_pimpinan", "predikat_organisasi"}
    people = lines(folder / "kuranji" / "pegawai_2025.csv", ";")
    assert len(people) == 60 and {p["wilayah"] for p in people} == {"13.71.09"}
    assert {p["asal"] for p in people} == {"pesisir", "perbukitan"}
    assert {p["jenis_kelamin"] for p in people} == {"L", "P"}


def test_the_configuration_is_the_simulations_own(small, folder):
    read = AuditConfig.read(folder / "kinerja.toml")
    assert read == small.config
    declared = read.regions["13.71.09"]
    assert set(small.tables.units.query("region == '13.71.09'")["unit"]) <= set(declared.units)


def test_same_seed_same_bytes_and_cells(small, folder, tmp_path):
    again = simulate(seed=3, size=0.1, years=[2025])
    for path in again.write(tmp_path):
        twin = folder / path.relative_to(tmp_path)
        if path.suffix == ".xlsx":
            assert cells(path) == cells(twin), path.name
        else:
            assert path.read_bytes() == twin.read_bytes(), path.name


def test_no_name_or_nip_in_the_tables(small):
    for frame in (small.tables.ratings, small.tables.appraisals, small.tables.employees):
        text = frame.select_dtypes("str").to_csv(index=False)
        assert not re.search(r"190\d{15}", text)
        assert "nama" not in frame.columns and "name" not in frame.columns
