"""Builds input files by hand, in the layouts that really arrive, for tests of the readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import column_index_from_string, coordinate_to_tuple

from kinerja_analysis.base.config import AuditConfig, RegionConfig

EKINERJA = ("nip", "nama", "tahun_skp", "periode_akhir_skp", "skp_unor", "skp_unor_induk", "skp_jabatan",
            "is_skp_plt_plh_pjb", "golru", "jenis_pegawai", "hasil_kerja", "perilaku_kerja", "hasil_akhir",
            "pegawai_atasan_nip", "pegawai_atasan_nama", "waktu_dinilai")  # fmt: skip
LONG = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "unor", "dimensi", "nilai",
        "skala_min", "skala_maks", "waktu")  # fmt: skip
WIDE = ("periode", "wilayah", "nip_dinilai", "nip_penilai", "peran_penilai", "skala_min", "skala_maks", "Disiplin",
        "Kerja Sama")  # fmt: skip
SESUAI, DIATAS, DIBAWAH = "SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI", "DIBAWAH EKSPEKTASI"
TITLE = "Laporan Penilaian SKP Periode Tahunan Tahun 2025"
AGENCY = "Instansi Pemerintah Kab. Contoh"


def nip(serial: int, sex: int = 1) -> str:
    """A NIP that cannot exist (born 1905)."""
    return f"19050{1 + serial % 9}{10 + serial % 18}201003{sex}{serial:03d}"


class Make:
    """Writes files below a folder."""

    config = AuditConfig(regions={"98.01": RegionConfig(name="Kabupaten Contoh")})
    nip = staticmethod(nip)
    ekinerja_header = EKINERJA
    long_header = LONG
    wide_header = WIDE

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def people(self, n: int = 6) -> list[list[Any]]:
        """e-Kinerja rows: half of them under each of two supervisors."""
        rows = []
        for i in range(1, n + 1):
            boss = nip(900 + i % 2, 2)
            level = DIATAS if i == 1 else SESUAI
            rows.append([
                nip(i), f"Pegawai {i}", "2025", "2025-12-31", f"Unit {i % 2}", "Dinas Contoh", f"Staf {i}", "0",
                "III/d",
                "pns", level, SESUAI, "BAIK", boss, f"Atasan {i % 2}", f"2025-12-30 10:{i:02d}:00",
            ])  # fmt: skip
        return rows

    def preamble(self, n: int = 6) -> list[list[str]]:
        """n lines above the header; the title and the agency are always among them when n ≥ 2."""
        lines = [TITLE, AGENCY, "Periode : Tahunan", "Unor Induk : ALL", "Unor : ALL",
                 "Data ditarik pada : 9/1/2026 09.15.00"]  # fmt: skip
        return [[t] for t in lines[:n]] + [[] for _ in range(max(0, n - len(lines)))]

    def workbook(
        self,
        rows: Sequence[Sequence[Any]],
        name: str = "penilaian.xlsx",
        *,
        sheet: str = "Data",
        start: str = "A1",
        edit: dict[str, Any] | None = None,
        more: dict[str, Sequence[Sequence[Any]]] | None = None,
        hidden: str = "",
    ) -> Path:
        """Write rows as a workbook from cell ``start`` on; ``edit`` overwrites cells; ``more`` are further sheets."""
        book = openpyxl.Workbook()
        top, left = coordinate_to_tuple(start)
        for title, content in {sheet: rows, **(more or {})}.items():
            page = book.active if title == sheet else book.create_sheet(title)
            page.title = title
            for i, row in enumerate(content):
                for j, value in enumerate(row):
                    if value is not None:
                        page.cell(top + i, left + j, value)
            if title == hidden:
                page.sheet_state = "hidden"
        for address, value in (edit or {}).items():
            book[sheet][address] = value
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        book.save(place)
        return place

    def ekinerja(self, rows: Sequence[Sequence[Any]] | None = None, *, lines: int = 6, header: Sequence[str] = EKINERJA,
                 **options: Any) -> Path:  # fmt: skip
        """Write an e-Kinerja workbook; without rows six people; the header stands in row ``lines`` + 1."""
        rows = self.people() if rows is None else rows
        return self.workbook([*self.preamble(lines), list(header), *rows], **options)

    def cell(self, column: str, person: int, lines: int = 6) -> str:
        """Address of a column's cell of the n-th person in the default e-Kinerja workbook."""
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(EKINERJA.index(column) + 1)}{lines + 1 + person}"

    def scores(self) -> list[list[Any]]:
        """Long 360 rows: two ratees, by supervisor, a peer and themselves, one criterion."""
        rows = []
        for ratee, value in ((1, "80"), (2, "90")):
            for rater, role in ((900, "ATASAN"), (3 - ratee, "REKAN"), (ratee, "DIRI")):
                who = nip(rater, 2) if rater == 900 else nip(rater)
                rows.append(["2025", "98.01", nip(ratee), who, role, "Unit 1", "Disiplin", value, "0", "100",
                             "2025-12-01 08:00:00"])  # fmt: skip
        return rows

    def pairs(self) -> list[list[Any]]:
        """Wide 360 rows: as ``scores`` with two criteria."""
        return [[*r[:5], 0, 100, float(r[7]), 70.0] for r in self.scores()]

    def text(self, rows: Sequence[Sequence[Any]], name: str = "nilai.csv", *, separator: str = ";",
             encoding: str = "utf-8", ending: str = "\n") -> Path:  # fmt: skip
        """Write rows as a text table."""
        body = "\n".join(separator.join(str(v) for v in row) for row in rows) + ending
        return self.raw(body.encode(encoding), name)

    def raw(self, data: bytes, name: str) -> Path:
        """Write bytes."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return place

    @staticmethod
    def value(path: Path, sheet: str, address: str) -> Any:
        """The value another reader finds at an address."""
        book = openpyxl.load_workbook(path)
        assert column_index_from_string("A") == 1
        return book[sheet][address].value


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A builder of input files."""
    return Make(tmp_path / "masukan")
