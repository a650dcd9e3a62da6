"""The pages in a real browser: quiet, offline, findable, sortable, readable at every width, usable by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinerja_analysis.base.words import say
from kinerja_analysis.report import blocks as b
from kinerja_analysis.report.html import page_html
from kinerja_analysis.report.index_page import index_html

Visit = Callable[..., Any]
PAGES = [
    f"{root}2025/{kind}" for root in ("", "internal/")
    for kind in ("76.02-mamuju/objektivitas_mamuju_2025_id.html", "13.71.09-kuranji/objektivitas_kuranji_2025_en.html",
                 "76.02-mamuju/mutu-data_mamuju_2025_en.html", "ringkasan/ringkasan_2025_id.html")
] + ["internal/2025/76.02-mamuju/telusur-penilai_mamuju_2025_id.html", "index.html", "index.en.html",
     "internal/index.html", "2025/index.html"]  # fmt: skip

#: What a reader with a screen reader, a keyboard or weak eyes needs; each line returns what is wrong.
LOOK = """() => {
  const wrong = [], all = s => [...document.querySelectorAll(s)], seen = e => e.getClientRects().length > 0;
  if (all('h1').length !== 1) wrong.push('h1: ' + all('h1').length);
  let last = 0;
  for (const h of all('h1,h2,h3,h4,h5,h6')) {
    const n = Number(h.tagName[1]);
    if (n > last + 1) wrong.push('heading jumps to ' + n + ': ' + h.textContent.slice(0, 40));
    last = n;
  }
  for (const name of ['main', 'header', 'footer']) if (!document.querySelector(name)) wrong.push('no ' + name);
  for (const i of all('img')) if (!i.alt.trim()) wrong.push('img without words');
  for (const i of all('img')) if (i.loading !== 'lazy' && i.naturalWidth === 0) wrong.push('img not drawn');
  for (const s of all('svg:not([aria-hidden=true])')) if (!s.querySelector('title')) wrong.push('svg');
  for (const h of all('thead th')) if (!h.scope) wrong.push('th without scope');
  for (const t of all('table')) if (!t.querySelector('tbody th[scope=row]')) wrong.push('table without row headings');
  for (const i of all('input')) if (!i.labels.length && !i.ariaLabel) wrong.push('input without label');
  for (const a of all('a[href^="#"]')) if (!document.getElementById(a.hash.slice(1))) wrong.push('dead link ' + a.hash);
  const ids = all('[id]').map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id twice');
  if (!document.documentElement.lang || !document.title.trim()) wrong.push('no language or title');
  if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push('wider than the screen: ' +
    document.documentElement.scrollWidth);
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const rgba = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = rgba(c).map(channel); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => {
    for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgba(c)[3] !== 0) return c; }
    return 'rgb(255, 255, 255)';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = new Set();
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !seen(e) || e.closest('svg,script,style,.skip')) continue;
    const look = getComputedStyle(e), a = light(look.color), z = light(ground(e));
    const ratio = (Math.max(a, z) + 0.05) / (Math.min(a, z) + 0.05);
    const words = walker.currentNode.textContent.trim().slice(0, 30);
    if (ratio < 4.5) told.add('contrast ' + ratio.toFixed(2) + ': ' + words);
    if (parseFloat(look.fontSize) < 11) told.add('small text ' + look.fontSize);
  }
  return wrong.concat([...told]);
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_offline_and_readable(name: str, width: int, demo: Any, visit: Visit) -> None:
    page = visit(demo.reports / name, width)
    assert page.evaluate(LOOK) == []
    for link in page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
        assert link.startswith("file://"), link
        assert Path(link.removeprefix("file://").split("#")[0]).is_file(), link


def test_without_scripts_the_page_is_complete(demo: Any, visit: Visit) -> None:
    place = demo.reports / PAGES[0]
    words = [visit(place, scripts=on).inner_text("main") for on in (True, False)]
    plain = [w.replace(say("report.narrow", "id"), "").split() for w in words]
    assert plain[0] == plain[1] and len(plain[0]) > 1000


def test_the_index_is_searched_and_sorted_with_the_keyboard(tmp_path: Path, visit: Visit) -> None:
    top = {"verdicts": {}, "persons": 0, "flagged": [], "failed": []}
    names = [("02.01", "Zeta", 90), ("03.02", "Alfa", 1000), ("01.03", "Beta", 200)]
    rows = [{"region": c, "name": n, "year": 2025, "level": "public", "headline": top | {"persons": k}, "pages": {}}
            for c, n, k in names]  # fmt: skip
    (tmp_path / "i.html").write_text(index_html(rows, "en"), encoding="utf-8")
    page = visit(tmp_path / "i.html")

    def shown() -> list[str]:
        return page.eval_on_selector_all(
            "#ix tbody tr", "all => all.filter(r => !r.hidden).map(r => r.querySelector('b').textContent)")

    assert shown() == ["Alfa", "Beta", "Zeta"]
    heads = page.locator("#ix thead button")
    for k, expected in ((1, ["Beta", "Zeta", "Alfa"]), (2, ["Zeta", "Beta", "Alfa"])):  # by code, by employees
        heads.nth(k).focus()
        page.keyboard.press("Enter")
        assert shown() == expected
    assert page.get_attribute("#ix thead th:nth-child(3)", "aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert shown() == ["Alfa", "Beta", "Zeta"]
    page.get_by_label("Name of a region").fill("ET")
    assert shown() == ["Beta", "Zeta"] and page.inner_text("#cnt").endswith(": 2")
    page.get_by_label("Name of a region").fill("nothing like it")
    assert shown() == [] and page.locator("#none").is_visible()


def test_a_long_table_is_sorted_by_value_and_filtered(tmp_path: Path, visit: Visit) -> None:
    values = [9.5, 1234.5, -3.0, 100.0, None, *map(float, range(20, 30))]
    rows = tuple((f"Dinas {chr(65 + k)}", v) for k, v in enumerate(values))
    table = b.TableBlock("Judul", (b.Column("Unit"), b.Column("Nilai", "1")), rows)
    short = b.TableBlock("Pendek", (b.Column("a"), b.Column("b")), (("x", "y"),))
    blocks = [b.Section("a", "1", "Bagian", (table, short))]
    (tmp_path / "t.html").write_text(page_html(blocks, lang="id", title="T"), encoding="utf-8")
    page = visit(tmp_path / "t.html")

    def shown() -> list[str]:
        return page.eval_on_selector_all(
            "table[data-more] tbody tr", "all => all.filter(r => !r.hidden).map(r => r.cells[1].textContent)")

    assert page.locator("thead button").count() == 2  # the short table has none
    page.locator("thead button").nth(1).click()
    assert shown()[:4] == ["−3,0", "9,5", "20,0", "21,0"] and shown()[-3:] == ["100,0", "1.234,5", "–"]
    page.locator("thead button").nth(1).click()
    assert shown()[1] == "100,0" or shown()[0] == "1.234,5"
    page.get_by_label("Saring baris").fill("dinas b")
    assert shown() == ["1.234,5"]


def test_on_paper_nothing_is_lost_but_what_the_annex_holds(demo: Any, visit: Visit) -> None:
    page = visit(demo.reports / PAGES[0])
    page.emulate_media(media="print")
    assert page.locator(".narrow, .noprint").filter(visible=True).count() == 0
    assert page.locator("details").filter(visible=True).count() == 0
    assert page.locator(".ponly").filter(visible=True).count() > 0  # "numbers are in the workbook"
    assert page.locator("h2").filter(visible=True).count() == page.locator("h2").count()
