"""The yearly summary of all regions: what could be told, what was found, the trend inside each region; no ranking.

Made from what the reports of the regions say of themselves (their ``metrics.json``, see ``index_page.headline``): it
holds nothing that they do not, and does not grow with the number of employees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kinerja_analysis.base.tables import PARTS
from kinerja_analysis.base.words import join, number, say
from kinerja_analysis.compare.nation import MIN_REGIONS, national_change
from kinerja_analysis.detect import REGISTRY
from kinerja_analysis.report.blocks import Block, Cell, Column, Masthead, Note, Section, TableBlock, Text
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words

Row = Mapping[str, Any]
ANSWERED = ("flagged", "clear")
NAMED = 4


@dataclass(frozen=True)
class Nation:
    """The reports of all regions of a year and of the years before, at one level, in one language."""

    rows: tuple[Row, ...]
    year: int
    level: str
    lang: str
    gone: tuple[Row, ...] = ()  #: reports that stand although their data are no longer in the input: not counted

    @property
    def now(self) -> list[Row]:
        """The reports of the year, in the order of codes."""
        return sorted((r for r in self.rows if r["year"] == self.year), key=lambda r: str(r["region"]))

    def tell(self, key: str, **params: Any) -> str:
        """Return a message of the page."""
        return say(f"annual.{key}", self.lang, **params)

    def columns(self, **forms: str) -> tuple[Column, ...]:
        """Return columns by name, with their number formats."""
        return tuple(Column(self.tell(f"col.{name}"), form, name == "code") for name, form in forms.items())


def masthead(nation: Nation) -> Masthead:
    """Return the head: how many regions, employees and flags, and that levels are not compared."""
    now = nation.now
    rated = [max(r["headline"]["rated"].values(), default=0) for r in now]
    flagged = sum(bool(r["headline"]["flagged"]) for r in now)
    lead = nation.tell("lead", n=len(now), year=str(nation.year), persons=sum(n for n in rated if n > 0),
                       flagged=flagged, hidden=sum(n < 0 for n in rated), withheld=_withheld(nation))  # fmt: skip
    report = {k: say(f"report.masthead.{k}", nation.lang) for k in ("level", nation.level, "nature", "nature_text")}
    facts = ((nation.tell("holds"), nation.tell("regions", n=len(now))), (report["level"], report[nation.level]),
             (report["nature"], report["nature_text"]))  # fmt: skip
    title = nation.tell("title", year=str(nation.year))
    return Masthead(nation.tell("kicker"), title, lead, nation.tell("place"), str(nation.year),
                    say(f"report.badge.{nation.level}", nation.lang), facts)  # fmt: skip


def _withheld(nation: Nation) -> bool:
    """Tell whether a result of any region is not shown: then nothing is said of what was found, only of what is."""
    return any(r["headline"].get("withheld") for r in nation.now)


def examined(nation: Nation) -> Section:
    """Return what was examined in each region, and who is missing."""
    columns = nation.columns(region="", code="", ekinerja="n", multisource="n", rows="n", kept="n", merged="n",
                             set_aside="n")  # fmt: skip
    rows = []
    for r in nation.now:
        rated, sums = r["headline"]["rated"], _once(r["rows"].get("read") or r["rows"]["files"] or r["rows"]["totals"])
        rows.append((str(r["name"]), str(r["region"]), rated.get("ekinerja"), rated.get("multisource"), *sums))
    blocks: list[Block] = [TableBlock(nation.tell("examined_caption"), columns, tuple(rows))]
    blocks += [Text(nation.tell("examined_none"), "small")] if nation.level == "public" else []
    before = {str(r["region"]): str(r["name"]) for r in nation.rows if r["year"] == nation.year - 1}
    left = {str(r["region"]): str(r["name"]) for r in nation.gone if r["year"] == nation.year}
    there = {*left, *(str(r["region"]) for r in nation.now)}
    earlier = [str(r["name"]) for r in nation.now if r.get("standing") == "failed"]
    for key, told in (("missing", [name for code, name in sorted(before.items()) if code not in there]),
                      ("gone", [name for _, name in sorted(left.items())]), ("earlier", earlier)):  # fmt: skip
        blocks += [Text(nation.tell(key, names=_some(told, nation.lang)))] if told else []
    failed = [str(r["name"]) for r in nation.now if r["headline"]["failed"]]
    blocks += [Text(nation.tell("failed", names=_some(failed, nation.lang)))] if failed else []
    return Section("diperiksa", "1", nation.tell("examined"), tuple(blocks))


def _once(lines: Sequence[Row]) -> list[Cell]:
    """Return rows, kept, merged, set aside; a row that feeds two tables counts once, as kept where both keep it.

    Public ones are counted so already, and rounded as a whole.
    """
    sheets: dict[Any, dict[str, list[Row]]] = {}
    for line in lines:  # totals name no sheet: then each table is one
        sheets.setdefault((line.get("file", line.get("table")), line.get("sheet")), {}).setdefault(
            f"{line.get('table')}", []).append(line)  # fmt: skip
    each = {p: [[_total([int(line[p]) for line in own]) for own in s.values()] for s in sheets.values()] for p in PARTS}
    return [_total([min(t) if p == "kept" else max(t, key=lambda n: n if n >= 0 else 0.5) for t in each[p]])
            for p in PARTS]  # fmt: skip


def _total(parts: Sequence[int]) -> int:
    """Return the sum of what is shown, hidden (or withheld) where that is nothing but some part is."""
    return sum(n for n in parts if n >= 0) if max(parts, default=0) > 0 else min(parts, default=0)


def _some(names: Sequence[str], lang: str) -> str:
    """Return at most four names, and how many more there are."""
    rest = len(names) - NAMED
    return join([*names[:NAMED], *([say("annual.others", lang, n=rest)] if rest > 0 else [])], lang)


def told(nation: Nation) -> Section:
    """Return in how many regions which verdict on identification holds."""
    heads = [r["headline"] for r in nation.now]
    counted = Counter(item for top in heads for item in top.get("told", top["verdicts"]).items())
    rows = tuple((say(f"report.kind.{kind}", nation.lang), say(f"report.verdict_name.{verdict}", nation.lang), n)
                 for (kind, verdict), n in sorted(counted.items()))  # fmt: skip
    table = TableBlock(nation.tell("told_caption"), nation.columns(kind="", verdict="", count="n"), rows)
    return Section("dikatakan", "2", nation.tell("told"), (Text(nation.tell("told_text")), table))


def found(nation: Nation) -> Section:
    """Return what each question came to, with the budget of false flags over all regions."""
    by = {name: Counter(r["headline"]["answers"].get(name, "not_applicable") for r in nation.now) for name in REGISTRY}
    flagged, answered = sum(c["flagged"] for c in by.values()), sum(c[s] for c in by.values() for s in ANSWERED)
    tested, wrong = (sum(r["headline"]["tests"][i] for r in nation.now) for i in (0, 1))
    counts = {"flagged": flagged, "answered": answered, "tested": tested, "wrong": min(wrong, tested),
              "fdr": max(r["headline"]["fdr"] for r in nation.now)}  # fmt: skip
    text = nation.tell("found_text", **counts) if flagged else nation.tell("found_none", withheld=_withheld(nation))
    came = {"flagged": "flagged", "few": "insufficient", "withheld": "withheld", "not": "not_applicable",
            "error": "error"}  # fmt: skip
    if nation.level != "public":
        del came["withheld"]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (words.question(name, nation.lang), sum(c[s] for s in ANSWERED), *(c[s] for s in came.values()))
        for name, c in by.items()
    )
    columns = nation.columns(question="", answered="n", **dict.fromkeys(came, "n"))
    return Section("ditemukan", "3", nation.tell("found"),
                   (Text(text), TableBlock(nation.tell("found_caption"), columns, rows)))  # fmt: skip


def values(nation: Nation) -> Section:
    """Return the two numbers of each region that no supervisor's leniency moves, with their ranges."""
    rows, numbers = [], []
    for r in nation.now:
        top = r["headline"]
        flags = "; ".join(words.title(name, nation.lang).lower() for name in top["flagged"]) or "–"
        rows.append((str(r["name"]), str(r["region"]), _hundred(top, nation.lang), _index(top, nation.lang), flags))
        numbers += [*(100 * v for v in top["separated"] or ()), *(v for vs in top["index"].values() for v in vs)]
    columns = nation.columns(region="", code="", separated="", index="", flags="")
    table = TableBlock(nation.tell("values_caption"), columns, tuple(rows), numbers=tuple(numbers))
    return Section("angka", "4", nation.tell("values"), (Text(nation.tell("values_text")), table))


def _ranged(value: float, ends: Sequence[float], lang: str) -> str:
    text = number(value, 1, lang)
    if not ends:
        return text
    lower, upper = (number(v, 1, lang) for v in ends)
    return f"{text} ({say('show.range', lang, lower=lower, upper=upper)})"


def _hundred(top: Row, lang: str) -> str:
    value, *ends = (100 * v for v in top["separated"] or (float("nan"),))
    return _ranged(value, ends, lang) if ends else "–"


def _index(top: Row, lang: str) -> str:
    told = []
    for scored, (value, *ends) in top["index"].items():
        beside = join([naming.word(c, lang) for c in top["comparators"][scored].split("|")], lang)
        told.append(say("annual.index", lang, scored=naming.word(scored, lang), value=_ranged(value, ends, lang),
                        beside=beside))  # fmt: skip
    return "; ".join(told) or "–"


def changes(nation: Nation) -> Section:
    """Return how far supervisors of one region differ in leniency, from all changes of supervisor of all regions."""
    told = [r["headline"].get("changes") for r in nation.now]
    studied = [c for c in told if c]
    mean = national_change(studied)
    if mean is None:
        text = nation.tell("changes_few", n=len(studied), least=MIN_REGIONS)
    else:
        text = nation.tell("changes_text", regions=mean.regions, changes=mean.n_changed, sd=mean.sd, lower=mean.lower,
                           upper=mean.upper, moved=round(100 * mean.sd), surely=mean.lower > 0)  # fmt: skip
    how = () if mean is None else (Text(nation.tell("changes_how"), "small"),)
    return Section("pergantian", "5", nation.tell("changes"), (Text(text), *how))


def trend(nation: Nation) -> Section | None:
    """Return each region's years beside each other; None with one year only."""
    years = sorted({int(r["year"]) for r in nation.rows if r["year"] <= nation.year})
    if len(years) < 2:
        return None
    by = {(str(r["region"]), int(r["year"])): r["headline"] for r in nation.rows}
    body = tuple(
        (str(r["name"]), *(_hundred(by[key], nation.lang) if (key := (str(r["region"]), y)) in by else "–"
                           for y in years))
        for r in nation.now
    )  # fmt: skip
    columns = (*nation.columns(region=""), *(Column(str(y)) for y in years))
    blocks: list[Block] = [Text(nation.tell("trend_text"))]
    for old, new in pairwise(years):
        if _rules(nation.rows, old) != _rules(nation.rows, new):
            blocks.append(Text(nation.tell("rule_change", years=f"{old}–{new}")))
    numbers = tuple(100 * v for top in by.values() for v in top["separated"] or ())
    blocks.append(TableBlock(nation.tell("trend_caption"), columns, body, numbers=numbers))
    return Section("tahun", "6", nation.tell("trend"), tuple(blocks))


def _rules(rows: Iterable[Row], year: int) -> set[str]:
    return {str(r["headline"]["rule"]) for r in rows if r["year"] == year}


def reading(nation: Nation) -> Section:
    """Return how to read the page and what it was made from."""
    versions = sorted({str(r["headline"]["version"]) for r in nation.now})
    note = Note(((say("indexpage.origin_software", nation.lang), f"kinerja_analysis {', '.join(versions)}"),))
    return Section("cara", "", nation.tell("how"), (Text(nation.tell("how_text")), note))
