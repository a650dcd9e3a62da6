"""The head-count table HR offices know: per agency PNS, PPPK, PPPK PW, predikat, and who made no SKP."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.base.config import DISCLOSURE
from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.base.words import say
from kinerja_analysis.release.linked import UNSTATED
from kinerja_analysis.report.blocks import Block, Cell, Column, Note, Section, TableBlock
from kinerja_analysis.report.view import View
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.table import header

EMPLOYMENT = ("pns", "pppk", "pppk_paruh_waktu", "")
STATUS = ("not_rated", "no_skp", "excluded")
BELOW = "DI BAWAH BAIK"


def headcount(view: View, anchor: str, number: str) -> Section | None:
    """Return the section, or None without any head count."""
    frame = view.count("headcount")
    if frame.empty:
        return None
    table = by_agency(view, frame) if view.internal else by_employment(view, frame)
    blocks: list[Block] = [table]
    if not view.internal:
        blocks.append(Note((("", f"{view.say('headcount.public')} {closed(view)}".strip()),), "other"))
    aside = (("", view.say("headcount.aside")),)
    return Section(anchor, number, view.say("headcount.title"), tuple(blocks), aside, role="evidence")


def predikat_columns(frame: pd.DataFrame) -> list[str]:
    """Return the predikat columns the frame has, best first, those merged at the public level included."""
    order = [*reversed(PREDIKAT), BELOW]
    return [name for name in order if name in frame.columns]


def by_agency(view: View, frame: pd.DataFrame) -> TableBlock:
    """Return one row per agency and a total: employment, predikat, who was not rated."""
    kinds = [k for k in EMPLOYMENT if (frame["employment"] == k).any()]
    wide = frame.pivot_table(index="opd", columns="employment", values="total", aggfunc="sum", fill_value=0)
    sums = frame.groupby("opd")[["total", *predikat_columns(frame), *STATUS]].sum()
    table = pd.concat([wide.reindex(columns=kinds, fill_value=0), sums], axis=1).sort_index()
    cells = table.to_numpy().astype("int64")
    named: list[tuple[Cell, ...]] = [
        (_agency(view, str(opd)), *row) for opd, row in zip(table.index, cells.tolist(), strict=True)
    ]
    sums_ = cells.sum(axis=0).tolist()
    total: tuple[Cell, ...] = (view.say("headcount.all"), *sums_)
    labels = [header("opd", view.lang), *(_employment(view, k) for k in kinds)]
    labels += [header(c, view.lang) for c in sums.columns]
    columns = tuple(Column(text, "" if i == 0 else "n") for i, text in enumerate(labels))
    caption, sheet = view.say("headcount.caption", year=str(view.year)), view.say("headcount.sheet")
    return TableBlock(caption, columns, (*named, total), sheet, "annex", numbers=tuple(map(float, sums_)))


def by_employment(view: View, frame: pd.DataFrame) -> TableBlock:
    """Return one row per agency and kind of employment, as released: rounded, small counts hidden (-1)."""
    names = ["total", *predikat_columns(frame), *STATUS]
    rows = frame.sort_values(["opd", "employment"], kind="stable")
    lines: tuple[tuple[Cell, ...], ...] = tuple(
        (_agency(view, str(r["opd"])), _employment(view, str(r["employment"])), *(int(r[n]) for n in names))
        for r in rows.to_dict("records")
    )
    labels = [header("opd", view.lang), header("employment", view.lang), *(header(n, view.lang) for n in names)]
    columns = tuple(Column(text, "" if i < 2 else "n") for i, text in enumerate(labels))
    return TableBlock(
        view.say("headcount.caption", year=str(view.year)), columns, lines, view.say("headcount.sheet"), "annex"
    )


def closed(view: View) -> str:
    """Say how many counts of the public edition are hidden, and why, in one sentence."""
    frame = view.count("disclosure")
    if frame.empty:
        return ""
    sums = {name: int(frame[name].sum()) for name in ("cells", "hidden", "withheld")}
    limits = DISCLOSURE | view.audit.config.disclosure
    return say("release.told", view.lang, **sums, smallest=limits["persons"], raters=limits["raters"],
               dominance=limits["dominance"])  # fmt: skip


def _agency(view: View, name: str) -> str:
    return no_agency(view).get(name, name)


def no_agency(view: View) -> dict[str, str]:
    """Return what is said for agencies without a name: merged at the public level, or not stated."""
    unstated = view.say("headcount.no_agency")
    return {"": unstated if view.internal else view.say("headcount.other"), UNSTATED: unstated}


def _employment(view: View, code: str) -> str:
    return naming.word(code, view.lang) if code else view.say("headcount.no_employment")
