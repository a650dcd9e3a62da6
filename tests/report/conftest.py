"""A fabricated audit of one region and year: every detector, both kinds of data, numbers chosen by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig, RegionConfig
from kinerja_analysis.base.results import Audit, Design, Estimate, Finding, Result, Status
from kinerja_analysis.base.tables import PREDIKAT, ScoreTable
from kinerja_analysis.base.words import messages, placeholders
from kinerja_analysis.detect.review import review
from kinerja_analysis.report.page import Page, region_page

REGION, YEAR = "01.02", 2025
FLAG, CLEAR, FEW, NOT = Status.FLAGGED, Status.CLEAR, Status.INSUFFICIENT, Status.NOT_APPLICABLE
RATERS = ("P7K2MAAAAAAAAA", "P7K2MBAAAAAAAA", "PR4FKAAAAAAAAA", "PX7JAAAAAAAAAA")
#: The two raters whose pseudonyms share "7K2M" need a fifth character, hence all have five.
SHORT = ("P-7K2MA", "P-7K2MB", "P-R4FKA", "P-X7JAA")


def finding(
    code: str,
    status: Status,
    measure: str,
    kind: str = "region",
    subject: str = REGION,
    *,
    scope: str = "ekinerja",
    value: float = np.nan,
    lower: float = np.nan,
    upper: float = np.nan,
    n: int = 0,
    unit: str = "",
    **more: Any,
) -> Finding:
    """A finding whose sentence has everything it asks for (1 for what the test does not care about)."""
    known = ("threshold", "p_value", "p_adjusted")
    own = {k: more.pop(k) for k in known if k in more}
    given = {"value", "lower", "upper", "n", "level", "unit", "subject", "scope", "year", *known}
    filler = {name: 1 for name in placeholders(messages()[code]["id"]) if name not in given}
    return Finding(
        code, status, measure, kind, subject, scope, Estimate(value, lower, upper, 0.95, n, unit, "test"),
        params=filler | more, region=REGION, year=YEAR, **own,
    )  # fmt: skip


def _distribution() -> list[Finding]:
    pairs = {"value": 0.16, "lower": 0.14, "upper": 0.19, "n": 412, "unit": "share", "threshold": 0.2}
    return [
        finding("distribution.pairs_below", FLAG, "separated_pairs", hundred=16.0, hundred_lower=14.0,
                hundred_upper=19.0, **pairs),
        finding("distribution.share_modal", CLEAR, "share_modal", value=0.895, lower=0.878, upper=0.897, n=400,
                unit="share", predikat="BAIK", k=358, waiting=8),
        finding("distribution.guide_no_rating", NOT, "guide", n_unrated=40, n_teams=40),
    ]  # fmt: skip


def _groups() -> list[Finding]:
    rows = [("pppk", 0.81, 0.58, 1.13), ("pppk_paruh_waktu", 0.95, 0.70, 1.29)]
    found = [
        finding("group_gap.open", CLEAR, "odds_ratio", "group", f"employment={g}", value=v, lower=lo, upper=hi, n=300,
                unit="odds_ratio", threshold=1.5, p_adjusted=0.4, attribute="employment", group=g, reference="pns",
                smallest=1.9)
        for g, v, lo, hi in rows
    ]  # fmt: skip
    return [*found, finding("group_gap.verdict_clear", CLEAR, "gaps", value=0.0, n=300, unit="count", n_open=1)]


def _leniency() -> list[Finding]:
    numbers = ((11.4, 7.0, 15.8, 21, 0.001), (-12.2, -17.5, -6.9, 14, 0.003), (1.2, -3.5, 5.9, 18, 0.75),
               (-0.6, -8.7, 7.5, 6, 0.9))  # fmt: skip
    codes = ("leniency.lenient", "leniency.strict", "leniency.not_shown", "leniency.not_shown")
    raters = [
        finding(code, FLAG if p < 0.1 else CLEAR, "within_ratee", "rater", who, scope="multisource", value=v, lower=lo,
                upper=hi, n=n, unit="points", threshold=2.5, p_adjusted=p, size=abs(v), shrunken=0.7 * v,
                component=i % 2)
        for i, (code, who, (v, lo, hi, n, p)) in enumerate(zip(codes, RATERS, numbers, strict=True))
    ]  # fmt: skip
    return [
        finding("leniency.not_identified", NOT, "within_ratee"),
        finding("leniency.bounds", CLEAR, "bounds", value=0.08, lower=0.04, upper=0.11, n=400, unit="share", teams=40),
        finding("leniency.inside_groups", FLAG, "within_ratee", scope="multisource", flagged=2, family=4),
        finding("leniency.smallest_effect", CLEAR, "smallest_effect", scope="multisource", value=10.0, n=21,
                unit="points", ratees=21),
        *raters,
    ]  # fmt: skip


def _others() -> dict[str, list[Finding]]:
    many = {"scope": "multisource"}
    return {
        "affinity": [finding("affinity.no_attributes", NOT, "own_group")],
        "agreement": [
            finding("agreement.verdict", CLEAR, "verdict", family=2, **many),
            finding("agreement.pair", CLEAR, "correlation", "source_pair", "supervisor|peer", value=0.41, lower=0.31,
                    upper=0.5, n=318, unit="correlation", threshold=0.22, world=0.34, **many),
            finding("agreement.single", CLEAR, "reliability_single", "source", "peer", value=0.4, lower=0.3, upper=0.5,
                    n=318, unit="reliability", threshold=0.3, world=0.37, **many),
        ],
        "self_other": [
            finding("self_other.usual", CLEAR, "difference", value=4.0, lower=1.0, upper=7.0, n=300, unit="points",
                    threshold=7.0, **many),
            finding("self_other.unit_usual", CLEAR, "difference", "unit", "Dinas Sosial", value=5.0, lower=-1.0,
                    upper=11.0, n=40, unit="points", threshold=7.0, **many),
        ],
        "straight_lining": [
            finding("straight_lining.single", CLEAR, "single_value", value=12.0, n=400, unit="teams", observed=12,
                    expected=9.4, expected_lower=4.0, expected_upper=15.0, n_teams=40),
        ],
        "matrix_check": [finding("matrix_check.consistent", CLEAR, "mismatches", value=0.0, n=400, unit="share")],
    }  # fmt: skip


def _design() -> Design:
    rows = []
    for kind, verdict, groups in (("ekinerja", "not_identified", 40), ("multisource", "inside_groups_only", 4)):
        rows.append({"region": REGION, "year": YEAR, "kind": kind, "source": "all", "verdict": verdict,
                     "n_ratees": 400, "n_raters": 40, "n_pairs": 400, "n_units": 40, "n_components": groups,
                     "movers": 0, "changes": 0, "bridges": 0, "hinge_raters": 0, "contrast_se": np.nan,
                     "contrast_reliability": np.nan})  # fmt: skip
    return Design(pd.DataFrame(rows))


def _counts() -> dict[str, pd.DataFrame]:
    head = {"region": REGION, "year": YEAR}
    examined = [
        {**head, "kind": "ekinerja", "n_persons": 410, "n_rated": 400, "n_not_rated": 8, "n_no_skp": 2, "n_excluded": 0,
         "n_raters": 40, "n_scores": 800, "n_opd": 3, "n_opd_total": 3, "sources": "supervisor",
         "criteria": "hasil_kerja|perilaku_kerja", "scales": "1–3", "periods": "2025",
         "n_achievements": 0, "n_org_rating": 0},
        {**head, "kind": "multisource", "n_persons": 318, "n_rated": 318, "n_not_rated": 0, "n_no_skp": 0,
         "n_excluded": 0, "n_raters": 120, "n_scores": 4000, "n_opd": 2, "n_opd_total": 3,
         "sources": "supervisor|self|peer", "criteria": "disiplin|inisiatif", "scales": "0–100",
         "periods": "2025", "n_achievements": 0, "n_org_rating": 0},
    ]  # fmt: skip
    agencies = [("Dinas Sosial", "pns", (20, 180, 0, 0, 0), 4, 1), ("Dinas Sosial", "pppk", (2, 60, 0, 0, 0), 2, 1),
                ("Sekretariat", "pns", (18, 118, 1, 1, 0), 2, 0)]  # fmt: skip
    headcount = [
        {**head, "opd": opd, "employment": kind, "total": sum(got) + waiting + none,
         **dict(zip(reversed(PREDIKAT), got, strict=True)), "not_rated": waiting, "no_skp": none, "excluded": 0}
        for opd, kind, got, waiting, none in agencies
    ]  # fmt: skip
    predikat = [{**head, "predikat": p, "n": n} for p, n in zip(PREDIKAT, (0, 1, 1, 358, 40), strict=True)]
    bins = ("<=50", "51-60", "61-70", "71-80", "81-90", "91-99", "100")
    teams = [{**head, "bin": b, "n": n, "expected": 2.0, "lower": 0.0, "upper": 5.0}
             for b, n in zip(bins, (0, 1, 1, 3, 5, 6, 4), strict=True)]  # fmt: skip
    budget = [{**head, "detector": "leniency", "family": 4, "flagged": 2, "expected_false": 0.2}]
    raters = [{**head, "opd": opd, "employment": kind, "n": sum(got), "n_raters": 9, "largest": 12}
              for opd, kind, got, _, _ in agencies]  # fmt: skip
    frames = {"examined": examined, "headcount": headcount, "predikat": predikat, "teams": teams, "budget": budget,
              "raters": raters}  # fmt: skip
    names = ("file", "sheet", "table", "rows", "kept", "merged", "set_aside", "reason")
    lines = [(1, 1, "ratings", 415, 400, 0, 15, "acting"), (1, 1, "appraisals", 415, 415, 0, 0, ""),
             (2, 1, "ratings", 4003, 4000, 3, 0, "duplicate")]  # fmt: skip
    accounting = [dict(zip(names, line, strict=True)) for line in lines]
    return {name: pd.DataFrame(rows) for name, rows in frames.items()} | {"accounting": pd.DataFrame(accounting)}


def build(name: str = "Kabupaten Contoh", **results: list[Finding]) -> Audit:
    """The fabricated audit; ``results`` replaces the findings of detectors."""
    found = {"distribution": _distribution(), "group_gap": _groups(), "leniency": _leniency(), **_others()} | results
    place = RegionConfig(name=name, bps="0102", province="Provinsi Contoh")
    outcome = {n: Result.of(n, f) for n, f in found.items()}
    return Audit(
        cells=((REGION, YEAR),),
        design=_design(),
        scores=ScoreTable(pd.DataFrame({"region": [], "year": []})),
        results=outcome,
        counts=_counts(),
        config=AuditConfig(regions={REGION: place}),
        provenance={"version": "9.9", "config": "c0de77b1c0de", "data": "9f3ca71e9f3ca71e", "seed": 1,
                    "key_id": "k1k2k3k4", "synthetic": True, "region_names": {REGION: name}},
        review=review(outcome, AuditConfig()),
    )  # fmt: skip


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """The builders, for tests that change something."""
    return SimpleNamespace(build=build, finding=finding, region=REGION, year=YEAR, raters=RATERS, short=SHORT)


@pytest.fixture(scope="session")
def audit() -> Audit:
    """The fabricated audit, internal."""
    return build()


@pytest.fixture(scope="session")
def page(audit: Audit) -> Page:
    """Its page in Indonesian."""
    return region_page(audit, "id")


@pytest.fixture(scope="session")
def page_en(audit: Audit) -> Page:
    """Its page in English."""
    return region_page(audit, "en")


@pytest.fixture(scope="session")
def public_page(audit: Audit) -> Page:
    """Its public page in Indonesian."""
    from kinerja_analysis.release import release

    return region_page(release(audit), "id")
