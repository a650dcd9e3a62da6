"""Rating sheets of several sources and of example cases: long (one row a score), wide (one a ratee and rater)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from kinerja_analysis.base import labels
from kinerja_analysis.base.tables import BERAKHLAK, EKINERJA_CRITERIA, PREDIKAT, RATING, Column, plain
from kinerja_analysis.read import numbers
from kinerja_analysis.read.against import against
from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.guess import content
from kinerja_analysis.read.layout import Layout, accepted, table_of, unused
from kinerja_analysis.read.log import asks, personal_header
from kinerja_analysis.read.place import place
from kinerja_analysis.read.session import Session

_DATE = re.compile(r"\d{4}-\d\d-\d\dT")
#: Number columns beside scores that are none: counts, totals, means, what describes a person or a row.
_NO_SCORE = re.compile(
    r"(no|nomor|nomor_urut|urut|bobot|usia|umur|eselon|tahun|semester|kelas|kelas_jabatan|golongan|pangkat|angkatan|"
    r"ranking|rangking|peringkat|persen(tase)?|n|((masa|lama)_kerja|jumlah|total|rata_?rata|rata2|rerata|mean|average|"
    r"avg|(nilai|skor|hasil)_(akhir|total|rata_?rata|rata2|rerata)|indeks?_akhir|umur|usia)(_.*)?)"
)
_WORDED = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:[-–—:=.)]|\()\s*([^\W\d].*)")
_NUMBER = re.compile(r"\d+([.,]\d+)?")
#: Words of forms beside those of the rules, as far as their order goes.
_LIKE = {"kurang_baik": "KURANG", "tidak_baik": "KURANG", "cukup_baik": "CUKUP", "sedang": "CUKUP",
         "baik_sekali": "SANGAT BAIK", "sangat_buruk": "SANGAT KURANG",
         "sangat_tidak_baik": "SANGAT KURANG"}  # fmt: skip
#: Words of scales: a column of these is a criterion, though no number stands in it.
_SCALE_WORDS = frozenset(re.findall(r"\w+", """
    a agree always amat atas average baik belum bawah buruk butuh cukup di diatas dibawah dinilai disagree ekspektasi
    excellent fair good hampir harapan istimewa jarang jelek kadang know kurang memadai memuaskan menilai n na netral
    neutral never not often perbaikan perlu pernah poor puas ragu rarely rendah sangat sedang selalu sering sesuai
    setuju sometimes strongly tahu tidak tinggi very"""))
#: First words of headers of columns that sum a row up, or agree to take part, in such words.
_SUMMARY = frozenset(("predikat", "kategori", "sebutan", "kesimpulan", "keterangan", "kuadran", "mutu", "persetujuan"))
LONGEST = 120  #: the highest score of any scale known
PARTLY = 0.2  #: a column of which so many cells are numbers is a criterion that cannot be read
RARE_SCALE = 0.05
NEARLY = 0.95
#: What every row must say besides its scale, by table.
_WHO = {"ratings": ("ratee", "source"), "cases": ("case", "rater")}
_SCORE = Column("ratings", "score", "number", required=True)


def take_long(session: Session, number: int, rows: np.ndarray) -> None:
    """Read one row per score; an empty score is "not rated" and set aside."""
    block, layout = session.blocks[number], session.layouts[number]
    table, at = table_of(layout.kind), session.position(number, "score")
    blanked, levels = _labelled(block, layout, at)
    frame = session.frame(blanked, layout, table, rows)
    session.demand(block, layout, table, frame, (*_WHO[table], "criterion", "scale_min", "scale_max"))
    frame["criterion"] = folded(frame["criterion"])
    _described(session, block, frame)
    if at >= 0:
        empty = frame.index.to_numpy()[block.cells(at).codes[frame.index] < 0]
        session.set_aside(number, table, empty, "not_rated")
        frame = frame.drop(index=empty) if len(empty) else frame
    frame = _people(session, number, place(session, block, layout, table, frame))
    _scale(session, block, layout, frame, {"": at})
    session.keep(number, table, _levelled(session, block, at, turned(layout, frame), levels))


def take_wide(session: Session, number: int, rows: np.ndarray) -> None:
    """Read one row per ratee (or case) and rater with one column per criterion; empty scores are left out."""
    block, layout = session.blocks[number], session.layouts[number]
    table = table_of(layout.kind)
    frame = session.frame(block, layout, table, rows)
    session.demand(block, layout, table, frame, (*_WHO[table], "scale_min", "scale_max"))
    frame = _people(session, number, place(session, block, layout, table, frame))
    _described(session, block, frame)
    given, mapping = block, layout.mapping
    block = _counted(block, mapping.values.get("score", {}) if mapping else {})
    criteria = _criteria(session, block, layout, frame)
    if not criteria:
        names = (*accepted("ratings", "score"), *accepted("ratings", "criterion"))
        session.log.on("E302", block, [block.header_address(0)], column=names[0], accepted=", ".join(names))
    session.criteria.append((block.file_name, block.sheet_name, [block.header[i] for i in criteria.values()]))
    parts = []
    for name, position in criteria.items():
        _reversed(session, given, block, position, rows, bool(mapping and mapping.codes == "best_first"))
        score = session.convert(block, position, _SCORE, rows)
        parts.append(frame.assign(criterion=name, score=score)[score.notna().to_numpy()])
    scored = np.zeros(len(block), dtype=bool)
    for part in parts:
        scored[part.index.to_numpy()] = True
    session.set_aside(number, table, rows[~scored[rows]], "not_rated")
    if not parts:
        return
    long = pd.concat(parts)
    long["criterion"] = long["criterion"].astype("str")
    _scale(session, block, layout, long, criteria)
    session.keep(number, table, turned(layout, long))


def _labelled(block: Block, layout: Layout, at: int) -> tuple[Block, np.ndarray]:
    """Return the block without ratings in words ("SESUAI EKSPEKTASI"), and their levels per row, 0 where none is.

    A word with a declared number is that number.
    """
    own = {plain(k) for k in (layout.mapping.values.get("score", {}) if layout.mapping else {})}
    words = block.cells(at).distinct if at >= 0 else []
    read = [labels.rating(v)[0] if isinstance(v, str) and plain(v) not in own else None for v in words]
    levels = np.array([0 if r is None else RATING.index(r) + 1 for r in read] + [0])
    if not levels.any():
        return block, np.zeros(len(block), dtype=np.int64)
    cells = block.cells(at)
    told = levels[cells.codes]
    blank = Cells(np.where(told > 0, -1, cells.codes), cells.distinct)
    return replace(block, column=lambda i: blank if i == at else block.cells(i)), told


def _levelled(session: Session, block: Block, at: int, frame: pd.DataFrame, levels: np.ndarray) -> pd.DataFrame:
    """Return the frame with the levels of ratings in words as scores: of hasil kerja and perilaku kerja, on 1 to 3.

    Words of other criteria or scales have no number and are noted.
    """
    told = levels[frame.index]
    if not told.any():
        return frame
    scale = frame["scale_min"].eq(1) & frame["scale_max"].eq(len(RATING))
    fits = (frame["criterion"].isin(EKINERJA_CRITERIA) & scale).fillna(False).to_numpy()
    odd, cells = frame.index.to_numpy()[(told > 0) & ~fits], block.cells(at)
    for k in dict.fromkeys(cells.codes[odd].tolist()):
        session.log.at("E203", block, at, odd[cells.codes[odd] == k], cells.distinct[k], nearest="")
    return frame.assign(score=frame["score"].mask((told > 0) & fits, told.astype("float64")))


def _described(session: Session, block: Block, frame: pd.DataFrame) -> None:
    """Note the descriptions of an example case that are not the one most rows of the sheet have."""
    at = [i for i, label in enumerate(block.header) if plain(label) == "uraian_kasus"]
    if not at or "case" not in frame:
        return
    cells = block.cells(at[0])
    said = [" ".join(str(v).split()).casefold() for v in cells.distinct]
    text = pd.Series([said[k] if k >= 0 else None for k in cells.codes[frame.index]], frame.index, dtype="str")
    usual = text.groupby(frame["case"]).transform(lambda t: t.mode().iloc[0] if t.notna().any() else None)
    odd = frame.index[(text.notna() & (text != usual)).to_numpy()]
    session.log.at("W508", block, at[0], odd)


def _counted(block: Block, declared: Mapping[str, str]) -> Block:
    """Return the block with scores written as "5 - Sangat Baik" as their numbers, where a column means one thing.

    Words with a declared number are that number.
    """
    own = {plain(k): v for k, v in declared.items()}

    def column(position: int) -> Cells:
        cells = block.cells(position)
        cells = Cells(cells.codes, [own.get(plain(v), v) for v in cells.distinct]) if own else cells
        found = [_WORDED.fullmatch(v) if isinstance(v, str) else None for v in cells.distinct]
        pairs = {(m[1], plain(m[2])) for m in found if m}
        once = all(len({p[side] for p in pairs}) == len(pairs) for side in (0, 1))
        if not pairs or not once:
            return cells
        return Cells(cells.codes, [m[1] if m else v for m, v in zip(found, cells.distinct, strict=True)])

    return replace(block, column=column)


def _reversed(session: Session, given: Block, block: Block, at: int, rows: np.ndarray, best_first: bool) -> None:
    """Note labels with a number and a word whose orders contradict each other, the declared direction considered."""
    cells, told = given.cells(at), []
    for k, (text, number) in enumerate(zip(cells.distinct, block.cells(at).distinct, strict=True)):
        found = _WORDED.fullmatch(text) if isinstance(text, str) and text != number else None
        if found and (rank := _rank(re.split("[()]", found[2])[0].strip())) and _NUMBER.fullmatch(str(number)):
            told.append((float(str(number).replace(",", ".")), *rank, k))
    pairs = [(a, b) for a, b in combinations(sorted(told), 2) if a[1] == b[1] and a[0] < b[0] and a[2] != b[2]]
    wrong = [(a, b) for a, b in pairs if (b[2] < a[2]) != best_first]
    hit = rows[np.isin(cells.codes[rows], [end[3] for pair in wrong for end in pair])]
    if len(hit):
        low, high = (cells.distinct[end[3]] for end in max(wrong, key=lambda p: p[1][0] - p[0][0]))
        first = cells.distinct[cells.codes[hit[0]]]
        session.log.at("E217", given, at, hit, first, low=low, high=high, best=best_first)


def _rank(word: str) -> tuple[str, int] | None:
    """Return which order a word of a scale belongs to, and its place in it from the lowest, or None.

    >>> _rank("Sangat Baik"), _rank("kurang baik"), _rank("Sesuai ekspektasi"), _rank("Setuju")
    (('predikat', 4), ('predikat', 1), ('rating', 1), None)
    """
    word = _LIKE.get(plain(word), word)
    rating, predikat = labels.rating(word)[0], labels.predikat(word)[0]
    if rating:
        return "rating", RATING.index(rating)
    return ("predikat", PREDIKAT.index(predikat)) if predikat else None


def turned(layout: Layout, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with scores turned round on their scale where 1 is declared to be the best."""
    if layout.mapping is None or layout.mapping.codes != "best_first":
        return frame
    return frame.assign(score=frame["scale_min"] + frame["scale_max"] - frame["score"])


def folded(criterion: pd.Series) -> pd.Series:
    """Return criterion names in lower snake case, so that sheets that write them differently agree.

    >>> folded(pd.Series(["Inovasi ", "pelayanan publik"], dtype="str")).tolist()
    ['inovasi', 'pelayanan_publik']
    """
    codes, names = pd.factorize(criterion)
    return pd.Series(pd.array([*map(plain, names), None], dtype="str").take(codes), index=criterion.index)


def _criteria(session: Session, block: Block, layout: Layout, frame: pd.DataFrame) -> dict[str, int]:
    """Return the columns that hold scores: not known, not personal, most filled cells numbers or meant to be.

    Empty columns hold nothing to note; where nothing at all is filled in yet (a blank form) they are the criteria.
    """
    found: dict[str, int] = {}
    known = {*layout.names, *layout.near, *layout.twins(block.header)}
    empty: dict[str, int] = {}
    noted = False
    for i, label in enumerate(block.header):
        name, cells = plain(label), block.cells(i)
        if not label or i in known or unused(label):
            continue
        if _DATE.match(label):
            session.log.on("E215", block, [block.header_address(i)], column=label)
            continue
        personal = personal_header(label)
        if personal or no_score(label):
            asked = question(label)
            if asked and _scored(cells, frame, block.separator):
                (found if len(cells.distinct) else empty).setdefault(name, i)
            elif len(cells.distinct) or not personal:
                named = f"P1 {label}" if asked or not personal else None
                session.log.on("N301", block, [block.header_address(i)], column=label, choices=named)
            continue
        read = numbers.numbers(cells.distinct, cells.counts, block.separator)
        bad = sum(int(cells.counts[k]) for k, code in read.faults.items() if code == "E203")
        if bad <= int(cells.counts.sum()) / 2 or _criterion(name, cells, bad):
            (found if len(cells.distinct) else empty).setdefault(name, i)
        else:
            noted = True
            session.log.on("N301", block, [block.header_address(i)], column=label)
    return found if found or noted else empty


def question(label: object) -> bool:
    """Tell whether a column may be a criterion by its header, if what stands in it are scores.

    >>> question("Menjaga nama baik instansi"), question("Nama Pegawai"), question("Jumlah tugas selesai")
    (True, False, False)
    """
    return asks(label) if personal_header(label) else not no_score(label)


def _scored(cells: Cells, frame: pd.DataFrame, separator: str) -> bool:
    """Tell whether nearly all cells of a column are numbers of the rows' scale."""
    low, high = frame["scale_min"].min(), frame["scale_max"].max()
    score = pd.Series(numbers.numbers(cells.distinct, cells.counts, separator).values, dtype="float64")
    fits = score.between(low, high) & (high <= LONGEST)
    return bool(cells.counts[fits.to_numpy()].sum() >= NEARLY * cells.counts.sum())


def apart(session: Session, block: Block, layout: Layout) -> list[int]:
    """Return columns of numbers in a sheet with scores but no criterion (criteria with a column each), and note it."""
    at = next((i for i, n in layout.names.items() if n == "score" and "criterion" in layout.missing), -1)
    header = [] if at < 0 else block.header
    open_ = [i for i, h in enumerate(header) if h and i not in layout.names and not (unused(h) or no_score(h))]
    found = [i for i in open_ if not personal_header(block.header[i]) and content(block.cells(i).distinct) == "number"]
    if len(found) < 2:
        return []
    names = '", "'.join(block.header[i] for i in found)
    session.log.on("E314", block, [block.header_address(at)], column=block.header[at], names=names)
    return found


def no_score(label: object) -> bool:
    """Tell whether a header names numbers that are no scores: a count, a total, a mean, what describes a person."""
    return _NO_SCORE.fullmatch(re.sub(r"[^a-z0-9]+", "_", plain(label)).strip("_")) is not None


def _criterion(name: str, cells: Cells, bad: int) -> bool:
    """Tell whether a column with few numbers is a criterion: by its name, its numbers, or words of a scale in it."""
    words = [set(re.findall(r"[^\W\d_]+", str(v).casefold())) for v in cells.distinct]
    worded = [w <= _SCALE_WORDS if w else "%" in str(v) for v, w in zip(cells.distinct, words, strict=True)]
    filled = int(cells.counts.sum())
    partly, said = filled - bad >= PARTLY * filled, int(cells.counts[worded].sum()) > filled / 2
    return name in map(plain, BERAKHLAK) or partly or (said and name.split("_")[0] not in _SUMMARY)


def _people(session: Session, number: int, frame: pd.DataFrame) -> pd.DataFrame:
    """Fill the rater of self ratings; a role that contradicts the two people is a problem at the role."""
    block = session.blocks[number]
    if "source" not in frame:  # an example case is nobody
        return frame
    own = frame["source"] == "self"
    rater = frame["rater"] if "rater" in frame else pd.Series(None, index=frame.index, dtype="str")
    rater = rater.mask(own & rater.isna(), frame["ratee"])
    same = (rater == frame["ratee"]) & rater.notna()
    at = next(p for p in (*(session.position(number, n) for n in ("source", "ratee", "rater")), 0) if p >= 0)
    index = frame.index.to_numpy()
    session.log.at("E508", block, at, index[(own & ~same & rater.notna() & frame["ratee"].notna()).to_numpy()])
    session.log.at("E509", block, at, index[(same & ~own & frame["source"].notna()).to_numpy()])
    _roles(session, number, frame.assign(rater=rater))
    at_rater = session.position(number, "rater")
    if at_rater >= 0:
        blank = block.blank(index[rater.isna().to_numpy()], at_rater)
        session.log.at("E516", block, at_rater, blank)
    return frame.assign(rater=rater)


def _roles(session: Session, number: int, frame: pd.DataFrame) -> None:
    """Note supervisors and subordinates that are named the other way round, unless what the words mean is declared.

    A supervisor has several people, as a rule, and they have one supervisor. A known application writes SUPERIOR where
    a subordinate rated (``assessment_type``): there the people must show that it means what it says.
    """
    block, layout, at = session.blocks[number], session.layouts[number], session.position(number, "source")
    if at < 0 or (layout.mapping and "source" in layout.mapping.values):
        return
    rows = {s: frame.loc[frame["source"] == s, ["ratee", "rater"]] for s in ("supervisor", "subordinate")}
    more = [int(r["ratee"].nunique() - r["rater"].nunique()) for r in rows.values()]  # in order: positive, negative
    known = plain(block.header[at]) == "assessment_type" and more[0] <= more[1]
    if known or (more[0] < 0 < more[1]):
        cells = block.cells(at)
        words = [str(cells.distinct[cells.codes[r.index[0]]]) if len(r) else "" for r in rows.values()]
        named = {"value": words[0] or "SUPERIOR", "below": words[1] or "SUBORDINATE"}
        session.log.at("E515", block, at, sorted({*rows["supervisor"].index, *rows["subordinate"].index}), **named)


def _scale(session: Session, block: Block, layout: Layout, frame: pd.DataFrame, positions: dict[str, int]) -> None:
    """Note scales that are none and scores outside theirs."""
    low, high = frame["scale_min"], frame["scale_max"]
    index = frame.index.to_numpy()
    wrong = (low >= high).to_numpy()
    at = next((i for i, n in layout.names.items() if n == "scale_max"), -1)
    if wrong.any():
        if at >= 0:
            session.log.at("E212", block, at, np.unique(index[wrong]))
        else:
            session.log.on("E212", block, column="scale_max")
    _rare_scales(session, block, layout, frame)
    for name, r in against(frame) if {"ratee", "rater"} <= {*frame} else ():
        session.log.on("W514", block, column=name, r=r)
    outside = ((frame["score"] < low) | (frame["score"] > high)).to_numpy() & ~wrong
    for name, position in positions.items():
        hit = outside & (frame["criterion"] == name).to_numpy() if name else outside
        if hit.any() and position >= 0:
            first = frame[hit].iloc[0]
            session.log.at(
                "E204", block, position, index[hit], f"{first['score']:g}",
                low=float(first["scale_min"]), high=float(first["scale_max"]),
            )  # fmt: skip


def _rare_scales(session: Session, block: Block, layout: Layout, frame: pd.DataFrame) -> None:
    """Note scales that few rows of a sheet have: a slip there would rescale the score unseen."""
    for name in ("scale_min", "scale_max"):
        at = next((i for i, n in layout.names.items() if n == name), -1)
        share = frame[name].map(frame[name].value_counts(normalize=True))
        rare = (share < RARE_SCALE).to_numpy()
        if at >= 0 and rare.any():
            first = frame[name][rare].iloc[0]
            session.log.at("W206", block, at, np.unique(frame.index.to_numpy()[rare]), f"{first:g}")
