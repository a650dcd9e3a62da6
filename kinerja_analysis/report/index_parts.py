"""The parts of the index page: search, table, legend. Every figure stands beside its range; none can be sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kinerja_analysis.base.words import number, say
from kinerja_analysis.report.html import MAIN
from kinerja_analysis.report.render import GLYPHS, HIDDEN, glyph, translation_links
from kinerja_analysis.report.text import inline, plain
from kinerja_analysis.show import names as naming
from kinerja_analysis.show.sentence import title
from kinerja_analysis.show.table import escape

SCALE = 60.0
Row = Mapping[str, Any]


def say_(key: str, lang: str, **params: Any) -> str:
    """Return a message of the index page."""
    return say(f"indexpage.{key}", lang, **params)


def words(key: str, lang: str, **params: Any) -> str:
    """Return a message of the index page, escaped."""
    return escape(say_(key, lang, **params))


def year_style(years: Sequence[int]) -> str:
    """Return the rules that filter years without a script."""
    rules = (f'body:has(#y{y}:checked) [data-y]:not([data-y="{y}"])' for y in years)
    return f"@media screen{{{','.join(rules)}{{display:none!important}}}}" if years else ""


def notice(rows: Sequence[Row], lang: str) -> str:
    """Return the mark of invented data."""
    marked = [bool(r.get("synthetic")) for r in rows]
    if not any(marked):
        return ""
    text = say_("synthetic_text" if all(marked) else "some_synthetic_text", lang)
    body = f"<b>{escape(say('report.synthetic', lang))}</b><span>{escape(text)}</span>"
    return f'<div class="notice" role="note"><div class="wrap">{body}</div></div>'


def head(rows: Sequence[Row], lang: str, level: str, years: Sequence[int], others: Sequence[str],
         up: str) -> str:  # fmt: skip
    """Return the masthead."""
    span = say_("years" if len(years) > 1 else "year", lang, first=str(years[0]), last=str(years[-1])) if years else "–"
    counted = [r for r in rows if r.get("standing") != "gone"]
    lead = say_("lead", lang, regions=len({r["region"] for r in counted}), years=span)
    back = f'<nav><ol><li><a href="{escape(up)}">{words("all", lang)}</a></li></ol></nav>' if up else "<span></span>"
    link = translation_links(others)
    badge = f'<span class="level">{escape(say(f"report.badge.{level}", lang))}</span><br>'
    facts = (
        f"<div><dt>{words('level', lang)}</dt><dd>{badge}{words(f'level_{level}', lang)}</dd></div>"
        f"<div><dt>{words('holds', lang)}</dt><dd>{words('reports', lang, n=len(counted))}</dd></div>"
    )
    return (
        f'<header class="mast"><div class="wrap"><div class="bar">{back}<span>{link}</span></div>'
        f'<div class="title"><div><p class="kicker">{escape(say("report.masthead.kicker", lang))}</p>'
        f'<h1>{words("title", lang)}</h1><p class="lead">{inline(lead)}</p></div>'
        f'<dl class="facts">{facts}</dl></div></div></header>'
    )


def table(rows: Sequence[Row], lang: str, years: Sequence[int]) -> str:
    """Return search, year filter and the table of regions and years."""
    top = f'<h2 id="h1" style="margin-bottom:20px">{words("search", lang)}</h2>'
    if not rows:
        return f'<section style="padding:34px 0 26px" aria-labelledby="h1">{top}<p>{words("empty", lang)}</p></section>'
    by: dict[str, dict[int, Row]] = {}
    for r in sorted(rows, key=lambda r: (str(r["name"]).lower(), str(r["region"]))):
        by.setdefault(str(r["region"]), {})[int(r["year"])] = r
    columns = [(say_("region", lang), "ascending", ""), (say_("code", lang), "none", ""),
               (say_("persons", lang), "none", ' data-n="1" class="e"')]  # fmt: skip
    heads = "".join(
        f'<th scope="col" role="columnheader" aria-sort="{order}"{more}>'
        f'<button type="button">{escape(text)}</button></th>'
        for text, order, more in columns
    )
    heads += "".join(f'<th scope="col" role="columnheader" data-y="{y}">{y}</th>' for y in years)
    body = "".join(_region(region, cells, lang, years) for region, cells in by.items())
    cols = '<col class="k1"><col class="k2"><col class="k3">' + "".join(f'<col data-y="{y}">' for y in years)
    return (
        f'<section style="padding:34px 0 26px" aria-labelledby="h1">{top}{_controls(lang, years, len(by))}'
        f'<table class="it" id="ix" role="table"><caption>{words("caption", lang)}</caption>'
        f'<colgroup>{cols}</colgroup><thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
        f'<p class="inone" id="none" hidden>{words("none", lang)}</p></section>'
    )


def _controls(lang: str, years: Sequence[int], regions: int) -> str:
    chips = f'<label><input type="radio" name="y" id="yall" checked>{words("all_years", lang)}</label>'
    chips += "".join(f'<label><input type="radio" name="y" id="y{y}">{y}</label>' for y in years)
    shown = say_("shown", lang)
    legend = words("year_label", lang)
    choice = f'<fieldset><legend>{legend}</legend><div class="chips">{chips}</div></fieldset>' if len(years) > 1 else ""
    return (
        f'<div class="find-in"><div hidden><label class="t" for="q">{words("search_label", lang)}</label>'
        f'<input type="search" id="q" autocomplete="off" spellcheck="false" aria-controls="ix"></div>{choice}'
        f'<p class="cnt" id="cnt" role="status" data-t="{escape(shown)}">'
        f"{escape(shown.replace('#', str(regions)))}</p></div>"
    )


def _region(region: str, cells: Mapping[int, Row], lang: str, years: Sequence[int]) -> str:
    latest = max(cells)
    row = cells[latest]
    top = row.get("headline") or {}
    name, province, bps = str(row["name"]), str(top.get("province", "")), str(top.get("bps", ""))
    persons = int(top.get("persons", 0))
    closed = "show.hidden" if persons == HIDDEN else "show.withheld"
    shown = number(persons, 0, lang) if persons >= 0 else say(closed, lang)
    sought = " ".join([name, province, region, bps, region.replace(".", "")]).lower()
    label = words("persons_in", lang, year=str(latest))
    under = f'<br><span class="muted">BPS {escape(bps)}</span>' if bps else ""
    parts = [
        f'<th scope="row" role="rowheader" data-s="{escape(name)}"><b>{escape(name)}</b>'
        f"<small>{escape(province)}</small></th>",
        f'<td role="cell" class="c" data-s="{escape(region)}"><span>{escape(region)}</span>{under}</td>',
        f'<td role="cell" class="e" data-s="{persons}" data-l="{label}">{shown}</td>',
    ]
    parts += [_cell(cells.get(y), y, lang) for y in years]
    return f'<tr role="row" data-q="{escape(sought)}">{"".join(parts)}</tr>'


def _cell(row: Row | None, year: int, lang: str) -> str:
    start = f'<td role="cell" data-y="{year}" data-l="{year}">'
    if row is None:
        return f"{start}<p class='ix muted'>{words('no_report', lang)}</p></td>"
    top = row.get("headline") or {}
    told = top.get("told") or {}
    verdicts = "".join(
        f'<p class="vd">{glyph(v)}<span>{escape(say(f"report.kind.{k}", lang))}: '
        f"{escape(say(f'report.verdict_name.{told.get(k, v)}', lang))}</span></p>"
        for k, v in (top.get("verdicts") or {}).items()
    )
    flagged = [title(n, lang).lower() for n in top.get("flagged", [])]
    calm = say_("nothing", lang, withheld=bool(top.get("withheld")))
    notes = [say_("flagged", lang, titles="; ".join(flagged)) if flagged else calm]
    failed = [title(n, lang).lower() for n in top.get("failed", [])]
    notes += [say_("failed", lang, titles="; ".join(failed))] if failed else []
    lines = "".join(f'<br><span class="muted">{escape(t)}</span>' for t in [_separated(top, lang), *notes])
    label = words("open_label", lang, name=str(row["name"]), year=str(year))
    pages = dict(row.get("pages") or {})
    href = str(pages.pop(MAIN, ""))
    link = f'<p class="op"><a href="{escape(href)}" aria-label="{label}">{words("open", lang)}</a></p>' if href else ""
    for document, address in pages.items():
        text = escape(say(f"report.open.{document}", lang))
        label = f"{text}: {escape(row['name'])}, {year}"
        link += f'<p class="op"><a href="{escape(address)}" aria-label="{label}">{text}</a></p>'
    link += _forms(row, year, lang)
    index = "<br>".join(escape(text) for text in _index(top, lang))
    how = row.get("standing", "")
    start += f'<p class="ix"><b>{words(f"standing.{how}", lang)}</b></p>' if how else ""
    return f'{start}{verdicts}{_strip(top)}<p class="ix"><b>{index}</b>{lines}</p>{link}</td>'


def _forms(row: Row, year: int, lang: str) -> str:
    """Return the links to the report's other forms, on one line."""
    links = []
    for form, address in (row.get("forms") or {}).items():
        text = escape(say(f"report.open.{form}", lang))
        label = f"{text}: {escape(row['name'])}, {year}"
        links.append(f'<a href="{escape(address)}" aria-label="{label}" download>{text}</a>')
    return f'<p class="op">{" &nbsp; ".join(links)}</p>' if links else ""


def _index(top: Mapping[str, Any], lang: str) -> list[str]:
    """Return the index of each score in words, or that there is none."""
    found = []
    for scored, (value, *ends) in (top.get("index") or {}).items():
        span = f" {say_('index_range', lang, lower=ends[0], upper=ends[1])}" if ends else ""
        found.append(say_("index", lang, scored=naming.word(scored, lang), value=value) + span)
    return found or [say_("no_index", lang)]


def _separated(top: Mapping[str, Any], lang: str) -> str:
    found = top.get("separated")
    if not found:
        return say_("no_pairs", lang)
    value, lower, upper = (100 * float(v) for v in found)
    return say_("separated", lang, hundred=value, lower=lower, upper=upper)


def _strip(top: Mapping[str, Any]) -> str:
    found = top.get("separated")
    if not found:
        return ""
    value, lower, upper = (min(100 * float(v), SCALE) / SCALE * 226 + 2 for v in found)
    return (
        '<svg class="strip" viewBox="0 0 230 14" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="tr" x="2" y="5" width="226" height="4"/>'
        f'<rect class="ci" x="{lower:.1f}" y="2.5" width="{max(upper - lower, 1):.1f}" height="9"/>'
        f'<circle class="pt" cx="{value:.1f}" cy="7" r="4"/></svg>'
    )


def compare(lang: str, joint: Sequence[tuple[str, ...]] = ()) -> str:
    """Say what may be compared between regions, and list the pages about several of them."""
    links = "".join(f'<li><a href="{escape(href)}">{escape(title)}</a>{_marked(mark)}</li>'
                    for title, href, *mark in joint)  # fmt: skip
    listed = f'<p>{words("joint", lang)}</p><ul>{links}</ul>' if joint else ""
    return (
        f'<section class="sec" aria-labelledby="h2"><div class="hang"><h2 id="h2">{words("compare", lang)}</h2></div>'
        f'<div class="body"><p class="sent">{inline(say_("compare_text", lang))}</p>{listed}</div></section>'
    )


def _marked(mark: Sequence[str]) -> str:
    return "".join(f"<br><b>{escape(text)}</b>" for text in mark if text)


def legend(rows: Sequence[Row], lang: str) -> str:
    """Explain the glyphs present and the strip."""
    present = {v for r in rows for v in ((r.get("headline") or {}).get("verdicts") or {}).values()}
    items = [(glyph(v), say_(f"legend.{v}", lang)) for v in GLYPHS if v in present]
    items.append((_strip({"separated": (0.2, 0.12, 0.3)}), say_("legend.strip", lang)))
    items.append(("<span></span>", say_("legend.index", lang)))
    lines = "".join(f"<li>{image}<span>{inline(text)}</span></li>" for image, text in items)
    return (
        f'<section class="sec" aria-labelledby="h3"><div class="hang"><h2 id="h3">{words("how", lang)}</h2></div>'
        f'<div class="body"><ul class="legend">{lines}</ul></div></section>'
    )


def origin(rows: Sequence[Row], lang: str) -> str:
    """Say what the page was made from."""
    versions = sorted({str((r.get("headline") or {}).get("version", "")) for r in rows} - {""})
    facts = [(say_("origin_made", lang), say_("origin_made_text", lang))]
    facts += [(say_("origin_software", lang), f"kinerja_analysis {', '.join(versions)}")] if versions else []
    body = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(plain(text))}</dd></div>" for term, text in facts)
    return (
        '<section class="prov" aria-labelledby="h4"><div class="wrap"><div class="sec"><div class="hang">'
        f'<h2 id="h4">{words("origin", lang)}</h2></div><dl>{body}</dl></div></div></section>'
    )
