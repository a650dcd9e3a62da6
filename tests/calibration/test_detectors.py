"""The committed calibration of the detectors: held to what must be answered, to the pages, and to fresh regions."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import pytest
from calibration_pages import BEGIN, END, LOW, floors, is_weak, must_answer, placed, summary, table
from detectors import FRESH, ROOT, Rows, cells, compare, count, differ, done, exact, load, most, recheck, save
from worlds import DESIGNS, PROBLEMS, region

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.detect import REGISTRY, calibration

FDR = AuditConfig().fdr
ROWS = load()
KNOWN = tuple(sorted({key[4] for key in ROWS}))
FEW = 4


def rows_of(level: str) -> Rows:
    return {key: row for key, row in ROWS.items() if key[2] == level}


def test_every_detector_is_calibrated_and_every_answer_is_decided() -> None:
    assert set(KNOWN) == set(REGISTRY)
    assert {(key[4], key[5], key[0]) for key in rows_of("zero")} == set(must_answer())
    assert {line["must"] for line in must_answer().values()} == {"answer", "may refuse"}


def test_refusals_are_rare_where_an_answer_is_due() -> None:
    must = {name: line["must"] for name, line in must_answer().items()}
    due = {key: row for key, row in rows_of("zero").items() if must[key[4], key[5], key[0]] == "answer"}
    wrong = [key for key, row in due.items() if row["runs"] - row["answered"] > most(row["runs"], 0.05, len(due))]
    assert not wrong
    assert {key[4] for key in due} == set(REGISTRY), "refusing everywhere is no way out"


@pytest.mark.parametrize("level", ["zero", "boundary"])
def test_false_alarms_stay_below_the_rate_that_is_promised(level: str) -> None:
    mine = {key: row for key, row in rows_of(level).items() if row["answered"]}
    limit = {key: most(row["answered"], FDR, len(mine)) for key, row in mine.items()}
    assert not [(key, row["flagged"], limit[key]) for key, row in mine.items() if row["flagged"] > limit[key]]


def test_ranges_hold_the_truth() -> None:
    """95 % ranges may miss in 5 % and two points more (few clusters); intervals of a region hang together."""
    mine = {key: row for key, row in rows_of("zero").items() if row["intervals"]}
    share = {key: (row["covered"] / row["intervals"], row["runs"]) for key, row in mine.items()}
    wrong = [(k, c) for k, (c, runs) in share.items() if exact(round(c * runs), runs, 1 - 0.01 / len(mine))[1] < 0.93]
    assert not wrong


def test_power_does_not_fall_below_its_floor_and_low_power_passes_printed() -> None:
    low = set()
    for key, row in rows_of("large").items():
        line = must_answer()[key[4], key[5], key[0]]
        if row["answered"]:
            assert exact(row["flagged"], row["answered"])[1] >= float(line["floor"]), key
        assert bool(line["note"]) == is_weak(row), key
        low |= {key} if line["note"] else set()
    assert low, "power below the mark is a result, not a failure"
    for key in low:
        page = (ROOT / "docs" / "metode" / f"{key[4]}.md").read_text(encoding="utf-8")
        assert f"Power below {LOW:.0%}".replace("%", " %") in page


@pytest.mark.parametrize("detector", KNOWN)
def test_the_page_shows_the_table(detector: str) -> None:
    page = (ROOT / "docs" / "metode" / f"{detector}.md").read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == table(ROWS, detector)
    assert placed(page, table(ROWS, detector)) == page


def test_the_package_ships_the_summary() -> None:
    assert {d: dict(line) for d, line in calibration.measured().items()} == {
        str(line["detector"]): {k: str(v) for k, v in line.items()} for line in summary(ROWS)
    }


@cache
def fresh_counts(problem: str) -> Rows:
    """What is found in a few regions of seeds that the table has not seen."""
    size = PROBLEMS[problem].levels("nested")["large"] if problem else 0.0
    cell = ("nested", problem, "large" if problem else "zero", float(size))
    detectors = dict(cells())[cell]
    return count(cell, [d for d in detectors if done(ROWS, cell, d)], range(FRESH, FRESH + FEW))


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["", *(n for n, p in PROBLEMS.items() if p.detector in REGISTRY)])
def test_fresh_regions_agree_with_the_table(problem: str) -> None:
    assert not compare(ROWS, fresh_counts(problem))


def test_a_region_of_the_table_is_always_the_same() -> None:
    """Same run, same region; another size changes nothing but what is planted."""
    first, again, other = (region("nested", "gap", size, 3).multisource["score"] for size in (1.0, 1.0, 4.0))
    assert first.equals(again)
    assert 0 < (first != other).mean() < 0.2


def test_the_designs_are_what_they_are_called() -> None:
    ctx = region("cross25", "", 0.0, 1)
    peers = ctx.pairs[ctx.pairs["source"] == "peer"]
    home = ctx.pairs[ctx.pairs["source"] == "self"].set_index("ratee")["unit"]
    foreign = (peers["rater"].map(home) != peers["unit"])[peers["rater"].isin(home.index)].mean()
    assert 0.2 < foreign < 0.3
    assert (ctx.multisource["score"] >= 4).mean() > 0.4
    assert ctx.multisource["score"].nunique() == 5
    baik = region("almost_all_baik", "", 0.0, 1).heads["predikat"]
    assert 0.975 < (baik == "BAIK").sum() / baik.notna().sum() < 1
    small = region("small_teams", "", 0.0, 1).teams
    assert 0.8 < small.groupby("supervisor").size().between(3, 9).mean() < 1


def test_bands() -> None:
    """Binomial chances by hand: .9^20 = .122; 12 of 20 against 0 of 100 is no chance, 2 of 20 may be."""
    assert differ(0, 100, 12, 20) and not differ(0, 100, 2, 20) and not differ(0, 0, 1, 1)
    assert most(20, 0.10, 7) == 7
    assert exact(0, 10)[1] == pytest.approx(1 - 0.025 ** (1 / 10))
    assert exact(10, 10) == pytest.approx((0.025 ** (1 / 10), 1.0))


def test_a_killed_run_continues_and_changed_code_starts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import detectors

    monkeypatch.setattr(detectors, "RESULT", tmp_path / "found.csv")
    cell = ("nested", "mismatch", "large", 0.02)
    whole = count(cell, ["matrix_check"], range(4))
    ((key, row),) = whole.items()
    digest = calibration.closure_hash("matrix_check")
    half = {key: count(cell, ["matrix_check"], range(2))[key] | {"hash": digest}}
    save(half)
    read = load(detectors.RESULT)
    assert done(read, cell, "matrix_check") == 2
    rest = count(cell, ["matrix_check"], range(2, 4))[key]
    for name in ("runs", "answered", "flagged"):
        assert read[key][name] + rest[name] == row[name]
    assert read[key]["sum"] + rest["sum"] == pytest.approx(row["sum"], rel=1e-3)
    assert done({key: read[key] | {"hash": "another"}}, cell, "matrix_check") == 0


def test_the_cell_of_the_day_is_held_to_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert recheck(dt.date(2026, 1, 5), runs=2) == 0
    assert "within the band" in capsys.readouterr().out


def test_a_wrong_table_is_noticed() -> None:
    """40 of 50 and 13 of 20 may have one rate; 5 of 20, and 2 flags of 13 answers against 32 of 40, have not."""
    key = ("nested", "", "zero", "0", "halo", "multisource")
    table = {"runs": 50, "answered": 40, "flagged": 32, "intervals": 50, "covered": 40}
    near = {"runs": 20, "answered": 13, "flagged": 10, "intervals": 20, "covered": 13}
    assert not compare({key: table}, {key: near})
    for part in ({"answered": 5, "flagged": 4}, {"flagged": 2}, {"covered": 5}):
        (text,) = compare({key: table}, {key: near | part})
        assert next(iter(part)) in text


def test_floors_keep_decisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import calibration_pages

    path = tmp_path / "must.csv"
    before = {key: (line["must"], line["note"]) for key, line in must_answer().items()}
    path.write_bytes(calibration_pages.MUST.read_bytes())
    monkeypatch.setattr(calibration_pages, "MUST", path)
    floors(ROWS)
    assert {key: (line["must"], line["note"]) for key, line in must_answer().items()} == before
    assert set(DESIGNS) >= {key[2] for key in before}
