"""The input template: a workbook to collect data by hand that ``check`` reads without a finding.

Its explanatory sheets carry a mark in cell A1 and are not read (``workbook.is_explanation``). What is written is
read back before it is given out, so a template with an error in it is refused, not written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused, UsageError
from kinerja_analysis.base.store import write_atomic
from kinerja_analysis.base.tables import BERAKHLAK, SOURCE_ALIASES, annual_or_latest, canonical_header, data_kind, plain
from kinerja_analysis.read import check, collect, forms, read, values
from kinerja_analysis.read.layout import recognise, unused
from kinerja_analysis.read.regions import chosen
from kinerja_analysis.read.sheet360 import question
from kinerja_analysis.read.sources import find_config

_KEY = ("KA-E404", "KA-E407")
_SPARE = 50
#: Example cases of one rater: as few as a judgement needs (``leniency.min_cases``), as many as one reads with care.
_CASES = (5, 20)


def template(
    path: str | Path,
    kind: str | Sequence[str],
    *,
    criteria: Sequence[str] | None = None,
    scale: Sequence[float] = (1, 10),
    long: bool = False,
    rows: pd.DataFrame | Path | None = None,
    region: str | None = None,
    period: str | None = None,
    lang: str = "id",
    config: AuditConfig | None = None,
    force: bool = False,
) -> Path:
    """Write an input template.

    Parameters
    ----------
    path : path
        The xlsx file; written atomically.
    kind : str or list of str
        ``360``, ``ekinerja``, ``ekinerja_ringkas`` (without the superior), ``pegawai``, ``capaian``, ``unit``,
        ``kasus`` (example cases).
    criteria : list of str, optional
        Names of the 360 criteria, without one the seven BerAKHLAK values.
    scale : (number, number)
        Lowest and highest 360 score.
    long : bool
        One row per score instead of one row per ratee and rater.
    rows : DataFrame or path of a csv, optional
        Ratings to ask for: columns ``ratee`` and ``rater`` and, if wanted, ``source`` (without it "other"), or the
        Indonesian names; written into the 360 sheet as they stand. With ``case`` and ``rater``: into sheet ``kasus``.
    region, period : str, optional
        Become the only choice of their columns; needed with ``rows``.
    lang : str
        Language of the instructions.
    config : AuditConfig, optional
        ``identifiers="pseudonymous"`` says that the identifiers are pseudonyms, not NIPs.
    force : bool
        Replace a file that is there.

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        An unknown kind or region, an impossible scale, criterion or period, a file that is there or open elsewhere.
    InputRefused
        When the reader finds an error in what would be written, such as a row whose NIP cannot be.

    Example
    -------
    >>> import tempfile
    >>> made = template(Path(tempfile.mkdtemp()) / "isian.xlsx", "360", criteria=["Disiplin"], scale=(0, 100))
    >>> check(made).problems
    ()
    """
    place, config = Path(path), config or AuditConfig()
    kinds = list(dict.fromkeys([kind] if isinstance(kind, str) else kind))
    names = BERAKHLAK if criteria is None else tuple(criteria)
    _admissible(kinds, names, scale, long, period)
    if place.exists() and not force:
        raise UsageError("template.exists", file=place.name)
    rows = _listed(rows) if isinstance(rows, Path) else rows
    target = "360" if rows is None or "case" not in canonical_header("cases", rows.columns).values() else "kasus"
    if rows is not None and not (target in kinds and region and period):
        raise UsageError("template.rows_need", kind=target)
    bounds = tuple(int(v) if float(v).is_integer() else float(v) for v in scale)
    ids, only = config.identifiers, {"wilayah": region, "periode": period}
    sheets = [forms.sheet(k, names, bounds, long, ids, lang, **only) for k in kinds]  # type: ignore[arg-type]
    asked = [] if rows is None else _prefilled(sheets[kinds.index(target)], rows)
    personal = "pseudonymous" if ids == "pseudonymous" else "blank" if rows is None else "rows"
    data = forms.book(sheets, asked, lang, personal, target)
    scored = [dict.fromkeys((*names, "nilai"), scale[0]) | row for row in asked]  # rows without a score are not read
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / f"{place.stem}.xlsx"
        own = [s for s in sheets if s.kind == target]
        trial.write_bytes(forms.book(own, scored, lang, personal, target) if asked else data)
        found = check(trial, region=region, config=config)
    problems = tuple(p for p in found.problems if p.code not in _KEY)  # a key is needed to read, not to write
    if any(p.severity == "error" for p in problems):
        raise InputRefused(problems, replace(found, problems=problems))
    try:
        write_atomic(place, data)
    except OSError:
        raise UsageError("errors.locked", file=place.name) from None
    return place


def _admissible(
    kinds: list[str], criteria: Sequence[str], scale: Sequence[float], long: bool, period: str | None
) -> None:
    """Refuse what cannot be asked for, among it criteria that the reader would not take for one."""
    known = forms.SPEC["sheets"]
    for kind in [k for k in kinds or ["–"] if k not in known]:
        raise UsageError("template.kind_unknown", kind=kind, known=", ".join(known))
    if len(scale) != 2 or not scale[0] < scale[1]:
        raise UsageError("template.scale_wrong", scale="-".join(f"{v:g}" for v in scale))
    if period is not None and (values.period(period) or (None,))[0] is None:
        raise UsageError("template.period_wrong", period=period)
    fixed = [] if long else [w.rstrip("!") for w in known["360"].split() if w != "*"]
    folded = [plain(c) for c in criteria]
    for name in criteria or ("",):
        layout = recognise([*fixed, name])
        other = layout is None or layout.near or len(fixed) in layout.names or layout.kind != "wide"
        wide = not long and (other or unused(name) or not question(name))
        if not plain(name) or [*fixed, *folded].count(plain(name)) > 1 or wide:
            raise UsageError("template.criterion_wrong", name=name)


def _listed(rows: Path) -> pd.DataFrame:
    """Read a text table with any delimiter."""
    try:
        return pd.read_csv(rows, dtype=str, sep=None, engine="python", encoding="utf-8-sig", keep_default_na=False)
    except (ValueError, OSError):
        raise UsageError("template.rows_columns") from None


def _prefilled(content: forms.Sheet, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows asked for, with what is already known filled in."""
    table, who = ("cases", "case") if content.kind == "kasus" else ("ratings", "ratee")
    names = {own: rows.columns[i] for i, own in canonical_header(table, rows.columns).items()}
    if not {who, "rater"} <= set(names):
        raise UsageError("template.rows_columns")
    single = {f.header: f.choices[0] for f in content.fields if f.header != "dimensi" and len(f.choices) == 1}
    criteria = next((f.choices for f in content.fields if f.header == "dimensi"), ("",))
    source = rows[names["source"]] if "source" in names else "other"
    asked = rows[[names[who], names["rater"]]].assign(source=source).fillna("").astype("str").drop_duplicates()
    header = {"ratee": "nip_dinilai", "case": "contoh_kasus"}[who]
    roles = {own: alias.upper() for alias, own in reversed(SOURCE_ALIASES.items())}
    return [
        {**single, header: a.strip(), "nip_penilai": b.strip(), "peran_penilai": roles.get(r, r), "dimensi": c}
        for a, b, r in asked.itertuples(index=False, name=None)
        for c in criteria
    ]


def suggest(
    paths: Any,
    n: int,
    *,
    way: str = "cross",
    region: str | None = None,
    year: int | None = None,
    config: AuditConfig | None = None,
) -> tuple[dict[str, Any], float | None, float | None]:
    """Return the ``n`` further ratings that tell most about the raters of an input.

    Identifiers are those of the input: whoever holds the input knows them already, and raters must be addressed.
    Multi-source ratings are used where there are any, else the superiors' ratings of an export.

    Parameters
    ----------
    paths, region, config
        As for ``read``.
    n : int
        Ratings wanted, at least 1; fewer where no more can be proposed.
    way : {"cross", "superior", "vignette"}
        Ratings between groups of raters that link these best (``stats.suggest_links``), ratings by the raters' own
        superior, the same number of each rater's employees as far as they reach, or the same example cases by all
        superiors (without any, all raters).
    year : int, optional
        Needed when the input holds several years.

    Returns
    -------
    tuple of (dict, float or None, float or None)
        Arguments for ``template`` (``rows`` best first, ``region``, ``period``, ``criteria``, ``scale``), and the
        median standard error of a contrast between groups of raters now (None: unlinked) and after.

    Raises
    ------
    InputRefused
        When the input has errors.
    UsageError
        When it holds several regions or years, or nothing can be suggested; fewer example cases than tell anything.

    Example
    -------
    >>> rated = [(f"{team}{i}", boss) for team, boss in (("a", "A"), ("b", "B")) for i in range(3)]
    >>> frame = pd.DataFrame(rated, columns=["nip_dinilai", "nip_penilai"]).assign(
    ...     peran_penilai="ATASAN", dimensi="Disiplin", nilai=[7, 8, 9] * 2, skala_min=1, skala_maks=10,
    ...     periode="2025", wilayah="01.01.01")
    >>> asked, before, after = suggest(frame, 1, config=AuditConfig(identifiers="pseudonymous"))
    >>> before, {asked["rows"]["rater"][0], asked["rows"]["ratee"][0][0].upper()} == {"A", "B"}
    (None, True)
    """
    read(paths, region=region, config=config)
    found = collect(paths, region, None, config)[1]
    every = found["ratings"]
    heads = pd.concat([found[name].reindex(columns=["person", "supervisor"]) for name in ("employees", "appraisals")])
    told = sorted(every[["region", "year"]].drop_duplicates().itertuples(index=False, name=None))
    cells = chosen(told, region, year, config or find_config(paths))
    every = every[pd.MultiIndex.from_frame(every[["region", "year"]]).isin(cells)]
    several = data_kind(every) == "multisource"
    ratings = every[several] if several.any() else every
    cells = sorted(ratings[["region", "year"]].drop_duplicates().itertuples(index=False, name=None))
    if len(cells) > 1:
        raise UsageError("template.several_cells", cells="; ".join(f"{r} {y}" for r, y in cells))
    if not cells:
        raise UsageError("template.nothing_to_suggest")
    ratings = annual_or_latest(ratings)
    pairs, before, after = _of_others(ratings), None, None
    leaders = pairs[pairs["source"] == "supervisor"]
    if way == "superior":
        rows = _by_superiors(leaders, heads, n)
    elif way == "vignette":
        both = _of_others(annual_or_latest(every))  # supervisors of either kind of data
        both = both[both["source"] == "supervisor"]
        rows = _by_cases(both if len(both) else pairs, n)
    else:
        rows, before, after = _by_links(pairs, n)
    if rows.empty:
        raise UsageError("template.no_superiors" if way == "superior" else "template.nothing_to_suggest")
    asked: dict[str, Any] = {"rows": rows, "region": cells[0][0], "period": ratings["period"].iloc[0]}
    if several.any():
        asked["criteria"] = [c.replace("_", " ").title() for c in ratings["criterion"].drop_duplicates()]
        asked["scale"] = ratings.groupby(["scale_min", "scale_max"]).size().idxmax()
    return asked, before, after


def _of_others(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per ratee and rater, self ratings and unknown raters left out."""
    pairs = ratings[(ratings["source"] != "self") & (ratings["ratee"] != ratings["rater"])]
    return pairs.dropna(subset=["ratee", "rater"]).drop_duplicates(["ratee", "rater"])


def _by_links(pairs: pd.DataFrame, n: int) -> tuple[pd.DataFrame, float | None, float | None]:
    """Return the ``n`` ratings between groups that link them best, and the contrast's error before and after."""
    from kinerja_analysis.stats import suggest_links

    ratee, ratees = pd.factorize(pairs["ratee"], sort=True)
    rater, raters = pd.factorize(pairs["rater"], sort=True)
    unit = pairs.groupby(["opd", "unit"], dropna=False).ngroup().to_numpy()
    try:
        plan = suggest_links(ratee, rater, (n, n + _SPARE), group=unit if unit.max(initial=0) else None)
    except ValueError:
        raise UsageError("template.nothing_to_suggest") from None
    rows = pd.DataFrame({"ratee": ratees.take(plan.ratee), "rater": raters.take(plan.rater), "source": "other"})
    before, after = (float(v) if np.isfinite(v) else None for v in (plan.contrast_se_before, plan.contrast_se[0]))
    return rows[rows["ratee"] != rows["rater"]].head(n).reset_index(drop=True), before, after


def _by_superiors(pairs: pd.DataFrame, heads: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return ``n`` ratings of raters' employees by the raters' own superior: one employee of every rater, then another.

    >>> pairs = pd.DataFrame({"ratee": ["a", "b", "c"], "rater": ["r", "r", "s"]})
    >>> heads = pd.DataFrame({"person": ["r", "s"], "supervisor": ["t", "t"]})
    >>> _by_superiors(pairs, heads, 2)[["ratee", "rater"]].values.tolist()
    [['a', 't'], ['c', 't']]
    """
    rated = pairs.rename(columns={"ratee": "person", "rater": "supervisor"})
    known = pd.concat([rated, heads])[["person", "supervisor"]]
    above = known.dropna().drop_duplicates("person", keep="last")
    pairs = pairs.sort_values(["rater", "ratee"]).drop_duplicates(["rater", "ratee"])
    superior = pairs["rater"].map(above.set_index("person")["supervisor"])
    rows = pairs.assign(superior=superior, turn=pairs.groupby("rater").cumcount())
    rows = rows[rows["superior"].notna() & (rows["superior"] != rows["ratee"])].sort_values(["turn", "rater"])
    asked = rows[["ratee", "superior"]].rename(columns={"superior": "rater"}).assign(source="other")
    return asked.drop_duplicates(["ratee", "rater"]).head(n).reset_index(drop=True)


def _by_cases(pairs: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return at most ``n`` ratings of example cases: every rater rates the same ones.

    >>> found = _by_cases(pd.DataFrame({"rater": ["r", "s", "s"]}), 11)
    >>> len(found), found["rater"].tolist()[:2], found["case"].tolist()[-1]
    (10, ['r', 's'], 'Contoh 5')
    """
    raters = sorted(pairs["rater"].unique())
    least, most = _CASES
    if len(raters) < 2:
        raise UsageError("template.nothing_to_suggest")
    if n < least * len(raters):
        raise UsageError("template.cases_few", raters=len(raters), least=least * len(raters), cases=least)
    cases = [f"Contoh {k}" for k in range(1, min(n // len(raters), most) + 1)]
    return pd.DataFrame([(c, r) for c in cases for r in raters], columns=["case", "rater"])
