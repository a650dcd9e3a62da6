"""One spelling for each unit, agency and example case: letters and blanks do not make two out of one."""

from __future__ import annotations

import pandas as pd

from kinerja_analysis.read.session import Session

#: Columns spelled alike together, and the note on each.
NAMES = ((("opd", "unit"), "N509"), (("case",), "N510"))


def one_spelling(session: Session, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with every unit, agency and case as it is spelled most often in its region; changes are noted.

    Two names are one when they differ in capital letters and blanks only; of cases also in leading zeros of numbers.
    Files are joined by these names: the organisational rating of "BIDANG 1" is that of "Bidang 1", and raters are
    compared on the case that both call "Contoh 1".
    """
    for names, code in NAMES:
        new = _other_spellings(tables, names)
        if not new:
            continue
        for table, frame in tables.items():
            for name in names:
                if name not in frame or frame.empty:
                    continue
                place = pd.MultiIndex.from_frame(frame[["region", name]])
                better = pd.Series(place.map(new), index=frame.index, dtype="str")
                for told in better.dropna().unique():
                    session.note(code, frame, name, better == told, used=told)
                frame = frame.assign(**{name: frame[name].mask(better.notna(), better)})
            tables[table] = frame
    return tables


def _other_spellings(tables: dict[str, pd.DataFrame], names: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Return for each region and rarer spelling the one used."""
    frames = [f[["region", n]].set_axis(["region", "name"], axis=1) for f in tables.values() for n in names if n in f]
    each = pd.concat(frames, ignore_index=True).value_counts(["region", "name"]).rename("n").reset_index()
    each["key"] = each["name"].astype("str").str.split().str.join(" ").str.casefold()
    if names == ("case",):
        each["key"] = each["key"].str.replace(r"\b0+(?=\d)", "", regex=True)
    several = each[each.duplicated(["region", "key"], keep=False)]
    ordered = several.sort_values(["n", "name"], ascending=[False, True], kind="stable")
    used = ordered.groupby(["region", "key"], sort=False)["name"].transform("first")
    other = ordered[ordered["name"] != used].assign(used=used)
    return dict(zip(zip(other["region"], other["name"], strict=True), other["used"], strict=True))
