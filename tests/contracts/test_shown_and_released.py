"""The contract beyond a detector's own result: its chart, its public form, its place in the registry, odd numbers.

Numbers of the contract's list: 14 (NaN and infinity refused), 22 (charts), 27 (unique codes), 28 (public form).
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import InputRefused
from kinerja_analysis.base.words import LANGUAGES, messages, say
from kinerja_analysis.detect import REGISTRY, detect
from kinerja_analysis.pipeline import audit
from kinerja_analysis.release import release
from kinerja_analysis.show.charts import OF_RESULT, figure

DETECT = Path(__file__).resolve().parents[2] / "kinerja_analysis" / "detect"
WHOLE = ("clean", "planted", "five_points")


def test_no_detector_stands_outside_the_registry(lab: SimpleNamespace) -> None:
    """A module with a question of its own is a detector; the suite runs over the registry."""
    asked = {key.split(".")[0] for key in messages() if key.endswith(".question") and key.count(".") == 1}
    files = {p.stem for p in DETECT.glob("*.toml")}
    assert asked & files == set(lab.EVERY)
    assert len(REGISTRY) == len(set(REGISTRY))


def test_codes_are_unique_over_detectors(lab: SimpleNamespace) -> None:
    owner: dict[str, str] = {}
    for case in lab.CASES:
        for name in lab.EVERY:
            for f in lab.findings_of(case, name):
                assert owner.setdefault(f.code, name) == name


def test_how_an_estimate_was_made_has_words_in_both_languages(detector: str, lab: SimpleNamespace) -> None:
    made = {m for case in lab.CASES for m in lab.result_of(case, detector).frame["method"] if m}
    known = {key.removeprefix("show.way.") for key in messages() if key.startswith("show.way.")}
    assert {re.sub(r"[^a-z0-9]+", "_", m.lower()).strip("_") for m in made} <= known


@pytest.mark.parametrize("name", WHOLE)
def test_charts_draw_with_words_in_both_languages(detector: str, name: str, lab: SimpleNamespace) -> None:
    result = lab.result_of(name, detector)
    before = pyplot.get_fignums()
    for lang in LANGUAGES:
        axes = result.plot(lang=lang)
        pyplot.close(axes.figure)
        if reason := [" ".join(t.get_text().split()) for t in axes.texts]:  # no estimate: why, and nothing else
            assert not np.isfinite(result.frame.loc[result.frame["subject_kind"] == "rater", "lower"]).any()
            open_ = [f for f in result.findings() if f.status not in ("FLAGGED", "CLEAR")]
            refused = {f.sentence(lang).replace("**", "") for f in open_}
            assert len(reason) == 1 and reason[0] in {*refused, say("charts.nothing", lang)}
            assert not (axes.lines or axes.patches or axes.collections)
        elif detector in OF_RESULT:
            drawn = figure(OF_RESULT[detector], result, lang=lang, pictures=False)
            assert drawn is not None and len(drawn.alt.split()) > 3
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize("name", WHOLE)
def test_public_form_names_nobody_and_hides_small_groups(name: str, lab: SimpleNamespace) -> None:
    tables, ctx = lab.tables_of(name), lab.context_of(name)
    internal = detect(tables, ctx.scores, AuditConfig())
    public = release(internal)
    assert {"raters", "wright", "moves"} <= internal.counts.keys() - public.counts.keys()
    people = lab.people_of(name)
    for detector in lab.EVERY:
        for f in public[detector].findings():
            assert f.subject_kind not in ("rater", "team", "list", "unit") and not f.rows, f.code
            e = f.estimate
            assert e is None or not math.isfinite(e.value) or e.n >= 10, f.code
            assert not people & set(json.dumps(dict(f.params)).replace('"', " ").split()), f.code


def with_score(lab: SimpleNamespace, odd: float) -> pd.DataFrame:
    """Multi-source ratings as a user's frame, one score replaced."""
    ratings = lab.tables_of("clean").ratings.drop(columns="row")
    scores = ratings[~lab.official(ratings)].reset_index(drop=True)
    scores.loc[3, "score"] = odd
    return scores


@pytest.mark.parametrize("odd", [math.inf, -math.inf])
def test_infinite_scores_are_refused(odd: float, lab: SimpleNamespace) -> None:
    """They end at the door, with their problem; no detector ever sees them."""
    with pytest.raises(InputRefused) as refused:
        audit(with_score(lab, odd), config=AuditConfig(identifiers="pseudonymous"))
    assert refused.value.problems


def test_a_missing_score_is_counted_and_not_used(lab: SimpleNamespace) -> None:
    made = audit(with_score(lab, math.nan), config=AuditConfig(identifiers="pseudonymous"))
    lines = made.counts["accounting"]
    assert int(lines["set_aside"].sum()) == 1
    assert int(lines["read"].sum() if "read" in lines else lines["rows"].sum()) == len(with_score(lab, 1.0))
