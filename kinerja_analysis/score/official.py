"""The official result of each person: which appraisal counts, which two ratings are its, and the predikat.

A person can have several rows in a period (acting posts, a transfer). One appraisal counts: a substantive
post before an acting one, a rated one before an unrated one, then the latest. Its two ratings are found by
the source row, else by the supervisor; if neither tells which of several raters it was, there is no computed
predikat rather than a guess.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import EKINERJA_CRITERIA, OF_ACTING, official
from kinerja_analysis.score.rules import rule_for

KEYS = ["period", "region", "person"]
#: Columns of the multi-source ratings that scores are made of.
MULTISOURCE = ["period", "region", "ratee", "rater", "source", "criterion", "score", "scale_min", "scale_max"]


def split_ratings(ratings: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a rating table into official ratings (they carry the predikat) and multi-source ratings.

    From 2022 on the e-Kinerja rows (three ordered levels) are official; under the older regulations the
    supervisor's hasil kerja (SKP) and perilaku kerja are, on whatever numeric scale.

    Examples
    --------
    >>> from kinerja_analysis.base.tables import empty
    >>> [len(part) for part in split_ratings(empty("ratings"))]
    [0, 0]
    """
    numeric = {p: "number" in rule_for(p).evidence for p in ratings["period"].unique()}
    ours = official(ratings)
    older = [period for period, number in numeric.items() if number]
    if older:
        ours |= (
            ratings["period"].isin(older) & ratings["criterion"].isin(EKINERJA_CRITERIA)
            & (ratings["source"] == "supervisor")
        ).to_numpy(bool)  # fmt: skip
    return ratings[ours], ratings.loc[~ours, MULTISOURCE]


def main_appraisals(appraisals: pd.DataFrame) -> pd.DataFrame:
    """Return one appraisal per period, region and person: substantive, rated, latest.

    Examples
    --------
    >>> from kinerja_analysis.base.tables import conform
    >>> two = conform("appraisals", pd.DataFrame({"year": 2025, "period": "2025", "region": "01.01",
    ...     "person": "p", "status": "rated", "predikat": ["SANGAT BAIK", "BAIK"], "acting": [True, False]}))
    >>> main_appraisals(two)["predikat"].tolist()
    ['BAIK']
    """
    order = appraisals.assign(_own=~appraisals["acting"], _rated=appraisals["status"] == "rated")
    order = order.sort_values([*KEYS, "_own", "_rated", "rated_at"], na_position="first", kind="stable")
    return order.drop_duplicates(KEYS, keep="last").drop(columns=["_own", "_rated"])


def rating_pairs(official: pd.DataFrame) -> pd.DataFrame:
    """Return hasil kerja and perilaku kerja side by side: one row per person and rater of official ratings.

    Returns
    -------
    DataFrame
        ``period region person rater row hasil_kerja perilaku_kerja``; without rater columns, one row per
        source row.
    """
    rows = official.rename(columns={"ratee": "person"})
    rows = rows.assign(_by=rows["rater"].fillna("\0" + rows["row"]))
    keys = [*KEYS, "_by"]
    wide = rows.groupby([*keys, "criterion"], sort=False)["score"].last().unstack("criterion")
    wide = wide.reindex(columns=list(EKINERJA_CRITERIA)).rename_axis(columns=None).reset_index()
    address = rows.drop_duplicates(keys)[[*keys, "rater", "row"]]
    return address.merge(wide, on=keys, how="left").drop(columns="_by")


def _matched_pairs(people: pd.DataFrame, pairs: pd.DataFrame, appraisals: pd.DataFrame) -> pd.DataFrame:
    """Give each person the pair of ratings of the main appraisal; ``_torn`` marks pairs that cannot be told."""
    joined = pairs.merge(people[[*KEYS, "supervisor", "row"]], on=KEYS, suffixes=("", "_main"))
    same_row = (joined["row"] == joined["row_main"]) & (joined["row"] != "")
    of_other_post = _index(joined, "row").isin(_index(appraisals[appraisals["row"] != ""], "row")) & ~same_row
    joined = joined.assign(_match=2 * same_row + (joined["rater"] == joined["supervisor"]))[~of_other_post]
    alone = joined.groupby(KEYS)["_match"].transform("size") == 1
    chosen = joined[alone | (joined["_match"] > 0)].sort_values([*KEYS, "_match"], kind="stable")
    chosen = chosen.drop_duplicates(KEYS, keep="last")
    torn = _index(people).isin(_index(joined)) & ~_index(people).isin(_index(chosen))
    return people.merge(chosen[[*KEYS, *EKINERJA_CRITERIA]], on=KEYS, how="left").assign(_torn=torn)


def _index(frame: pd.DataFrame, *further: str) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[[*KEYS, *further]])


def _with_opinions(people: pd.DataFrame, multisource: pd.DataFrame) -> pd.Series:
    """Tell whether the agency applied opinions of peers or subordinates: read off the data [assumption]."""
    asked = multisource.loc[multisource["source"].isin(["peer", "subordinate"]), ["period", "region"]]
    asked = asked.drop_duplicates()
    marks = people[["period", "region"]].merge(asked, how="left", indicator=True)["_merge"] == "both"
    return marks.set_axis(people.index)


def _with_acting(official: pd.DataFrame, main: pd.DataFrame) -> pd.DataFrame:
    """Add the two levels of acting rows among ``main``, which readers keep out of the ratings (``OF_ACTING``)."""
    names = {"person": "ratee", "supervisor": "rater", **dict(zip(OF_ACTING, EKINERJA_CRITERIA, strict=True))}
    head = ["period", "region", "ratee", "rater", "row"]
    rows = main[main["acting"]].rename(columns=names).reindex(columns=[*head, *EKINERJA_CRITERIA])
    long = rows.melt(head, var_name="criterion", value_name="score").dropna(subset="score")
    return pd.concat([official, long.astype({"criterion": "str"})], ignore_index=True) if len(long) else official


def official_results(
    people: pd.DataFrame, official: pd.DataFrame, multisource: pd.DataFrame, appraisals: pd.DataFrame,
    profiles: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Compute the predikat of each person under the regulation in force and compare it with the recorded one.

    Parameters
    ----------
    people : DataFrame
        Columns ``period region person``, unique rows.
    official, multisource : DataFrame
        The two parts of the rating table (:func:`split_ratings`).
    appraisals : DataFrame
        The appraisal table; a further column ``innovation`` (bool) is used where a rule needs it, ``OF_ACTING`` for
        acting rows.
    profiles : sequence of str
        Switched-on profiles.

    Returns
    -------
    DataFrame, rows as ``people``
        ``period region person rule predikat_computed predikat_reason predikat_recorded consistent number``.
    """
    main = main_appraisals(appraisals)
    recorded = main.reindex(columns=[*KEYS, "supervisor", "row", "predikat", "number", "innovation"])
    facts = people[KEYS].merge(recorded, on=KEYS, how="left")
    facts = _matched_pairs(facts, rating_pairs(_with_acting(official, main)), appraisals)
    facts["opinions"] = _with_opinions(facts, multisource)
    parts = []
    for period, rows in facts.groupby("period", sort=False):
        rule = rule_for(str(period))
        parts.append(rule.predikat(rows, profiles).assign(rule=rule.name))
    judged = pd.concat(parts).reindex(facts.index) if parts else _nothing_judged()
    several = facts["_torn"] & judged["reason"].isin(["rating_missing", "number_missing"])
    reason = judged["reason"].mask(several, "several_raters")
    same = np.where(facts["predikat"] == judged["predikat"], "yes", "no")
    both = facts["predikat"].notna() & judged["predikat"].notna()
    return facts[KEYS].assign(
        rule=judged["rule"],
        predikat_computed=judged["predikat"],
        predikat_reason=reason,
        predikat_recorded=facts["predikat"],
        consistent=pd.Series(np.where(both, same, "unknown"), index=facts.index, dtype="str"),
        number=facts["number"].fillna(judged["number"]).astype("float64"),
    )


def other_posts(appraisals: pd.DataFrame, ratings: pd.DataFrame, profiles: Sequence[str] = ()) -> pd.DataFrame:
    """Return ``official_results`` of the rows that do not count for a person: other posts in the same period.

    Each with the ratings of its own row; ``row`` is its address. A row that stands twice counts once.

    Examples
    --------
    >>> from kinerja_analysis.base.tables import empty
    >>> len(other_posts(empty("appraisals"), empty("ratings")))
    0
    """
    rows, found = appraisals.drop_duplicates(ignore_index=True), []
    rest = rows.drop(main_appraisals(rows).index)
    rest = rest[rest["predikat"].notna()]
    official, others = split_ratings(ratings[ratings["ratee"].isin(rest["person"])])
    while len(rest):
        first = main_appraisals(rest)
        own = official[~official["row"].isin(rows["row"]) | official["row"].isin(first["row"])]
        checked = official_results(first[KEYS].reset_index(drop=True), own, others, first, profiles)
        found.append(checked.assign(row=first["row"].to_numpy()))
        rest = rest.drop(first.index)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame({"row": pd.Series(dtype="str")})


def _nothing_judged() -> pd.DataFrame:
    return pd.DataFrame(
        {"predikat": pd.Series(dtype="str"), "number": pd.Series(dtype="float64"),
         "reason": pd.Series(dtype="str"), "rule": pd.Series(dtype="str")}
    )  # fmt: skip
