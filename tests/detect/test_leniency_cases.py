"""Leniency on example cases: by hand, planted raters, coverage, what must be refused, and that cases are nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Status
from kinerja_analysis.base.tables import ScoreTable, Tables, conform
from kinerja_analysis.detect._leniency_cases import on_cases
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, threshold
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.detect.leniency import detect
from kinerja_analysis.read.template import _CASES

REGION = "99.01"


def cases(score: np.ndarray, *, scale: tuple[float, float] = (0.0, 100.0)) -> pd.DataFrame:
    """The table from scores of shape (cases, raters); NaN: not rated."""
    k, r = np.nonzero(np.isfinite(score))
    rows = {"case": [f"Contoh {i}" for i in k], "rater": [f"S{j:02d}" for j in r], "score": score[k, r]}
    head = {"year": 2025, "period": "2025", "region": REGION, "criterion": "c"}
    ends = {"scale_min": scale[0], "scale_max": scale[1], "row": [f"9:1:{i}" for i in range(k.size)]}
    return conform("cases", pd.DataFrame(rows).assign(**head, **ends))


def staff(seed: int, raters: int, planted: dict[int, float] | None = None) -> pd.DataFrame:
    """Eight employees a supervisor, three strangers each beside: ratings by others and by the supervisor."""
    g = np.random.default_rng(seed)
    rows = []
    for s in range(raters):
        for i in range(8):
            name, truth = f"E{s:02d}{i}", 60 + g.normal(0, 8)
            rows.append((name, f"S{s:02d}", "supervisor", truth + (planted or {}).get(s, 0.0) + g.normal(0, 4)))
            rows += [(name, f"P{s:02d}{i}{j}", "peer", truth + g.normal(0, 4)) for j in range(3)]
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "source", "score"])
    head = {"year": 2025, "period": "2025", "region": REGION, "criterion": "c", "scale_min": 0.0, "scale_max": 100.0}
    return conform("ratings", frame.assign(**head, row=[f"1:1:{i}" for i in range(len(frame))]))


def exported(raters: int) -> pd.DataFrame:
    """An export: six employees a supervisor, all on the middle level but one."""
    rows = [(f"E{s}{i}", f"S{s:02d}", c, 3.0 if i == 0 else 2.0) for s in range(raters) for i in range(6)
            for c in ("hasil_kerja", "perilaku_kerja")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["ratee", "rater", "criterion", "score"])
    head = {"year": 2025, "period": "2025", "region": REGION, "source": "supervisor"}
    return conform("ratings", frame.assign(**head, scale_min=1.0, scale_max=3.0,
                                           row=[f"1:1:{i // 2}" for i in range(len(frame))]))  # fmt: skip


def context(tables: Tables, **config: object) -> Context:
    given = AuditConfig(**config)
    design = design_of(tables, tables, REGION, 2025, given)
    return Context(tables, tables, ScoreTable(pd.DataFrame()), given, design, REGION, 2025)


def run(tables: Tables, **config: object) -> list[Finding]:
    out = Collector("leniency", REGION, 2025)
    detect(context(tables, **config), out)
    return out.found


def judged(score: np.ndarray) -> pd.DataFrame:
    """The comparison behind the findings (``rater value lower upper p_adjusted``): the spread takes longer."""
    made = on_cases(context(Tables(ratings=exported(score.shape[1]), cases=cases(score))))
    assert made is not None
    return made[0].judged


def pick(found: list[Finding], **where: str) -> list[Finding]:
    return [f for f in found if all(getattr(f, k) == v for k, v in where.items())]


def drawn(seed: int, raters: int = 20, n: int = 8, planted: dict[int, float] | None = None,
          sd: float = 0.0) -> np.ndarray:  # fmt: skip
    """Scores of shape (cases, raters): cases 30 to 80, pair errors SD 6, leniency SD ``sd``, some raters planted."""
    g = np.random.default_rng(seed)
    lenient = g.normal(0, sd, raters) if sd else np.zeros(raters)
    for j, size in (planted or {}).items():
        lenient[j] += size
    return np.linspace(30, 80, n)[:, None] + lenient + g.normal(0, 6, (n, raters))


# --- by hand -----------------------------------------------------------------------------------------------------

HAND = np.array([[50, 40, 42], [60, 52, 50], [70, 60, 62], [80, 71, 71], [90, 80, 82]], float)


def test_by_hand() -> None:
    """Differences of the first rater from the mean of the two others: 9, 9, 9, 9, 9 → 9; of the others likewise."""
    found = run(Tables(ratings=exported(3), cases=cases(HAND)))
    mine = {f.subject: f for f in pick(found, measure="case_leniency", subject_kind="rater")}
    assert mine["S00"].estimate.value == pytest.approx(np.mean([9, 9, 9, 9, 9]))
    second = np.array([40 - 46, 52 - 55, 60 - 66, 71 - 75.5, 80 - 86])
    assert mine["S01"].estimate.value == pytest.approx(second.mean())
    assert mine["S00"].scope == "ekinerja" and set(mine["S00"].rows) == {f"9:1:{3 * i}" for i in range(5)}
    region = pick(found, measure="case_leniency", subject_kind="region")[0]
    sd = np.sqrt(HAND.var(axis=0, ddof=1).mean())
    assert region.code == "leniency.cases_own" and region.threshold == pytest.approx(0.25 * sd)
    assert region.params["cases"] == 5 and region.params["family"] == 3


def test_the_yardstick_is_that_of_the_employees_where_there_is_one() -> None:
    ratings = staff(1, 20)
    found = run(Tables(ratings=ratings, cases=cases(drawn(1))))
    region = pick(found, measure="case_leniency", subject_kind="region")[0]
    own = ratings[ratings["source"] == "supervisor"].groupby("rater")["score"].var().mean()
    assert region.code == "leniency.cases" and region.threshold == pytest.approx(0.25 * np.sqrt(own))
    assert region.scope == "multisource"


def test_scores_are_compared_on_the_hundred_scale() -> None:
    tables = [Tables(ratings=exported(20), cases=cases(drawn(2) / by, scale=(0.0, 100.0 / by))) for by in (1, 10)]
    one, ten = map(run, tables)
    a, b = ([f.estimate.value for f in pick(x, measure="case_leniency", subject_kind="rater")] for x in (one, ten))
    assert a == pytest.approx(b)


# --- planted -----------------------------------------------------------------------------------------------------


def test_nothing_planted_nobody_named_and_ranges_hold_zero() -> None:
    found = [judged(drawn(seed)) for seed in range(100)]
    flagged = sum(bool((rows["p_adjusted"] <= AuditConfig().fdr).any()) for rows in found)
    every = pd.concat(found)
    assert flagged <= reference.binom.ppf(0.999, 100, 0.10)
    assert len(every) == 2000 and ((every["lower"] <= 0) & (every["upper"] >= 0)).mean() >= 0.94


def test_ranges_hold_the_planted_leniency() -> None:
    """Leniency SD 5 among 20 raters: each range must hold the rater's leniency less the region's 0."""
    covered: list[bool] = []
    for seed in range(100):
        g = np.random.default_rng(seed)
        lenient = g.normal(0, 5, 20)
        rows = judged(np.linspace(30, 80, 8)[:, None] + lenient + g.normal(0, 6, (8, 20)))
        true = lenient[rows["rater"].str[1:].astype(int)]
        covered += ((rows["lower"] <= true) & (true <= rows["upper"])).tolist()
    assert len(covered) == 2000 and 0.93 <= np.mean(covered) <= 0.98


def test_a_planted_rater_is_named_and_the_smallest_effect_is_told() -> None:
    """What is said to be found 80 times of 100 is found in 70 to 95 of 100 regions, a third of it in few."""
    smallest = [pick(run(Tables(ratings=exported(20), cases=cases(drawn(s)))), code="leniency.smallest_case")[0]
                for s in range(10)]  # fmt: skip
    size = float(np.mean([f.estimate.value for f in smallest]))
    named = pick(run(Tables(ratings=exported(20), cases=cases(drawn(0, planted={4: 2 * size})))), subject="S04")
    assert [f.code for f in named] == ["leniency.case_lenient"]
    hits = {size: 0, size / 3: 0}
    for seed in range(100):
        for planted in hits:
            rows = judged(drawn(seed, planted={4: planted})).set_index("rater")
            hits[planted] += bool(rows.at["S04", "p_adjusted"] <= AuditConfig().fdr and rows.at["S04", "value"] > 0)
    assert 70 <= hits[size] <= 95 and hits[size / 3] < 30


def test_the_spread_is_recovered() -> None:
    values = []
    for seed in range(40):
        spread = pick(run(Tables(ratings=exported(20), cases=cases(drawn(seed, sd=5.0)))), measure="spread_cases")[0]
        values.append(spread.estimate.value**2)
    assert np.sqrt(np.mean(values)) == pytest.approx(5.0, abs=0.6)


def test_general_yardstick_and_own_employees_are_told_apart() -> None:
    """Two rate everyone 15 points higher, two only their own employees: the sentence counts two and two."""
    lenient = {0: 15.0, 1: 15.0, 2: 15.0, 3: 15.0}
    also, alone = [], []
    for seed in range(10):
        score = drawn(seed, planted={0: 15.0, 1: 15.0})
        found = run(Tables(ratings=staff(seed, 20, lenient), cases=cases(score)))
        same = pick(found, code="leniency.case_same")[0]
        also.append(same.estimate.value)
        alone.append(same.params["alone"])
        assert same.estimate.value + same.params["alone"] + same.params["open"] == same.estimate.n
    assert np.median(also) == 2 and np.median(alone) == 2


# --- refusals ----------------------------------------------------------------------------------------------------


def test_without_cases_nothing_is_said() -> None:
    found = run(Tables(ratings=staff(3, 6)))
    assert not [f for f in found if "case" in f.code or "case" in f.measure]


def test_few_cases_and_cases_of_one_rater_only_are_not_judged() -> None:
    score = drawn(5, raters=6, n=6)
    score[4:, 0] = np.nan
    found = run(Tables(ratings=exported(6), cases=cases(score)))
    few = pick(found, code="leniency.case_few")
    assert [(f.subject, f.params["have"], f.params["minimum"]) for f in few] == [("S00", 4, 5)]
    found = run(Tables(ratings=exported(6), cases=cases(score[:4])))
    assert pick(found, measure="case_leniency", subject_kind="region")[0].code == "leniency.cases_few"
    alone = np.full((6, 3), np.nan)
    alone[:, 0] = [30, 40, 50, 60, 70, 80]
    found = run(Tables(ratings=exported(6), cases=cases(alone)))
    assert pick(found, measure="case_leniency", subject_kind="region")[0].status is Status.INSUFFICIENT


def test_equal_scores_are_no_yardstick() -> None:
    found = run(Tables(ratings=exported(6), cases=cases(np.full((6, 6), 70.0))))
    assert pick(found, measure="case_leniency", subject_kind="region")[0].code == "leniency.cases_constant"


# --- who can be compared at all ----------------------------------------------------------------------------------


def groups_apart(shift: float = 0.0) -> np.ndarray:
    """Twelve raters of eight cases, ten others of eight other cases, all of the first ``shift`` points higher."""
    score = np.full((16, 22), np.nan)
    score[:8, :12] = drawn(11, raters=12) + shift
    score[8:, 12:] = drawn(12, raters=10)
    return score


def test_raters_of_other_cases_are_not_compared_and_do_not_make_the_region_comparable() -> None:
    for shift in (0.0, 20.0):
        tables = Tables(ratings=exported(22), cases=cases(groups_apart(shift)))
        assert context(tables).design.verdicts()[REGION, 2025, "ekinerja"] == "not_identified"
        found = run(tables)
        region = pick(found, measure="case_leniency", subject_kind="region")[0]
        assert (region.params["family"], region.params["not_judged"], region.params["cases"]) == (12, 10, 8)
        apart = pick(found, code="leniency.case_apart")
        assert [f.subject for f in apart] == [f"S{j}" for j in range(12, 22)] and all(len(f.rows) == 8 for f in apart)
        assert pick(found, measure="spread_cases")[0].params["raters"] == 12


def test_one_shared_case_links_but_too_weakly_for_a_verdict() -> None:
    score = groups_apart()
    score[0, 12:] = 50.0
    tables = Tables(ratings=exported(22), cases=cases(score))
    assert context(tables).design.verdicts()[REGION, 2025, "ekinerja"] == "not_identified"


def test_periods_do_not_part_the_raters_of_a_case() -> None:
    table = cases(drawn(3, raters=6))
    odd = table["rater"].isin(["S00", "S01", "S02"])
    table = table.assign(period=table["period"].mask(odd, "2025-Q4"))
    a, b = (run(Tables(ratings=exported(6), cases=t)) for t in (table, cases(drawn(3, raters=6))))
    assert [(f.code, f.estimate) for f in a] == [(f.code, f.estimate) for f in b]


def test_who_rates_no_employee_is_left_out_and_counted() -> None:
    found = run(Tables(ratings=exported(6), cases=cases(drawn(3, raters=8))))
    region = pick(found, measure="case_leniency", subject_kind="region")[0]
    assert (region.params["family"], region.params["strangers"]) == (6, 2)
    named = {f.subject for f in pick(found, subject_kind="rater", measure="case_leniency")}
    assert named == {f"S{j:02d}" for j in range(6)}


def test_strangers_only_and_one_rater_only_are_counted() -> None:
    strange = cases(drawn(3, raters=6)).assign(rater=lambda f: "Z" + f["rater"])
    alone = cases(drawn(3, raters=1))
    for table, told in ((strange, (0, 6)), (alone, (1, 0))):
        found = run(Tables(ratings=exported(6), cases=table))
        (region,) = pick(found, measure="case_leniency")
        assert region.code == "leniency.cases_few"
        assert (region.params["not_judged"], region.params["strangers"]) == told


def test_a_rater_who_leaves_a_hard_criterion_blank_is_not_called_lenient() -> None:
    """The second criterion is 30 points lower for all; a mean without it would be 15 points higher."""
    g, base = np.random.default_rng(4), drawn(4, raters=8)
    easy, hard = cases(base), cases(base - 30 + g.normal(0, 3, base.shape)).assign(criterion="d")
    gone = hard["rater"].eq("S00") & hard["case"].isin([f"Contoh {i}" for i in range(6)])
    found = run(Tables(ratings=exported(8), cases=pd.concat([easy, hard[~gone]], ignore_index=True)))
    region = pick(found, measure="case_leniency", subject_kind="region")[0]
    assert region.params["partial"] == 6 and not pick(found, code="leniency.case_lenient")
    assert pick(found, code="leniency.case_few")[0].subject == "S00"


def test_two_raters_who_never_differ_get_no_test() -> None:
    score = np.linspace(30, 80, 6)[:, None] + np.zeros(2)
    found = run(Tables(ratings=exported(2), cases=cases(score / 7)))  # with rounding errors
    assert pick(found, measure="case_leniency", subject_kind="region")[0].code == "leniency.cases_constant"
    assert not [f for f in found if f.code == "leniency.case_few"]


def test_one_score_for_all_cases_is_said() -> None:
    score = drawn(6, raters=8)
    score[:, 0] = 95.0
    (named,) = pick(run(Tables(ratings=exported(8), cases=cases(score))), subject="S00")
    assert (named.code, named.params["single"]) == ("leniency.case_lenient", 1)


def test_who_differs_less_on_cases_has_no_general_yardstick() -> None:
    """Rater 0: 25 points with the own employees, 5 on cases. Rater 1: the other way round."""
    for seed in range(5):
        score = drawn(seed, planted={0: 5.0, 1: 25.0})
        found = run(Tables(ratings=staff(seed, 20, {0: 25.0}), cases=cases(score)))
        (same,) = pick(found, code="leniency.case_same")
        assert (same.estimate.value, same.params["alone"]) == (0, same.estimate.n)
        (turned,) = pick(found, code="leniency.case_turned")
        assert turned.estimate.value == 1


# --- what the design says ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("raters", "n", "verdict"), [(6, 8, "linked_by_anchors"), (6, 6, "not_identified"),
                                                      (6, 4, "not_identified"), (3, 8, "not_identified")])  # fmt: skip
def test_an_export_is_anchored_where_nearly_all_its_supervisors_rated_enough_cases(
    raters: int, n: int, verdict: str
) -> None:
    tables = Tables(ratings=exported(6), cases=cases(drawn(1, raters=raters, n=n)))
    assert context(tables).design.verdicts()[REGION, 2025, "ekinerja"] == verdict


def test_another_minimum_of_cases_is_asked_of_the_design_too() -> None:
    tables = Tables(ratings=exported(6), cases=cases(drawn(1, raters=6)))
    asked = context(tables, thresholds={"leniency.min_cases": 9})
    assert asked.design.verdicts()[REGION, 2025, "ekinerja"] == "not_identified"
    assert _CASES[0] == threshold("leniency.min_cases").value, "the template asks for as many as a judgement needs"


def test_cases_are_nobody() -> None:
    """No employee, pair or head more, and nothing else that a detector of employees says changes."""
    plain = Tables(ratings=staff(4, 8))
    with_cases = replace(plain, cases=cases(drawn(4, raters=8)))
    a, b = context(plain), context(with_cases)
    assert a.design.frame.equals(b.design.frame)
    before, after = run(plain), [f for f in run(with_cases) if "case" not in f.code]
    assert [(f.code, f.estimate, f.params) for f in before] == [(f.code, f.estimate, f.params) for f in after]
