"""The index over regions and years: what each report's data can show, and where it is; never a ranking."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kinerja_analysis.base.results import Audit, Status
from kinerja_analysis.base.store import INDEX, INTERNAL, METRICS, inside, origin, standing, write_atomic
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.read.regions import place
from kinerja_analysis.report import index_parts as parts
from kinerja_analysis.report.html import MAIN, index_name, sheet, shell_html
from kinerja_analysis.report.sections.index import told
from kinerja_analysis.report.view import ANSWERED, View, numbers
from kinerja_analysis.score.rules import rule_for

Row = Mapping[str, Any]


def headline(audit: Audit) -> dict[str, Any]:
    """Return what the index says of a report: JSON-able codes and numbers of an audit of one cell.

    Keys: ``province bps persons verdicts told separated index comparators flagged withheld failed answers rated fdr
    tests rule version changes``; ``told`` is the verdict on each kind of data as it came out (``View.untold``),
    ``separated`` is value, lower and upper (shares) or None, ``index`` the same by what is scored (without range where
    there is none),
    ``comparators`` what that index was held against, ``persons`` and ``rated`` (by kind of data) -1 where the number
    is hidden, ``answers`` what each question came to, ``fdr`` the budget of false flags, ``tests`` the
    flags made by tests and how many of them to expect without cause, ``changes`` the study of
    changes of supervisor (``detect.comparable.changes``) or None.
    """
    view = View(audit, "id")
    where = place(view.region, audit.config)
    pairs = view.first("distribution", measure="separated_pairs", subject_kind="region", scope="ekinerja")
    e = pairs.estimate if pairs is not None and pairs.status in ANSWERED else None
    known = e is not None and all(map(math.isfinite, (e.value, e.lower, e.upper)))
    frame, no = view.count("examined"), pd.Series(dtype=float)
    persons = [int(n) for n in frame["n_persons"]] if len(frame) else []
    return {
        "province": where.province,
        "bps": where.bps,
        "persons": persons[0] if persons else 0,
        "verdicts": {kind: verdict for (_, _, kind), verdict in audit.design.verdicts().items()},
        "told": {kind: view.untold(kind, verdict) for (_, _, kind), verdict in audit.design.verdicts().items()},
        "separated": [e.value, e.lower, e.upper] if e is not None and known else None,
        "index": {f.params["scored"]: [max(v, 0.0) for v in numbers(f)] for f in told(view) if f.status in ANSWERED},
        "comparators": {f.params["scored"]: str(f.params["comparators"]) for f in told(view) if f.status in ANSWERED},
        "flagged": view.flagged(),
        "withheld": view.withheld(),
        "failed": list(audit.failed),
        "answers": {name: answer(view, name) for name in view.detectors},
        "rated": {str(r["kind"]): int(r["n_rated"]) for r in frame.to_dict("records")},
        "fdr": audit.config.fdr,
        "tests": [float(pd.to_numeric(view.count("budget").get(k, no)).sum()) for k in ("flagged", "expected_false")],
        "rule": rule_for(str(view.year)).name,
        "version": str(audit.provenance.get("version", "")),
        "changes": _changes(view),
    }


def _changes(view: View) -> dict[str, float] | None:
    frame = view.count("changes")
    names = ("n_changed", "df", "value", "se")
    return {name: float(frame[name].iloc[0]) for name in names} if len(frame) else None


def answer(view: View, detector: str) -> str:
    """Return what a question came to in a region: flagged, clear, error, or why not (see ``Status``; ``withheld``)."""
    status = set(view.audit.results[detector].frame["status"])
    order = (Status.ERROR, Status.FLAGGED, Status.CLEAR, Status.INSUFFICIENT)
    if detector in view.withheld() and not status & set(map(str, order[:3])):
        return "withheld"
    return str(next((s for s in order if str(s) in status), Status.NOT_APPLICABLE)).lower()


def write_index(out: Path, languages: Sequence[str]) -> list[Path]:
    """Write the index pages of a reports folder from the ``metrics.json`` of its reports.

    For both levels: ``index.html`` (Indonesian) and ``index.en.html`` over all years, the same in each year's folder,
    and ``index.json`` for programs. Public pages name public reports only.
    """
    written = []
    for root in (out, out / INTERNAL):
        rows = collect(root)
        if not rows:
            continue
        if root != out:
            inside(root)
        counted = {0, *(int(r["year"]) for r in rows if r["standing"] != "gone")}
        joint = [p for p in together(root) if p["year"] in counted]
        named = [(x, index_name(x)) for x in languages]
        if LANGUAGES[0] not in languages:  # an index.html is there in any case
            named.append((languages[0], index_name(LANGUAGES[0])))
        for lang, name in named:
            others = [index_name(x) for x in languages if x != lang]
            written.append(_write(root / name, rows, joint, lang, "", others))
            for year in sorted({int(r["year"]) for r in rows}):
                own = [r for r in rows if int(r["year"]) == year]
                mine = [p for p in joint if p["year"] == year]
                written.append(_write(root / str(year) / name, own, mine, lang, f"{year}/", others))
        written.append(_machine(root / INDEX, rows, joint))
    return written


def _write(path: Path, rows: Sequence[Row], joint: Sequence[Row], lang: str, base: str, others: Sequence[str]) -> Path:
    local = [{**r, **{kind: {d: href.removeprefix(base) for d, href in r[of].get(lang, {}).items()}
                      for kind, of in (("pages", "hrefs"), ("forms", "other_forms"))}} for r in rows]  # fmt: skip
    links = [(str(p["titles"][lang]), str(p["hrefs"][lang]).removeprefix(base), mark(p, lang))
             for p in joint if lang in p["hrefs"]]  # fmt: skip
    up = f"../{index_name(lang)}" if base else ""
    page = index_html(local, lang, other_language_hrefs=others, all_years_href=up, joint=links)
    write_atomic(path, page.encode(), mode=_mode(rows))
    return path


def _machine(path: Path, rows: Sequence[Row], joint: Sequence[Row]) -> Path:
    """Write what the index knows for programs: reports and joint pages with their files, relative to the index."""
    kept = ("region", "name", "year", "level", "synthetic", "languages", "headline", "standing")
    told = {"reports": [{**{k: r.get(k) for k in kept}, "folder": r["folder"], "files": r.get("files", [])}
                        for r in rows], "joint": list(joint)}  # fmt: skip
    write_atomic(path, json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode(), mode=_mode(rows))
    return path


def _mode(rows: Sequence[Row]) -> int:
    return 0o600 if rows[0]["level"] == INTERNAL else 0o644


def together(root: Path) -> list[dict[str, Any]]:
    """Return the pages about several regions: yearly summaries, comparisons, the validation; titles and addresses.

    ``standing`` of a comparison is "older" where the stored audits are no longer those it was made of, "gone" where one
    of its regions is no longer in the input, else ""; ``again`` is the command that makes it again.
    """
    found, marks = [], standing(root)
    places = ("[12][0-9][0-9][0-9]/ringkasan", "banding/*", "validasi/*")
    for path in (p for where in places for p in sorted(root.glob(f"{where}/{METRICS}"))):
        told = _told(path)
        if not {"titles", "pages"} <= told.keys():  # damaged: not listed
            continue
        folder = path.parent.relative_to(root).as_posix()
        hrefs = {lang: f"{folder}/{name}" for lang, name in told["pages"].items()}
        how = _outdated(root, told, marks) if folder.startswith("banding/") else ("", "")
        found.append({"titles": told["titles"], "hrefs": hrefs, "standing": how[0], "again": how[1],
                      "year": int(path.parent.parent.name) if path.parent.parent.name.isdigit() else 0})  # fmt: skip
    return found


def _outdated(root: Path, told: Row, marks: Mapping[tuple[str, int, str], str]) -> tuple[str, str]:
    """Return how a comparison stands to the stored audits and the command to make it again; "" twice: as it was."""
    try:
        cells = [(str(region), int(year), str(digest)) for region, year, digest in told.get("sources", ())]
    except (TypeError, ValueError):
        cells = []
    level = str(told.get("level"))
    gone = any(marks.get((r, y, level)) == "gone" for r, y, _ in cells)
    if cells and not gone and all(origin(root, r, y) == digest for r, y, digest in cells):
        return "", ""
    named = [*dict.fromkeys(r for r, *_ in cells), *(f"--year {y}" for y in sorted({y for _, y, _ in cells}))]
    again = " ".join(["kinerja compare", *named, *["--level internal"] * (level == INTERNAL)])
    return "gone" if gone else "older", again


def mark(page: Row, lang: str) -> str:
    """Return what is to be said of a page about several regions where it is outdated, else ""."""
    return parts.say_(f"joint_{page['standing']}", lang, again=page["again"]) if page["standing"] else ""


def collect(root: Path) -> list[dict[str, Any]]:
    """Return the metrics of all reports under ``<root>/<year>/``.

    With ``folder``, ``hrefs``: the addresses of the pages by language and document, and ``other_forms``: those of the
    report's pdf and xlsx; ``standing`` is "" where the report is as it should be (``store.standing``). A damaged
    report is not listed: the next run makes it again.
    """
    rows, marks = [], standing(root)
    for path in sorted(root.glob(f"[12][0-9][0-9][0-9]/*/{METRICS}")):
        row = _told(path)
        if not {"region", "name", "year", "level", "headline"} <= row.keys():
            continue
        folder = path.parent.relative_to(root).as_posix()
        hrefs: dict[str, dict[str, str]] = {}
        forms: dict[str, dict[str, str]] = {}
        for name in sorted(row.get("files", [])):
            document, (lang, kind) = name.split("_", 1)[0], name.rsplit("_", 1)[-1].split(".")
            if kind == "html":
                hrefs.setdefault(lang, {})[document] = f"{folder}/{name}"
            elif kind == "xlsx" or (kind == "pdf" and document == MAIN):
                forms.setdefault(lang, {})[kind] = f"{folder}/{name}"
        forms = {lang: dict(sorted(of.items())) for lang, of in forms.items()}
        how = marks.get((str(row["region"]), int(row["year"]), str(row["level"])), "")
        rows.append({**row, "folder": folder, "hrefs": hrefs, "other_forms": forms, "standing": how})
    return rows


def _told(path: Path) -> dict[str, Any]:
    """Return what a ``metrics.json`` says, nothing where it is damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def index_html(rows: Sequence[Row], lang: str, *, other_language_hrefs: Sequence[str] = (), all_years_href: str = "",
               joint: Sequence[tuple[str, ...]] = ()) -> str:  # fmt: skip
    """Return the index page.

    Parameters
    ----------
    rows : sequence of mapping
        One per report: ``region name year level synthetic headline`` (see ``headline``) and ``pages``: the addresses
        of its documents (``produce.DOCUMENTS``) relative to the index; ``forms``: of its pdf and xlsx; ``standing``.
    lang : str
        ``id`` or ``en``.
    other_language_hrefs : sequence of str
        Relative addresses of the index in its other languages.
    all_years_href : str
        Relative address, "" for none.
    joint : sequence of (str, str) or (str, str, str)
        Titles and addresses of the pages about several regions, and what is to be said of one that is outdated.

    Returns
    -------
    str
        One offline file; searching and sorting need its script, everything else does not.
    """
    years = sorted({int(r["year"]) for r in rows})
    level = str(rows[0]["level"]) if rows else "public"
    body = parts.notice(rows, lang) + parts.head(rows, lang, level, years, other_language_hrefs, all_years_href)
    inner = parts.table(rows, lang, years) + parts.compare(lang, joint) + parts.legend(rows, lang)
    body += f'<main id="isi"><div class="wrap">{inner}</div>{parts.origin(rows, lang)}</main>'
    style = sheet("page.css") + sheet("index.css") + parts.year_style(years)
    return shell_html(lang, parts.say_("title", lang), style, body, sheet("index.js") if rows else "")
