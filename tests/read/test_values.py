"""Labels, flags, years, periods, identifiers."""

import pytest

from kinerja_analysis.read.values import as_text, categories, flags, identifiers, nearest, period, years


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025", (2025, "")), (2025.0, (2025, "")), ("Tahunan", (None, "")), ("Tahunan Tahun 2025", (2025, "")),
        ("2025-Q4", (2025, "Q4")), ("Triwulan IV-AKHIR 2025", (2025, "Q4")), ("TW II 2024", (2024, "Q2")),
        ("triwulan 3 tahun 2025", (2025, "Q3")), ("2025-07", (2025, "07")), ("Bulanan 7", (None, "07")),
        ("Bulanan JULI Tahun 2026", (2026, "07")), ("Agustus 2025", (2025, "08")),
        ("1 Januari s.d. 31 Desember 2025", (2025, "")), ("Januari - Maret 2025", (2025, "Q1")),
        ("semester 1 2025", None), ("7", None), ("2025-13", None), ("Maret - Mei 2025", None), ("x", None),
    ],
)  # fmt: skip
def test_periods(text: object, expected: object) -> None:
    assert period(text) == expected


def test_roles_in_both_languages_and_any_case() -> None:
    words = ["ATASAN", "Rekan Kerja", "diri sendiri", "Bawahan", "LAINNYA", "supervisor", "peer", "subordinate"]
    expected = ["supervisor", "peer", "self", "subordinate", "other", "supervisor", "peer", "subordinate"]
    assert categories(words, "source").values == expected


def test_unknown_label_is_missing_never_a_value() -> None:
    found = categories(["MEMUASKAN", "SESUAI EKSPEKTAS", "di atas ekspektasi"], "rating")
    assert found.values == [None, None, "DIATAS EKSPEKTASI"]
    assert found.faults == {0: "E202", 1: "E202"} and found.hints[1] == "SESUAI EKSPEKTASI"


def test_own_translation_comes_first() -> None:
    found = categories(["SUPERIOR"], "source", {"superior": "bawahan"})
    assert found.values == ["subordinate"] and not found.faults


def test_bare_integer_needs_a_declared_direction() -> None:
    assert categories([1.0, "2"], "rating").faults == {0: "E213", 1: "E213"}


def test_employment_sex_and_flags() -> None:
    assert categories(["PPPK Paruh Waktu", "P3K", "Pns"], "employment").values == ["pppk_paruh_waktu", "pppk", "pns"]
    assert categories(["L", "Perempuan"], "sex").values == ["male", "female"]
    assert flags(["0", 1.0, "TRUE", "Ya", "?"]).values == [False, True, True, True, None]


def test_years() -> None:
    assert years(["2025", 2024.0, "25", "1999", "2025.5"]).values == [2025, 2024, None, None, None]


def test_identifiers_repairable_and_not() -> None:
    found = identifiers(["19050101 201001 1 001", "'190501012010011001", '="190501012010011001"', "1.9E+17", 19.0, 7])
    assert found.values[:3] == ["190501012010011001"] * 3
    assert found.faults == {3: "E406", 4: "E104", 5: "E104"}
    assert identifiers([7], exact=True).values == ["7"]


def test_text_of_numbers_and_nearest() -> None:
    assert as_text(3.0) == "3" and as_text(3.5) == "3.5"
    assert nearest("BIAK", ["BAIK", "KURANG"]) == "BAIK" and nearest("zzz", ["BAIK"]) == ""


@pytest.mark.parametrize(
    ("text", "name", "value", "hint"),
    [
        ("Sangat Baik (SB)", "predikat", "SANGAT BAIK", None),
        ("Butuh Perbaikan (BP)", "predikat", "BUTUH PERBAIKAN", None),
        ("di atas ekspektasi ( DAE )", "rating", "DIATAS EKSPEKTASI", None), ("Baik (B)", "org_rating", "BAIK", None),
        ("Sangat Baik (BP)", "predikat", None, "SANGAT BAIK"),
        ("Di Atas Expektasi", "rating", None, "DIATAS EKSPEKTASI"),
        ("Sesuai Espektasi", "rating", None, "SESUAI EKSPEKTASI"), ("Sgt Baik", "predikat", None, "SANGAT BAIK"),
        ("Kurang Baik", "predikat", None, ""), ("Tidak Sesuai Ekspektasi", "rating", None, ""),
        ("Melebihi Ekspektasi", "rating", None, ""),
    ],
)  # fmt: skip
def test_a_label_with_its_own_abbreviation_is_read_and_a_slip_only_suggested(
    text: str, name: str, value: str | None, hint: str | None
) -> None:
    found = categories([text], name)
    assert (found.values[0], found.hints.get(0)) == (value, hint)
