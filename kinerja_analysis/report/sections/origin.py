"""Where the numbers come from: files, what was set aside, rules, software, seed, pseudonyms."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.base.tables import counted_once
from kinerja_analysis.report.blocks import Facts, Section
from kinerja_analysis.report.render import HIDDEN, WITHHELD
from kinerja_analysis.report.sections.examined import count
from kinerja_analysis.report.view import View


def origin(view: View) -> Section:
    """Return the provenance section."""
    facts = [
        (view.say("origin.files"), files(view)),
        (view.say("origin.aside"), set_aside(view)),
        (view.say("origin.rules"), rules(view)),
        (view.say("origin.software"), software(view)),
        (view.say("origin.thresholds"), view.say("origin.thresholds_text", fdr=view.audit.config.fdr,
                                                 level=view.audit.config.level)),
        (view.say("origin.names"), names(view)),
        (view.say("origin.privacy"), view.say(f"origin.privacy_{view.audit.level}",
                                              days=view.audit.config.retention_days)),
    ]  # fmt: skip
    if view.audit.provenance.get("synthetic"):
        facts.insert(0, (view.say("origin.synthetic"), view.say("origin.synthetic_text")))
    return Section("asal", "", view.say("origin.title"), (Facts(tuple(facts)),), role="provenance")


def files(view: View) -> str:
    """Return how many files and rows were read, and the fingerprint of the data; no sum of what is hidden."""
    frame = view.count("accounting")
    digest = f"`{view.audit.provenance.get('data', '')}`"
    if frame.empty:
        frame = view.count("examined")
        hidden = (frame["n_scores"] < 0).any()
        return view.say("origin.scores", n=WITHHELD if hidden else int(frame["n_scores"].sum()), digest=digest)
    public = view.count("read")  # rounded as a whole
    n = int((counted_once(frame) if public.empty else public)["rows"].sum())
    if n < 0 or (public.empty and (frame["rows"] < 0).any()):
        return view.say("origin.rows_hidden", files=frame["file"].nunique(), digest=digest)
    return view.say("origin.rows", files=frame["file"].nunique(), rows=n, digest=digest)


def set_aside(view: View) -> str:
    """Return what was set aside or merged, by reason; a row that feeds two tables counts once."""
    frame = view.count("accounting")
    if frame.empty:
        return view.say("origin.no_files")
    gone = frame[(frame["set_aside"] + frame["merged"]) != 0]
    each = gone[["set_aside", "merged"]].agg(_sum, axis=1).groupby([gone["file"], gone["sheet"], gone["reason"]]).max()
    by = each.groupby("reason").agg(_sum)
    reasons = [f"{count(view, n)} {reason(view, str(code))}" for code, n in by.items()]
    return "; ".join(reasons) if reasons else view.say("origin.nothing_aside")


def _sum(counts: pd.Series) -> int:
    return int(counts.sum()) if (counts >= 0).all() else HIDDEN


def reason(view: View, code: str) -> str:
    """Return why a row was set aside or merged, in words."""
    return view.maybe(f"set_aside.{code}") or view.say("set_aside.other")


def rules(view: View) -> str:
    """Return the regulations that were used for this year."""
    from kinerja_analysis.score.rules import rule_for

    name = rule_for(str(view.year)).name
    text = view.maybe(f"rule.{name}") or name
    return f"{text}; {view.say('origin.guide')}"


def software(view: View) -> str:
    """Return version, configuration and seed."""
    p = view.audit.provenance
    return view.say("origin.software_text", version=str(p.get("version", "")), config=f"`{p.get('config', '')}`",
                    seed=str(p.get("seed", "")))  # fmt: skip


def names(view: View) -> str:
    """Return how names were replaced."""
    key = str(view.audit.provenance.get("key_id", ""))
    return view.say("origin.names_key", id=f"`{key}`") if key else view.say("origin.names_kept")
