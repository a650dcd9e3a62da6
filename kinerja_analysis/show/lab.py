"""Plain tables for a lab: no script, escaped, the first rows with a count of the rest, every language asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Audit, Comparison, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import TABLES, Tables
from kinerja_analysis.base.words import LANGUAGES, say, spoken
from kinerja_analysis.show import comparison as compared
from kinerja_analysis.show import names as naming
from kinerja_analysis.show import sentence as words
from kinerja_analysis.show.table import escape, findings_frame, html_table

MOST, MOST_CELLS = 40, 10
_PERSON = {"appraisals": "person", "ratings": "ratee", "employees": "person", "achievements": "person"}


def in_languages(thing: object, view: Callable[[str], str]) -> str:
    """Return a thing's HTML: in the first language, then in the others behind their names (no script needed).

    The languages are those of the thing's configuration, else all; ``KINERJA_LANG`` says which comes first.
    """
    config = getattr(thing, "config", None)
    first, *others = spoken(config.languages if isinstance(config, AuditConfig) else LANGUAGES)
    shown = f"<div lang='{first}'>{view(first)}</div>"
    for lang in others:
        name = escape(say("show.lab.language", lang))
        shown += f"<details lang='{lang}'><summary>{name}</summary>{view(lang)}</details>"
    return shown


@singledispatch
def view(thing: object, lang: str) -> str:
    """Return one of our objects as HTML in one language. Raises ``TypeError`` for another object."""
    raise TypeError(type(thing).__name__)


@singledispatch
def facts(thing: object) -> dict[str, Any]:
    """Return what a line of text says of one of our objects: codes and counts, no person. Raises ``TypeError``."""
    raise TypeError(type(thing).__name__)


def _lines(texts: Sequence[str], lang: str, most: int = MOST) -> str:
    left = len(texts) - most
    more = [say("show.more_rows", lang, n=left)] if left > 0 else []
    return "".join(f"<p>{escape(text)}</p>" for text in [*texts[:most], *more])


@view.register
def _(thing: Estimate, lang: str) -> str:
    e, number = thing, words.quantity
    row = {"value": number(e.value, e.unit, lang), "lower": number(e.lower, e.unit, lang),
           "upper": number(e.upper, e.unit, lang), "level": e.level, "n": e.n, "unit": words.unit(e.unit, lang),
           "method": naming.way(e.method, lang)}  # fmt: skip
    return html_table(pd.DataFrame([row]), lang, formats={"level": "%"})


@facts.register
def _(thing: Estimate) -> dict[str, Any]:
    names = ("value", "lower", "upper", "level", "n", "unit", "method")
    return {name: getattr(thing, name) for name in names}


@view.register
def _(thing: Finding, lang: str) -> str:
    return _lines([words.sentence(thing, lang)], lang)


@facts.register
def _(thing: Finding) -> dict[str, Any]:
    return {"code": thing.code, "status": thing.status, "measure": thing.measure, "subject_kind": thing.subject_kind,
            "region": thing.region, "year": thing.year}  # fmt: skip


@view.register
def _(thing: Result, lang: str) -> str:
    order = {str(s): i for i, s in enumerate(Status)}
    frame = thing.frame.assign(_order=thing.frame["status"].map(order)).sort_values("_order", kind="stable")
    ordered = Result(thing.detector, frame.drop(columns="_order"))
    verdicts = list(dict.fromkeys(words.sentence(f, lang) for f in words.region_findings(thing)))
    return _lines(verdicts, lang) + html_table(findings_frame(ordered, lang, MOST), lang, most=MOST, total=len(thing))


@facts.register
def _(thing: Result) -> dict[str, Any]:
    counted = thing.frame["status"].value_counts()
    return {"detector": thing.detector, "findings": len(thing)} | {str(s): int(n) for s, n in counted.items()}


@view.register
def _(thing: Design, lang: str) -> str:
    rows = thing.frame[thing.frame["source"] == "all"]
    told = [words.plain(words.verdict(r, lang)) for r in rows.itertuples()]
    shown = rows[["region", "year"]].assign(kind=[say(f"show.kind.{k}", lang) for k in rows["kind"]], verdict=told)
    return html_table(shown.assign(n_ratees=rows["n_ratees"], n_raters=rows["n_raters"]), lang, most=MOST)


@facts.register
def _(thing: Design) -> dict[str, Any]:
    return {f"{region} {year} {kind}": verdict for (region, year, kind), verdict in thing.verdicts().items()}


@view.register
def _(thing: Audit, lang: str) -> str:
    lines = [line for line in words.audit_summary(thing, lang).split("\n") if line]
    return _lines(lines, lang, len(lines) if len(thing.cells) <= MOST_CELLS else MOST * MOST_CELLS)


@facts.register
def _(thing: Audit) -> dict[str, Any]:
    flagged = sum(int((r.frame["status"] == "FLAGGED").sum()) for r in thing.results.values())
    return {"level": thing.level, "cells": len(thing.cells), "detectors": len(thing.results), "flagged": flagged}


@view.register
def _(thing: Comparison, lang: str) -> str:
    lines = [line for line in compared.summary(thing, lang).split("\n") if line]
    return _lines(lines, lang) + html_table(compared.shown_frame(thing, lang), lang, most=MOST)


@facts.register
def _(thing: Comparison) -> dict[str, Any]:
    return {"level": thing.level, "pairs": len(thing.pairs), "rows": len(thing.frame)}


@view.register
def _(thing: Tables, lang: str) -> str:
    rows = []
    for name in TABLES:
        frame = getattr(thing, name)
        persons = frame[_PERSON[name]].nunique() if name in _PERSON else None
        rows.append({"table": say(f"show.lab.table.{name}", lang), "rows": len(frame), "persons": persons,
                     "regions": frame["region"].nunique(), "years": frame["year"].nunique()})  # fmt: skip
    made = [say("show.lab.synthetic", lang)] if thing.synthetic else []
    return _lines(made, lang) + html_table(pd.DataFrame(rows).astype({"persons": "Int64"}), lang)


@facts.register
def _(thing: Tables) -> dict[str, Any]:
    counts = {name: len(getattr(thing, name)) for name in TABLES}
    return counts | {"problems": len(thing.problems), "synthetic": thing.synthetic}
