"""The objectivity index: of 100 pairs in the same team, how many the score orders as independent evidence does, net.

Measures, all without flags: ``index`` and ``index_conditional`` (region), ``index_order`` (source: each comparator),
the six dimensions ``index_differentiation``, ``index_agreement``, ``index_equity``, ``index_impartiality``,
``index_achievement``, ``index_integrity``, points lost ``index_loss`` (attribute) and ``index_loss_single``, and
``index_copies`` (peers who repeat the supervisor) with ``index_copies_peers`` (peers who repeat each other).
Scopes: the predikat against achievement (``ekinerja``), against peers too (``both``), the supervisor's scores
(``multisource``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.results import Estimate, Status
from kinerja_analysis.detect import _index_panel as panel
from kinerja_analysis.detect import copied_peers
from kinerja_analysis.detect._index_evidence import (
    BOTH,
    CAPAIAN,
    FULL,
    MANY,
    PEER,
    Cell,
    Freed,
    attribute_values,
    by_rater_only,
    cell_of,
    doubles,
    freed,
    given,
    groups,
    official,
    some,
)
from kinerja_analysis.detect.attributes import dummies, values
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector
from kinerja_analysis.detect.copies import counted
from kinerja_analysis.stats import separated_pairs, without_groups
from kinerja_analysis.stats._jackknife import unit_jackknife
from kinerja_analysis.stats.supported_order import SupportedOrder

NAME = "index"
#: Reliability of one rating, published or asked for, by name: a score so reliable has the index (200/π)·asin(√rel).
ANCHORS = {
    "anchor_guess": 0.0, "anchor_peer": 0.37, "anchor_administrative": 0.45, "anchor_supervisor": 0.50,
    "anchor_research": 0.61, "anchor_feedback": 0.70, "anchor_decision": 0.80, "anchor_high": 0.90,
}  # fmt: skip
JACK = "delete_one_unit_jackknife"
#: What is scored, by scope.
SCORED = {FULL: "the_predikat", BOTH: "the_predikat", MANY: "the_supervisor_scores"}


def detect(ctx: Context, out: Collector) -> None:
    """Form the index of each kind of official score, or say why there is none."""
    for scope, rows, empty in ((FULL, official(ctx), ctx.ekinerja.empty), (MANY, given(ctx), ctx.multisource.empty)):
        if rows.empty:
            out.not_applicable(f"no_{scope}" if empty else f"no_supervisor_{scope}", "index", scope)
            continue
        _form(ctx, out, cell_of(ctx, scope, rows))
        if scope == FULL and (ctx.pairs["source"] == "peer").any():
            cell = cell_of(ctx, BOTH, rows)
            if PEER in cell.names:
                _form(ctx, out, cell)


def anchor(value: float) -> tuple[str, float]:
    """Return the name and the index of the nearest anchor.

    >>> name, at = anchor(48.0)
    >>> name, round(at, 1)
    ('anchor_administrative', 46.8)
    """
    at = {name: 200 / math.pi * math.asin(math.sqrt(rel)) for name, rel in ANCHORS.items()}
    name = min(at, key=lambda k: abs(at[k] - value))
    return name, at[name]


def _form(ctx: Context, out: Collector, cell: Cell) -> None:
    """Index, panel and losses of one kind of score."""
    usable = _integrity(ctx, out, cell)
    if cell.scope != FULL and (told := counted(ctx)):
        out.add("copies", Status.CLEAR, "index_copies", scope=cell.scope, **told)
    if cell.scope != FULL and (told := copied_peers.counted(ctx)):
        out.add("copies_peers", Status.CLEAR, "index_copies_peers", scope=cell.scope, **told)
    _differentiation(ctx, out, cell)
    if cell.names and usable:
        shared = groups(ctx, cell)
        clean = freed(ctx, cell, shared)
        order = clean.order(cell, np.ones(len(cell.rows), bool), cell.team, ctx.config.level)
        if not order.reason or order.reason == "constant":
            _index(ctx, out, cell, order, int(shared.shape[1] > 0))
            _conditional(ctx, out, cell, shared)
            _comparators(ctx, out, cell, order, clean, int(shared.shape[1] > 0))
            _agreement(ctx, out, cell, order)
            _fairness(ctx, out, cell, order)
            _losses(ctx, out, cell, clean, order)
            return
    _refuse(ctx, out, cell, usable)


def _refuse(ctx: Context, out: Collector, cell: Cell, usable: bool) -> None:
    """Say why there is no index; what rests on it is not identified either."""
    least, pairs = (int(ctx.threshold(f"index.{t}").value) for t in ("min_units", "min_doubles"))
    units = int(cell.rows["home"].nunique())
    if not usable:
        out.insufficient("gate", "index", cell.scope, least=100 * ctx.threshold("index.min_valid").value)
    elif len(cell.peers) and doubles(cell.peers) < pairs and units >= least:
        out.insufficient("few_doubles", "index", cell.scope, doubles=doubles(cell.peers), least=pairs)
    elif some(cell):
        out.insufficient("few_units", "index", cell.scope, units=units, least=least)
    elif by_rater_only(ctx):
        out.not_applicable("rater_only", "index", cell.scope)
    else:
        out.not_applicable("no_evidence", "index", cell.scope)
    for name in ("agreement", "equity", "impartiality"):
        out.not_applicable(f"{name}_no_index", f"index_{name}", cell.scope)
    if not np.isfinite(cell.capaian).any():
        out.not_applicable("achievement_none", "index_achievement", cell.scope)


def _index(ctx: Context, out: Collector, cell: Cell, order: SupportedOrder, split: int) -> None:
    """The headline: net pairs in the order of the weakest comparator, freed of its imprecision."""
    weak, level = order.by[order.weakest], ctx.config.level
    name, at = anchor(order.index)
    code = "no_order" if order.reason else "reversed" if order.index < 0 else "supported"
    estimate = Estimate(
        order.index, order.index_lower, order.index_upper, level, weak.n, "of_100",
        "full_count" if order.reason else JACK,
    )  # fmt: skip
    out.add(
        code, Status.CLEAR, "index", scope=cell.scope, estimate=estimate, scored=SCORED[cell.scope],
        comparator=cell.names[order.weakest], comparators="|".join(cell.names), n_comparators=len(cell.names),
        concordant=_of(weak, "concordant"),
        discordant=_of(weak, "discordant"), tied=_of(weak, "tied"), separated=100 * weak.separated,
        accuracy=100 * weak.accuracy if math.isfinite(weak.accuracy) else None, anchor=name, anchor_value=at,
        n_pairs=weak.n_pairs, n_teams=weak.n_teams, n_units=weak.n_units, n_capped=order.n_capped,
        excluded=cell.excluded, peers=len(cell.peers) / max(cell.peers["i"].nunique(), 1),
        covered=weak.n / len(cell.rows), raw=100 * weak.tau_a, correlation=_plain(weak.r), **in_whole(weak),
        freed=split, beyond=name == "anchor_guess" and order.index_lower > 0,
        distinguish=ctx.threshold("index.distinguish").value,
    )  # fmt: skip


def _of(pairs: Any, name: str) -> float:
    """Return a count of pairs per 100."""
    return 100 * getattr(pairs, name) / pairs.n_pairs


def in_whole(pairs: Any) -> dict[str, Any]:
    """Return the pairs per 100 in whole numbers that add up to 100: ``right``, ``wrong`` and ``even``.

    >>> from types import SimpleNamespace
    >>> in_whole(SimpleNamespace(n_pairs=1000, concordant=566, discordant=416, tied=18))
    {'right': 57, 'wrong': 41, 'even': 2}
    """
    exact = np.array([_of(pairs, n) for n in ("concordant", "discordant", "tied")])
    whole = np.floor(exact)
    whole[np.argsort(whole - exact, kind="stable")[: round(100 - whole.sum())]] += 1
    return dict(zip(("right", "wrong", "even"), (int(v) for v in whole), strict=True))


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _conditional(ctx: Context, out: Collector, cell: Cell, shared: np.ndarray) -> None:
    """The same with only that part of the group differences taken out which achievement does not explain."""
    if CAPAIAN not in cell.names or not shared.shape[1]:
        code = "conditional_no_groups" if CAPAIAN in cell.names else "conditional_no_capaian"
        out.not_applicable(code, "index_conditional", cell.scope)
        return
    part = freed(ctx, cell, shared, conditional=True)
    order = part.order(cell, np.ones(len(cell.rows), bool), cell.team, ctx.config.level)
    if order.reason:
        out.not_applicable("conditional_constant", "index_conditional", cell.scope)
        return
    estimate = Estimate(order.index, order.index_lower, order.index_upper, ctx.config.level, order.by[order.weakest].n,
                        "of_100", JACK)  # fmt: skip
    out.add("conditional", Status.CLEAR, "index_conditional", scope=cell.scope, estimate=estimate,
            shown=max(order.index, 0.0))  # fmt: skip


def _comparators(ctx: Context, out: Collector, cell: Cell, order: SupportedOrder, clean: Freed, split: int) -> None:
    """Each comparator apart: the raw net order first, then freed of its imprecision, capaian over its whole range."""
    low = ctx.threshold("index.capaian_reliability_low").value
    for name, pairs, rel, x, left in zip(
        cell.names, order.by, clean.reliability, clean.evidence, clean.left, strict=True
    ):
        about: dict[str, Any] = {"kind": "source", "subject": name, "scope": cell.scope}
        if pairs.reason:
            estimate = Estimate(0.0, level=ctx.config.level, n=pairs.n, unit="of_100", method="full_count")
            out.add("orders_nobody", Status.CLEAR, "index_order", estimate=estimate, **about)
            continue
        limits = (100 * pairs.tau_a_lower, 100 * pairs.tau_a_upper)
        estimate = Estimate(100 * pairs.tau_a, *limits, ctx.config.level, pairs.n, "of_100", JACK)
        more: dict[str, Any] = {
            "reliability": rel, "corrected": pairs.index, "corrected_lower": pairs.index_lower,
            "corrected_upper": pairs.index_upper, "capped": int(pairs.capped),
            "uncorrected": int(name == PEER and left is None),
        }  # fmt: skip
        if name == CAPAIAN:
            range_ = Freed([x], [low], [None]).order(cell, np.isfinite(x), cell.team, ctx.config.level)
            more |= {"low": low, "corrected_low": range_.index, "by": "other" if _measured(ctx) else "unknown"}
        code = f"order_{name}" if name != CAPAIAN or _measured(ctx) else "order_capaian_unknown"
        out.add(code, Status.CLEAR, "index_order", estimate=estimate, concordant=_of(pairs, "concordant"),
                discordant=_of(pairs, "discordant"), tied=_of(pairs, "tied"), **more, **about)  # fmt: skip
        if name == CAPAIAN:  # the same figure as a dimension
            out.add("achievement", Status.CLEAR, "index_achievement", scope=cell.scope, estimate=estimate,
                    concordant=_of(pairs, "concordant"), discordant=_of(pairs, "discordant"), tied=_of(pairs, "tied"),
                    freed=split, **_hundred(100 * pairs.tau_a, *limits))  # fmt: skip
    if CAPAIAN not in cell.names or order.by[cell.names.index(CAPAIAN)].reason:
        code = "achievement_constant" if CAPAIAN in cell.names else "achievement_none"
        out.not_applicable(code, "index_achievement", cell.scope)


def _measured(ctx: Context) -> bool:
    return bool(ctx.tables.achievements["measured_by"].notna().any())


# --- the six dimensions ----------------------------------------------------------------------------------------


def _integrity(ctx: Context, out: Collector, cell: Cell) -> bool:
    """Share of the rows behind the scores that are usable, unique and no copied block: a gate."""
    kinds = (FULL, MANY) if cell.scope == BOTH else (cell.scope,)
    counts = [ctx.memo(("integrity", k), lambda k=k: panel.integrity(ctx, getattr(ctx, k))) for k in kinds]
    kept, read = (sum(c[i] for c in counts) for i in (0, 1))
    limit = ctx.threshold("index.min_valid")
    share, people = kept / read, int(cell.rows["ratee"].nunique())
    estimate = Estimate(share, level=ctx.config.level, n=people, unit="share", method="full_count")
    out.add("integrity", Status.CLEAR, "index_integrity", scope=cell.scope, estimate=estimate, threshold=limit,
            read=read, hundred=100 * share)  # fmt: skip
    return share >= limit.value


def _differentiation(ctx: Context, out: Collector, cell: Cell) -> None:
    """Share of all same-team pairs with different scores: a ceiling, never a bonus."""
    found = separated_pairs(cell.rows["score"], cell.team)
    if found.reason == "empty":
        out.not_applicable("differentiation_none", "index_differentiation", cell.scope)
        return
    guide = ctx.threshold("index.separated_guide").value
    estimate = Estimate(100 * found.value, level=ctx.config.level, n=len(cell.rows), unit="of_100", method="full_count")
    out.add("differentiation", Status.CLEAR, "index_differentiation", scope=cell.scope, estimate=estimate,
            national=ctx.threshold("index.separated_national").value, guide=guide, n_pairs=found.n_pairs,
            hundred=min(100.0, 10_000 * found.value / guide))  # fmt: skip


def _agreement(ctx: Context, out: Collector, cell: Cell, order: SupportedOrder) -> None:
    """Reliability of one supervisor rating: the smallest squared disattenuated correlation."""
    if order.reason or not math.isfinite(order.rho_lower):
        out.not_applicable("agreement_constant", "index_agreement", cell.scope)
        return
    ends = [float(np.clip(v, 0.0, 1.0)) for v in (order.rho, order.rho_lower, order.rho_upper)]
    value, lower, upper = (v**2 for v in ends)
    estimate = Estimate(value, lower, upper, ctx.config.level, len(cell.rows), "reliability", JACK)
    out.add("agreement", Status.CLEAR, "index_agreement", scope=cell.scope, estimate=estimate,
            rho=order.rho, **_hundred(*(200 / math.pi * math.asin(v) for v in ends)))  # fmt: skip


def _fairness(ctx: Context, out: Collector, cell: Cell, order: SupportedOrder) -> None:
    """Equity between raters and impartiality between groups, in units of the supported SD."""
    yard = None if order.reason else panel.yardstick(cell, order)
    if yard is None:
        for name in ("equity", "impartiality"):
            out.not_applicable(f"{name}_no_support", f"index_{name}", cell.scope)
        return
    spread = panel.spread(ctx, FULL if cell.scope == BOTH else cell.scope)
    if isinstance(spread, str):
        out.not_applicable(spread, "index_equity", cell.scope)
    else:
        net = panel.decided_by_rater(spread, yard)
        out.add("equity", Status.CLEAR, "index_equity", scope=cell.scope,
                estimate=_range(ctx, net, len(cell.rows), "both_ranges"), **_fair(net))  # fmt: skip
    _impartiality(ctx, out, cell, yard)


def _impartiality(ctx: Context, out: Collector, cell: Cell, yard: panel.Yardstick) -> None:
    """The attribute by which most pairs are decided, its range simultaneous over all attributes."""
    known = attribute_values(ctx, cell)
    least, level = int(ctx.threshold("index.min_group").value), 1 - (1 - ctx.config.level) / max(len(known), 1)
    found = {n: panel.decided_by_group(cell, g, yard, least, level) for n, g in known.items()}
    nets = {name: net for name, net in found.items() if net is not None}
    if not nets:
        out.not_applicable("impartiality_no_groups", "index_impartiality", cell.scope)
        return
    name = max(nets, key=lambda k: nets[k].value)
    out.add("impartiality", Status.CLEAR, "index_impartiality", scope=cell.scope, attribute=name, attributes=len(nets),
            estimate=_range(ctx, nets[name], len(cell.rows), JACK), **_fair(nets[name]))  # fmt: skip


def _hundred(value: float, lower: float, upper: float) -> dict[str, Any]:
    """Return a dimension on 0-100 with its limits."""
    names = ("hundred", "hundred_lower", "hundred_upper")
    return {name: max(v, 0.0) for name, v in zip(names, (value, lower, upper), strict=True)}


def _fair(net: panel.Range) -> dict[str, Any]:
    return _hundred(100 - net.value, 100 - net.upper, 100 - net.lower)


def _range(ctx: Context, net: panel.Range, n: int, method: str) -> Estimate:
    return Estimate(net.value, net.lower, net.upper, ctx.config.level, n, "of_100", method)


# --- points lost -----------------------------------------------------------------------------------------------


def _losses(ctx: Context, out: Collector, cell: Cell, clean: Freed, order: SupportedOrder) -> None:
    """The index with one component removed, less the index of the same members."""
    teams = cell.rows.groupby("team")["score"]
    apart = teams.transform("nunique").to_numpy() > 1
    single = int(((teams.nunique() == 1) & (teams.size() > 1)).sum())
    lost = _lost(ctx, cell, clean.order(cell, apart, cell.team, ctx.config.level), order, int(apart.sum()))
    if lost is None:
        out.insufficient("loss_few", "index_loss_single", cell.scope)
    else:
        out.add("loss_single" if single else "loss_single_none", Status.CLEAR, "index_loss_single", scope=cell.scope,
                estimate=lost, teams=single)  # fmt: skip
    for name, group in attribute_values(ctx, cell).items():
        chief = cell.rows["supervisor"].map(values(ctx.tables.employees, name)).fillna("").astype("str")
        known = ((group != "") & (chief != "")).to_numpy()
        if not known.any():
            continue
        base = order if known.all() else clean.order(cell, known, cell.team, ctx.config.level)
        for code, component, part in _without(ctx, cell, clean, known, group, group == chief):
            lost = _lost(ctx, cell, part, base, int(known.sum()))
            if lost is not None:
                out.add(code, Status.CLEAR, "index_loss", kind="attribute", subject=f"{component}|{name}",
                        scope=cell.scope, estimate=lost, attribute=name, component=component)  # fmt: skip


def _without(
    ctx: Context, cell: Cell, clean: Freed, known: np.ndarray, group: pd.Series, own: pd.Series
) -> Iterator[tuple[str, str, SupportedOrder]]:
    """Yield the order without the supervisor's own group's bonus and without the difference between groups.

    Scores: less the term's least-squares estimate, both terms fitted together inside teams. The predikat has too few
    levels for that: only pairs that the term cannot touch, which are the same for both terms of two-valued attributes.
    """
    level = ctx.config.level
    parts = {
        name: pd.factorize(cell.rows["team"].astype("str") + "\x1f" + part.astype("str"), sort=True)[0]
        for name, part in (("own", own), ("gap", group))
    }
    kinds = {name: len(np.unique(code[known])) for name, code in parts.items()}
    varies = [name for name in parts if kinds[name] > len(np.unique(cell.team[known]))]
    if cell.scope == MANY:
        sizes = group[known].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        terms = np.column_stack([own, dummies(group, [str(n) for n in sizes.index[1:]])]).astype(float)
        score = cell.rows["score"].to_numpy(float)
        effect = without_groups(score[known], terms[known], cell.team[known])[1]
        columns = {"own": slice(0, 1), "gap": slice(1, None)}
        for name in varies:
            less = score - terms[:, columns[name]] @ effect[columns[name]]
            yield f"loss_{name}", name, clean.order(cell, known, cell.team, level, score=less)
        return
    both = len(np.unique((parts["own"] * len(group) + parts["gap"])[known]))
    if set(kinds.values()) == {both} and varies:
        yield "loss_group", "group", clean.order(cell, known, parts["gap"], level)
        return
    for name in varies:
        yield f"loss_{name}", name, clean.order(cell, known, parts[name], level)


def _lost(ctx: Context, cell: Cell, part: SupportedOrder, whole: SupportedOrder, n: int) -> Estimate | None:
    """Return the difference of two indices with its jackknife range; None where one of them is not formed."""
    if part.reason or whole.reason:
        return None
    size = int(cell.home.max()) + 1
    rows = [np.r_[o.replicates, np.full(size - o.replicates.size, o.free)] for o in (part, whole)]
    told = np.unique(cell.home)
    _, lower, upper = unit_jackknife(part.free - whole.free, (rows[0] - rows[1])[told], level=ctx.config.level)
    if not math.isfinite(lower):
        return None
    value = part.index - whole.index
    return Estimate(value, min(lower, value), max(upper, value), ctx.config.level, n, "of_100", JACK)
