"""Wrong arguments of the public functions are one kind error, told in both languages, before anything is done."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kinerja_analysis import AuditConfig, KinerjaError, audit, check, open_audit, report
from kinerja_analysis.base.errors import InputRefused, Problem, UsageError
from kinerja_analysis.base.tables import Tables

CONFIG = AuditConfig(identifiers="pseudonymous", detectors=("matrix_check",))


def ratings() -> pd.DataFrame:
    rows = [(ratee, rater, "peer") for ratee in "abc" for rater in "abc" if ratee != rater]
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source"])
    return frame.assign(year=2025, period="2025", region="01.01", criterion="inovasi", score=2, scale_min=1,
                        scale_max=3)  # fmt: skip


def refused(what: Any) -> KinerjaError:
    with pytest.raises(UsageError) as error:
        what()
    assert error.value.text("id") != error.value.text("en") and error.value.exit_code == 2
    return error.value


@pytest.mark.parametrize(("wrong", "word"), [
    ({"level": "x"}, "public, internal"), ({"level": ()}, "public, internal"), ({"lang": ()}, "id, en"),
    ({"lang": "fr"}, "id, en"), ({"formats": ("doc",)}, "html, pdf, xlsx"), ({"formats": []}, "html, pdf, xlsx"),
])  # fmt: skip
def test_a_report_in_no_known_level_language_or_format(wrong: dict[str, Any], word: str, tmp_path: Path) -> None:
    made = audit(ratings(), config=CONFIG)
    assert word in refused(lambda: report(made, tmp_path / "out", **wrong)).text("id")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("year", ["2025", 2025.0, " 2025 "])
def test_a_year_as_a_text_or_an_integral_number(year: Any) -> None:
    assert audit(ratings(), year=year, config=CONFIG).cells == (("01.01", 2025),)
    assert check(ratings().drop(columns=["year", "period"]), year=year, config=CONFIG).ok


@pytest.mark.parametrize("year", ["x", "", 2025.5, True, [2025], float("nan"), float("inf")])
def test_a_year_that_is_none(year: Any) -> None:
    for call in (lambda: audit(ratings(), year=year, config=CONFIG), lambda: open_audit(".", year=year)):
        assert "2025" in refused(call).text("id")
    assert "2025" in refused(lambda: audit(Tables(), year=year, config=CONFIG)).text("en")


@pytest.mark.parametrize("data", [42, None, [42], {"ratings": 5}])
def test_what_is_no_data(data: Any) -> None:
    assert "data frame" in refused(lambda: audit(data)).text("id")


def test_every_wrong_entry_of_a_configuration_at_once() -> None:
    error = refused(lambda: AuditConfig(level=2, levle=1, regions={"x": {}}))  # type: ignore[call-arg]
    for word in ("level = 2", "levle", "Kemendagri"):
        assert word in error.text("id") and word in error.text("en")
    assert isinstance(error, ValueError)


def test_an_error_comes_back_whole_from_a_worker() -> None:
    problem = Problem("KA-E203", "error", "a.csv", cell="baris 2", value="x", column="nilai")
    for error in (UsageError("errors.nothing_chosen", known="a"), InputRefused([problem])):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error) and again.text("id") == error.text("id")
    assert again.problems == (problem,)
