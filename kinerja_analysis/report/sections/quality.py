"""What a submission holds and lacks: rows, filled columns, who is not rated, sources, doubtful entries, problems."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kinerja_analysis.base.words import blanked, say
from kinerja_analysis.detect.contract import threshold
from kinerja_analysis.detect.quality import PARTS, SOURCES
from kinerja_analysis.release.suppress import ROUND_TO
from kinerja_analysis.report.blocks import Block, Column, Note, Section, TableBlock, Text
from kinerja_analysis.report.render import HIDDEN
from kinerja_analysis.report.sections import lead, origin
from kinerja_analysis.report.sections.examined import count
from kinerja_analysis.report.sections.headcount import no_agency
from kinerja_analysis.report.view import View
from kinerja_analysis.score.rules import rule_for
from kinerja_analysis.show import names as naming

MOST = 60
REASONS = ("rated", "not_rated", "draft", "no_skp")
ROUGH = 49  #: public counts are rounded to 5: below 50 a share would say more than is known
LITTLE = 0.02
LEVELS = {"W": "warning", "N": "note"}


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
    return say(f"quality.{key}", view.lang, **{"rounded": not view.internal, **params})


def _table(view: View, name: str, frame: pd.DataFrame, heads: str, more: Sequence[Column] = (), **told: Any) -> Block:
    """Return a frame as a table, its codes in words; ``heads`` names the columns with their number formats."""
    if frame.empty:
        return Text(_say(view, f"{name}.none"))
    coded = {c for c in ("table", "column", "source", "measure") if c in frame}
    frame = frame.assign(**{c: [_say(view, f"{c}.{v}", **told) for v in frame[c]] for c in coded})
    frame = frame.replace({c: no_agency(view) for c in ("opd", "unit") if c in frame})
    lines = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    labels = [Column(_say(view, f"col.{head}"), form) for head, _, form in (h.partition(":") for h in heads.split())]
    columns = tuple(_exact(c, values) for c, values in zip((*labels, *more), zip(*lines, strict=True), strict=True))
    numbers = tuple(float(c) for line in lines for c in line if isinstance(c, int | float))
    return TableBlock(_say(view, f"{name}.caption"), columns, tuple(map(tuple, lines)), numbers=numbers)


def _exact(column: Column, values: Sequence[Any]) -> Column:
    """Return a column of shares with so many digits that 100% means all."""
    shares = [v for v in values if v is not None and 0 < v < 1] if column.form.startswith("%") else []
    least = int(column.form[1:] or 0) if shares else 0
    digits = next((d for d in range(least, 4) if all(round(100 * v, d) < 100 for v in shares)), 4)
    return replace(column, form=f"%{digits}") if shares and digits > least else column


def _limit(view: View, name: str) -> float:
    return threshold(f"quality.{name}", view.audit.config.overrides()).value


def _note(text: str) -> Note:
    return Note((("", text),), "other")


def _ends(view: View, n: int) -> list[Block]:
    """Say what is cut off at the internal level, what is hidden at the public one."""
    if not view.internal:
        return [_note(view.say("headcount.public"))]
    return [_note(_say(view, "cut", most=MOST, n=n))] if n > MOST else []


def _share(view: View, k: pd.Series, n: pd.Series) -> pd.Series:
    """Return k of n, NaN where either is hidden, there is nothing to count, or rounding would decide (public, < 50)."""
    return (k / n.where(n > (0 if view.internal else ROUGH))).where(k >= 0).astype("float64")


def verdict(view: View) -> str:
    """Return whether the submission can carry the audit, and what is missing most.

    Which kinds of data there are is never hidden; a count that is rounded or hidden lies within limits, and so does
    the share it gives.
    """
    checks = {str(r["measure"]): r for r in view.count("checks").to_dict("records")}
    heads, everyone = (int(checks[name]["n"]) for name in ("not_rated", "no_second"))
    if everyone in (0, HIDDEN):
        return _say(view, "verdict.nothing")
    asked = {n: r for n, r in checks.items() if n.startswith(("no_", "not_", "unknown_")) and r["n"] != 0}
    lacking = {n: ends for n, r in asked.items() if (ends := _lacking(view, r)) is not None}
    if "multisource" not in set(view.count("examined")["kind"]):  # of what is not there at all, all is missing
        lacking["no_second"] = (1.0, 1.0, 1.0)
    tables = view.count("completeness")
    if not view.internal and len(tables) and "achievements" in set(tables.loc[tables["n"] == 0, "table"]):
        lacking["no_achievements"] = (1.0, 1.0, 1.0)
    point = {n: low if about is None else about for n, (low, about, _) in lacking.items()}
    gone, unknown = (point.get(n, 0.0) for n in ("not_rated", "no_supervisor"))
    key = "partly" if max(gone, unknown) > 1 - _limit(view, "carried") else "carries"
    key = "cannot" if gone > 1 - _limit(view, "partial") else key if "not_rated" in lacking else "hidden"
    told = {n: _held(view, lacking[n]) if n in lacking else None for n in ("not_rated", "no_supervisor")}
    first = _say(view, f"verdict.{key if heads else 'multisource'}", n=count(view, heads or everyone), **told)
    name, most = max(point.items(), key=lambda item: item[1], default=("", 0.0))
    if most > LITTLE:
        return f"{first} {_say(view, f'missing.{name}', share=_between(view, *lacking[name]))}"
    return f"{first} {_say(view, 'missing.little')}" if len(lacking) == len(asked) else first


def _lacking(view: View, row: dict[Hashable, Any]) -> tuple[float, float | None, float] | None:
    """Return the share k of n with its limits, no share where only they are told; None where n or k is withheld."""
    k, n = int(row["k"]), int(row["n"])
    if n <= 0 or k < HIDDEN:
        return None
    if view.internal:
        return k / n, k / n, k / n
    most = view.audit.config.disclosure.get("persons", 10) - 1
    low, high = (0, most) if k < 0 else (k - _half(view, row, "k"), k + _half(view, row, "k"))
    some = _half(view, row, "n")
    about = min(k / n, 1.0) if k == 0 or (k > 0 and n > ROUGH) else None
    return max(low / (n + some), 0.0), about, min(high / (n - some), 1.0)


def _half(view: View, row: dict[Hashable, Any], name: str) -> float:
    """Return how far a printed count can be from the true one."""
    known = view.count("published")
    mine = known[known["count"] == f"checks|{row['measure']}|{name}"] if len(known) else known
    return float(mine["base"].iloc[-1] if len(mine) else ROUND_TO) / 2 if row[name] > 0 else 0.0


def _held(view: View, lacking: tuple[float, float | None, float]) -> str:
    """Return the share of those not lacking."""
    low, about, high = lacking
    return _between(view, 1 - high, None if about is None else 1 - about, 1 - low)


def _between(view: View, low: float, about: float | None, high: float) -> str:
    """Return a share, or the limits that are known of it, never their middle; 100% are all."""
    if about is None and low <= 0:
        return _say(view, "at_most", share=math.ceil(100 * high) / 100)
    if (about is None and high >= 1 > low) or 0.995 <= low <= high < 1:
        return _say(view, "at_least", share=math.floor(100 * low) / 100)
    if about is None:
        return _say(view, "between", low=math.floor(100 * low) / 100, high=math.ceil(100 * high) / 100)
    return _say(view, "share" if round(100 * low) == round(100 * high) else "about", share=about)


def rows(view: View) -> list[Block]:
    """Return where every row went: by file and sheet number, at the public level by table over all files."""
    frame = view.count("accounting") if view.internal else view.count("rows").assign(file=0, sheet=0, reason="")
    why = [f"{count(view, n)} {origin.reason(view, c)}" if c else "" for c, n in frame[["reason", "rows"]].to_numpy()]
    by = frame.assign(why=why).groupby(["file", "sheet", "table"], as_index=False)
    parts = by.agg(**{p: (p, "sum") for p in PARTS}, why=("why", lambda s: "; ".join(filter(None, s))))
    heads = "table rows:n kept:n merged:n set_aside:n"
    if view.internal:
        return [_table(view, "rows", parts, f"file sheet {heads} reason")]
    table = _table(view, "rows", parts.drop(columns=["file", "sheet", "why"]), heads)
    return [table, _note(_say(view, "rows.aside_all", reasons=origin.set_aside(view))), *_ends(view, 0)]


def filled(view: View) -> list[Block]:
    """Return the columns that are not filled everywhere; what is not there at all cannot be counted."""
    frame = view.count("completeness")
    if "number" not in rule_for(str(view.year)).evidence:  # what the rule does not know is not missing
        frame = frame[frame["column"] != "number"]
    absent = [_say(view, f"table.{t}") for t in frame.loc[frame["n"] == 0, "table"]]
    if not view.internal:  # each is rounded by itself
        frame = frame.assign(filled=frame[["filled", "n"]].min(axis=1))
    short = frame[(frame["n"] != 0) & (frame["filled"] != frame["n"])]
    short = short.assign(share=_share(view, short["filled"], short["n"]))[["table", "column", "filled", "n", "share"]]
    table = _table(view, "filled", short, "table column filled:n all_rows:n share:%1")
    key = "filled.rest" if view.internal else "filled.rest_about"
    found = [table, Text(_say(view, key, n=len(frame) - len(short) - len(absent)))]
    found += [_note(_say(view, "filled.evened"))] if (short["column"] == "criteria").any() else []
    return [*found, *([_note(_say(view, "filled.absent", tables=", ".join(absent)))] if absent else [])]


def unrated(view: View) -> list[Block]:
    """Return persons by agency and reason, internally the units with someone who is not rated too."""
    frame = view.count("unrated")
    found = [_by_reason(view, "unrated", frame, ["opd"])]
    if not view.internal:
        return [*found, *_ends(view, 0)]
    gone = frame[frame["reason"] != "rated"].groupby(["opd", "unit"])["n"].sum().sort_values(ascending=False)
    own = frame.set_index(["opd", "unit"]).loc[gone.index[:MOST]].reset_index()
    return [*found, _by_reason(view, "units", own, ["opd", "unit"]), *_ends(view, len(gone))]


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
    return _table(view, name, wide.reset_index(), " ".join(place), more)


def coverage(view: View) -> list[Block]:
    """Return how many are rated by each source: in all, then by unit (agency at the public level), lowest first.

    Public counts are rounded, each by itself: a share of them is at most all.
    """
    frame, whole = (
        f.assign(share=_share(view, f["rated"], f["n"]).clip(upper=1), each=_share(view, f["pairs"], f["rated"]))
        for f in (view.count("coverage"), view.count("sources"))
    )
    whole = whole[["source", "rated", "n", "share", "each", "none", "units"]]
    place = ["opd", "unit"] if view.internal else ["opd"]
    wide = frame.pivot(index=place, columns="source", values="share")[list(SOURCES)]
    wide = wide.loc[wide.mean(axis=1).sort_values(kind="stable").index]
    wide.insert(0, "n", frame.drop_duplicates(place).set_index(place)["n"])
    wide["each"] = frame[frame["source"] == "peer"].set_index(place)["each"]
    more = [*(Column(_say(view, f"source.{s}"), "%") for s in SOURCES), Column(_say(view, "col.peers_each"), "1")]
    return [
        _table(view, "coverage", whole, "source rated_once:n persons:n share:%1 each:1 none:n units:n"),
        _table(view, "by_unit", wide.head(MOST).reset_index(), f"{' '.join(place)} persons:n", more),
        *_ends(view, len(wide)),
    ]


def checks(view: View) -> list[Block]:
    """Return what is worth a look at the source: counts with their n; internally who stands behind them."""
    limits: dict[str, Any] = {n: _limit(view, n) for n in ("span", "batch")}
    frame = view.count("checks")
    largest = frame["largest"].where(frame["largest"] > 0)
    frame = frame.assign(share=_share(view, frame["k"], frame["n"]), largest=largest)
    frame["k"] = frame["k"].astype(object).where(frame["n"] != 0, _say(view, "no_count"))
    frame = frame[["measure", "k", "n", "share", "largest"]]
    blocks = [_table(view, "checks", frame, "measure k:n of:n share:%1 largest:n", **limits)]
    found = view.count("entries").sort_values(["measure", "n", "rater"], ascending=[True, False, True])
    if len(found):
        short = naming.short_names([*view.names, *found["rater"]])
        told = found.assign(rater=found["rater"].map(short))[["rater", "measure", "n"]].head(MOST)
        blocks += [_table(view, "entries", told, "rater measure persons:n", **limits), *_ends(view, len(found))]
    return [*blocks, _note(_say(view, "checks.note", **limits))]


def problems(view: View) -> list[Block]:
    """Return the warnings and notes of the check by code, with the number of cells."""
    frame = view.count("problems")
    level = [say(f"problems.severity.{LEVELS[code[3]]}", view.lang) for code in frame["code"]]
    meaning = [blanked(f"problems.{code}.what", view.lang) for code in frame["code"]]
    told = frame.assign(level=level, meaning=meaning)[["code", "level", "meaning", "n"]]
    return [_table(view, "problems", told, "code severity meaning cells:n")]
