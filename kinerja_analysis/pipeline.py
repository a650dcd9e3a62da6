"""The six stages in one screen: read, score, detect, release, compare, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from kinerja_analysis import __version__
from kinerja_analysis.base.config import REGION_CODE, AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused, UsageError
from kinerja_analysis.base.results import LEVELS, Audit, Level, merge
from kinerja_analysis.base.store import load_audit
from kinerja_analysis.base.tables import Tables
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.base.workers import check_jobs
from kinerja_analysis.detect import cells_of, detect
from kinerja_analysis.read import from_frames, read
from kinerja_analysis.read.periods import as_year
from kinerja_analysis.read.regions import chosen
from kinerja_analysis.read.sources import find_config
from kinerja_analysis.release import before, kin, release, remember, remembered
from kinerja_analysis.report.produce import FORMATS, check_choice, produce, several
from kinerja_analysis.score import score
from kinerja_analysis.show.sentence import sentence

Paths = str | Path | Sequence[str | Path]


def audit(
    data: Paths | Tables | pd.DataFrame,
    *,
    employees: pd.DataFrame | None = None,
    achievements: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    cases: pd.DataFrame | None = None,
    region: str | None = None,
    year: int | None = None,
    config: AuditConfig | None = None,
) -> Audit:
    """Read (where needed), score and run every detector.

    Parameters
    ----------
    data : path, list of paths, Tables or DataFrame
        A frame has ``RatingTable``'s columns (English or Indonesian names); ``employees``, ``achievements``,
        ``units`` and ``cases`` go with it.
    region, year : optional
        For data that do not say it themselves; of data that hold several, the ones to audit. Data that hold only
        others are refused.
    config : AuditConfig, optional
        Without one, ``kinerja.toml`` in the folder, or the defaults.

    Returns
    -------
    Audit
        At internal level, one cell per region and year.

    Raises
    ------
    InputRefused
        With every problem found in the input.
    UsageError
        A wrong configuration or argument, or nothing to audit.
    """
    named = isinstance(data, (Tables, pd.DataFrame))
    config = config or (AuditConfig() if named else find_config(data))
    if isinstance(data, Tables):
        tables = data
    elif isinstance(data, pd.DataFrame):
        frames = {"ratings": data, "employees": employees, "achievements": achievements, "units": units,
                  "cases": cases}  # fmt: skip
        tables = from_frames(frames, region=region, year=year, config=config)
    else:
        tables = read(data, region=region, year=year, config=config)
    cells = chosen(cells_of(tables, config), region, as_year(year), config)
    return detect(tables, score(tables, config), config, cells=cells)


def report(
    audit: Audit,
    out: str | Path = "reports",
    *,
    lang: Sequence[str] = ("id", "en"),
    level: Sequence[Level] = ("public", "internal"),
    formats: Sequence[str] = FORMATS,
    jobs: int | None = None,
) -> list[Path]:
    """Write the report set of every cell and the index.

    Parameters
    ----------
    audit : Audit
    out : path
        Public reports go to ``out/<year>/…``, internal ones to ``out/internal/<year>/…``.
    lang : sequence of "id", "en"
    level : sequence of "public", "internal"
        A public audit can only be reported at public level.
    formats : sequence of "html", "pdf", "xlsx"
    jobs : int, optional
        Processes; one per core by default.

    Returns
    -------
    list of Path
        The files written, the index last.

    Raises
    ------
    ReportFailed
        A notebook did not run to its end; nothing of that report was put at its final path.
    UsageError
        Unknown language, level or format, or none at all.
    """
    check_jobs(jobs)
    for given, known in ((lang, LANGUAGES), (level, LEVELS), (formats, FORMATS)):
        check_choice(several(given), known)
    levels = [lv for lv in several(level) if not (audit.level == "public" and lv == "internal")]
    editions: dict[str, Audit] = {lv: public_form(audit, out) if lv == "public" else audit for lv in levels}
    return produce(editions, Path(out), languages=several(lang), formats=several(formats), jobs=jobs)


def public_form(audit: Audit, out: str | Path) -> Audit:
    """Return the public form of an audit whose report goes to ``out``: what lies there is counted as known.

    What it will print is written down first (``release.remember``). Where exactly this was printed already (a report
    made again), it is the same report, not a second one. Raises ``DisclosureRefused``.
    """
    earlier = published(audit, out)
    data, known = str(audit.provenance.get("data", "")), before(earlier)
    own = known["region"].isin([r for r, _ in audit.cells]) & (known["data"] == data)
    public = release(audit, earlier=[replace(audit, counts={"published": known[~own]})])
    if len(known[own].merge(public.counts["published"])) < own.sum():
        public = release(audit, earlier=earlier)
    remember(public, Path(out))
    return public


def published(audit: Audit, out: str | Path) -> list[Audit]:
    """Return what below ``out`` a new public audit could be subtracted from: of the same regions, and of their kin.

    An audit that cannot be opened is replaced by what was written down of it. Raises ``DisclosureRefused`` when
    nothing was, or when that was changed too: forgetting it would open what the earlier report protected.
    """
    found = []
    places = {(c, y) for r, y in audit.cells for c in (r, *kin(audit.config, r))}
    for region, year in sorted(places):
        told = remembered(Path(out), region, year, audit.config)
        if told is not None:
            found.append(replace(audit, counts={"published": told}))
        for folder in sorted(Path(out).glob(f"{year}/{region}-*/")):
            try:
                found.append(load_audit(folder / "audit", key_file=audit.config.key_file))
            except UsageError:
                if told is None:
                    raise DisclosureRefused("errors.published_lost", region=region, year=str(year)) from None
    return found


def open_audit(
    path: str | Path = "reports", *, region: str | None = None, year: int | None = None, level: Level = "public",
    key_file: str = "",
) -> Audit:  # fmt: skip
    """Open the stored audits of a reports folder (or one audit folder), seal and sums verified.

    ``region`` is a code or a name; by name all audits of the years are looked at.

    Raises ``UsageError`` when there is none, when something was changed, or when an audit of another version holds
    findings for which this one has no sentence.
    """
    check_choice((level,), LEVELS)
    year = as_year(year)
    place = Path(path)
    if (place / "manifest.json").is_file():
        return _spoken(load_audit(place, key_file=key_file))
    root = place if level == "public" else place / "internal"
    mine = f"{region}-*" if region and REGION_CODE.match(region) else "*"
    found = [_spoken(load_audit(f.parent, key_file=key_file))
             for f in sorted(root.glob(f"{year or '[12]*'}/{mine}/audit/manifest.json"))]  # fmt: skip
    picked = [a for a in found if any((region is None or a.code(region) == r) and year in (None, y)
                                      for r, y in a.cells)]  # fmt: skip
    if not picked:
        there = [f"{f.parts[-3]} {f.parts[-4]}" for f in sorted(root.glob("[12]*/*/audit/manifest.json"))]
        if not there:
            raise UsageError("errors.audit_missing", folder=place.name)
        wanted = " ".join(str(given) for given in (region, year) if given is not None)
        raise UsageError("errors.audit_unknown", folder=place.name, wanted=wanted, n=len(there),
                         cells=", ".join([*there[:8], *["…"] * (len(there) > 8)]))  # fmt: skip
    return merge(picked)


def _spoken(audit: Audit) -> Audit:
    """Return a stored audit whose findings this version can say, one of each kind tried."""
    for result in audit.results.values():
        for code, finding in {f.code: f for f in result.findings()}.items():
            try:
                sentence(finding, LANGUAGES[0])
            except KeyError:
                theirs = str(audit.provenance.get("version", ""))
                raise UsageError("errors.audit_older", region=finding.region, year=str(finding.year), theirs=theirs,
                                 mine=__version__, code=code) from None  # fmt: skip
    return audit
