"""Where identity ends: NIP and NI PPPK checked, read for what they tell, replaced by keyed pseudonyms.

A NIP is birth date (8 digits), year of appointment (4), month of appointment 01-12 for PNS or number of contract
from 21 for PPPK (2), sex (1), serial from 001 (3) (Perka BKN 22/2007 and 43/2007, as reported; that contracts
count from 21 is a pattern seen). A plain hash of it is worthless: it can be enumerated in hours. Birth years 1900
to 1909 do not exist among living employees: such numbers are synthetic.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kinerja_analysis.base.keys import DEMO_KEY, key_bytes, key_id
from kinerja_analysis.base.tables import COLUMNS, columns, plain
from kinerja_analysis.read.log import identifying
from kinerja_analysis.read.session import Session

IDENTITIES = {
    "ratings": ("ratee", "rater"),
    "appraisals": ("person", "supervisor"),
    "employees": ("person", "supervisor"),
    "achievements": ("person",),
    "units": ("leader",),
    "cases": ("rater",),
}
_SYNTHETIC = (1900, 1909)
_BEFORE = {"prof", "dr", "drs", "dra", "ir", "h", "hj", "kh", "apt", "ns", "drg", "drh"}  #: titles before a name
_AFTER = re.compile(r"[a-z]{1,3}\.[a-z]+(\.[a-z]+)*\.?")
_FULL_MONTHS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
AGE_BANDS = ((30, "<=30"), (40, "31-40"), (50, "41-50"), (200, ">=51"))


@dataclass(frozen=True, slots=True)
class Parsed:
    """What distinct NIPs tell, one entry each. ``fault`` is a problem code or ""."""

    fault: np.ndarray
    synthetic: np.ndarray
    birth: np.ndarray
    sex: np.ndarray
    employment: np.ndarray


@dataclass(frozen=True, slots=True)
class People:
    """Everyone named in the tables: what exports tell about them, the identifiers, what NIPs tell, the key."""

    told: pd.DataFrame
    known: list[str]
    parsed: Parsed | None
    key: bytes
    synthetic: bool


def parse_nip(numbers: list[str], today: dt.date | None = None) -> Parsed:
    """Read NIPs.

    Parameters
    ----------
    numbers : list of str
        As cleaned: blanks and quotes removed.
    today : date, optional
        Appointments later than this are implausible.

    Returns
    -------
    Parsed
        ``fault``: E401 not 18 digits, E402 impossible date, sex or serial, W401 implausible appointment;
        ``birth`` yyyymmdd as integers (0 where unreadable), ``sex`` and ``employment`` as codes or "".

    Example
    -------
    >>> p = parse_nip(["190501012010011001", "199013012015031001", "123"])
    >>> p.fault.tolist(), p.sex.tolist()[0], p.employment.tolist()[0], bool(p.synthetic[0])
    (['', 'E402', 'E401'], 'male', 'pns', True)
    """
    today = today or dt.date.today()
    fault = np.array(["" if len(n) == 18 and n.isascii() and n.isdigit() else "E401" for n in numbers], dtype=object)
    good = fault == ""
    text = np.array([n if ok else "0" * 18 for n, ok in zip(numbers, good, strict=True)], dtype="S18")
    digits = text.view(np.uint8).reshape(-1, 18).astype(np.int64) - ord("0")

    def part(a: int, b: int) -> np.ndarray:
        return digits[:, a:b] @ (10 ** np.arange(b - a - 1, -1, -1))

    year, month, day, start, code, sex, serial = (
        part(0, 4), part(4, 6), part(6, 8), part(8, 12), part(12, 14), part(14, 15), part(15, 18)
    )  # fmt: skip
    common = (year % 4 != 0) | ((year % 100 == 0) & (year % 400 != 0))
    days = _FULL_MONTHS[np.clip(month, 1, 12) - 1] - ((month == 2) & common)
    synthetic = good & (year >= _SYNTHETIC[0]) & (year <= _SYNTHETIC[1])
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (day <= days) & np.isin(sex, (1, 2)) & (serial > 0)
    possible &= synthetic | ((year >= 1940) & (year <= today.year - 16))
    kind = np.where((code >= 1) & (code <= 12), "pns", np.where(code >= 21, "pppk", ""))
    possible &= kind != ""
    fault[good & ~possible] = "E402"
    known = kind == "pns"  # of a contract only the year is told
    age = start - year - (known & (code * 100 + 1 < month * 100 + day))
    future = (start > today.year) | (known & (start * 100 + code > today.year * 100 + today.month))
    odd = ((age < 16) | (age > 60)) & ~synthetic | future | (start < 1960)
    fault[good & possible & odd] = "W401"
    fine = good & possible
    return Parsed(
        fault, synthetic & fine, np.where(fine, part(0, 8), 0),
        np.where(fine, np.where(sex == 1, "male", "female"), ""), np.where(fine, kind, ""),
    )  # fmt: skip


def pseudonym(key: bytes, number: str) -> str:
    """Return the pseudonym of an identifier: "P" and 13 letters and digits of HMAC-SHA-256 (65 bits).

    >>> pseudonym(b"k" * 32, "190501012010011001")[0], len(pseudonym(b"k" * 32, "x"))
    ('P', 14)
    """
    return _pseudonyms(key, [number])[0]


def _pseudonyms(key: bytes, numbers: list[str]) -> list[str]:
    digests = b"".join(hmac.digest(key, n.encode(), "sha256")[:10] for n in numbers)
    letters = base64.b32encode(digests).decode()  # 10 bytes are 16 letters, without padding
    return [f"P{letters[i : i + 13]}" for i in range(0, len(letters), 16)]


def examine(session: Session, tables: dict[str, pd.DataFrame]) -> People:
    """Find everyone named in the tables; identifiers that cannot be, or may not be used here, are noted."""
    told = pd.concat(session.told, ignore_index=True) if session.told else pd.DataFrame()
    persons = session.log.everyone(session.blocks)
    columns_ = [tables[t][c] for t, names in IDENTITIES.items() for c in names]
    columns_ += [told[c] for c in ("person", "supervisor") if c in told]
    known = list(dict.fromkeys(n for c in columns_ for n in c.drop_duplicates().dropna().to_numpy(dtype=object)))
    mode = session.config.identifiers
    if mode == "pseudonymous":
        _flag(session, tables, {n: "E405" for n in known if identifying(n)})
        return People(told, known, None, b"", False)
    key = key_bytes(session.config)
    _texts(session, tables, told, persons)
    parsed = parse_nip(known) if mode == "nip" else None
    if mode == "other":
        _titled(session, tables, known)
    synthetic = _checked(session, tables, known, parsed, key)
    if parsed is not None:
        _contradicted(session, [tables["employees"], told], pd.Index(known), parsed)
    return People(told, known, parsed, key, synthetic)


def close(tables: dict[str, pd.DataFrame], people: People) -> tuple[dict[str, pd.DataFrame], str]:
    """Replace every identifier, fill the employee table from what they tell, and forget them.

    Returns the tables and the id of the key ("" for declared pseudonyms).
    """
    key, parsed = people.key, people.parsed
    if not key:
        return _filled(tables, people.told, None), ""
    names = dict(zip(people.known, _pseudonyms(key, people.known), strict=True))
    tables = {t: _renamed(f, IDENTITIES[t], names) for t, f in tables.items()}
    traits = None
    if parsed is not None:
        traits = pd.DataFrame(
            {"person": pd.array([*names.values()], dtype="str"), "_sex": parsed.sex, "_employment": parsed.employment,
             "_birth": np.where(parsed.synthetic, 0, parsed.birth)}
        ).drop_duplicates("person")  # fmt: skip
    return _filled(tables, _renamed(people.told, ("person", "supervisor"), names), traits), key_id(key)


def _renamed(frame: pd.DataFrame, identities: tuple[str, ...], names: dict[str, str]) -> pd.DataFrame:
    present = [c for c in identities if c in frame and len(frame)]
    return frame.assign(**{c: _looked_up(frame[c], names) for c in present})


def _looked_up(column: pd.Series, names: dict[str, str]) -> pd.Series:
    codes, distinct = pd.factorize(column)
    found = pd.array([*map(names.get, np.asarray(distinct, dtype=object)), None], dtype="str")
    return pd.Series(found.take(codes), index=column.index)


def _texts(
    session: Session, tables: dict[str, pd.DataFrame], told: pd.DataFrame, persons: frozenset[str]
) -> None:
    """Note texts that name a person of any file; an employee attribute that does is taken out."""
    kinds = {(c.table, c.name): c.kind for c in COLUMNS}
    for table, frame in [*tables.items(), ("employees", told)]:
        for name in frame.columns.difference(["row", "_b", "_i", "until", "created"]):
            if kinds.get((table, name), "text") != "text":
                continue
            named = [v for v in frame[name].dropna().unique() if identifying(v, persons)]
            if (table, name) not in kinds and (named or identifying(name, persons)):
                tables[table] = tables[table].drop(columns=name)
                _note_text(session, "N302", frame, name, pd.Series(name, index=frame.index))
            elif named:
                _note_text(session, "E408", frame, name, frame[name].where(frame[name].isin(named)))


def _note_text(session: Session, code: str, frame: pd.DataFrame, name: str, texts: pd.Series) -> None:
    """Note a problem where texts stand: in the column's cells, or in the header of a column named like the text."""
    for number, text in set(zip(frame["_b"], texts.astype(object).where(texts.notna(), None), strict=True)):
        block = session.blocks[int(number)]
        if text is not None and session.position(int(number), name) >= 0:
            session.note(code, frame, name, (texts == text) & (frame["_b"] == number))
        elif text is not None:
            at = [i for i, h in enumerate(block.header) if plain(h) == text]
            session.log.on(code, block, map(block.header_address, at), column=block.header[at[0]] if at else name)


def _flag(session: Session, tables: dict[str, pd.DataFrame], faults: dict[str, str]) -> None:
    """Note identifiers with a fault at every cell they stand in, never their value."""
    by_code: dict[str, set[str]] = {}
    for number, code in faults.items():
        by_code.setdefault(code, set()).add(number)
    for code, numbers in sorted(by_code.items()):
        for table, identities in IDENTITIES.items():
            for column in identities:
                frame = tables[table]
                hit = frame[column].isin(numbers)
                if not hit.any():
                    continue
                session.note(code, frame, column, hit)


def bare_name(name: str) -> str:
    """Return a folded name without academic and other titles.

    >>> bare_name("drs. h. andi amir, s.sos., m.si."), bare_name("andi amir s.sos"), bare_name("a@b.id")
    ('andi amir', 'andi amir', 'a@b.id')
    """
    words = name.partition(",")[0].split()
    while len(words) > 1 and (words[0].strip(".") in _BEFORE or _AFTER.fullmatch(words[-1])):
        words = words[1:] if words[0].strip(".") in _BEFORE else words[:-1]
    return " ".join(words)


def _titled(session: Session, tables: dict[str, pd.DataFrame], known: list[str]) -> None:
    """Warn at each name that is another's with other titles: they count as two people."""
    names = pd.Series(known, dtype="str")
    bare = names.map(bare_name)
    several = bare.duplicated(keep=False)
    for table, identities in IDENTITIES.items():
        for column in identities:
            hit = tables[table][column].isin(set(names[several]))
            session.note("W516", tables[table], column, hit, n=int(bare[several].nunique()))


def _checked(
    session: Session, tables: dict[str, pd.DataFrame], known: list[str], parsed: Parsed | None, key: bytes
) -> bool:
    """Note identifiers that cannot be, or may not be used with this key; tell whether all are synthetic."""
    if parsed is None:
        if known and key == DEMO_KEY:
            session.log.add("E407")
        return False
    _flag(session, tables, {n: str(f) for n, f in zip(known, parsed.fault, strict=True) if f})
    fine = parsed.birth > 0
    real = fine & ~parsed.synthetic
    if real.any() and parsed.synthetic.any():
        fewer = real if real.sum() <= parsed.synthetic.sum() else parsed.synthetic
        _flag(session, tables, {n: "E403" for n, hit in zip(known, fewer, strict=True) if hit})
    elif real.any() and key == DEMO_KEY:
        session.log.add("E404", n=int(real.sum()))
    return bool(parsed.synthetic.any())


def _contradicted(session: Session, frames: list[pd.DataFrame], known: pd.Index, parsed: Parsed) -> None:
    """Warn at each cell that tells another sex or employment than the number in its row."""
    for frame in frames:
        for name, code in (("sex", "W402"), ("employment", "W403")):
            if name in frame and len(frame):
                meant = frame["person"].map(pd.Series(getattr(parsed, name), index=known)).fillna("").astype("str")
                said = frame[name].fillna("").astype("str").replace("pppk_paruh_waktu", "pppk")
                session.note(code, frame, name, (meant != "") & (said != "") & (meant != said))


def age_band(birth: pd.Series, year: pd.Series) -> pd.Series:
    """Return the age band on 31 December of the year, missing where the birth date is (0).

    >>> age_band(pd.Series([19850615, 0]), pd.Series([2025, 2025])).tolist()
    ['31-40', nan]
    """
    age = year.astype("float64") - birth // 10000
    band = pd.Series(None, index=birth.index, dtype="str")
    for limit, name in reversed(AGE_BANDS):
        band = band.mask(age <= limit, name)
    return band.mask(birth == 0)


def _filled(
    tables: dict[str, pd.DataFrame], told: pd.DataFrame, traits: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Return the tables with an employee row for everyone rated or rating, gaps filled from what is known."""
    ratings, appraisals = tables["ratings"], tables["appraisals"]
    place = ["year", "region"]
    parts = [
        frame[[*place, who, *more]].drop_duplicates([*place, who]).rename(columns={who: "person"})
        for frame, who, *more in (
            (appraisals, "person", "unit", "opd"), (ratings, "ratee", "unit", "opd"), (ratings, "rater")
        )
    ]  # fmt: skip
    everyone = pd.concat(parts, ignore_index=True).dropna(subset=[*place, "person"])
    everyone = everyone.drop_duplicates([*place, "person"], ignore_index=True)
    own = tables["employees"]
    merged = pd.concat([own, everyone.astype({"year": "Int64"})], ignore_index=True)
    merged = merged.drop_duplicates([*place, "person"], keep="first", ignore_index=True)
    for source in (_last_told(told), everyone):
        merged = _fill(merged, source)
    if traits is not None:
        merged = merged.merge(traits, on="person", how="left")
        for name in ("sex", "employment"):
            merged[name] = merged[name].fillna(merged[f"_{name}"].replace("", None).astype("str"))
        band = age_band(merged["_birth"].fillna(0).astype("int64"), merged["year"])
        merged["age_band"] = merged["age_band"].fillna(band)
        merged = merged.drop(columns=["_sex", "_employment", "_birth"])
    return tables | {"employees": merged}


def _last_told(told: pd.DataFrame) -> pd.DataFrame:
    if told.empty:
        return told
    order = [n for n in ("until", "rated_at") if n in told]
    told = told.sort_values(order, na_position="first", kind="stable") if order else told
    return told.dropna(subset=["person"]).drop_duplicates(["year", "person"], keep="last")


def _fill(frame: pd.DataFrame, source: pd.DataFrame) -> pd.DataFrame:
    """Fill gaps of the employee table by year and person."""
    names = [c.name for c in columns("employees") if c.name not in ("year", "region", "person")]
    names = [n for n in names if n in source.columns]
    if source.empty or not names:
        return frame
    once = source.drop_duplicates(["year", "person"])[["year", "person", *names]]
    found = frame[["year", "person"]].merge(once, on=["year", "person"], how="left")
    for name in names:
        frame[name] = frame[name].astype("str").fillna(found[name].astype("str"))
    return frame
