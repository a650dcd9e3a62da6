"""Grouping and masking of problems."""

from typing import Any

import numpy as np

from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.log import MASK, Log, personal_header, personal_value


def block() -> Block:
    columns: list[list[Any]] = [["190501012010011001", "x"], ["Siti Contoh", "Budi Contoh"], ["siti contoh", "BIAK"]]
    return Block(
        1, "a.xlsx", 1, "S", ["nip", "nama", "hasil_akhir"], 1, np.array([2, 3]), lambda j: Cells.of(columns[j])
    )


def test_one_problem_per_code_and_column() -> None:
    log = Log()
    log.at("E202", block(), 2, [1], "BIAK", nearest="BAIK")
    log.at("E202", block(), 2, [0], "lain")
    log.at("E203", block(), 2, [0], "lain")
    problems = log.problems()
    assert [(p.code, p.cell, p.others, p.value) for p in problems] == [
        ("KA-E202", "C3", ("C2",), "BIAK"), ("KA-E203", "C2", (), "lain")]  # fmt: skip
    assert problems[0].count == 2 and problems[0].params["nearest"] == "BAIK"


def test_values_of_personal_columns_and_of_persons_are_not_shown() -> None:
    log, here = Log(), block()
    log.at("E401", here, 0, [1], "x")
    log.at("E202", here, 2, [0], "siti contoh", nearest="BAIK")
    log.at("E203", here, 2, [0], "190501012010011001")
    log.at("E207", here, 2, [0], "siti@contoh.id")
    assert [p.value for p in log.problems()] == ["", MASK, MASK, MASK]
    assert log.problems()[1].params["nearest"] == ""


def test_names_inside_values_are_not_shown() -> None:
    log, here = Log(), block()
    values = {"Baik (Siti Contoh)": MASK, "oleh Budi Contoh, Senin": MASK, "Baik (Ani Lestari)": MASK,
              "A (Sangat Baik)": "A (Sangat Baik)", "Rekan (Atasan Langsung)": "Rekan (Atasan Langsung)",
              "BAIK (B)": "BAIK (B)", "Budi": "Budi", "Sangat Sekali (SS)": "Sangat Sekali (SS)",
              "(AHMAD YANI)": MASK}  # fmt: skip
    assert {v: log.masked(here, v) for v in values} == values


def test_errors_come_first() -> None:
    log = Log()
    log.add("N101", file="a")
    log.add("W102", file="a")
    assert not log.failed
    log.add("E101", file="b")
    assert [p.severity for p in log.problems()] == ["error", "warning", "note"] and log.failed


def test_what_looks_personal() -> None:
    assert all(map(personal_header, ("NAMA LENGKAP", "nip", "Pegawai_Atasan_NIP", "e-mail", "NIK", "tanggal lahir")))
    assert not any(map(personal_header, ("golongan", "unit kerja", "nama_unor", "asal", "wilayah", "pendidikan")))
    assert personal_value("19050101 201001 1 001") and not personal_value("SMP Negeri 12")


def test_names_of_things_are_no_names_of_people() -> None:
    things = ("nama_jabatan", "Nama Unit Kerja", "nama_opd", "nama kegiatan", "nama_indikator")
    assert not any(map(personal_header, things))
    assert all(map(personal_header, ("nama_jabatan_dan_nama", "nama penilai", "operator", "diinput oleh")))


def test_who_counts_as_a_person() -> None:
    """Names and addresses do; row numbers, remarks, and a heading repeated in the body do not."""
    names, remarks = ["Siti  CONTOH", "nama", "a@b.id"], ["baik", "x", "Siti"]
    columns: list[list[Any]] = [["1", "2", "3"], names, remarks, [7.0, 8.0, 9.0]]
    block = Block(1, "a.xlsx", 1, "S", ["nip", "nama", "komentar", "nik"], 1, np.array([2, 3, 4]),
                  lambda j: Cells.of(columns[j]))  # fmt: skip
    assert Log().persons(block) == {"siti contoh", "a@b.id"}


def test_no_problem_shows_a_person_of_another_file() -> None:
    log, other = Log(), block()
    log.add("N301", file="b.csv", column="SITI contoh")
    log.add("E202", file="b.csv", column="unor", value="budi_contoh", nearest="Budi Contoh")
    assert log.everyone([other]) == {"siti contoh", "budi contoh", "x"}
    shown = [(p.column, p.value, dict(p.params)) for p in log.problems()]
    assert shown == [("unor", MASK, {"nearest": MASK}), (MASK, "", {})]


def test_a_hidden_value_does_not_hide_the_others() -> None:
    log, here = Log(), block()
    log.at("E202", here, 2, [0, 1], "siti contoh", ["siti contoh", "TMS", "-"])
    assert log.problems()[0].params["shown"] == f'{MASK}", "TMS", "-'
