"""CPU seconds of the report step: the engines, where one region's set goes, and growth to 514 regions.

Writes ``benchmarks/report_speed.csv``; run by ``make bench-report``. Simulated regions (scenario ``demo``), audited
once; CPU seconds are those of this process and of everything it started, so they do not depend on the number of cores.

- engines: a notebook that imports what a report needs and ends, in a fork and in a new kernel, by turns; medians.
- set: one region, one language, one level, medians; ``notebooks`` is the set without any form, of which loading the
  audit, words and figures are measured apart; each form is what a set with it costs more than one without. ``both``:
  both levels one after the other, as a run makes them, so that they share pictures.
- growth: the public sets of 4, 38 and 514 regions in both languages, made of copies of the demo's audits under other
  codes; with the index, through worker processes as in a run. Peak: the largest process.

``report_speed.py 4`` measures growth for 4 regions only and writes nothing; ``--write`` writes what was measured.
"""

from __future__ import annotations

import csv
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinerja_analysis.base.results import Audit, Design, Result, merge
from kinerja_analysis.base.tables import ScoreTable

OUT = Path(__file__).with_suffix(".csv")
GROWTH = (4, 38, 514)
YEAR = 2025
SMALL = 0.1  #: scale of the regions that growth is measured with
TURNS = 7
REPEATS = 3
COLUMNS = ("part", "what", "regions", "level", "cpu_s", "cpu_s_per_set", "peak_mb", "n")
CELLS = (
    'region = "00.00"\nyear = 2000\nlang = "id"\nlevel = "public"',
    "from kinerja_analysis.report.notebook import Report\n"
    "from kinerja_analysis.report.page import region_page\n"
    "from kinerja_analysis.report.html import fragment",
    "import matplotlib.figure, matplotlib.backends.backend_agg, pyarrow.parquet",
    "print('kinerja: selesai')",
)


def cpu() -> float:
    """Return the CPU seconds of this process and of all its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def spent(task: Callable[[], object]) -> float:
    """Return the CPU seconds of a task."""
    start = cpu()
    task()
    return cpu() - start


def row(
    part: str, what: str, values: list[float], *, regions: int = 1, level: str = "", sets: int = 1
) -> dict[str, Any]:
    """Return a line of the table: the median of the values, printed too."""
    value = statistics.median(values)
    peak = max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(f"{part:8} {what:12} {regions:4} {level:9} {value:9.2f} CPU s  {value / sets:6.2f} a set", flush=True)
    told = (part, what, regions, level, round(value, 3), round(value / sets, 3), round(peak), len(values))
    return dict(zip(COLUMNS, told, strict=True))


def engines(folder: Path) -> list[dict[str, Any]]:
    """Measure both engines by turns."""
    import nbformat

    from kinerja_analysis.report.engine import execute

    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    spec = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    place = folder / "kosong.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), place)
    chosen = {"region": "99.01", "year": YEAR, "lang": "id", "level": "public"}
    found: dict[str, list[float]] = {"fork": [], "kernel": []}
    for turn in range(TURNS + 1):
        for name, seconds in found.items():
            used = spent(lambda name=name: execute(place, folder, chosen, warm=name == "fork"))  # type: ignore[misc]
            seconds += [used] if turn else []  # the first imports papermill and warms up
    return [row("engine", name, seconds) for name, seconds in found.items()]


def make_sets(editions: list[Audit], folder: Path, formats: tuple[str, ...]) -> None:
    """Make the sets of one cell at each level, one after the other; pictures of earlier sets are forgotten."""
    from kinerja_analysis.report import produce
    from kinerja_analysis.show import charts

    charts.begin("")
    for audit in editions:
        (region, year), level = audit.cells[0], audit.level
        job = produce.Job(region, year, level, ("id",), formats, audit.name(region))
        produce.make(job, audit, folder, produce.notebooks_folder())


def one_set(audit: Audit, folder: Path) -> list[dict[str, Any]]:
    """Measure where one set in one language goes."""
    from kinerja_analysis.base.store import load_audit, save_audit
    from kinerja_analysis.report import produce
    from kinerja_analysis.report.page import quality_page, region_page
    from kinerja_analysis.show import charts

    def made(*formats: str) -> list[float]:
        return [spent(lambda: make_sets([audit], folder, formats)) for _ in range(REPEATS)]

    def page(pictures: bool) -> None:
        region_page(audit, "id", pictures=pictures)
        charts._DRAWN.clear()  # a fork would inherit them

    save_audit(audit, folder / "audit")
    made()
    bare, words = made(), [spent(lambda: page(False)) for _ in range(REPEATS)]
    drawn = [spent(lambda: page(True)) - statistics.median(words) for _ in range(REPEATS)]
    rows = [
        ("load", [spent(lambda: load_audit(folder / "audit")) for _ in range(REPEATS)]), ("words", words),
        ("figures", drawn), ("quality", [spent(lambda: quality_page(audit, "id")) for _ in range(REPEATS)]),
        ("notebooks", bare),
        *((f, [s - statistics.median(bare) for s in made(f)]) for f in produce.FORMATS),
        ("all", made(*produce.FORMATS)),
    ]  # fmt: skip
    return [row("set", what, seconds, level=audit.level) for what, seconds in rows]


def copy(audit: Audit, code: str) -> Audit:
    """Return an audit of one region under another code."""
    ((region, year),) = audit.cells

    def moved(frame: Any) -> Any:
        names = [c for c in ("region", "subject") if c in frame]
        return frame.assign(**{c: frame[c].where(frame[c] != region, code) for c in names})

    declared = audit.config.regions[region].model_copy(update={"name": f"Wilayah {code}"})
    return replace(
        audit, cells=((code, year),), design=Design(moved(audit.design.frame)),
        scores=ScoreTable(moved(audit.scores.frame)), counts={n: moved(f) for n, f in audit.counts.items()},
        results={n: Result(n, moved(r.frame)) for n, r in audit.results.items()},
        config=audit.config.model_copy(update={"regions": {code: declared}}),
    )  # fmt: skip


def growth(audits: list[Audit], count: int, folder: Path) -> dict[str, Any]:
    """Measure the sets of ``count`` regions in both languages, index included."""
    from kinerja_analysis.report.produce import FORMATS, produce

    codes = [f"{10 + i // 90}.{10 + i % 90}" for i in range(count)]
    whole = merge([copy(audits[i % len(audits)], code) for i, code in enumerate(codes)])
    task = lambda: produce({"public": whole}, folder, languages=("id", "en"), formats=FORMATS)  # noqa: E731
    return row("growth", "all", [spent(task)], regions=count, level="public", sets=2 * count)


def demo(size: float | None) -> list[Audit]:
    """Return the audits of the demo's regions in the last year."""
    from kinerja_analysis.pipeline import audit
    from kinerja_analysis.simulate import simulate

    world = simulate(None, (YEAR - 1, YEAR), seed=1, size=size)
    whole = audit(world.tables, config=world.config)
    return [whole.select(region=r, year=y) for r, y in whole.cells if y == YEAR]


def main(chosen: list[str]) -> None:
    """Measure and, for all sizes or with ``--write``, write the table."""
    from kinerja_analysis.release import release
    from kinerja_analysis.report.produce import FORMATS

    sizes = tuple(int(c) for c in chosen if c.isdigit())
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows += engines(folder)
        first = demo(None)[-1]
        for edition in (release(first), first):
            rows += one_set(edition, folder / edition.level)
        pair = [release(first), first]
        many = [spent(lambda: make_sets(pair, folder / "both", FORMATS)) for _ in range(REPEATS)]
        rows.append(row("set", "both", many, level="both", sets=2))
        small = [release(a) for a in demo(SMALL)]
        rows += [growth(small, count, folder / str(count)) for count in sizes or GROWTH]
    if sizes and "--write" not in chosen:
        return
    with OUT.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"written: {OUT.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
