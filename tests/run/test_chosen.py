"""``--region`` and ``--year``: told for files that tell none, a choice among those that tell several."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from kinerja_analysis import audit
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.cli import cli
from kinerja_analysis.read import check, read
from kinerja_analysis.run import run
from kinerja_analysis.simulate import simulate

REGIONS = ("13.71.09", "76.02")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masuk")
    made = simulate(REGIONS, [2024, 2025], seed=1, size=40)
    made.write(folder)
    return folder


def frame(years: list[int]) -> pd.DataFrame:
    """One supervisor's ratings of six employees, one row a year."""
    same = {"rater": "s", "source": "supervisor", "criterion": "kinerja", "scale_min": 0, "scale_max": 100,
            "region": "99.01"}  # fmt: skip
    return pd.DataFrame([same | {"ratee": f"p{k}", "score": 60 + k, "period": str(y)} for y in years for k in range(6)])


def test_the_command_chooses_among_regions_and_years(files: Path, tmp_path: Path) -> None:
    done = run(files, out=tmp_path / "a", level=["internal"], jobs=1, region="Mamuju", year=2025)
    assert done.frame[["region", "year", "status"]].values.tolist() == [["76.02", 2025, "done"]]
    assert (done.exit_code, done.counts["audited"], done.left) == (0, 1, 3)
    again = run(files, out=tmp_path / "a", level=["internal"], jobs=1, region="76.02", year=2025)
    assert again.counts["audited"] == 0
    whole = run(files, out=tmp_path / "a", level=["internal"], jobs=1)
    assert (whole.counts["audited"], whole.counts["resumed"], whole.left) == (3, 1, 0)


def test_what_was_chosen_is_what_all_together_give(files: Path) -> None:
    chosen, whole = audit(files, region="76.02", year=2025), audit(files)
    assert chosen.cells == (("76.02", 2025),)
    for name, result in whole.select(region="76.02", year=2025).results.items():
        pd.testing.assert_frame_equal(chosen.results[name].frame, result.frame.reset_index(drop=True))


def test_a_year_that_no_file_tells_is_refused(files: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        audit(files, year=2023)
    assert {p.code for p in refused.value.problems if p.severity == "error"} == {"KA-E502"}
    told = [p.value for p in refused.value.problems if p.severity == "error"]
    assert sorted(told) == ["2024", "2025"], "many sheets, one odd command: each year once"
    with pytest.raises(InputRefused) as refused:
        audit(files, region="73.06")
    problems = [p for p in refused.value.problems if p.severity == "error"]
    assert {p.code for p in problems} == {"KA-E501"}
    assert len({p.value for p in problems}) == len(problems) == 3, "each once: Kuranji is in Padang"
    assert check(files, region="Mamuju", year=2025).ok


def test_odd_rows_in_a_sheet_of_the_chosen_year_are_refused() -> None:
    config = AuditConfig(identifiers="pseudonymous")
    assert sorted(read(frame([2024, 2025]), year=2025, config=config).ratings["year"].unique()) == [2024, 2025]
    odd = pd.concat([frame([2025] * 4), frame([2024])[:1]])
    odd = odd.assign(criterion=[f"k{i // 6}" for i in range(len(odd))])
    with pytest.raises(InputRefused) as refused:
        read(odd, year=2025, config=config)
    (problem,) = [p for p in refused.value.problems if p.severity == "error"]
    assert (problem.code, problem.count, problem.value) == ("KA-E502", 1, "2024")
    assert read(odd, config=config).ratings["year"].nunique() == 2


def test_a_store_is_chosen_from_but_keeps_all(files: Path, tmp_path: Path) -> None:
    store, config = tmp_path / "simpanan", AuditConfig()
    partly = CliRunner().invoke(cli, ["store", str(files), "--to", str(store), "--region", "76.02"])
    assert isinstance(partly.exception, UsageError)
    assert "kinerja audit" in partly.exception.text("id")
    assert CliRunner().invoke(cli, ["store", str(files), "--to", str(store)]).exit_code == 0
    done = run(store, out=tmp_path / "a", level=["internal"], jobs=1, config=config, region="Mamuju", year=2024)
    assert done.frame[["region", "year"]].values.tolist() == [["76.02", 2024]]
    with pytest.raises(UsageError, match="asked for"):
        run(store, out=tmp_path / "a", level=["internal"], jobs=1, config=config, region="76.02", year=2019)
