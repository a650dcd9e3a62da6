"""Year, period and region, in columns, above the header and in the command."""

from __future__ import annotations

from typing import Any

from kinerja_analysis.base.config import RegionConfig

YEAR = "tahun yang keliru|wrong year"
PERIOD = "periode yang keliru|wrong period"
NAME = "nama resmi atau kode Kemendagri|official name or the Kemendagri code"
TWINS = {"98.01": "Kabupaten Contoh", "97.01": "Kabupaten Contoh"}


def above(line: int, text: str) -> Any:
    return lambda m: m.ekinerja(edit={f"A{line}": text})


def regions(names: dict[str, str]) -> dict[str, Any]:
    return {"config": {"regions": {code: RegionConfig(name=name) for code, name in names.items()}}}


def moved(lines: int) -> Any:
    """A misspelt predikat of the third employee, with so many lines above the header."""
    return lambda m: m.ekinerja(lines=lines, edit={f"M{lines + 4}": "BAIKK"})


def full(lines: int) -> Any:
    """So many filled lines above the header."""
    text = [["Laporan Penilaian SKP Periode Tahunan Tahun 2025"], ["Instansi Pemerintah Kab. Contoh"]]
    text += [[f"Keterangan {i}"] for i in range(lines - 2)]
    return lambda m: m.workbook([*text, m.ekinerja_header, *m.people()], edit={f"M{lines + 2}": "BAIKK"})


def without_year(m: Any) -> Any:
    return m.ekinerja([[r[0], *r[3:]] for r in m.people()], lines=0, header=["nip", *m.ekinerja_header[3:]])


def without_period(m: Any) -> Any:
    return m.ekinerja(lines=0, edit={"Q1": "wilayah", **{f"Q{i}": "98.01" for i in range(2, 8)}})


def month_without_year(m: Any) -> Any:
    return m.long(*(("periode", n, "Juli") for n in range(1, 7)))


def in_region_column(row: int, value: Any) -> Any:
    return lambda m: m.ekinerja(edit={"Q7": "wilayah", f"Q{row}": value})


def titled(*lines: str, sheet: str = "Data", column: str = "", told: Any = ()) -> Any:
    """The export without its period columns below a title of some lines; perhaps with a further column."""

    def build(m: Any) -> Any:
        told_ = list(told) or [None] * 6
        rows = [[m.ekinerja_header[0], *m.ekinerja_header[4:], column or None],
                *([r[0], *r[4:], t] for r, t in zip(m.people(), told_, strict=True))]  # fmt: skip
        return m.workbook([*([t] for t in lines), ["Instansi Pemerintah Kab. Contoh"], *rows], sheet=sheet)

    return build


def read_as(*periods: str) -> dict[str, Any]:
    told = (list(periods) * 6)[:6]
    return {"holds": lambda t: t.appraisals.loc[t.appraisals["status"] == "rated", "period"].tolist() == told}


def placed(*lines: str) -> Any:
    """The export below the lines alone, without any that begins with Instansi."""
    return lambda m: m.workbook([*([t] for t in lines), m.ekinerja_header, *m.people()])


def dated(column: str, values: Any, title: str = "Tahun 2025") -> Any:
    """The export below a title with a year, without its column of years; some rows' dates replaced."""

    def build(m: Any) -> Any:
        header = list(m.ekinerja_header)
        rows = [r[:2] + r[3:] for r in m.people()]
        for i, value in enumerate(values):
            rows[i][header.index(column) - 1] = value
        head = [header[:2] + header[3:]]
        return m.workbook([[f"Laporan Penilaian SKP Periode Tahunan {title}"], ["Instansi Pemerintah Kab. Contoh"],
                           *head, *rows])  # fmt: skip

    return build


def told_region(code: str) -> dict[str, Any]:
    return {"holds": lambda t: set(t.appraisals["region"]) == {code}}


ONE_YEAR = "satu tahun saja di judul|one year only in the title"
UNTOLD = {"also": ("KA-W501",), **read_as("2025")}
COAST = {"config": {"regions": {"98.01": RegionConfig(name="Kabupaten Contoh"), "97.02": RegionConfig(name="Kota Lain"),
                                "98": RegionConfig(name="Provinsi Pantai")}}}  # fmt: skip
UNREAD = "Tulis periodenya di judul|Write the period in the title"
REPORT = "Laporan Penilaian SKP"
CASES: list[tuple[Any, ...]] = [
    ("row of another year", lambda m: m.edited("tahun_skp", 3, "2024"), "KA-E502", "C10", YEAR),
    ("all rows of another year than the title", above(1, "Laporan Penilaian SKP Periode Tahunan Tahun 2024"),
     "KA-E502", "A1", YEAR),
    ("two years above the header", above(3, "Periode : Tahunan Tahun 2023"), "KA-E502", "A3", YEAR),
    ("year of the command is another", lambda m: m.ekinerja(), "KA-E502", tuple(f"C{r}" for r in range(8, 14)), YEAR,
     {"year": 2024}),
    ("year in words", lambda m: m.edited("tahun_skp", 3, "dua ribu"), "KA-E208", "C10", "empat angka|four digits"),
    ("year of two digits", lambda m: m.edited("tahun_skp", 3, "25"), "KA-E208", "C10", "2025|2025"),
    ("two years in a cell", lambda m: m.edited("tahun_skp", 3, "2025/2026"), "KA-E208", "C10", "2025|2025"),
    ("year of the last century", lambda m: m.edited("tahun_skp", 3, 1995), "KA-E208", "C10", "2025|2025"),
    ("year with a decimal", lambda m: m.edited("tahun_skp", 3, 2025.5), "KA-E208", "C10", "2025|2025"),
    ("no year anywhere", without_year, "KA-E505", "A1", "--year 2025|--year 2025", {"also": ("KA-E510", "KA-W501")}),
    ("month without a year", month_without_year, "KA-E505", tuple(f"baris {n}" for n in range(2, 8)),
     "kolom tahun|column tahun"),
    ("one month without a year", lambda m: m.long(("periode", 3, "Juli")), "KA-E505", "baris 4",
     "kolom tahun|column tahun"),
    ("title and period disagree", above(3, "Periode : Bulanan 7"), "KA-E506", "A3", PERIOD, {"seen": "7"}),
    ("period of a row and title disagree", lambda m: m.ekinerja(edit={"Q7": "periode", "Q9": "2025-Q1"}), "KA-E506",
     "Q9", PERIOD, {"seen": "2025-Q1"}),
    ("kind of period untold", without_period, "KA-W501", "", "kolom periode|column periode"),
    ("half a year in the title", titled(f"{REPORT} Semester I Tahun 2025"), "KA-E512", "A1", UNREAD),
    ("months of half a year", titled(f"{REPORT} Tahun 2025", "Periode : Januari s.d. Juni 2025"), "KA-E512", "A2",
     UNREAD),
    ("monthly without its month", titled(f"{REPORT} Bulanan Tahun 2025"), "KA-E512", "A1", UNREAD),
    ("dates of no period", titled(REPORT, "Periode : 15/01/2025 - 20/03/2025"), "KA-E512", "A2", UNREAD),
    ("half a year as the sheet's name", titled(f"{REPORT} Tahun 2025", sheet="Semester 1"), "KA-E512", "", UNREAD),
    ("half a year as a column", titled(f"{REPORT} Tahun 2025", column="Semester", told=["I"] * 6), "KA-E209",
     tuple(f"N{r}" for r in range(4, 10)), "Triwulan I 2025|Triwulan I 2025", {"also": ("KA-W501",)}),
    ("periods of an untold length", titled(f"{REPORT} Tahun 2025", column="jenis", told=["TAHUNAN"] * 4 +
     ["PERIODIK"] * 2), "KA-E512", ("N8", "N9"), UNREAD),
    ("annual as SIASN says it", titled(f"{REPORT} Tahun 2025", column="jenis", told=["T"] * 6), "", "", "",
     read_as("2025")),
    ("quarter in the title, without Periode", titled(f"{REPORT} Triwulan III Tahun 2025"), "", "", "",
     read_as("2025-Q3")),
    ("quarter and year with a comma", titled(f"{REPORT} Periode Triwulan III, Tahun 2025"), "", "", "",
     read_as("2025-Q3")),
    ("quarter in words", titled("Rekapitulasi SKP se Kabupaten Triwulan Ketiga 2025"), "", "", "", read_as("2025-Q3")),
    ("month in the title", titled("Rekapitulasi Penilaian Kinerja Bulan Juli Tahun 2025"), "", "", "",
     read_as("2025-07")),
    ("dates of a month", titled(REPORT, "Periode : 01/07/2025 - 31/07/2025"), "", "", "", read_as("2025-07")),
    ("quarter as the sheet's name", titled(f"{REPORT} Tahun 2025", sheet="TW IV"), "", "", "", read_as("2025-Q4")),
    ("column of quarters", titled(f"{REPORT} Tahun 2025", column="Triwulan", told=["I", "II", 3, "TW IV", "1", "Q2"]),
     "KA-W511", ("A4", "A5", "A6", "A8", "A9"), "Sertakan berkas 2025-Q4|Add the file of 2025-Q4",
     read_as("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025-Q1", "2025-Q2")),
    ("column of months", titled(f"{REPORT} Tahun 2025", column="Bulan", told=["Maret", 4, "Mei", "6", "Juli", "Agt"]),
     "KA-E209", "N9", "Juli 2025|Juli 2025", {"also": ("KA-W501",)}),
    ("a regulation's year", titled("Evaluasi sesuai PermenPANRB Nomor 6 Tahun 2022"), "KA-E505", "A3",
     "--year 2025|--year 2025", {"also": ("KA-W501",)}),
    ("a regulation's year beside the data's", titled("EVALUASI SESUAI PERMENPANRB NO. 6/2022 DAN PP 30 TAHUN 2019",
     "PERIODE TAHUNAN TAHUN 2025"), "", "", "", read_as("2025")),
    *((f"several years: {t}", titled(t), "KA-E513", "A1", ONE_YEAR, {"also": ("KA-W501",)}) for t in (
        f"{REPORT} Tahun 2024/2025", f"{REPORT} Tahun 2024/25", "Penilaian Tahun 2024-2025",
        "Penilaian Kinerja Tahun 2024 dan 2025", "Perjanjian Kinerja Tahun 2024 dan Penilaian Tahun 2025",
        "Laporan SKP 2024 dan 2025", f"{REPORT} Tahunan Tahun 2024 s.d. 2025")),
    ("several years, one in the command", titled(f"{REPORT} Tahunan Tahun 2024/2025"), "KA-W501", "",
     "kolom periode|column periode", {"year": 2025, **read_as("2025")}),
    ("several years, another in the command", titled(f"{REPORT} Tahunan Tahun 2024/2025"), "KA-E502", "A1", YEAR,
     {"year": 2023, "also": ("KA-W501",)}),
    ("several years, one in another line", titled(f"{REPORT} Tahun 2024/2025", "Periode : Tahunan Tahun 2025"), "", "",
     "", read_as("2025")),
    ("several years in the column", lambda m: m.long(("periode", 2, "2024/2025")), "KA-E209", "baris 3", "2025|2025"),
    ("two bare years in two lines", titled(f"{REPORT} 2025", "Rekap Kinerja 2024"), "KA-E502", "A2", YEAR,
     {"also": ("KA-W501",)}),
    ("a span over two years", titled(REPORT, "Periode : 1 Januari 2024 s.d. 31 Desember 2025"), "KA-E512", "A2",
     UNREAD),
    *((f"year without Tahun: {t}", titled(t), "KA-W501", "", "kolom periode|column periode", UNTOLD) for t in (
        f"{REPORT} 2025", f"{REPORT} TA 2025", f"{REPORT} T.A. 2025", f"{REPORT} Thn 2025",
        f"{REPORT} per 31 Desember 2025")),
    ("month of a title", titled("LAPORAN SKP DESEMBER 2025"), "KA-E512", "A1", UNREAD),
    ("day of a list is no year", titled(REPORT, "Data per 10 Januari 2026", "Pantai, 5 Januari 2026"), "KA-E505", "A5",
     "--year 2025|--year 2025", {"also": ("KA-W501",)}),
    ("range of quarters", titled(f"{REPORT} Tahun 2025", "Triwulan I s.d. IV Tahun 2025"), "KA-E512", "A2", UNREAD),
    ("range of quarters with a dash", titled(f"{REPORT} Periode TW I - TW II Tahun 2025"), "KA-E512", "A1", UNREAD),
    ("range of quarters in the column", lambda m: m.long(("periode", 2, "Triwulan I-II 2025")), "KA-E209", "baris 3",
     "2025-Q1|2025-Q1"),
    ("rows end in another year than the title", dated("periode_akhir_skp", ["2024-12-31"] * 6), "KA-E502",
     ("A1", *(f"C{r}" for r in range(4, 10))), YEAR),
    ("half of the rows end in another year", dated("periode_akhir_skp", ["2024-12-31"] * 3), "KA-E502",
     ("A1", "C4", "C5", "C6"), YEAR),
    ("rated before the year began", dated("waktu_dinilai", ["2024-12-20 10:00:00"] * 2), "KA-E502",
     ("A1", "O4", "O5"), YEAR),
    ("rated in January of the next year", dated("waktu_dinilai", ["2026-01-20 10:00:00"] * 6), "", "", "",
     read_as("2025")),
    ("half a year", lambda m: m.long(("periode", 2, "semester ganjil")), "KA-E209", "baris 3", "Triwulan I 2025|"
     "Triwulan I 2025"),
    ("month 13", lambda m: m.long(("periode", 2, "2025-13")), "KA-E209", "baris 3", "2025-07|2025-07"),
    ("fifth quarter", lambda m: m.long(("periode", 2, "Triwulan V 2025")), "KA-E209", "baris 3", "2025-Q1|2025-Q1"),
    ("year of five digits", lambda m: m.long(("periode", 2, "20255")), "KA-E209", "baris 3", "2025|2025"),
    ("period empty in one row", lambda m: m.long(("periode", 4, "")), "KA-E201", "baris 5", "Isi sel itu|"
     "Fill the cell"),
    *((f"region as {t}", placed(t, f"{REPORT} Tahunan Tahun 2025"), "KA-W501", "", "kolom periode|column periode",
       told_region("98.01")) for t in ("PEMERINTAH KABUPATEN CONTOH", "Kabupaten : Contoh", "BKPSDM Kab. Contoh",
                                       "PEMERINTAH KABUPATEN CONTOH BADAN KEPEGAWAIAN", "Kabupaten/Kota : Contoh")),
    ("province and regency", placed("PEMERINTAH PROVINSI PANTAI", "Kabupaten : Contoh", f"{REPORT} Tahunan Tahun 2025"),
     "KA-W501", "", "kolom periode|column periode", {**COAST, **told_region("98.01")}),
    ("two regions above the header", placed("PEMERINTAH KABUPATEN CONTOH", "Kota : Lain", "Tahun 2025"), "KA-E501",
     "A2", "wilayah di judul|region in the title", {**COAST, "also": ("KA-W501",)}),
    ("an address is not the region", placed("Alamat: Jl. Raya, Kota Lain", "Penilaian Tahun 2025"), "KA-E510", "A3",
     "--region|--region", {**COAST, "also": ("KA-W501",)}),
    ("misspelt government", placed("PEMERINTAH KABUPATEN CONTHO", "Tahun 2025"), "KA-E503", "A1", NAME,
     {"nearest": "Kabupaten Contoh (98.01)", "also": ("KA-W501",)}),
    ("unknown agency", above(2, "Instansi Pemerintah Kab. Antah Berantah"), "KA-E503", "A2", NAME),
    ("misspelt agency", above(2, "Instansi Pemerintah Kab. Contho"), "KA-E503", "A2", NAME,
     {"nearest": "Kabupaten Contoh (98.01)"}),
    ("unknown agency, region in the command", above(2, "Instansi Pemerintah Kab. Antah"), "KA-W503", "A2",
     "milik wilayah itu|belongs to that region", {"region": "98.01"}),
    ("agency that may be two", lambda m: m.ekinerja(), "KA-E504", "A2", "Tulis kodenya|Write its code",
     regions(TWINS)),
    ("agency is not the command's", lambda m: m.ekinerja(), "KA-E501", "A2", "berkas wilayah yang benar|right region",
     {"region": "97.02", **regions({"98.01": "Kabupaten Contoh", "97.02": "Kota Lain"})}),
    ("region untold", lambda m: m.ekinerja(lines=1), "KA-E510", "A2", "--region|--region"),
    ("title and agency missing", lambda m: m.ekinerja(lines=0), "KA-E510", "A1", "kolom wilayah|column wilayah",
     {"also": ("KA-W501",)}),
    ("code as number", lambda m: m.long_book(("wilayah", 3, 98.01)), "KA-E210", "B4", "sebagai Teks|as Text"),
    ("code of a statistics office as number", lambda m: m.long_book(("wilayah", 3, 9801)), "KA-E210", "B4",
     "sebagai Teks|as Text"),
    ("code with a comma", lambda m: m.long_book(("wilayah", 3, "98,01")), "KA-E503", "B4", NAME),
    ("region unknown in a row", lambda m: m.long_book(("wilayah", 3, "Kab. Antah")), "KA-E503", "B4", NAME),
    ("code not in the list", lambda m: m.long_book(("wilayah", 3, "98.77")), "KA-W505", "B4", "kode BPS|BPS code"),
    ("region empty in one row", lambda m: m.long_book(("wilayah", 3, None)), "KA-E201", "B4", "Isi sel itu|"
     "Fill the cell"),
    ("region of another place in a row", in_region_column(9, "11.01"), "KA-E501", "Q9", "wilayah yang benar|"
     "right region"),
    *((f"{n} lines above the header", moved(n), "KA-E202", f"M{n + 4}", "label yang berlaku|valid label",
       {"region": "98.01", "nearest": "BAIK", "also": () if n else ("KA-W501",)}) for n in range(16)),
    ("header in row 20", full(19), "KA-E202", "M21", "label yang berlaku|valid label", {"nearest": "BAIK"}),
    ("header in row 21 of filled rows", full(20), "KA-E304", "", "satu baris judul kolom|one header row"),
    ("header in row 21 below empty rows", moved(20), "KA-E202", "M24", "label yang berlaku|valid label",
     {"nearest": "BAIK"}),
    ("header not in column A", lambda m: m.ekinerja(start="D6", edit={"P15": "BAIKK"}), "KA-E202", "P15",
     "label yang berlaku|valid label", {"nearest": "BAIK"}),
]  # fmt: skip


def test_named_at_its_cell(judge: Any, case: Any) -> None:
    judge(case)
