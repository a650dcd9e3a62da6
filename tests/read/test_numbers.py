"""Numbers and times: the traps of reference style.md 8.1, worked by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.errors import Problem
from kinerja_analysis.read.numbers import numbers, suggestion, times


def read(values: list, separator: str = "") -> tuple[list, dict]:
    found = numbers(values, np.ones(len(values), dtype=int), separator)
    return found.values, found.faults


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["95,5", "80"], [95.5, 80]),
        (["95.5", "80"], [95.5, 80]),
        (["1.234,5", "2,25"], [1234.5, 2.25]),
        (["1,234.5", "2.25"], [1234.5, 2.25]),
        (["1.234.567"], [1234567]),
        (["-3", "+4", ",5"], [-3, 4, 0.5]),
        ([95.5, 80], [95.5, 80]),
        (["0,125", "0,250"], [0.125, 0.25]),
    ],
)
def test_one_decimal_mark(values: list, expected: list) -> None:
    assert read(values) == (expected, {})


def test_two_marks_in_a_column_are_a_fault_of_the_rarer() -> None:
    values, faults = read(["95,5", "80,5", "70.5"])
    assert values == [95.5, 80.5, None] and faults == {2: "E205"}
    found = numbers(["95,5", "70.5"], np.array([1, 9]))
    assert found.faults == {0: "E205"}


def test_a_column_of_thousands_or_decimals_is_not_guessed() -> None:
    assert read(["1.000", "2.500"])[1] == {0: "E206", 1: "E206"}
    assert read(["1.000", "2.500"], ";")[1] == {0: "E206", 1: "E206"}
    assert read(["1,000"], ",")[1] == {0: "E206"}
    assert read(["1.000", "2.5"])[0] == [1.0, 2.5]
    assert read(["3.125"], ",")[0] == [3.125]
    assert read(["3,125"], ";")[0] == [3.125]


@pytest.mark.parametrize(
    ("values", "marked", "meant"),
    [
        (["1.250", "1.250,00", "900,5"], [0], "1250"), (["1.250", "900,5"], [0], "1250"),
        (["1,250", "900.5", "12"], [0], "1250"), (["1.250", "1.234.567"], [0], "1250"),
        (["12.345", "1.250", "2,5", "2,5", "2,5"], [0, 1], "12345"),
    ],
)  # fmt: skip
def test_a_thousands_mark_that_the_column_shows_is_no_second_decimal_mark(
    values: list[str], marked: list[int], meant: str
) -> None:
    """The repair removes it; replaced by the decimal mark the number would be a thousandth."""
    found = numbers(values, np.ones(len(values), dtype=int))
    assert found.faults == dict.fromkeys(marked, "E218") and found.hints[0] == meant
    for lang, word in (("id", "dengan kosong"), ("en", "with nothing")):
        assert word in Problem("KA-E218", "error", value="1.250").text(lang, "repair")


def test_dates_that_may_be_month_first_are_refused_with_those_that_must_be() -> None:
    dates = ["1/13/2026 09:15", "12/30/2025", "01/02/2026", "05/05/2025", "31/12/2025", "2026-01-02",
             dt.datetime(2026, 2, 1), dt.datetime(2026, 1, 31), "13/13/2025"]  # fmt: skip
    found = times(dates)
    assert found.faults == {**dict.fromkeys((0, 1, 2, 6), "E219"), 8: "E207"}
    assert pd.isna(found.values[[0, 1, 2, 6, 8]]).all() and found.values[[3, 4, 5, 7]].notna().all()
    assert times(["01/02/2026", "31/12/2025"]).faults == {}
    assert "bulan/hari/tahun" in Problem("KA-E219", "error", value="1/13/2026").text("id")


def test_not_a_number_with_its_nearest() -> None:
    found = numbers(["95,5o", "baik", "#N/A", "NA"], np.ones(4, dtype=int))
    assert set(found.faults.values()) == {"E203"} and found.hints[0] == "95,5" and found.hints[1] == ""
    assert suggestion("80 poin") == "80"


def test_times_day_first_and_iso() -> None:
    found = times(["10/8/2026 09.15.00", "2025-12-30 14:05:06", "2025-12-30T14:05:06Z", "30-12-2025",
                   dt.datetime(2025, 1, 2, 3), dt.date(2025, 1, 2)])  # fmt: skip
    assert found.faults == {}
    assert list(found.values) == [
        pd.Timestamp(2026, 8, 10, 9, 15), pd.Timestamp(2025, 12, 30, 14, 5, 6), pd.Timestamp(2025, 12, 30, 14, 5, 6),
        pd.Timestamp(2025, 12, 30), pd.Timestamp(2025, 1, 2, 3), pd.Timestamp(2025, 1, 2),
    ]  # fmt: skip


def test_times_that_are_none() -> None:
    assert set(times(["kemarin", "31/02/2025", "0001-01-01", "45000", 45000.0]).faults) == {0, 1, 2, 3, 4}
