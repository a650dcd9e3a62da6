"""Writes what ``detectors.csv`` says where readers find it: the methods' pages, the package's summary, the floors."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any

from detectors import MUST, ROOT, SUMMARY, Rows, exact, write_lines
from worlds import DESIGNS, LEVELS, PROBLEMS

BEGIN, END = "<!-- kalibrasi -->", "<!-- /kalibrasi -->"
LOW = 0.80
MUST_FIELDS = ("detector", "scope", "design", "must", "floor", "note")
SUMMARY_FIELDS = ("detector", "hash", "answers", "flagged", "planted", "found", "intervals", "covered")


def write_all(rows: Rows) -> None:
    """Rewrite the pages' tables and the package's summary."""
    for detector in dict.fromkeys(key[4] for key in rows):
        page = ROOT / "docs" / "metode" / f"{detector}.md"
        if page.exists():
            page.write_text(placed(page.read_text(encoding="utf-8"), table(rows, detector)), encoding="utf-8")
    write_lines(SUMMARY, SUMMARY_FIELDS, summary(rows))


def summary(rows: Rows) -> list[dict[str, object]]:
    """One line per detector; a hash only where all its rows have the same one."""
    lines = []
    for detector in sorted({key[4] for key in rows}):
        mine = {key: row for key, row in rows.items() if key[4] == detector}
        digests = {str(row["hash"]) for row in mine.values()}
        zero = [row for key, row in mine.items() if key[2] == "zero"]
        large = [row for key, row in mine.items() if key[2] == "large"]
        values = (
            detector, digests.pop() if len(digests) == 1 else "", _sum(zero, "answered"), _sum(zero, "flagged"),
            _sum(large, "answered"), _sum(large, "flagged"), _sum(zero, "intervals"), _sum(zero, "covered"),
        )  # fmt: skip
        lines.append(dict(zip(SUMMARY_FIELDS, values, strict=True)))
    return lines


def _sum(rows: Iterable[dict[str, Any]], name: str) -> int:
    return int(sum(row[name] for row in rows))


def placed(page: str, text: str) -> str:
    """Put the table between its markers; a page without them gets them before its sources."""
    block = f"{BEGIN}\n{text}\n{END}"
    if BEGIN in page:
        return re.sub(f"{BEGIN}.*?{END}", lambda _: block, page, flags=re.DOTALL)
    head, sources, tail = page.partition("**Sources.**")
    return f"{head}{block}\n\n{sources}{tail}" if sources else f"{page.rstrip()}\n\n{block}\n"


def table(rows: Rows, detector: str) -> str:
    """The calibration of one detector as Markdown."""
    mine = {key: row for key, row in rows.items() if key[4] == detector}
    digest = sorted({str(row["hash"]) for row in mine.values()})
    names = sorted({key[1] for key in mine if key[1]})
    lines = [
        "## Calibration", "",
        f"Simulated regions of 1,000 employees (`large`: 4,000), `make calibrate`, code `{'`, `'.join(digest)}`. "
        "Each entry: regions flagged of regions answered (rate with its 95 % range). Nothing planted: false alarms of "
        "a region, at most 10 % by design; at the threshold: the planted effect equals the practical difference. "
        f"Planted: {'; '.join(f'`{n}` ' + _sizes(n) for n in names) or 'nothing'}.", "",
        "| data | design | nothing planted | at the threshold | small | medium | large | ranges that hold the truth |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for scope in sorted({key[5] for key in mine}):
        for design in DESIGNS:
            part = {key[1:3]: row for key, row in mine.items() if (key[0], key[5]) == (design, scope)}
            planted = [n for n in names if any(key[0] == n for key in part)]
            several = len(planted) > 1  # then what is measured without any problem has a line of its own
            for name in ["", *planted] if several else (planted or [""]) if part else []:
                zero = None if several and name else part.get(("", "zero"))
                found = [zero, *(part.get((name, level)) for level in LEVELS[1:])]
                label = f"{design}, `{name}`" if several and name else design
                lines.append(f"| {scope} | {label} | {' | '.join(map(_entry, found))} | {_coverage(zero)} |")
    weak = [f"{k[0]} ({k[5]})" for k, row in mine.items() if k[2] == "large" and is_weak(row)]
    if weak:
        lines += ["", f"Power below {LOW:.0%}".replace("%", " %") + f" even for the large problem: {', '.join(weak)}."]
    return "\n".join(lines)


def _sizes(problem: str) -> str:
    return ", ".join(f"{level} {size:g}" for level, size in PROBLEMS[problem].levels("nested").items())


def _entry(row: dict[str, Any] | None) -> str:
    if row is None or not row["runs"]:
        return "–"
    if not row["answered"]:
        return f"no answer (0 of {row['runs']:.0f})"
    lower, upper = exact(row["flagged"], row["answered"])
    few = f", {row['answered']:.0f} of {row['runs']:.0f} answered" if row["answered"] < row["runs"] else ""
    return (f"{row['flagged']:.0f}/{row['answered']:.0f} = {100 * row['flagged'] / row['answered']:.0f} % "
            f"({100 * lower:.0f}–{100 * upper:.0f}){few}")  # fmt: skip


def _coverage(row: dict[str, Any] | None) -> str:
    if row is None or not row["intervals"]:
        return "–"
    return f"{row['covered']:.0f}/{row['intervals']:.0f} = {100 * row['covered'] / row['intervals']:.1f} %"


def is_weak(row: dict[str, Any]) -> bool:
    """Whether the power may lie below ``LOW``: too few found, or too few answers to tell."""
    return not row["answered"] or row["flagged"] / row["answered"] < LOW


def must_answer() -> dict[tuple[str, str, str], dict[str, str]]:
    """The committed table: detector, kind of data, design -> ``must floor note``."""
    if not MUST.exists():
        return {}
    lines = csv.DictReader(MUST.read_text(encoding="utf-8").splitlines())
    return {(line["detector"], line["scope"], line["design"]): line for line in lines}


def floors(rows: Rows) -> None:
    """Renew the floors (lower 99.9 % limit of the power found) and notes; a decision once made stays.

    A new line must answer if 95 % of its regions did.
    """
    known, lines = must_answer(), []
    for key in sorted((k for k in rows if k[2] == "zero"), key=lambda k: (k[4], k[5], list(DESIGNS).index(k[0]))):
        design, detector, scope = key[0], key[4], key[5]
        row = rows[key]
        same = (design, "large", detector, scope)
        every = [r for k, r in rows.items() if (k[0], k[2], k[4], k[5]) == same]
        large = min(every, key=lambda r: r["flagged"] / max(r["answered"], 1), default=None)
        answers = "answer" if row["answered"] >= 0.95 * row["runs"] else "may refuse"
        must = known.get((detector, scope, design), {}).get("must", answers)
        floor = exact(large["flagged"], large["answered"], 0.998)[0] if large and large["answered"] else 0.0
        due = any(p.detector == detector and scope in p.scopes for p in PROBLEMS.values()) and DESIGNS[design].planted
        note = "not measured yet" if due and not large else "" if large else "not planted"
        note = f"power below {LOW:.2f}" if large and is_weak(large) else note
        values = (detector, scope, design, must, f"{floor:.2f}", note)
        lines.append(dict(zip(MUST_FIELDS, values, strict=True)))
    write_lines(MUST, MUST_FIELDS, lines)
