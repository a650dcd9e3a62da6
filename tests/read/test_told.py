"""Forms that say above the table who is rated, or who rates: one sheet per employee, one per rater."""

from __future__ import annotations

from typing import Any

import pytest

from kinerja_analysis.base.config import MappingConfig
from kinerja_analysis.read import check, read

SCALE = MappingConfig(table="ratings", constants={"scale_min": 1, "scale_max": 5})
PLACE = {"region": "98.01", "year": 2025}
ITEMS = ["Akuntabel", "Kompeten"]
NIP = "198001012015011001"


def pages(make: Any, sheets: dict[str, list[list[Any]]]) -> Any:
    first, *more = sheets
    return make.workbook(sheets[first], sheet=first, more={name: sheets[name] for name in more})


def per_employee(make: Any, *head: list[Any], n: int = 3) -> Any:
    """One sheet per rated employee: superior, a colleague and the employee."""
    sheets = {}
    for k in range(n):
        own = head or (["Nama Pegawai", f"Orang {k}"], ["NIP", make.nip(k + 1)], ["Unit Kerja", "Seksi A"])
        rows = [[i, rater, role, 4 - i, 3] for i, (rater, role) in enumerate(
            [(make.nip(900), "Atasan"), (make.nip(k + 11), "Rekan"), (make.nip(k + 1), "Diri Sendiri")])]  # fmt: skip
        sheets[f"P{k}"] = [["FORMULIR 360"], *own, [], ["No", "NIP Penilai", "Peran", *ITEMS], *rows]
    return pages(make, sheets)


def per_rater(make: Any, second: list[Any], number: Any = None) -> Any:
    """One sheet per rater: the superior of four, then a colleague of theirs."""
    sheets = {}
    for k, (rater, role) in enumerate([(make.nip(900), "Atasan"), (make.nip(5), "Rekan Kerja")]):
        head = [["Nama", ":", "Orang", "NIP Penilai", ":", number if number and k else rater],
                [v.format(role) if isinstance(v, str) else v for v in second], []]  # fmt: skip
        rows = [[i + 1, make.nip(i + 1), f"Orang {i}", 3, 2 + i % 2] for i in range(4)]
        sheets[f"R{k}"] = [*head, ["No", "NIP", "Nama", *ITEMS], *rows]
    return pages(make, sheets)


def test_one_sheet_per_employee(make: Any) -> None:
    config = make.config.model_copy(update={"mapping": (SCALE,)})
    tables = read(per_employee(make), config=config, **PLACE)
    r = tables.ratings
    assert len(r) == 3 * 3 * 2 and r["ratee"].nunique() == 3 and set(r["unit"]) == {"Seksi A"}
    assert r.groupby("source")["rater"].nunique().to_dict() == {"peer": 3, "self": 3, "supervisor": 1}
    own = r[r["source"] == "self"]
    assert (own["ratee"] == own["rater"]).all() and set(own["score"]) == {2, 3}
    assert r.loc[r["row"] == "1:2:7", "source"].tolist() == ["supervisor"] * 2, "rows keep their addresses"
    told = [(p.sheet, p.cell, p.params["n"]) for p in tables.problems if p.code == "KA-N307"]
    assert told == [("P0", "B3", 3), ("P1", "B3", 3), ("P2", "B3", 3)]


@pytest.mark.parametrize("second", [["Peran", ":", "{}"], ["Peran : {}"], ["Peran", None, "{}"]])
def test_one_sheet_per_rater(make: Any, second: list[Any]) -> None:
    config = make.config.model_copy(update={"mapping": (SCALE,)})
    r = read(per_rater(make, second), config=config, **PLACE).ratings
    assert r.groupby("source").size().to_dict() == {"peer": 8, "supervisor": 8}
    assert r["rater"].nunique() == 2 and r["ratee"].nunique() == 4 and set(r["criterion"]) == {"akuntabel", "kompeten"}


@pytest.mark.parametrize(
    "scale", [["Skala", "1-5"], ["Skala Penilaian : 1 s/d 5"], ["Rentang Nilai", ":", "1 sampai dengan 5"]]
)
def test_the_scale_may_stand_above_too(make: Any, scale: list[Any]) -> None:
    head = (["NIP yang dinilai", make.nip(1)], scale)
    r = read(per_employee(make, *head, n=1), config=make.config, **PLACE).ratings
    assert len(r) == 6 and set(r["scale_min"]) == {1} and set(r["scale_max"]) == {5}


def test_raters_who_are_not_named_are_one_message_and_no_clash(make: Any) -> None:
    """Two peers without a name are not one rater: nobody is told to delete their ratings."""
    rows = [[make.nip(1), rater, "Rekan", 1 + k, 3, 1, 5] for k, rater in enumerate((None, None, make.nip(2)))]
    header = ["NIP Dinilai", "NIP Penilai", "Peran", *ITEMS, "skala_min", "skala_maks"]
    report = check(make.workbook([["x"], header, *rows]), config=make.config, **PLACE)
    assert [(p.code, p.count) for p in report.problems if p.severity == "error"] == [("KA-E516", 2)]
    assert "satu kode yang sama" in report.summary("id") and "delete" not in report.summary("en").split("KA-E516")[1]


def test_a_number_above_the_table_is_refused_at_its_cell(make: Any) -> None:
    config = make.config.model_copy(update={"mapping": (SCALE,)})
    report = check(per_rater(make, ["Peran: {}"], float(make.nip(5))), config=config, **PLACE)
    assert [(p.code, p.sheet, p.cell) for p in report.problems if p.severity == "error"] == [("KA-E317", "R1", "F1")]
    assert make.nip(5)[:12] not in report.summary("id")


@pytest.mark.parametrize(
    ("number", "code"),
    [("190513012015011001", "KA-E402"), ("1905010120150110", "KA-E401"), ("ABC12", "KA-E401"),
     ("1,90501E+17", "KA-E317")],
)  # fmt: skip
def test_a_wrong_number_above_the_table_is_named_at_its_own_cell(make: Any, number: str, code: str) -> None:
    place = per_employee(make, ["NIP", number], ["Skala", "1-5"], n=1)
    report = check(place, config=make.config, **PLACE)
    assert (code, "B2") in [(p.code, p.cell) for p in report.problems if p.severity == "error"]
    assert number not in report.summary("id")


def test_who_rates_himself_as_a_colleague_is_named_at_the_employee(make: Any) -> None:
    rows = [[k, make.nip(k), "Orang", 3, 4] for k in (1, 2)]
    form = [["NIP Penilai", make.nip(2)], ["Peran", "Rekan"], ["Skala", "1-5"], ["No", "NIP", "Nama", *ITEMS], *rows]
    report = check(make.workbook(form), config=make.config, **PLACE)
    assert [(p.code, p.cell) for p in report.problems if p.severity == "error"] == [("KA-E509", "B6")]


@pytest.mark.parametrize(
    "head",
    [(["Nama Pegawai", "Orang"],), (["NIP", "belum ada"],), (["NIP", NIP[:-1] + "2"], ["NIP", NIP])],
)  # fmt: skip
def test_what_is_not_told_or_told_twice_is_not_guessed(make: Any, head: tuple[list[Any], ...]) -> None:
    config = make.config.model_copy(update={"mapping": (SCALE,)})
    report = check(per_employee(make, *head), config=config, **PLACE)
    assert not report.ok and "KA-N307" not in {p.code for p in report.problems}


def test_a_complete_table_is_no_form(make: Any) -> None:
    """A superior's number above an export, or a ratee's above a complete 360 sheet, changes nothing."""
    export = [["NIP Penilai", make.nip(900)], ["Peran", "Atasan"], ["nip", "hasil_kerja", "perilaku_kerja"],
              [make.nip(1), "SESUAI EKSPEKTASI", "SESUAI EKSPEKTASI"]]  # fmt: skip
    tables = read(make.workbook(export), config=make.config, **PLACE)
    assert len(tables.appraisals) == 1 and tables.appraisals["supervisor"].isna().all()
    assert "KA-N307" not in {p.code for p in tables.problems}
