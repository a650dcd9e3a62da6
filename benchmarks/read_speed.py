"""Speed of reading against DuckDB: a million ratings as csv, and an e-Kinerja workbook of 100,000 rows.

    make bench-read

Every contender runs in a process of its own, in turns, ``RUNS`` times; the table holds medians: ``cpu`` is user and
system time of the whole process, ``work`` the same without starting Python and importing, ``memory`` the peak
resident set, ``ratio`` the work against DuckDB's work on the same file (with the types it finds itself). DuckDB reads
the file and groups it by source and criterion with the mean score, in one thread. The NIPs are impossible (born 1900
to 1909). The workbook is written once with shared and once with inline strings, as different programs do.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

RATINGS, ROWS, RUNS = 1_000_000, 100_000, 5
CRITERIA = ("pelayanan", "akuntabel", "kompeten", "harmonis", "loyal", "adaptif", "kolaboratif")
SOURCES = ("ATASAN", "DIRI", "REKAN", "REKAN", "REKAN", "BAWAHAN", "BAWAHAN")
TEAM = 12
RESULT = Path(__file__).with_suffix(".csv")
CONTENDERS = {
    "duckdb": "ratings.csv", "duckdb all_varchar": "ratings.csv", "check": "ratings.csv", "read": "ratings.csv",
    "check shared strings": "shared.xlsx", "check inline strings": "inline.xlsx", "read inline strings": "inline.xlsx",
}  # fmt: skip


def nips(n: int, rng: Any) -> Any:
    """Return ``n`` different impossible NIPs."""
    import numpy as np

    born = np.datetime64("1900-01-01") + rng.integers(0, 3652, n)
    parts = [
        np.char.replace(born.astype(str), "-", ""), rng.integers(1960, 2020, n).astype(str),
        np.char.zfill(rng.integers(1, 13, n).astype(str), 2), rng.integers(1, 3, n).astype(str),
        np.char.zfill((np.arange(n) % 999 + 1).astype(str), 3),
    ]  # fmt: skip
    found = parts[0]
    for part in parts[1:]:
        found = np.char.add(found, part)
    assert len(set(found.tolist())) == n
    return found


def write_ratings(place: Path) -> None:
    """Write a million ratings, one row per score, in the columns of the simulated 360 sheets."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    per_person = len(CRITERIA) * len(SOURCES)
    people = -(-RATINGS // per_person)
    nip = nips(people, rng)
    pair = np.arange(people * len(SOURCES))
    ratee, turn = pair // len(SOURCES), pair % len(SOURCES)
    step = np.array([0, 0, 1, 2, 3, 4, 5])[turn]
    team = ratee // TEAM
    rater = np.where(turn == 0, (ratee // TEAM * TEAM + TEAM) % people, (ratee + step) % people)
    units = np.array([f"Unit Contoh {i:04d}" for i in range(team.max() + 1)])
    stamp = np.datetime64("2025-12-01T08:00:00") + rng.integers(0, 20 * 86400, len(pair))
    frame = pd.DataFrame(
        {
            "periode": "2025", "wilayah": "98.01", "nip_dinilai": nip[ratee], "nip_penilai": nip[rater],
            "peran_penilai": np.array(SOURCES)[turn], "unor": units[team], "opd": "Dinas Contoh " + pd.Series(
                (team // 40).astype(str)), "skala_min": 0, "skala_maks": 100,
            "waktu": pd.Series(stamp).dt.strftime("%Y-%m-%d %H:%M:%S"),
        }
    )  # fmt: skip
    frame = frame.loc[frame.index.repeat(len(CRITERIA))].reset_index(drop=True)
    frame.insert(7, "dimensi", np.tile(np.array(CRITERIA), len(pair)))
    frame.insert(8, "nilai", np.clip(np.rint(rng.normal(82, 8, len(frame))), 0, 100).astype(int))
    frame[:RATINGS].to_csv(place, index=False, lineterminator="\n")


def export() -> tuple[list[list[str]], int]:
    """Return the cells of an e-Kinerja export with 100,000 employees, and the row its column names stand in."""
    import numpy as np

    from kinerja_analysis.simulate.files import EKINERJA_COLUMNS

    rng = np.random.default_rng(2)
    nip = nips(ROWS, rng)
    top = ["Laporan Penilaian SKP Periode Tahunan Tahun 2025", "Instansi Pemerintah Kab. Contoh", "Periode : Tahunan",
           "Unor Induk : ALL", "Unor : ALL", "Data ditarik pada : 10/1/2026 09.15.00", ""]  # fmt: skip
    levels = np.array(["SESUAI EKSPEKTASI", "DIATAS EKSPEKTASI", "DIBAWAH EKSPEKTASI"])
    level = levels[rng.choice(3, ROWS, p=[0.9, 0.09, 0.01])]
    result = np.where(level == levels[1], "SANGAT BAIK", np.where(level == levels[0], "BAIK", "KURANG"))
    stamp = np.datetime64("2025-12-01T08:00:00") + rng.integers(0, 20 * 86400, ROWS)
    times = [str(s).replace("T", " ") for s in stamp]

    def code(kind: int, n: int) -> str:
        return f"00000000-0000-4000-8{kind:03d}-{n:012d}"

    rows = [[line] for line in top] + [list(EKINERJA_COLUMNS)]
    for i in range(ROWS):
        team = i // TEAM
        chief = (team * TEAM + TEAM) % ROWS
        unit, head = f"Unit Contoh {team:04d}", f"Dinas Contoh {team // 40:03d}"
        rows.append(
            [code(1, i), "T", nip[i], f"Pegawai Contoh {i}", "2025", code(2, 0), code(3, i), code(4, i), "2025-01-01",
             "2025-12-31", code(5, team), unit, code(5, 10**6 + team // 40), head, f"Jabatan Contoh {i % 90}", "4", "0",
             "III/c", "pns", level[i], level[i], result[i], code(1, chief), nip[chief], f"Pegawai Contoh {chief}",
             f"Jabatan Contoh {chief % 90}", "III/d", code(5, team), unit, code(1, chief), times[i],
             "2025-12-31 23:00:00"]
        )  # fmt: skip
    return rows, len(top) + 1


def write_workbook(place: Path, rows: list[list[str]], *, shared: bool) -> None:
    """Write rows as a workbook of text cells."""
    from kinerja_analysis.read.cells import letters

    main, kind = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "officeDocument/2006/relationships"
    office = f"http://schemas.openxmlformats.org/{kind}"
    package = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    columns = [letters(j) for j in range(max(map(len, rows)))]
    known: dict[str, int] = {}
    body = []
    for i, row in enumerate(rows, 1):
        if shared:
            cells = [f'<c r="{c}{i}" t="s"><v>{known.setdefault(v, len(known))}</v></c>'
                     for c, v in zip(columns, row, strict=False) if v]  # fmt: skip
        else:
            cells = [f'<c r="{c}{i}" t="inlineStr"><is><t>{v}</t></is></c>'
                     for c, v in zip(columns, row, strict=False) if v]  # fmt: skip
        body.append(f'<row r="{i}">{"".join(cells)}</row>')
    strings = "".join(f"<si><t>{v}</t></si>" for v in known)
    links = [(f"{office}/worksheet", "worksheets/sheet1.xml"), (f"{office}/sharedStrings", "sharedStrings.xml")]
    relations = "".join(f'<Relationship Id="rId{k}" Type="{t}" Target="{p}"/>' for k, (t, p) in enumerate(links, 1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{content}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{content}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Sheet1" sheetId="1" '
        'r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{relations}</Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(body)}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, head + text)


def make(folder: Path) -> None:
    """Write all files and a configuration."""
    (folder / "kinerja.toml").write_text('[regions."98.01"]\nname = "Kab. Contoh"\n', encoding="utf-8")
    write_ratings(folder / "ratings.csv")
    rows, _ = export()
    write_workbook(folder / "shared.xlsx", rows, shared=True)
    write_workbook(folder / "inline.xlsx", rows, shared=False)


def contend(name: str, place: str) -> None:
    """Do one contender's work; print its CPU seconds and what it found."""
    if name.startswith("duckdb"):
        import duckdb

        start = time.process_time()
        told = ", all_varchar=true" if "varchar" in name else ""
        base = duckdb.connect(config={"threads": 1})
        groups = base.sql(
            f"select peran_penilai, dimensi, avg(nilai::double) from read_csv('{place}'{told}) group by 1, 2"
        ).fetchall()
        found = f"{len(groups)} groups"
    else:
        from kinerja_analysis.base.config import AuditConfig
        from kinerja_analysis.read import check, read

        start = time.process_time()
        config = AuditConfig.read(Path(place).with_name("kinerja.toml"))
        if name.startswith("check"):
            report = check(place, config=config)
            assert report.ok and not report.counts["warning"], report.summary("en")[:2000]
            found = f"{report.rows} rows"
        else:
            tables = read(place, config=config)
            found = f"{len(tables.ratings)} ratings, {len(tables.employees)} employees"
    print(f"{time.process_time() - start:.3f}|{found}")


def measure(name: str, place: Path) -> tuple[float, float, float, str]:
    """Return CPU seconds of a new process, those of the work itself, peak memory in MB, what was found."""
    command = [sys.executable, __file__, "--contend", name, str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{name}: exit code {process.returncode}")
    work, _, found = told.strip().rpartition("\n")[2].partition("|")
    return usage.ru_utime + usage.ru_stime, float(work), usage.ru_maxrss / 1024, found


def main(folder: Path, chosen: str) -> None:
    """Make the files (where they are not there), measure everybody in turns, print and write the table."""
    if not (folder / "inline.xlsx").is_file():
        subprocess.run([sys.executable, __file__, "--make", str(folder)], check=True)
    names = [n for n in CONTENDERS if n.startswith(tuple(chosen.split(",")))] if chosen else list(CONTENDERS)
    runs: dict[str, list[tuple[float, float, float, str]]] = {n: [] for n in names}
    for _ in range(RUNS):
        for name in names:
            runs[name].append(measure(name, folder / CONTENDERS[name]))
    rows = []
    yardstick = statistics.median(r[1] for r in runs["duckdb"]) if "duckdb" in runs else float("nan")
    for name, found in runs.items():
        cpu, work, memory = (statistics.median(r[k] for r in found) for k in range(3))  # type: ignore[type-var]
        ratio = f"{work / yardstick:.2f}" if CONTENDERS[name].endswith(".csv") else ""
        size = (folder / CONTENDERS[name]).stat().st_size / 1e6
        rows.append([name, CONTENDERS[name], f"{size:.0f}", f"{cpu:.2f}", f"{work:.2f}", f"{memory:.0f}", ratio,
                     found[0][3]])  # fmt: skip
    head = ["contender", "file", "file_mb", "cpu_s", "work_s", "memory_mb", "ratio", "found"]
    for row in [head, *rows]:
        print("  ".join(f"{c:>12}" if i > 1 else f"{c:<22}" for i, c in enumerate(row)))
    if not chosen:
        versions = [f"{p} {importlib.metadata.version(p)}" for p in ("duckdb", "pandas", "pyarrow", "python-calamine")]
        with RESULT.open("w", newline="", encoding="utf-8") as stream:
            stream.write(f"# make bench-read, {dt.date.today()}, medians of {RUNS} runs in turns, CPU seconds, MB; "
                         f"Python {platform.python_version()}, {', '.join(versions)}\n")  # fmt: skip
            csv.writer(stream, lineterminator="\n").writerows([head, *rows])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contend"]:
        contend(sys.argv[2], sys.argv[3])
    elif sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]))
    elif len(sys.argv) > 1:
        main(Path(sys.argv[1]), ",".join(sys.argv[2:]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place), "")
