"""A comparison in words, as LaTeX, as a workbook and as HTML."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import COMPARISON_COLUMNS, Comparison
from kinerja_analysis.base.words import End, has, say, show
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.sentence import plain, plus, quantity, unit
from kinerja_analysis.show.strength import RATIO_UNITS
from kinerja_analysis.show.table import header

MOST_NAMED = 4
#: Measures that both kinds of data have: their names say which is meant.
OF_BOTH = ("index", "order", "order_others", "level", "performance", "severity", "composition", "common_change",
           "relative_shift")  # fmt: skip
#: Units whose differences carry a plus sign; those of points have one anyway.
SIGNED = ("sd", "correlation", "reliability", "of_100")
_LATEX = {c: f"\\{c}" for c in "&%_#${}"} | {
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "−": r"$-$", "–": "--",
    "<": r"\textless{}", ">": r"\textgreater{}"}  # fmt: skip


def label(row: Any, lang: str) -> str:
    """Return what a row compares, in words."""
    subject, source = str(row.subject), ""
    if row.measure == "own_group_gap":
        subject, _, source = subject.partition("|")
    measure = "criteria" if row.measure == "criterion_difficulty" and not subject else row.measure
    own = f"{measure}_{row.scope}"  # the predikat's index has another name than that of scores
    measure = own if has(f"compare.measure.{own}") else measure
    told = say(f"compare.measure.{measure}", lang, subject=naming.word(subject, lang).replace("_", " "),
               source=naming.word(source, lang), reference=reference(row, lang))  # fmt: skip
    if measure in OF_BOTH and has(kind := f"compare.of_kind.{row.scope}"):
        told = say(kind, lang, what=told)
    covered = row.covered if row.covered < 1 else None
    return say("compare.adjusted", lang, what=told, covered=covered) if row.adjusted else told


def reference(row: Any, lang: str) -> str:
    """Return the word for the group that a group is held against."""
    return naming.word(row.reference, lang) if row.reference else say("compare.reference", lang)


def short(row: Any, lang: str) -> str:
    """Return a short name of a row below the heading of its topic."""
    subject, _, source = str(row.subject).partition("|")
    what = naming.word(subject, lang)
    if row.measure in ("odds_ratio", "gap"):
        return say("compare.short.groups", lang, subject=what, reference=reference(row, lang))
    if row.measure in ("own_group_odds_ratio", "own_group_gap"):
        return say("compare.short.own", lang, subject=what, source=naming.word(source or "supervisor", lang))
    return label(row, lang)


def verdict(comparison: Comparison, row: Any, lang: str) -> str:
    """Return the verdict of a pair as a sentence."""
    a, b = (comparison.names.get(r, r) for r in (row.region_a, row.region_b))
    return say(f"compare.verdict.{row.reason}", lang, a=a, b=b, year=str(row.year), year_b=str(row.year_b))


def sides(comparison: Comparison, row: Any) -> tuple[str, str]:
    """Return what the two sides are called: regions, or years of one region."""
    if row.region_a == row.region_b:
        return str(row.year), str(row.year_b)
    return comparison.names.get(row.region_a, row.region_a), comparison.names.get(row.region_b, row.region_b)


def numbers(row: Any, lang: str) -> dict[str, str]:
    """Return a row's numbers in the reader's form; a difference of shares is in percentage points."""
    how, scale = ("percentage_points", 100) if row.unit == "share" else (row.unit, 1)
    zero = 1.0 if row.unit in RATIO_UNITS else 0.0
    apart = row.lower > zero or row.upper < zero
    known = {k: End(getattr(row, k), zero) if apart else getattr(row, k) for k in ("value", "lower", "upper")}
    out = {k: quantity(scale * v, how, lang) for k, v in known.items()}
    if row.unit in SIGNED:
        out = {k: plus(v) if getattr(row, k) > 0 else v for k, v in out.items()}
    if has(f"compare.unit.{row.unit}"):
        out["value"] += " " + say(f"compare.unit.{row.unit}", lang)
    return out | {k: quantity(getattr(row, k), row.unit, lang) for k in ("value_a", "value_b")}


def sized(row: Any, side: str, lang: str) -> str:
    """Return the value of side "a" or "b" with its n, and the teams it rests on; public counts may be hidden."""
    held = {k.removesuffix(f"_{side}"): v for k, v in _held(row).items() if k.endswith(f"_{side}")}
    return say("compare.sized", lang, value=numbers(row, lang)[f"value_{side}"], **held)


def _held(row: Any) -> dict[str, int]:
    """Return n and teams of both sides, 0 where hidden; what compares ratings by their rater rests on ``raters``."""
    by, other = ("raters", "teams") if str(row.measure).startswith("own_group") else ("teams", "raters")
    told = {f"{by if name == 'teams' else name}_{side}": max(int(getattr(row, f"{name}_{side}")), 0)
            for name in ("n", "teams") for side in "ab"}  # fmt: skip
    return told | {f"{other}_{side}": 0 for side in "ab"}


def told(comparison: Comparison, row: Any, lang: str) -> str:
    """Return a row as a sentence."""
    what, shown = label(row, lang), numbers(row, lang)
    if not math.isfinite(row.value):
        return say("compare.row.none", lang, what=what, reason=say(f"compare.reason.{row.reason}", lang))
    if row.unit == "raters":
        return say("compare.row.count", lang, what=what, value=shown["value"], n=row.n_a)
    kind = say(f"compare.row.{'ratio' if row.unit in RATIO_UNITS else 'difference'}", lang)
    a, b = sides(comparison, row)
    form = "apart" if math.isfinite(row.value_a) and math.isfinite(row.value_b) else "plain"
    level = row.measure == "separated_pairs"  # of few grades, more high ratings separate fewer pairs
    return say(f"compare.row.{form}", lang, what=what, kind=kind, a=a, b=b, level=level, **shown,
               **_held(row))  # fmt: skip


def summary(comparison: Comparison, lang: str) -> str:
    """Return the comparison in words: per pair the verdict, what can be told apart, what cannot, what has no number."""
    lines: list[str] = []
    for pair in comparison.pairs:
        rows = list(comparison.select(pair).frame.itertuples())
        a, b = sides(comparison, rows[0])
        year = "" if a.isdigit() else f", {rows[0].year}"
        name = comparison.names.get(rows[0].region_a, "") + ": " if a.isdigit() else ""
        lines.append(f"{name}{say('compare.summary.pair', lang, a=a, b=b)}{year}")
        lines.append(plain(verdict(comparison, rows[0], lang)))
        known = [r for r in rows[1:] if math.isfinite(r.value) and r.measure != "common_change"]  # nobody can split it
        apart = [told(comparison, r, lang) for r in known if r.status == "FLAGGED"]
        lines += [say("compare.summary.apart", lang), *apart] if apart else [say("compare.summary.nothing", lang)]
        for key, part in (("same", [r for r in known if r.status != "FLAGGED"]),
                          ("none", [r for r in rows[1:] if not math.isfinite(r.value)])):  # fmt: skip
            listed = list(dict.fromkeys(label(r, lang) for r in part))
            if listed:
                names = "; ".join(listed[:MOST_NAMED])
                more = len(listed) - MOST_NAMED if len(listed) > MOST_NAMED else 0
                lines.append(say(f"compare.summary.{key}", lang, n=len(listed), names=names, more=more))
        lines.append("")
    level = float(comparison.frame["level"].iloc[0]) if len(comparison.frame) else 0.95
    return "\n".join([*lines, say("compare.summary.together", lang, level=level)])


def shown_frame(comparison: Comparison, lang: str) -> pd.DataFrame:
    """Return the rows with a value as a reader sees them."""
    found = []
    for r in comparison.frame[comparison.frame["value"].notna()].itertuples():
        a, b = sides(comparison, r)
        n = numbers(r, lang)
        found.append({"year": str(r.year), "pair": f"{a} – {b}", "measure": label(r, lang),
                      "value_a": sized(r, "a", lang), "value_b": sized(r, "b", lang),
                      **{k: n[k] for k in ("value", "lower", "upper")}, "p_adjusted": r.p_adjusted,
                      "status": r.status})  # fmt: skip
    names = ["year", "pair", "measure", "value_a", "value_b", "value", "lower", "upper", "p_adjusted", "status"]
    return pd.DataFrame(found, columns=names)


def worded(comparison: Comparison, lang: str) -> pd.DataFrame:
    """Return all rows in words, with numbers as they are; counts that are hidden are missing."""
    found = []
    for r in comparison.frame.itertuples():
        a, b = (comparison.names.get(code, code) for code in (r.region_a, r.region_b))
        counts = {f"{what}_{side}": max(int(getattr(r, f"{what}_{side}")), 0) or None
                  for what in ("n", "teams") for side in "ab"}  # fmt: skip
        scale = 100 if r.unit == "share" else 1
        apart = "apart" if r.status == "FLAGGED" else "same"
        known = math.isfinite(r.value)
        found.append({
            "year": r.year, "year_b": r.year_b, "region_a": a, "region_b": b, "measure": label(r, lang),
            **{k: scale * getattr(r, k) for k in ("value", "lower", "upper")},
            "unit": unit("percentage_points" if r.unit == "share" else r.unit, lang), **counts,
            "covered": r.covered, "level": r.level, "p_adjusted": r.p_adjusted,
            "status": say(f"compare.page.is_{apart}", lang) if known and math.isfinite(r.lower) else "",
            "reason": say(f"compare.reason.{r.reason}", lang) if r.reason and not known else "",
            "mark": "; ".join(say(f"compare.mark.{m}", lang) for m in str(r.mark).split("|") if m),
        })  # fmt: skip
    return pd.DataFrame(found).astype(dict.fromkeys(("n_a", "n_b", "teams_a", "teams_b"), "Int64"))


def worded_funnels(comparison: Comparison, lang: str) -> pd.DataFrame:
    """Return the funnel limits with measures and regions in words."""
    frame = comparison.funnels
    rows = frame.assign(adjusted=False, covered=1.0, reference="").itertuples()
    told = frame.assign(measure=[label(r, lang) for r in rows], region=frame["region"].replace(dict(comparison.names)))
    return told.drop(columns=["scope", "subject"])


def latex(comparison: Comparison, lang: str) -> str:
    """Return the rows with a value as a LaTeX longtable with booktabs rules."""
    frame = shown_frame(comparison, lang).drop(columns="status")
    caption = tex(say("compare.latex.caption", lang, alone=int(frame["p_adjusted"].isna().sum())))
    frame["p_adjusted"] = [show(float(p), "p", lang) for p in frame["p_adjusted"]]
    head = " & ".join(tex(header(c, lang)) for c in frame.columns) + r" \\"
    body = [" & ".join(tex(str(v)) for v in row) + r" \\" for row in frame.itertuples(index=False, name=None)]
    return "\n".join([
        r"% \usepackage{booktabs,longtable}", r"\begin{longtable}{llp{0.3\linewidth}rrrrrr}",
        rf"\caption{{{caption}}} \\", r"\toprule", head, r"\midrule", r"\endfirsthead",
        r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot", *body, r"\end{longtable}", "",
    ])  # fmt: skip


def tex(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    >>> tex("5 % & a_b")
    '5 \\% \\& a\\_b'
    """
    return "".join(_LATEX.get(c, c) for c in text)


def workbook(comparison: Comparison, lang: str) -> bytes:
    """Return a workbook: the summary in words, the tidy table with raw numbers, the funnel where there is one."""
    from openpyxl import Workbook

    from kinerja_analysis.base.xlsx import book_bytes, put

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = say("compare.sheet.words", lang)
    sheet.column_dimensions["A"].width = 120
    for i, line in enumerate(summary(comparison, lang).split("\n"), 1):
        put(sheet.cell(i, 1), line)
    pages = {"data": comparison.frame[list(COMPARISON_COLUMNS)], "funnel": comparison.funnels}
    for name, frame in pages.items():
        if frame.empty:
            continue
        page = book.create_sheet(say(f"compare.sheet.{name}", lang))
        for i, row in enumerate([list(frame.columns), *frame.itertuples(index=False, name=None)], 1):
            for j, value in enumerate(row, 1):
                missing = isinstance(value, float) and not math.isfinite(value)
                put(page.cell(i, j), None if missing else value)
        page.freeze_panes = "A2"
    return book_bytes(book, say("compare.latex.caption", lang, alone=0))
