"""What is told while reading: files before and after each of them, rows so far."""

from typing import Any

from kinerja_analysis.read import check, read


def test_files_and_rows_are_counted(make: Any) -> None:
    """Two tables of six rows each, one of them for another year."""
    make.text([make.long_header, *make.scores()], "a.csv")
    make.text([make.long_header, *[["2024", *r[1:]] for r in make.scores()]], "b.csv")
    told: list[tuple[str, int, int]] = []
    read(make.folder, config=make.config, progress=lambda *step: told.append(step))
    assert told == [("rows", 0, 0), ("files", 0, 2), ("rows", 6, 0), ("files", 1, 2), ("rows", 12, 0), ("files", 2, 2)]


def test_a_refused_file_counts_too(make: Any) -> None:
    make.text([["a", "b"]], "a.csv")
    told: list[tuple[str, int, int]] = []
    check(make.folder / "a.csv", config=make.config, progress=lambda *step: told.append(step))
    assert told[-1] == ("files", 1, 1)
