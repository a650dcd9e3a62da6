"""Judging and reporting a family of contrasts: beyond a practical difference, too small, direction only, or open."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, Threshold
from kinerja_analysis.detect.evidence import achievements, share_of_others, standardised

Kind = Literal["beyond", "small", "direction", "open"]
#: Share of rated employees with achievement from which on the figure of all serves as that of the same people.
SAME = 0.98
REASONS = ("few_teams", "few_raters", "one_value", "many_values", "no_rater_values", "one_rater_group",
           "other_scale")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contrast:
    """One comparison before judgement, on the scale where no difference is 0 (log odds ratio, or SD).

    ``n`` employees and ``n_teams`` supervisors (or raters) carry it; ``df`` belongs to ``se`` (NaN: normal);
    ``reason`` says why there are no numbers. ``params`` are for its sentence.
    """

    subject: str
    n: int
    n_teams: int
    params: dict[str, Any]
    effect: float = math.nan
    se: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    p_zero: float = math.nan
    df: float = math.nan
    method: str = ""
    reason: str = ""


def fitted(contrast: Contrast, fit: Any, k: int = 0) -> Contrast:
    """Return the contrast with coefficient ``k`` of a fit, or with the fit's reason for having none.

    ``fit`` has the arrays ``coef se lower upper p`` and ``n_clusters method reason``.
    """
    effect, se, lower, upper, p = (float(a[k]) for a in (fit.coef, fit.se, fit.lower, fit.upper, fit.p))
    if fit.reason or not se > 0:
        return replace(contrast, reason=fit.reason or "no_variation")
    return replace(
        contrast, effect=effect, se=se, lower=lower, upper=upper, p_zero=p, df=fit.n_clusters - 1,
        method=fit.method, reason="",
    )  # fmt: skip


def compared(
    contrasts: Sequence[Contrast], before: Sequence[Contrast], shown: Callable[[float], float]
) -> list[Contrast]:
    """Return contrasts with the value of the same subject in ``before`` as ``params["before"]``; refused without."""
    known = {c.subject: c for c in before}
    found = []
    for c in contrasts:
        old = known.get(c.subject)
        if c.reason or old is None or old.reason:
            found.append(replace(c, reason=c.reason or "not_compared"))
        else:
            found.append(replace(c, params={**c.params, "before": shown(old.effect)}))
    return found


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be said of a contrast.

    ``p_value`` and ``p_adjusted`` belong to the minimal-effect test, ``p_zero_adjusted`` to the test of no
    difference; both are adjusted over the same ``family``. ``smallest`` is the effect that would be flagged with
    80 % chance, ``more`` the further teams that would settle an open question.
    """

    kind: Kind
    p_value: float
    p_adjusted: float
    p_zero_adjusted: float
    family: int
    smallest: float
    more: int


def judge(contrasts: Sequence[Contrast], *, delta: float, fdr: float, level: float) -> list[Judgement]:
    """Judge all contrasts of one family (none of them with a ``reason``).

    "beyond" (flagged): the minimal-effect p against |effect| <= delta stays at or below ``fdr`` after
    Benjamini–Hochberg, and the interval excludes no difference. "small": the whole interval lies within ±delta.
    "direction": no difference is excluded after adjustment and by the interval, but not the practical difference.
    "open": everything else.

    Parameters
    ----------
    contrasts : sequence of Contrast
    delta : float
        Practical difference, same scale as the effects.
    fdr, level : float
        Level of the adjusted tests; confidence level of the intervals.

    Examples
    --------
    >>> strong = Contrast("a", 500, 80, {}, 1.2, 0.2, 0.8, 1.6, 1e-8)
    >>> unclear = Contrast("b", 60, 35, {}, 0.1, 0.4, -0.7, 0.9, 0.8)
    >>> [j.kind for j in judge([strong, unclear], delta=0.405, fdr=0.10, level=0.95)]
    ['beyond', 'open']
    """
    from scipy.special import ndtri

    from kinerja_analysis.stats import adjust, minimal_effect_test

    if not contrasts:
        return []
    effect = np.array([c.effect for c in contrasts])
    se = np.array([c.se for c in contrasts])
    freedom = np.array([c.df if math.isfinite(c.df) else 1e9 for c in contrasts])
    p = minimal_effect_test(effect, se, delta, df=freedom)
    adjusted = adjust(p, "bh")
    zero = adjust(np.array([c.p_zero for c in contrasts]), "bh")
    family = len(contrasts)
    smallest = delta + (ndtri(1 - fdr / family) + ndtri(0.8)) * se
    needed = (2 * ndtri(0.5 + level / 2) * se / delta) ** 2
    found = []
    for i, c in enumerate(contrasts):
        kind: Kind = "open"
        if adjusted[i] <= fdr and not c.lower <= 0 <= c.upper:
            kind = "beyond"
        elif -delta <= c.lower and c.upper <= delta:
            kind = "small"
        elif zero[i] <= fdr and not c.lower <= 0 <= c.upper:
            kind = "direction"
        more = max(1, math.ceil(c.n_teams * (needed[i] - 1)))
        numbers = (float(p[i]), float(adjusted[i]), float(zero[i]), family, float(smallest[i]), more)
        found.append(Judgement(kind, *numbers))
    return found


@dataclass(frozen=True, slots=True)
class Reporter:
    """How one family is written down: measure, scope, kind of subject, threshold, and the scale of the effects.

    ``unit`` is ``odds_ratio`` (effects are logarithms) or ``sd``; the messages of the latter end in ``_sd``.
    """

    out: Collector
    measure: str
    verdict: str
    scope: str
    subject_kind: str
    threshold: Threshold
    unit: Literal["odds_ratio", "sd"]

    def shown(self, effect: float) -> float:
        """Return an effect on the reader's scale."""
        return math.exp(effect) if self.unit == "odds_ratio" else effect

    @property
    def delta(self) -> float:
        """The practical difference on the scale of the effects."""
        return math.log(self.threshold.value) if self.unit == "odds_ratio" else self.threshold.value

    def report(self, ctx: Context, contrasts: Sequence[Contrast]) -> None:
        """Judge the family, add one finding per contrast, and the verdict for the region."""
        tested, judged = self._judged(ctx, contrasts)
        self._smallest(ctx, tested, judged)
        for c, j in zip(tested, judged, strict=True):
            code: str = j.kind
            if code in ("beyond", "direction"):
                code += "_lower" if c.effect < 0 else "_higher"
            self._add(ctx, c, j, code + "_sd" * (self.unit == "sd"))
        for c in contrasts:
            if c.reason:
                code = c.reason if c.reason in REASONS else "not_estimable"
                self.out.add(
                    code, Status.INSUFFICIENT, self.measure, kind=self.subject_kind, subject=c.subject,
                    scope=self.scope, threshold=self.threshold, n=c.n, n_teams=c.n_teams, reason=c.reason, **c.params,
                )  # fmt: skip
        self._verdict(ctx, contrasts, tested, judged)

    def second(self, ctx: Context, contrasts: Sequence[Contrast], code: str, **params: Any) -> None:
        """Report a second look, a family of its own: ``code`` or ``code_beyond`` each, ``code_all`` or ``code_few``.

        What could not be examined is counted, not listed. The last two drop an ``_sd`` at the end of ``code``.
        """
        tested, judged = self._judged(ctx, contrasts)
        for c, j in zip(tested, judged, strict=True):
            self._add(ctx, c, j, code + "_beyond" * (j.kind == "beyond"))
        n_beyond = sum(j.kind == "beyond" for j in judged)
        params |= {"n_tested": len(tested), "n_refused": len(contrasts) - len(tested), "n_beyond": n_beyond}
        if not tested:
            self.out.insufficient(f"{code.removesuffix('_sd')}_few", self.verdict, self.scope, **params)
            return
        people = max(c.n for c in tested)
        estimate = Estimate(n_beyond, level=ctx.config.level, n=people, unit="count", method="minimal_effect_bh")
        status = Status.FLAGGED if n_beyond else Status.CLEAR
        code = f"{code.removesuffix('_sd')}_all"
        self.out.add(code, status, self.verdict, scope=self.scope, estimate=estimate, **params)

    def _judged(self, ctx: Context, contrasts: Sequence[Contrast]) -> tuple[list[Contrast], list[Judgement]]:
        tested = [c for c in contrasts if not c.reason]
        return tested, judge(tested, delta=self.delta, fdr=ctx.config.fdr, level=ctx.config.level)

    def _smallest(self, ctx: Context, tested: Sequence[Contrast], judged: Sequence[Judgement]) -> None:
        """The effect that would be flagged 80 times of 100, family included: of the middle contrast and of the best."""
        if not tested:
            return
        size = sorted(j.smallest for j in judged)
        value, best = (self.shown(v) for v in (size[(len(size) - 1) // 2], size[0]))
        estimate = Estimate(
            value, level=ctx.config.level, n=max(c.n for c in tested), unit=self.unit, method="minimal_effect_bh"
        )
        self.out.add(
            "smallest_effect" + ("_sd" if self.unit == "sd" else ""), Status.CLEAR, "smallest_effect", scope=self.scope,
            estimate=estimate, best=best, inverse=1 / value, family=len(tested),
        )  # fmt: skip

    def _limit(self, c: Contrast) -> float:
        """The practical difference on the side of the effect, or on the side that the interval passes."""
        below = c.effect < 0 if min(-c.lower, c.upper) >= self.delta else -c.lower > c.upper
        return -self.delta if below else self.delta

    def _add(self, ctx: Context, c: Contrast, j: Judgement, code: str) -> None:
        estimate = Estimate(
            self.shown(c.effect), self.shown(c.lower), self.shown(c.upper), ctx.config.level, c.n, self.unit, c.method
        )
        self.out.add(
            code, Status.FLAGGED if j.kind == "beyond" else Status.CLEAR, self.measure, kind=self.subject_kind,
            subject=c.subject, scope=self.scope, estimate=estimate, threshold=self.threshold, p_value=j.p_value,
            p_adjusted=j.p_adjusted, n_teams=c.n_teams, p_zero=c.p_zero, p_zero_adjusted=j.p_zero_adjusted,
            family=j.family, more=j.more, smallest=self.shown(j.smallest), limit=self.shown(self._limit(c)), **c.params,
        )  # fmt: skip

    def _verdict(
        self, ctx: Context, contrasts: Sequence[Contrast], tested: Sequence[Contrast], judged: Sequence[Judgement]
    ) -> None:
        counted = {kind: sum(j.kind == kind for j in judged) for kind in ("beyond", "small", "direction", "open")}
        params: dict[str, Any] = {f"n_{kind}": count for kind, count in counted.items()}
        params |= {"n_tested": len(tested), "n_refused": len(contrasts) - len(tested)}
        head: dict[str, Any] = {"scope": self.scope, "threshold": self.threshold}
        if not tested:
            self.out.add("verdict_few", Status.INSUFFICIENT, self.verdict, **head, **params)
            return
        beyond = [c.subject for c, j in zip(tested, judged, strict=True) if j.kind == "beyond"]
        people = max(c.n for c in tested)
        estimate = Estimate(len(beyond), level=ctx.config.level, n=people, unit="count", method="minimal_effect_bh")
        code, status = ("verdict_flagged", Status.FLAGGED) if beyond else ("verdict_clear", Status.CLEAR)
        self.out.add(code, status, self.verdict, estimate=estimate, group="|".join(beyond), **head, **params)


def given(
    ctx: Context, main: Reporter, rows: pd.DataFrame, plain: list[Contrast],
    make: Callable[[pd.DataFrame], list[Contrast]], least_share: float, **params: Any,
) -> None:  # fmt: skip
    """Report the contrasts at equal achievement, each with the figure of the same people that disregards it.

    ``make`` estimates the contrasts of rows, at equal ``capaian`` where they have it; ``plain`` are those of all
    ``rows``. Needs achievement of ``least_share`` of them.
    """
    capaian, measure = achievements(ctx), f"{main.measure}_given"
    if capaian.empty:
        main.out.not_applicable("given_none", measure, main.scope)
        return
    some = standardised(rows, capaian)
    share = len(some) / len(rows)
    found: list[Contrast] = []
    if share >= least_share:
        before = plain if share >= SAME else make(some.drop(columns="capaian"))
        found = compared(make(some), before, main.shown)
    report, suffix = replace(main, measure=measure, verdict=measure), "_sd" if main.unit == "sd" else ""
    report.second(ctx, found, f"given{suffix}", covered=share, others=share_of_others(ctx), **params)
