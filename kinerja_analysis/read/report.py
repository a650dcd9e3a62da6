"""What a check found: all problems at once, in words, as a table, as a file beside the input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kinerja_analysis.base.errors import Problem, cell_in_words
from kinerja_analysis.base.shown import Shown
from kinerja_analysis.base.store import write_atomic
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.base.xlsx import neutral, text_book
from kinerja_analysis.read.guard import inspect
from kinerja_analysis.read.guess import Guess, toml

_SHOWN_RANGES = 6
_TOGETHER, _SHOWN_PLACES = 3, 12


@dataclass(frozen=True, slots=True, repr=False)
class CheckReport(Shown):
    """The problems of an input, the row accounting, file names by number, criteria of wide sheets (terminal only)."""

    problems: tuple[Problem, ...]
    accounting: pd.DataFrame
    files: tuple[str, ...]
    rows: int
    guesses: tuple[Guess, ...] = ()
    criteria: tuple[tuple[str, str, str], ...] = ()

    def mapping(self, lang: str = "id", given: str = "") -> str:
        """Return guesses for unknown columns as a configuration to be looked at and used, "" when there are none.

        ``given`` is the text of the configuration in use, which goes on in front of them.
        """
        return toml(self.guesses, lang, given) if self.guesses else ""

    @property
    def ok(self) -> bool:
        """Whether the input can be used: no errors (warnings and notes may be there)."""
        return not any(p.severity == "error" for p in self.problems)

    @property
    def counts(self) -> dict[str, int]:
        """Number of problems by severity, of files and of rows read."""
        found = {s: sum(p.severity == s for p in self.problems) for s in ("error", "warning", "note")}
        return {**found, "files": len(self.files), "rows": self.rows}

    def to_frame(self, lang: str = "id") -> pd.DataFrame:
        """Return one row per problem, with all cells and the words of a language."""
        records = [
            (p.code, say(f"problems.severity.{p.severity}", lang), p.file, p.sheet, cell_in_words(p.cell, lang),
             p.column, p.value, p.count, ", ".join(cell_in_words(c, lang) for c in ranges(p.others)), sentence(p, lang),
             p.text(lang, "repair"))
            for p in self.problems
        ]  # fmt: skip
        return pd.DataFrame(records, columns=say("language.problems", lang).split(", "))

    def summary(self, lang: str = "id") -> str:
        """Return the verdict and every problem: address first, what was seen, why it matters, the repair.

        What is the same in three places or more (sheets of many files) is said once, with the other places after it;
        of notes the first sentence stands for all.
        Of a wide 360 sheet the columns that were read as criteria are named.
        """
        n = self.counts
        names = dict.fromkeys(p.file for p in self.problems if p.severity == "error")
        where = next(iter(names)) if len(names) == 1 else ""
        key = "refused" if not self.ok else "accepted"
        told = {"n": n["error"], "rows": self.rows, "files": n["files"], "warnings": n["warning"], "notes": n["note"]}
        head = say(f"problems.report.{key}_one" if where else f"problems.report.{key}", lang, file=where, **told)
        same: dict[tuple[str, ...], list[Problem]] = {}
        for p in self.problems:
            what = "" if p.severity == "note" else sentence(p, lang)
            same.setdefault((p.code, what, p.text(lang, "repair")), []).append(p)
        blocks = [head]
        for group in same.values():
            alone = 1 if len(group) >= _TOGETHER else len(group)
            blocks += [_told(p, lang, group[alone:], with_file=p.file != where) for p in group[:alone]]
        read: dict[str, list[str]] = {}
        for file, sheet, names_ in self.criteria:
            at = ", ".join([file] + ([say("problems.report.in_sheet", lang, sheet=sheet)] if sheet else []))
            read.setdefault(names_, []).append(at)
        for names_, places in read.items():
            alone = 1 if len(places) >= _TOGETHER else len(places)
            texts = [say("problems.report.criteria", lang, place=at, names=names_) for at in places[:alone]]
            blocks += [" " + text + _also(places[alone:], lang) for text in texts]
        return "\n\n".join(blocks) if len(blocks) > 1 else head

    def save(self, path: str | Path = "masalah.xlsx", lang: str = "id") -> Path:
        """Write the problem list as .xlsx, .csv or .json (by the suffix); returns the path.

        No cell of it is a formula, whatever the input held.
        """
        place = Path(path)
        frame = self.to_frame(lang)
        if place.suffix == ".json":
            body = {"counts": self.counts, "problems": frame.to_dict("records")}
            data = json.dumps(body, ensure_ascii=False, indent=1).encode()
        elif place.suffix == ".csv":
            data = frame.map(neutral).to_csv(index=False, sep=";", lineterminator="\r\n").encode("utf-8-sig")
        else:
            rows = [tuple(frame.columns), *frame.itertuples(index=False)]
            data = text_book({say("problems.report.sheet", lang): rows})
        write_atomic(place, data)
        return place

    @staticmethod
    def errors_in(path: Path) -> set[str] | None:
        """Return the names of the files with errors in a saved .xlsx list; None where it is no list of ours.

        ``""`` stands for errors of the whole input.
        """
        from python_calamine import CalamineWorkbook

        if not path.is_file() or inspect(path).code:
            return None
        try:
            head, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
        except Exception:  # whatever it is, we did not write it
            return None
        for lang in LANGUAGES:
            if head == say("language.problems", lang).split(", "):
                return {str(r[2]) for r in rows if r[1] == say("problems.severity.error", lang)}
        return None

    def _view(self, lang: str) -> str:
        from kinerja_analysis.show.lab import MOST
        from kinerja_analysis.show.table import escape, html_table

        head = f"<p>{escape(self.summary(lang).split(chr(10), 1)[0])}</p>"
        return head + (html_table(self.to_frame(lang), lang, most=MOST) if self.problems else "")

    def _facts(self) -> dict[str, object]:
        return {"ok": self.ok, **self.counts}


def sentence(problem: Problem, lang: str) -> str:
    """Return what is wrong, with the nearest valid value when there is one."""
    nearest = str(problem.params.get("nearest") or "")
    hint = " " + say("problems.nearest", lang, nearest=nearest) if nearest and problem.code[3] != "W" else ""
    return problem.text(lang) + hint


def _told(problem: Problem, lang: str, also: Sequence[Problem] = (), *, with_file: bool) -> str:
    """Return a problem and, after it, the places where it is said of others too."""
    place = _place(problem, lang, with_file=with_file)
    place = place if problem.file and with_file else place[:1].upper() + place[1:]
    head = f"[{problem.code}] " + (place + ": " if place else "") + sentence(problem, lang)
    repair = say("problems.report.repair", lang, text=problem.text(lang, "repair"))
    places = [_place(p, lang, with_file=with_file) + _others(p, lang) for p in also]
    return f" {head}\n   {repair}{_others(problem, lang)}{_also(places, lang)}"


def _also(places: Sequence[str], lang: str) -> str:
    if not places:
        return ""
    shown = "; ".join([*places[:_SHOWN_PLACES], *(["…"] if len(places) > _SHOWN_PLACES else [])])
    return "\n   " + say("problems.report.also", lang, n=len(places), places=shown)


def _place(problem: Problem, lang: str, *, with_file: bool) -> str:
    cell, where = problem.cell, []
    if with_file and problem.file:
        where.append(problem.file)
    if problem.sheet:
        where.append(say("problems.report.in_sheet", lang, sheet=problem.sheet))
    if cell:
        where.append(cell_in_words(cell, lang) if " " in cell else say("problems.report.cell", lang, cell=cell))
    return ", ".join(where)


def _others(problem: Problem, lang: str) -> str:
    if not problem.others:
        return ""
    shown = ranges(problem.others)
    more = ", …" if len(shown) > _SHOWN_RANGES else ""
    told = ", ".join(cell_in_words(c, lang) for c in shown[:_SHOWN_RANGES]) + more
    return " " + say("problems.report.others", lang, n=len(problem.others), cells=told)


def ranges(cells: tuple[str, ...]) -> list[str]:
    """Join neighbouring cells of one column.

    >>> ranges(("C129", "C130", "C131", "D4", "baris 7", "baris 8"))
    ['C129-C131', 'D4', 'baris 7-8']
    """
    found: list[tuple[str, int, int]] = []
    for cell in cells:
        head = cell.rstrip("0123456789")
        number = int(cell[len(head) :] or 0)
        if found and found[-1][0] == head and found[-1][2] + 1 == number:
            found[-1] = (head, found[-1][1], number)
        else:
            found.append((head, number, number))
    joined = []
    for head, first, last in found:
        second = str(last) if head.endswith(" ") else f"{head}{last}"
        joined.append(f"{head}{first}" if first == last else f"{head}{first}-{second}")
    return joined

