"""One spelling for each unit and agency of a region: letters and blanks do not make two units out of one."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.read.session import Session

NAMES = ("opd", "unit")


def one_spelling(session: Session, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with every unit and agency as it is spelled most often in its region; changes are noted.

    Two names are one when they differ in capital letters and blanks only. Files are joined by these names: the
    organisational rating of "BIDANG 1" is that of "Bidang 1".
    """
    frames = [f[["region", n]].set_axis(["region", "name"], axis=1) for f in tables.values() for n in NAMES if n in f]
    each = pd.concat(frames, ignore_index=True).value_counts(["region", "name"]).rename("n").reset_index()
    text = each["name"].astype("str")
    each["key"] = text.str.split().str.join(" ").str.casefold()
    several = each[each.duplicated(["region", "key"], keep=False)]
    if several.empty:
        return tables
    ordered = several.sort_values(["n", "name"], ascending=[False, True], kind="stable")
    used = ordered.groupby(["region", "key"], sort=False)["name"].transform("first")
    other = ordered[ordered["name"] != used].assign(used=used)
    new = dict(zip(zip(other["region"], other["name"], strict=True), other["used"], strict=True))
    for table, frame in tables.items():
        for name in NAMES:
            if name not in frame or frame.empty:
                continue
            place = pd.MultiIndex.from_frame(frame[["region", name]])
            better = pd.Series(place.map(new), index=frame.index, dtype="str")
            for told in better.dropna().unique():
                session.note("N509", frame, name, better == told, used=told)
            frame = frame.assign(**{name: frame[name].mask(better.notna(), better)})
        tables[table] = frame
    return tables
