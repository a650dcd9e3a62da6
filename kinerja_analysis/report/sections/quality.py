"""What a submission holds and lacks: rows, filled columns, who is not rated, sources, doubtful entries, problems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kinerja_analysis.base.words import messages, placeholders, say
from kinerja_analysis.detect.contract import threshold
from kinerja_analysis.detect.quality import PARTS, SOURCES
from kinerja_analysis.report.blocks import Block, Cell, Column, Note, Section, TableBlock, Text
from kinerja_analysis.report.sections import lead, origin
from kinerja_analysis.report.sections.examined import count
from kinerja_analysis.report.view import View
from kinerja_analysis.show import names as naming

MOST = 60
REASONS = ("rated", "not_rated", "draft", "no_skp")
LITTLE = 0.02


def sections(view: View) -> list[Block]:
    """Return the blocks of the page, in the order of ``page.QUALITY_NAMES``."""
    head = replace(lead.masthead(view), kicker=_say(view, "kicker"), lead=verdict(view), codes=(), numbers=())
    made = [
        Section(f"mutu-{f.__name__}", str(i), _say(view, f"{f.__name__}.title"), tuple(f(view)),
                (("", _say(view, f"{f.__name__}.aside")),))
        for i, f in enumerate((rows, filled, unrated, coverage, checks, problems), 1)
    ]  # fmt: skip
    return [head, *made, origin.origin(view)]


def _say(view: View, key: str, **params: Any) -> str:
    return say(f"quality.{key}", view.lang, **params)


def _table(view: View, name: str, heads: str, lines: Iterable[Sequence[Cell]], more: Sequence[Column] = ()) -> Block:
    """Return a table; ``heads`` names the first columns with their number formats ("table rows:n")."""
    body = tuple(map(tuple, lines))
    if not body:
        return Text(_say(view, f"{name}.none"))
    parts = [head.partition(":") for head in heads.split()]
    labels = (*(Column(_say(view, f"col.{name}"), form) for name, _, form in parts), *more)
    numbers = tuple(float(c) for line in body for c in line if isinstance(c, int | float))
    return TableBlock(_say(view, f"{name}.caption"), labels, body, numbers=numbers)


def _note(view: View, text: str) -> Note:
    return Note((("", text),), "other")


def _cut(view: View, n: int) -> list[Block]:
    return [_note(view, _say(view, "cut", most=MOST, n=n))] if n > MOST else []


def _share(k: float, n: float) -> float | None:
    """Return k of n, None where either is hidden or there is nothing to count."""
    return float(k) / float(n) if n > 0 and k >= 0 else None


def verdict(view: View) -> str:
    """Return whether the submission can carry the audit, and what is missing most; a hidden count is a small one."""
    found = {str(r["measure"]): (max(r["k"], 0), r["n"]) for r in view.count("checks").to_dict("records")}
    lacking = {n: k / of for n, (k, of) in found.items() if of > 0 and n.startswith(("no_", "not_", "unknown_"))}
    if "no_second" not in lacking:
        return _say(view, "verdict.nothing")
    worst = max(lacking.get("not_rated", 0.0), lacking.get("no_supervisor", 0.0))
    limits = [1 - threshold(f"quality.{n}", view.audit.config.overrides()).value for n in ("carried", "partial")]
    key = ("carries", "partly", "cannot")[sum(worst > limit for limit in limits)]
    key = key if "not_rated" in lacking else "multisource"
    told = {n: 1 - lacking.get(n, 1.0) for n in ("not_rated", "no_supervisor")}
    n = count(view, found["not_rated" if "not_rated" in lacking else "no_second"][1])
    name, most = max(lacking.items(), key=lambda item: item[1])
    last = _say(view, f"missing.{name if most > LITTLE else 'little'}", share=most)
    return f"{_say(view, f'verdict.{key}', n=n, **told)} {last}"


def rows(view: View) -> list[Block]:
    """Return where every row went: by file number and table, at the public level by table over all files."""
    every = view.say("headcount.all")
    frame = view.count("accounting") if view.internal else view.count("rows").assign(file=every, reason="")
    lines: list[tuple[Cell, ...]] = []
    for (file, table), part in frame.groupby(["file", "table"]) if len(frame) else ():
        told = part.groupby("reason")["rows"].sum().items()
        why = [f"{count(view, n)} {origin.reason(view, str(code))}" for code, n in told if code and n]
        name = _say(view, f"table.{table}")
        lines.append((str(file), name, *(int(part[p].sum()) for p in PARTS), "; ".join(why)))
    table = _table(view, "rows", "file table rows:n kept:n merged:n set_aside:n reason", lines)
    public = [] if view.internal else [_note(view, _say(view, "rows.aside_all", reasons=origin.set_aside(view)))]
    return [table, *public]


def filled(view: View) -> list[Block]:
    """Return the columns that are not filled everywhere; what is not there at all cannot be counted."""
    frame = view.count("completeness")
    absent = [_say(view, f"table.{t}") for t in frame.loc[frame["n"] == 0, "table"]]
    short = frame[(frame["n"] != 0) & (frame["filled"] != frame["n"])]
    lines = [
        (_say(view, f"table.{r['table']}"), _say(view, f"field.{r['column']}"), int(r["filled"]), int(r["n"]),
         _share(r["filled"], r["n"])) for r in short.to_dict("records")
    ]  # fmt: skip
    rest = Text(_say(view, "filled.rest", n=len(frame) - len(short) - len(absent)))
    table = _table(view, "filled", "table column filled_rows:n all_rows:n share:%1", lines)
    return [table, rest, *([_note(view, _say(view, "filled.absent", tables=", ".join(absent)))] if absent else [])]


def unrated(view: View) -> list[Block]:
    """Return persons by agency and reason, internally the units with someone who is not rated too."""
    frame = view.count("unrated")
    found = [_by_reason(view, "unrated", frame, ["opd"])]
    if not view.internal:
        return [*found, _note(view, view.say("headcount.public"))]
    gone = frame[frame["reason"] != "rated"].groupby(["opd", "unit"])["n"].sum().sort_values(ascending=False)
    own = frame.set_index(["opd", "unit"]).loc[gone.index[:MOST]].reset_index()
    return [*found, _by_reason(view, "units", own, ["opd", "unit"]), *_cut(view, len(gone))]


def _by_reason(view: View, name: str, frame: pd.DataFrame, place: list[str]) -> Block:
    """Return one row per place with the persons of each reason; at the public level an absent one is hidden too."""
    order = [*REASONS, *sorted(set(frame["reason"]) - set(REASONS))]
    wide = frame.pivot_table(index=place, columns="reason", values="n", aggfunc="sum", sort=len(place) == 1)
    wide = wide.reindex(columns=order).fillna(0 if view.internal else -1).astype("int64")
    if view.internal:
        wide.insert(0, "total", wide.sum(axis=1))
    if view.internal and len(place) == 1 and len(wide):
        wide.loc[view.say("headcount.all")] = wide.sum()
    more = [Column(_say(view, f"reason.{c}"), "n") for c in wide]
    return _table(view, name, " ".join(place), _placed(view, wide, len(place)), more)


def _placed(view: View, frame: pd.DataFrame, places: int) -> list[tuple[Cell, ...]]:
    """Return the rows of a frame, the names of places from its index; an empty one is told in words."""
    blank = view.say("headcount.no_agency" if view.internal else "headcount.other")
    lines = frame.astype(object).where(frame.notna(), None).reset_index().to_numpy().tolist()
    return [(*(name or blank for name in line[:places]), *line[places:]) for line in lines]


def coverage(view: View) -> list[Block]:
    """Return how many are rated by each source: in all, then by unit (agency at the public level), lowest first."""
    frame, place = view.count("coverage"), ["opd", "unit"] if view.internal else ["opd"]
    lines = [
        (_source(view, str(r["source"])), int(r["rated"]), int(r["n"]), _share(r["rated"], r["n"]),
         _share(r["pairs"], r["rated"]), int(r["none"]), int(r["units"]))
        for r in view.count("sources").to_dict("records")
    ]  # fmt: skip
    table = _table(view, "coverage", "source is_rated:n persons:n share:%1 each:1 none:n units:n", lines)
    shares = frame.assign(share=[_share(k, n) for k, n in zip(frame["rated"], frame["n"], strict=True)],
                          each=[_share(k, n) for k, n in zip(frame["pairs"], frame["rated"], strict=True)])  # fmt: skip
    wide = shares.pivot(index=place, columns="source", values="share").astype("float64")[list(SOURCES)]
    wide.insert(0, "n", shares.drop_duplicates(place).set_index(place)["n"])
    wide["peers"] = shares[shares["source"] == "peer"].set_index(place)["each"].astype("float64")
    first = wide[list(SOURCES)].mean(axis=1).sort_values(kind="stable").index
    more = [Column(_say(view, "col.persons"), "n"), *(Column(_source(view, s), "%") for s in SOURCES),
            Column(_say(view, "col.peers_each"), "1")]  # fmt: skip
    by = _table(view, "by_unit", " ".join(place), _placed(view, wide.loc[first[:MOST]], len(place)), more)
    public = [] if view.internal else [_note(view, view.say("headcount.public"))]
    return [table, by, *_cut(view, len(wide)), *public]


def _source(view: View, code: str) -> str:
    return view.say("kind.ekinerja") if code == "ekinerja" else naming.word(code, view.lang)


def checks(view: View) -> list[Block]:
    """Return what is worth a look at the source: counts with their n; internally who stands behind them."""
    limits = {n: threshold(f"quality.{n}", view.audit.config.overrides()).value for n in ("span", "batch")}
    lines = [
        (_say(view, f"check.{r['measure']}", **limits), int(r["k"]) if r["n"] else _say(view, "no_count"),
         int(r["n"]) or None, _share(r["k"], r["n"]), int(r["largest"]) if r["largest"] > 0 else None)
        for r in view.count("checks").to_dict("records")
    ]  # fmt: skip
    blocks = [_table(view, "checks", "checked found:n of:n share:%1 largest:n", lines)]
    entries = view.count("entries").sort_values(["measure", "n", "rater"], ascending=[True, False, True])
    if len(entries):
        short = naming.short_names([*view.names, *entries["rater"]])
        told = [(short[r["rater"]], _say(view, f"check.{r['measure']}", **limits), int(r["n"]))
                for r in entries.head(MOST).to_dict("records")]  # fmt: skip
        blocks += [_table(view, "entries", "rater checked persons:n", told), *_cut(view, len(entries))]
    return [*blocks, _note(view, _say(view, "checks.note", **limits))]


def problems(view: View) -> list[Block]:
    """Return the warnings and notes of the check by code, with the number of cells."""
    lines = []
    for r in view.count("problems").to_dict("records"):
        key, level = f"problems.{r['code']}.what", {"W": "warning", "N": "note"}[str(r["code"])[3]]
        text = say(key, view.lang, **dict.fromkeys(placeholders(messages()[key][view.lang]), "…"))
        lines.append((r["code"], say(f"problems.severity.{level}", view.lang), text, int(r["n"])))
    return [_table(view, "problems", "code severity meaning cells:n", lines)]
