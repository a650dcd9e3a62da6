"""The page of a comparison: verdict first, then what lies inside teams, levels, years, criteria, and how to read it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Comparison
from kinerja_analysis.base.words import say
from kinerja_analysis.compare.pairs import FORM_MARKS
from kinerja_analysis.report.blocks import (
    Answers,
    Block,
    Column,
    Facts,
    Figure,
    Heading,
    Masthead,
    Note,
    Section,
    TableBlock,
    Text,
    Verdict,
)
from kinerja_analysis.show import charts
from kinerja_analysis.show import comparison as words
from kinerja_analysis.show.table import header

TOPICS = {
    "pairs": ("separated_pairs",), "order": ("order", "order_others", "index"), "groups": ("odds_ratio", "gap"),
    "own": ("own_group_odds_ratio", "own_group_gap"), "agreement": ("reliability_single", "correlation"),
    "criteria": ("association", "likeness"), "spread": ("spread",), "self": ("difference",),
    "level": ("level", "performance", "severity", "composition"),
}  # fmt: skip
MARKS = (*FORM_MARKS, "framework_differs", "rule_change")
MOST, SECTIONS, MOST_LISTED = 6, 3, 20  #: pairs named in the lead, pairs with a section each, differences listed
INSIDE = tuple(m for topic, measures in TOPICS.items() if topic != "level" for m in measures)


@dataclass(frozen=True)
class Compared:
    """Regions compared in one or more years, and each region's years, in one language.

    ``regions`` may be the years of one region (``over_time``): each year is then compared with the one before.
    """

    regions: Comparison
    years: Comparison | None
    lang: str
    pictures: bool = True

    def tell(self, key: str, **params: Any) -> str:
        """Return a message of the page."""
        return say(f"compare.{key}", self.lang, **params)

    @property
    def over_time(self) -> bool:
        """Whether one region's years are compared, not regions."""
        return all(p[0] == p[2] for p in self.regions.pairs)

    @property
    def latest(self) -> int:
        """The last year compared."""
        return int(self.regions.frame["year"].max())

    @property
    def title(self) -> str:
        """The regions' names and the years."""
        frame = self.regions.frame
        names = sorted({self.regions.names.get(r, r) for c in ("region_a", "region_b") for r in frame[c]})
        first, last = int(frame["year_b" if self.over_time else "year"].min()), self.latest
        if self.over_time:
            return f"{names[0]}, {first}–{last}"
        listed = self.tell("summary.pair", a=", ".join(names[:-1]), b=names[-1])
        return f"{listed}, {last}" if first == last else f"{listed}, {first}–{last}"

    def of_year(self, year: int) -> list[Comparison]:
        """The pairs of regions of one year."""
        return [self.regions.select(p) for p in self.regions.pairs if p[1] == year]


def rows_of(comparison: Comparison, measures: Sequence[str]) -> list[Any]:
    """Return the rows of these measures."""
    return list(comparison.frame[comparison.frame["measure"].isin(measures)].itertuples())


def known(comparison: Comparison, measures: Sequence[str] = INSIDE) -> list[Any]:
    """Return the rows of these measures that have a number."""
    return [r for r in rows_of(comparison, measures) if math.isfinite(r.value)]


def apart(rows: Sequence[Any]) -> list[Any]:
    """Return the rows that tell two cells apart."""
    return [r for r in rows if r.status == "FLAGGED"]


def numbers(rows: Sequence[Any]) -> tuple[float, ...]:
    """Return the numbers of rows, for the check that all forms of a page show the same."""
    return tuple(v for r in rows for v in (r.value, r.lower, r.upper) if math.isfinite(v))


def verdicts(view: Compared) -> list[str]:
    """Return the verdict sentences of the regions, each once."""
    rows = [(c, r) for p in view.regions.pairs if p[1] == view.latest
            for c in [view.regions.select(p)] for r in rows_of(c, ("verdict",))]  # fmt: skip
    return list(dict.fromkeys(words.verdict(c, r, view.lang) for c, r in rows))


def _lead(view: Compared) -> list[str]:
    """Return what may be said of levels: the verdict of two regions; of more, all pairs, grouped by verdict."""
    rows = [r for r in rows_of(view.regions, ("verdict",)) if r.year == view.latest]
    if len(rows) == 1:
        return verdicts(view)
    pairs: dict[str, list[str]] = {}
    for r in rows:
        a, b = words.sides(view.regions, r)
        pairs.setdefault(r.reason, []).append(view.tell("summary.pair", a=a, b=b))
    n, whom = len({x for r in rows for x in (r.region_a, r.region_b)}), "all" if len(pairs) == 1 else "pairs"
    keys = {reason: f"page.lead_{whom}_{'linked' if reason == 'linked' else 'apart'}" for reason in pairs}
    return [view.tell(keys[reason], n=n, names="; ".join(named[:MOST]), more=max(len(named) - MOST, 0),
                      reason=view.tell(f"reason.{reason}")) for reason, named in pairs.items()]  # fmt: skip


def masthead(view: Compared) -> Masthead:
    """Return the head: verdict first, then how much of what lies inside teams differs."""
    found = [r for c in view.of_year(view.latest) for r in known(c)]
    lead = _lead(view)
    counts = {"n": len(found), "apart": len(apart(found)), "same": len(found) - len(apart(found))}
    key = "page.lead_counts" if found else "page.lead_none"
    lead.append(view.tell(key, year=str(view.latest), **(counts if found else {})))
    lead += [view.tell("page.not_equal")] if found else []
    level = view.regions.level
    report = {k: say(f"report.masthead.{k}", view.lang) for k in ("level", level, "nature", "nature_text")}
    place, _, years = view.title.rpartition(", ")
    facts = ((view.tell("page.holds"), f"{place}\n{years}"), (report["level"], report[level]),
             (report["nature"], report["nature_text"]))  # fmt: skip
    return Masthead(view.tell("page.kicker"), view.title, " ".join(lead), place, years,
                    say(f"report.badge.{level}", view.lang), facts)  # fmt: skip


def allowed(view: Compared) -> Section:
    """Return what may be compared and what not, with the reasons."""
    lists: tuple[list[tuple[str, str]], ...] = ([], [], [])
    every = [r for c in view.of_year(view.latest) for r in c.frame.itertuples()]
    for topic, measures in TOPICS.items():
        rows = [r for r in every if r.measure in measures]
        if not rows:
            continue
        found = [r for r in rows if math.isfinite(r.value)]
        seen = {m for r in found for m in r.mark.split("|") if m}
        marks = [m for m in MARKS if m in seen]
        reasons = list(dict.fromkeys(r.reason for r in rows if r.reason and r not in found))
        told = [view.tell(f"mark.{m}") for m in marks] if found else [view.tell(f"reason.{m}") for m in reasons]
        told += [view.tell("page.assumed")] if found and topic == "level" else []
        place = 2 if not found else 1 if told else 0
        lists[place].append((view.tell(f"topic.{topic}"), ", ".join(told) or view.tell("page.free")))
    titles = (view.tell("page.yes"), view.tell("page.partly"), view.tell("page.no"))
    answers = Answers(titles, (tuple(lists[0]), tuple(lists[1]), tuple(lists[2])))
    few = len(view.of_year(view.latest)) <= SECTIONS
    verdict = Verdict(tuple(verdicts(view) if few else _lead(view)))  # each pair, or each verdict
    return Section("boleh", "1", view.tell("page.allowed"), (verdict, answers))


def inside(view: Compared) -> list[Section]:
    """Return one section per pair of regions of the last year (the pairs' matrix first, where there are several)."""
    pairs = view.of_year(view.latest)
    matrix = [Section("matriks", "2", view.tell("topic.pairs"), tuple(_matrix(view)))] if len(pairs) > 1 else []
    of_pairs = enumerate(pairs, 2 + len(matrix)) if len(pairs) <= SECTIONS else ()
    return [*matrix, *(_pair(view, c, i) for i, c in of_pairs)]


def _pair(view: Compared, comparison: Comparison, number: int) -> Section:
    rows = known(comparison)
    first = rows_of(comparison, ("verdict",))[0]
    a, b = words.sides(comparison, first)
    blocks: list[Block] = [Text(view.tell("page.inside_text"))]
    told = [words.told(comparison, r, view.lang) for r in apart(rows)]
    blocks.append(Text(view.tell("page.apart_one" if told else "page.apart_none", **({} if told else {"a": a, "b": b})),
                       "sentence"))  # fmt: skip
    blocks += [Text(f"**{t}**") for t in told]
    blocks += [Text(view.tell("page.other"), "small")] if told else []
    for unit in ("odds_ratio", "sd"):
        blocks += _figure(view, comparison, unit, a, b)
    rest = [r for r in rows if r.measure not in ("odds_ratio", "gap", "own_group_odds_ratio", "own_group_gap")]
    blocks += [_table(view, comparison, rest, view.tell("page.table", year=str(view.latest)))] if rest else []
    blocks += _missing(view, comparison)
    others = []
    for pair in () if view.over_time else view.regions.pairs:
        if pair[0] == first.region_a and pair[2] == first.region_b and pair[1] != view.latest:
            other = view.regions.select(pair)
            found = known(other)
            counts = {"n": len(found), "apart": len(apart(found))} if apart(found) else {"n": len(found)}
            key = "page.other_year" if apart(found) else "page.other_year_none"
            others.append(Text(view.tell(key, year=str(pair[1]), **counts)))
            others += [Text(f"**{words.told(other, r, view.lang)}**") for r in apart(found)]
    blocks += [Heading(view.tell("page.other_years")), *others] if others else []
    title = view.tell("page.inside_years" if view.over_time else "page.inside", a=a, b=b, year=str(view.latest))
    return Section(f"dalam-{number}", str(number), title, tuple(blocks))


def _missing(view: Compared, comparison: Comparison) -> list[Block]:
    """Return what is known in one of the two only, or not in the same form."""
    by_reason: dict[str, list[str]] = {}
    for r in rows_of(comparison, INSIDE):
        if not math.isfinite(r.value):
            by_reason.setdefault(r.reason, []).append(words.label(r, view.lang))
    told = {view.tell(f"reason.{reason}"): "; ".join(dict.fromkeys(names)) for reason, names in by_reason.items()}
    return [Note(((view.tell("page.missing", reason=why), f"{what}."),), "other") for why, what in told.items()]


def _figure(view: Compared, comparison: Comparison, unit: str, a: str, b: str) -> list[Block]:
    chart = charts.figure("contrasts", comparison, unit=unit, lang=view.lang, wide=800, pictures=view.pictures)
    if chart is None:
        return []
    rows = [r for r in known(comparison) if r.unit == unit]
    caption = view.tell(f"page.figure_{unit}", a=a, b=b)
    groups = [r for r in rows if r.measure in ("odds_ratio", "gap", "own_group_odds_ratio", "own_group_gap")]
    return [
        Figure(chart.png, chart.narrow, chart.alt, chart.width, chart.height, chart.narrow_width, chart.narrow_height,
               caption, numbers=numbers(groups)),
        _table(view, comparison, groups, caption, role="data"),
    ]  # fmt: skip


def _table(view: Compared, comparison: Comparison, rows: Sequence[Any], caption: str, role: str = "open") -> TableBlock:
    a, b = words.sides(comparison, rows[0])
    columns = tuple(Column(t) for t in (view.tell("page.what"), a, b, view.tell("page.range"), view.tell("page.told")))
    found = []
    for r in rows:
        both = (words.sized(r, side, view.lang) for side in "ab")
        found.append((words.label(r, view.lang), *both, _extent(view, r), _conclusion(view, r)))
    return TableBlock(caption, columns, tuple(found), role=role, numbers=numbers(rows))


def _extent(view: Compared, row: Any) -> str:
    """A difference with its range; of shifted raters, how many of how many."""
    n = words.numbers(row, view.lang)
    if row.measure == "relative_shift":
        return f"{n['value']} / {row.n_a}"
    return f"{n['value']} ({say('show.range', view.lang, lower=n['lower'], upper=n['upper'])})"


def _conclusion(view: Compared, row: Any) -> str:
    return view.tell("page.is_apart" if row.status == "FLAGGED" else "page.is_same")


def _matrix(view: Compared) -> list[Block]:
    rows = [r for c in view.of_year(view.latest) for r in known(c, ("separated_pairs",)) if not r.adjusted]
    if not rows:
        return [Text(view.tell("page.lead_none", year=str(view.latest)))]
    table = view.regions.matrix("separated_pairs", view.latest, scope=str(rows[0].scope))
    cell = {"apart": view.tell("page.is_apart"), "not_apart": view.tell("page.is_same"), "": "–"}
    names = [view.regions.names.get(r, r) for r in table.index]
    body = tuple((name, *(cell[v] for v in values)) for name, values in zip(names, table.to_numpy(), strict=True))
    caption = view.tell("page.matrix", year=str(view.latest), what=words.label(rows[0], view.lang))
    blocks: list[Block] = [TableBlock(caption, tuple(map(Column, ("", *names))), body, numbers=numbers(rows))]
    pairs = view.of_year(view.latest)
    for key in ("this", "others") if len(pairs) > SECTIONS else ():  # of fewer, the section of each tells it
        told = [words.told(c, r, view.lang) for c in pairs for r in apart(known(c))
                if (r.measure == "separated_pairs") is (key == "this")]  # fmt: skip
        params = {"n": len(told), "shown": MOST_LISTED, "more": max(len(told) - MOST_LISTED, 0)}
        blocks += [Text(view.tell(f"page.apart_{key}", **params), "sentence")] if told else []
        blocks += [Text(f"**{t}**") for t in told[:MOST_LISTED]]
    funnels = view.regions.funnels
    scope = str(rows[0].scope)
    mine = funnels[(funnels["measure"] == "separated_pairs") & (funnels["scope"] == scope)] if len(funnels) else funnels
    for year, f in mine.groupby("year") if len(mine) else ():
        outside = int(((f["value"] < f["lower"]) | (f["value"] > f["upper"])).sum())
        about = {"year": str(year), "what": words.label(rows[0], view.lang)}
        blocks.append(Text(view.tell("page.funnel", **about,
                                    phi=float(f["phi"].iloc[0]), outside=outside, n=len(f))))  # fmt: skip
        blocks += _funnel(view, f, view.tell("page.funnel_caption", **about))
    return blocks


def _funnel(view: Compared, frame: pd.DataFrame, caption: str) -> list[Block]:
    """Return the picture of all regions of a year with its numbers, regions by name."""
    chart = charts.figure("regions", frame, names=view.regions.names, lang=view.lang, wide=800, pictures=view.pictures)
    if chart is None:
        return []
    shown = chart.table.sort_values("region")[["region", "value", "lower", "upper"]]
    columns = (Column(header("region", view.lang)), *(Column(header(c, view.lang), "%1") for c in shown.columns[1:]))
    seen = tuple(float(v) for v in shown[["value", "lower", "upper"]].to_numpy().ravel())
    picture = Figure(chart.png, chart.narrow, chart.alt, chart.width, chart.height, chart.narrow_width,
                     chart.narrow_height, caption, numbers=seen)  # fmt: skip
    body = tuple(shown.itertuples(index=False, name=None))
    return [picture, TableBlock(caption, columns, body, role="data", numbers=seen)]


def levels(view: Compared) -> Section | None:
    """Return the level of ratings: split where persons link regions, else why not and what it would take.

    None for the years of one region: what nobody can separate there stands in its own section.
    """
    if view.over_time:
        return None
    blocks: list[Block] = []
    for c in view.of_year(view.latest):
        rows = known(c, TOPICS["level"])
        if rows:
            a, _ = words.sides(c, rows[0])
            blocks += [Text(words.verdict(c, rows_of(c, ("verdict",))[0], view.lang), "sentence"),
                       _level_table(view, c, rows), Text(view.tell("page.levels_linked", a=a), "small")]  # fmt: skip
    if not blocks:
        blocks = [Text(view.tell("page.levels_none")), Text(view.tell("page.levels_how"))]
    return Section("tinggi", "", view.tell("page.levels"), tuple(blocks))


def _level_table(view: Compared, comparison: Comparison, rows: Sequence[Any]) -> TableBlock:
    columns = tuple(Column(view.tell(f"page.{k}")) for k in ("what", "range", "told"))
    found = [(words.label(r, view.lang), _extent(view, r), _conclusion(view, r)) for r in rows]
    a, b = words.sides(comparison, rows[0])
    return TableBlock(f"{a} − {b}, {view.latest}", columns, tuple(found), numbers=numbers(rows))


def years(view: Compared) -> list[Section]:
    """Return one section per region: what changed inside teams, and what nobody can separate."""
    if view.years is None:
        return []
    return [_region(view, view.years, r) for r in dict.fromkeys(p[0] for p in view.years.pairs)]


def _region(view: Compared, comparison: Comparison, region: str) -> Section:
    pairs = [p for p in comparison.pairs if p[0] == region]
    name = comparison.names.get(region, region)
    first, last = str(min(p[3] for p in pairs)), str(max(p[1] for p in pairs))
    blocks: list[Block] = [Text(view.tell("verdict.common_drift_all", a=name, year=last, year_b=first), "sentence")]
    table, shown, ruled = [], [], False
    for pair in pairs:
        part, span = comparison.select(pair), {"year": str(pair[1]), "year_b": str(pair[3])}
        marks = rows_of(part, ("verdict",))[0].mark.split("|")
        ruled |= "rule_change" in marks
        blocks += [Text(view.tell("page.rule", **span))] if "rule_change" in marks else []
        forms = [view.tell(f"mark.{m}") for m in marks if m and m != "rule_change"]
        blocks += [Text(view.tell("page.form", what="; ".join(forms), **span))] if forms else []
        found = known(part)
        key = "page.years_apart" if apart(found) else "page.years_none"
        counts = {"apart": len(apart(found))} if apart(found) else {}
        blocks.append(Text(view.tell(key, n=len(found), **counts, **span)))
        blocks += [Text(f"**{words.told(part, r, view.lang)}**") for r in apart(found)]
        for r in known(part, ("common_change", "relative_shift")):
            table.append((f"{pair[3]} – {pair[1]}", words.label(r, view.lang), _extent(view, r)))
            shown.append(r)
    blocks += [] if ruled else [Text(view.tell("page.same_rule"), "small")]
    if table:
        heads = [view.tell(f"page.{k}") for k in ("period", "what", "change")]
        caption = view.tell("page.years_table")
        blocks.append(TableBlock(caption, tuple(map(Column, heads)), tuple(table), numbers=numbers(shown)))
    return Section(f"tahun-{region}", "", view.tell("page.years", a=name), tuple(blocks))


def criteria(view: Compared) -> Section | None:
    """Return whether the criteria are equally hard on both sides."""
    blocks: list[Block] = []
    for c in view.of_year(view.latest):
        rows = rows_of(c, ("criterion_difficulty",))
        if not rows:
            continue
        a, b = words.sides(c, rows[0])
        found = [r for r in rows if math.isfinite(r.value)]
        if not found:
            blocks.append(Text(view.tell("page.criteria_differ", a=a, b=b)))
            continue
        counts = {"n": len(found), "apart": len(apart(found)), "year": str(view.latest)}
        key = "page.criteria_same_years" if view.over_time else "page.criteria_same"
        blocks += [Text(view.tell(key, a=a, b=b, **counts)), _table(view, c, found, "")]
    blocks = list(dict.fromkeys(blocks))
    if not blocks:
        return None
    blocks.append(Text(view.tell("page.criteria_meaning"), "small"))
    return Section("kriteria", "", view.tell("page.criteria"), tuple(blocks))


def reading(view: Compared) -> Section:
    """Return how to read the page."""
    found = [r for c in view.of_year(view.latest) for r in known(c)]
    level = float(found[0].level) if found else 0.95
    together = view.tell("page.reading_together_text", n=len(found), year=str(view.latest), level=level)
    facts = [(view.tell("page.reading_together"), together)]
    order = () if view.over_time else ("order",)
    keys = ("adjusted", *order, *(("years",) if view.years is not None else ()))
    facts += [(view.tell(f"page.reading_{k}"), view.tell(f"page.reading_{k}_text")) for k in keys]
    return Section("baca", "", view.tell("page.reading"), (Facts(tuple(facts)),), role="provenance")
