"""Which table a sheet holds and where its header is, recognised from the column names alone."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from kinerja_analysis.base.config import MappingConfig
from kinerja_analysis.base.tables import COLUMNS, canonical_header, columns, plain
from kinerja_analysis.read.cells import clean
from kinerja_analysis.read.values import as_text

HEADER_ROWS = 20
EKINERJA_EXTRA = {
    "hasil_kerja": ("hasil_kerja", "rating_hasil_kerja"),
    "perilaku_kerja": ("perilaku_kerja", "rating_perilaku_kerja"),
    "until": ("periode_akhir_skp", "periode_akhir"),
    "created": ("created_at",),
}
_MARKS = {
    "ratings": ("source", "criterion", "score", "scale_min", "scale_max"),
    "achievements": ("indicator", "target", "realised"),
}
KNOWN_UNUSED = frozenset((
    "no", "nomor", "no_urut", "id", "jenis", "nama", "periode_id", "skp_id", "skp_penilaian_id", "periode_awal_skp",
    "periode_awal", "updated_at", "skp_unor_id", "skp_unor_induk_id", "pegawai_atasan_id", "pegawai_atasan_nama",
    "pegawai_atasan_jabatan", "pegawai_atasan_golru", "pegawai_atasan_unor_id", "pegawai_atasan_unor",
    "pegawai_penilai_id", "nama_dinilai", "nama_penilai",
))  # fmt: skip
_SKP_LIST = {"skp_status", "skp_model"}
_PROBLEM_LIST = {"kode", "tingkat", "berkas", "lembar", "sel"}
_FUZZY_REQUIRED, _FUZZY_OTHER = 0.8, 0.86


@dataclass(frozen=True, slots=True)
class Layout:
    """How a header is understood.

    ``kind`` is ``ekinerja``, ``wide``, ``skp_list``, ``problem_list`` or a table's name; ``names`` maps header
    positions to our column names; ``near`` maps positions of unknown labels to the name probably meant;
    ``missing`` lists required columns that are not there; ``weight`` is the number of names recognised.
    """

    kind: str
    names: Mapping[int, str]
    near: Mapping[int, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    mapping: MappingConfig | None = None

    @property
    def weight(self) -> int:
        """How much of the header is understood."""
        return len(self.names)


def accepted(table: str, name: str) -> tuple[str, ...]:
    """Return the header names accepted for a column, the Indonesian ones first."""
    if name in EKINERJA_EXTRA:
        return EKINERJA_EXTRA[name]
    found = [c for c in columns(table) if c.name == name]
    return (*found[0].aliases, name) if found else (name,)


def _table_of(kind: str) -> str:
    return {"ekinerja": "appraisals", "wide": "ratings"}.get(kind, kind)


def _near(kind: str, header: Sequence[str], names: Mapping[int, str], required: Sequence[str]) -> dict[int, str]:
    """Return unknown labels that resemble a column not found: position -> accepted name."""
    table = _table_of(kind)
    open_ = [c.name for c in columns(table) if c.name not in names.values()]
    if kind == "ekinerja":
        open_ += [n for n in EKINERJA_EXTRA if n not in names.values()]
    aliases = {plain(a): n for n in open_ for a in accepted(table, n)}
    found: dict[int, str] = {}
    for i, label in enumerate(header):
        if i in names or len(plain(label)) < 3 or plain(label) in KNOWN_UNUSED or plain(label).startswith("nama"):
            continue
        for hit in difflib.get_close_matches(plain(label), list(aliases), 1, _FUZZY_REQUIRED):
            ratio = difflib.SequenceMatcher(None, plain(label), hit).ratio()
            if aliases[hit] in required or (ratio >= _FUZZY_OTHER and len(hit) > 4):
                found[i] = hit
    return found


def _ekinerja(header: Sequence[str]) -> dict[int, str]:
    folded = [plain(h) for h in header]
    names = canonical_header("appraisals", header)
    people = canonical_header("employees", header)
    names = {i: n for i, n in people.items() if n in ("grade", "employment", "position_type")} | names
    for name, aliases in EKINERJA_EXTRA.items():
        for alias in aliases:
            if alias in folded and folded.index(alias) not in names:
                names[folded.index(alias)] = name
                break
    return dict(sorted(names.items()))


_REQUIRED = {
    "ekinerja": ("person", "hasil_kerja", "perilaku_kerja"),
    "ratings": ("ratee", "rater", "source", "criterion", "score", "scale_min", "scale_max"),
    "wide": ("ratee", "rater", "source", "scale_min", "scale_max"),
    "appraisals": ("person", "status"),
    "achievements": ("person", "indicator", "target", "realised"),
    "units": ("unit", "org_rating"),
    "employees": ("person",),
}


_ALL_NAMES = (
    {a for c in COLUMNS for a in (c.name, *c.aliases)}
    | {a for names in EKINERJA_EXTRA.values() for a in names}
    | _SKP_LIST
    | _PROBLEM_LIST
)


def _layout(kind: str, header: Sequence[str]) -> Layout:
    names = _ekinerja(header) if kind == "ekinerja" else canonical_header(_table_of(kind), header)
    near = _near(kind, header, names, _REQUIRED[kind])
    missing = tuple(n for n in _REQUIRED[kind] if n not in names.values())
    return Layout(kind, names, near, missing)


def declared(table: str, header: Sequence[str]) -> Layout:
    """Return the layout of a header that is declared to be a table's; 360 sheets without scores are wide."""
    layout = _layout(table, header)
    if table == "ratings" and not {"criterion", "score"} & set(layout.names.values()):
        return _layout("wide", header)
    return layout


def recognise(header: Sequence[str], title: str = "") -> Layout | None:
    """Return the layout of a header, or None when it belongs to no known table.

    Parameters
    ----------
    header : sequence of str
        The labels as they stand in the file.
    title : str
        The text above the header: "Laporan Penilaian SKP" tells the kind when labels are damaged.

    Example
    -------
    >>> recognise(["NIP", "hasil_kerja", "perilaku_kerja"]).kind
    'ekinerja'
    >>> recognise(["a", "b"]) is None
    True
    """
    folded = {plain(h) for h in header}
    if folded >= _PROBLEM_LIST:
        return Layout("problem_list", {0: "code"})
    for kind in ("ratings", "achievements"):
        layout = _layout(kind, header)
        meant = set(layout.names.values()) | set(_meant(kind, layout))
        if len(meant & set(_MARKS[kind])) < 2:
            continue
        if kind == "ratings" and not meant & {"criterion", "score"} and len(meant & {"ratee", "rater"}):
            return _layout("wide", header)
        return layout
    layout = _layout("ekinerja", header)
    meant = set(layout.names.values()) | set(_meant("ekinerja", layout))
    titled = "laporan penilaian skp" in title.lower() and "person" in meant
    levels = meant & {"hasil_kerja", "perilaku_kerja"}
    if len(levels) == 2 or ("person" in meant and (titled or levels or "hasil_akhir" in folded)):
        return layout
    if _SKP_LIST & folded:
        return Layout("skp_list", {0: "skp"})
    return _plain_tables(header)


def _meant(kind: str, layout: Layout) -> list[str]:
    table = _table_of(kind)
    names = [c.name for c in columns(table)] + list(EKINERJA_EXTRA)
    return [n for hit in layout.near.values() for n in names if hit in map(plain, accepted(table, n))]


def _plain_tables(header: Sequence[str]) -> Layout | None:
    layout = _layout("appraisals", header)
    if set(layout.names.values()) | set(_meant("appraisals", layout)) >= {"person", "status"}:
        return layout
    layout = _layout("units", header)
    meant = set(layout.names.values()) | set(_meant("units", layout))
    told = meant >= {"unit", "org_rating"} or meant >= {"unit", "leader"} or "predikat_organisasi" in map(plain, header)
    if told and "nip" not in map(plain, header):
        return layout
    layout = _layout("employees", header)
    known = set(layout.names.values())
    others = len(known - {"person", "year", "region"})
    meant_person = "person" in _meant("employees", layout)
    return layout if others >= (1 if "person" in known else 2 if meant_person else 4) else None


def _mapped(mapping: MappingConfig, header: Sequence[str]) -> Layout | None:
    folded = [plain(h) for h in header]
    places = {ours: folded.index(plain(t)) for ours, t in mapping.columns.items() if plain(t) in folded}
    if not places or (len(places) < len(mapping.columns) and mapping.file == "*" and mapping.header_row is None):
        return None
    own = canonical_header(mapping.table, header)
    taken = set(places.values()) | {i for i, n in own.items() if n in mapping.columns or n in mapping.constants}
    names = {i: n for i, n in own.items() if i not in taken} | {i: n for n, i in places.items()}
    given = set(names.values()) | set(mapping.constants)
    wide = mapping.table == "ratings" and not given & {"criterion", "score"}
    required = _REQUIRED["wide" if wide else mapping.table]
    missing = tuple(n for n in dict.fromkeys((*mapping.columns, *required)) if n not in given)
    return Layout("wide" if wide else mapping.table, dict(sorted(names.items())), {}, missing, mapping)


def locate(
    rows: Sequence[Sequence[Any]],
    file_name: str,
    sheet_name: str,
    mappings: Sequence[MappingConfig] = (),
    top: int = 1,
) -> tuple[int, Layout] | None:
    """Find the header among the first 20 rows that hold anything: its index and layout.

    A mapping that fits file, sheet and columns comes first; of several candidate rows the one with most known
    names wins, the upper one on a tie. ``top`` is the file's row number of ``rows[0]``.
    """
    best: tuple[int, Layout] | None = None
    title: list[str] = []
    seen = 0
    for i, row in enumerate(rows):
        labels = [as_text(v) if (v := clean(cell)) is not None else "" for cell in row]
        if not any(labels):
            continue
        seen += 1
        if seen > HEADER_ROWS:
            break
        for mapping in mappings:
            fits = fnmatch(file_name, mapping.file) and fnmatch(sheet_name, mapping.sheet)
            if fits and mapping.header_row in (None, i + top) and (layout := _mapped(mapping, labels)):
                return i, layout
        promising = sum(map(bool, labels)) > 1 and not _ALL_NAMES.isdisjoint(map(plain, labels))
        layout = recognise(labels, " ".join(title)) if promising else None
        if layout and (best is None or layout.weight > best[1].weight):
            best = i, layout
        title.extend(t for t in labels if t)
    return best
