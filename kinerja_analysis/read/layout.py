"""Which table a sheet holds and where its header is, recognised from the column names alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from typing import Any

from kinerja_analysis.base.config import MappingConfig
from kinerja_analysis.base.tables import COLUMNS, canonical_header, columns, plain, squashed, with_aliases
from kinerja_analysis.read.cells import clean
from kinerja_analysis.read.told import PEOPLE, Told, gather
from kinerja_analysis.read.values import as_text

HEADER_ROWS = 20
_SPAN = {
    "month_from": ("bulan_mulai_penilaian",), "month_to": ("bulan_selesai_penilaian",),
    "year_from": ("tahun_mulai_penilaian",), "year_to": ("tahun_selesai_penilaian",),
}  # fmt: skip
EKINERJA_EXTRA = {
    "hasil_kerja": ("hasil_kerja", "rating_hasil_kerja", "hasil_kinerja"),
    "perilaku_kerja": ("perilaku_kerja", "rating_perilaku_kerja"),
    "until": ("periode_akhir_skp", "periode_akhir"),
    "created": ("created_at",),
    "hasil_code": ("hasil_kinerja_nilai", "hasil_kerja_nilai"),
    "perilaku_code": ("perilaku_kerja_nilai",),
    "predikat_code": ("kuadran_kinerja_nilai",),
    "rater_status": ("status_penilai",),
    **_SPAN,
}
SKP_LIST_EXTRA = {"skp_status": ("skp_status", "status_skp"), "from": ("periode_awal", "periode_awal_skp"),
                  "until": EKINERJA_EXTRA["until"], "created": EKINERJA_EXTRA["created"]}  # fmt: skip
ASPECTS = ("orientasi_pelayanan", "integritas", "komitmen", "disiplin", "kerja_sama", "kepemimpinan", "inisiatif_kerja")
LEGACY_EXTRA: dict[str, tuple[str, ...]] = {
    "hasil_kerja": ("nilai_skp",), "perilaku_kerja": ("nilai_perilaku_kerja", "nilai_perilaku", "nilai_rata_rata"),
    **{name: (name,) for name in ASPECTS}, **_SPAN,
}  # fmt: skip
_EXTRA = {"ekinerja": EKINERJA_EXTRA, "skp_list": SKP_LIST_EXTRA, "legacy": LEGACY_EXTRA}
_MARKS = {
    "ratings": ("source", "criterion", "score", "scale_min", "scale_max"),
    "achievements": ("indicator", "target", "realised"),
}
_UNUSED = frozenset(map(squashed, (
    "no", "nomor", "no_urut", "id", "jenis", "nama", "periode_id", "skp_id", "skp_penilaian_id", "periode_awal_skp",
    "periode_awal", "updated_at", "skp_unor_id", "skp_unor_induk_id", "pegawai_atasan_id", "pegawai_atasan_nama",
    "pegawai_atasan_jabatan", "pegawai_atasan_golru", "pegawai_atasan_unor_id", "pegawai_atasan_unor",
    "pegawai_penilai_id", "nama_dinilai", "nama_penilai", "skp_model", "skp_unor_atasan", "unit", "path",
    "penilai_golongan_id", "penilai_jabatan_nm", "penilai_unor_nm", "pns_dinilai_id", "pns_dinilai_orang_id", "jumlah",
    "konversi_nilai", "nilai_integrasi", "jenis_peraturan_kinerja_kd", "pejabat_penilai", "atasan_pejabat_penilai",
    "uraian_kasus", "koefisien_id", "periodik_id", "penilai_nama", "nama_atasan", "tmt_jabatan", "jabatan",
)))  # fmt: skip
#: Headers of columns that state a period without being called so; ``place`` reads them.
PERIOD_HEADERS = frozenset(("triwulan", "tw", "kuartal", "bulan", "semester"))
_SKP_LIST = {"skpstatus", "skpmodel", "statusskp"}
_LEGACY_MARKS = {"nilaiprestasikerja", "nilaiprestasi", "nilaiperilakukerja", "nilaiperilaku", "orientasipelayanan"}
_WIDE = {"ratings": "wide", "cases": "cases_wide"}
_RATERS = {"nippenilai", "raterid", "assessorid", "rater"}
_PROBLEM_LIST = {"kode", "tingkat", "berkas", "lembar", "sel"}
_FUZZY_REQUIRED, _FUZZY_OTHER = 0.8, 0.86


@dataclass(frozen=True, slots=True)
class Layout:
    """How a header is understood.

    ``kind`` is ``ekinerja``, ``wide``, ``cases_wide``, ``legacy``, ``skp_list``, ``problem_list`` or a table's name;
    ``names`` maps header positions to our column names; ``near`` maps positions of unknown labels to the name
    probably meant; ``missing`` lists required columns that are not there; ``weight`` is the number of names recognised;
    ``told`` are columns that are not there because a line above the table tells them, once for all rows.
    """

    kind: str
    names: Mapping[int, str]
    near: Mapping[int, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    mapping: MappingConfig | None = None
    told: Mapping[str, Told] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """How much of the header is understood."""
        return len(self.names)

    def twins(self, header: Sequence[str]) -> dict[int, int]:
        """Return columns left out because another with the same meaning is used: their position -> that one's.

        A declared column is chosen, so what else means the same is of no account.
        """
        folded = [squashed(h) for h in header]
        chosen = self.mapping.columns if self.mapping else {}
        return {
            i: at
            for at, name in self.names.items() if name not in chosen
            for i in range(len(folded))
            if i not in self.names and folded[i] in map(squashed, accepted(self.kind, name))
            and folded[i] not in (folded[at], *_UNUSED)
        }  # fmt: skip

    @property
    def wide(self) -> bool:
        """Whether each criterion has a column of its own."""
        return self.kind in _WIDE.values()


def accepted(kind: str, name: str) -> tuple[str, ...]:
    """Return the header names accepted for a column of a layout or table, the Indonesian ones first."""
    if name in _EXTRA.get(kind, {}):
        return _EXTRA[kind][name]
    found = [c for c in columns(table_of(kind)) if c.name == name]
    return (*found[0].aliases, name) if found else EKINERJA_EXTRA.get(name, (name,))


def unused(label: object) -> bool:
    """Tell whether a header is known and deliberately not taken in.

    >>> unused("pegawai_atasan_nama"), unused("namaPenilai"), unused("asal")
    (True, True, False)
    >>> unused("No.")
    True
    """
    return _bare(label) in _UNUSED or _bare(label) in PERIOD_HEADERS


def _bare(label: object) -> str:
    """Return a header squashed and without its marks: "No." is "no"."""
    return squashed(label).strip(".:#*() ")


def table_of(kind: str) -> str:
    """Return the table that a layout's rows are counted under."""
    narrow = {wide: table for table, wide in _WIDE.items()}
    return "appraisals" if kind in _EXTRA else narrow.get(kind, kind)


def _near(kind: str, header: Sequence[str], names: Mapping[int, str], required: Sequence[str]) -> dict[int, str]:
    """Return unknown labels that resemble a column not found: position -> accepted name."""
    open_ = [c.name for c in columns(table_of(kind)) if c.name not in names.values()]
    open_ = [n for n in open_ if (kind, n) != ("ekinerja", "status")]
    open_ += [n for n in _EXTRA.get(kind, {}) if n not in names.values()]
    aliases = {plain(a): n for n in open_ for a in accepted(kind, n)}
    found: dict[int, str] = {}
    for i, label in enumerate(header):
        if i in names or len(plain(label)) < 3 or unused(label) or plain(label).startswith("nama"):
            continue
        for hit in difflib.get_close_matches(plain(label), list(aliases), 1, _FUZZY_REQUIRED):
            ratio = difflib.SequenceMatcher(None, plain(label), hit).ratio()
            if aliases[hit] in required or (ratio >= _FUZZY_OTHER and len(hit) > 4):
                found[i] = hit
    return found


def _names(kind: str, header: Sequence[str]) -> dict[int, str]:
    if kind not in _EXTRA:
        return canonical_header(table_of(kind), header)
    folded = [squashed(h) for h in header]
    names = canonical_header("appraisals", header)
    people = canonical_header("employees", header)
    names = {i: n for i, n in people.items() if n in ("grade", "employment", "position_type")} | names
    names = with_aliases(header, names, _EXTRA[kind])
    if kind == "ekinerja":  # told by the ratings; a column "Status" there is another thing (PNS, Aktif)
        names = {i: n for i, n in names.items() if n != "status" or folded[i] == "statuspenilaian"}
    if kind == "skp_list" and {"unit", "skpunor"} <= set(folded):  # the unit of the SKP, as in the rating export
        names.pop(folded.index("unit"), None)
        names[folded.index("skpunor")] = "unit"
    return dict(sorted(names.items()))


_REQUIRED = {
    "ekinerja": ("person", "hasil_kerja", "perilaku_kerja"),
    "legacy": ("person", "number"),
    "skp_list": ("person", "skp_status"),
    "ratings": ("ratee", "rater", "source", "criterion", "score", "scale_min", "scale_max"),
    "wide": ("ratee", "rater", "source", "scale_min", "scale_max"),
    "cases": ("case", "rater", "criterion", "score", "scale_min", "scale_max"),
    "cases_wide": ("case", "rater", "scale_min", "scale_max"),
    "appraisals": ("person", "status"),
    "achievements": ("person", "indicator", "target", "realised"),
    "units": ("unit", "org_rating"),
    "employees": ("person",),
}


#: Every name of a column that any of our layouts knows, folded.
KNOWN_NAMES = (
    {squashed(a) for c in COLUMNS for a in (c.name, *c.aliases)}
    | {squashed(a) for extra in _EXTRA.values() for names in extra.values() for a in names}
    | _SKP_LIST
    | _PROBLEM_LIST
)


def _layout(kind: str, header: Sequence[str]) -> Layout:
    names = _names(kind, header)
    near = _near(kind, header, names, _REQUIRED[kind])
    missing = tuple(n for n in _REQUIRED[kind] if n not in names.values() and not _coded(n, names.values()))
    return Layout(kind, names, near, missing)


def _coded(name: str, names: Iterable[str]) -> bool:
    """Tell whether a rating is there as a number code instead."""
    return name in ("hasil_kerja", "perilaku_kerja") and f"{name.partition('_')[0]}_code" in names


def declared(table: str, header: Sequence[str]) -> Layout:
    """Return the layout of a header that is declared to be a table's; 360 sheets without scores are wide."""
    layout = _layout(table, header)
    if table in _WIDE and not {"criterion", "score"} & set(layout.names.values()):
        return _layout(_WIDE[table], header)
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
    folded = {squashed(h) for h in header}
    if folded >= _PROBLEM_LIST or folded >= {"code", "severity", "file", "sheet", "cell"}:
        return Layout("problem_list", {0: "code"})
    if "nilaiskp" in folded and folded & _LEGACY_MARKS:
        return _layout("legacy", header)
    rated = "ratee" in canonical_header("ratings", header).values()  # then a case is a remark on a person
    if {"case", "rater"} <= set(canonical_header("cases", header).values()) and not rated:
        return declared("cases", header)
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
    levels = meant & {"hasil_kerja", "perilaku_kerja", "hasil_code", "perilaku_code"}
    if len(levels) >= 2 or ("person" in meant and (titled or levels or "hasilakhir" in folded)):
        return layout
    if _SKP_LIST & folded:
        return _layout("skp_list", header)
    wide = _layout("wide", header)
    if {"ratee", "rater", "source"} <= set(wide.names.values()) and not folded.isdisjoint(_RATERS):
        return wide
    return _plain_tables(header)


def _meant(kind: str, layout: Layout) -> list[str]:
    names = [c.name for c in columns(table_of(kind))] + list(_EXTRA.get(kind, {}))
    return [n for hit in layout.near.values() for n in names if hit in map(plain, accepted(kind, n))]


def _plain_tables(header: Sequence[str]) -> Layout | None:
    layout = _layout("appraisals", header)
    if set(layout.names.values()) | set(_meant("appraisals", layout)) >= {"person", "status"}:
        return layout
    layout = _layout("units", header)
    meant = set(layout.names.values()) | set(_meant("units", layout))
    folded = {squashed(h) for h in header}
    told = meant >= {"unit", "org_rating"} or meant >= {"unit", "leader"} or "predikatorganisasi" in folded
    if told and "nip" not in folded:
        return layout
    layout = _layout("employees", header)
    known = set(layout.names.values())
    others = len(known - {"person", "year", "region"})
    meant_person = "person" in _meant("employees", layout)
    return layout if others >= (1 if "person" in known else 2 if meant_person else 4) else None


def _mapped(mapping: MappingConfig, header: Sequence[str]) -> Layout | None:
    folded = [plain(h) for h in header]
    places = {ours: folded.index(plain(t)) for ours, t in mapping.columns.items() if t and plain(t) in folded}
    if not places or (len(places) < len(mapping.columns) and mapping.file == "*" and mapping.header_row is None):
        return None
    own = _names(mapping.table, header)
    taken = set(places.values()) | {i for i, n in own.items() if n in mapping.columns or n in mapping.constants}
    names = {i: n for i, n in own.items() if i not in taken} | {i: n for n, i in places.items()}
    given = set(names.values()) | set(mapping.constants)
    given |= {n for n in EKINERJA_EXTRA if _coded(n, given)}
    wide = mapping.table in _WIDE and not given & {"criterion", "score"}
    kind = _WIDE[mapping.table] if wide else mapping.table
    required = _REQUIRED[kind]
    missing = tuple(n for n in dict.fromkeys((*mapping.columns, *required)) if n not in given)
    return Layout(kind, dict(sorted(names.items())), {}, missing, mapping)


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
    told: dict[str, Told | None] = {}
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
        promising = sum(map(bool, labels)) > 1 and not KNOWN_NAMES.isdisjoint(map(squashed, labels))
        layout = _completed(labels, " ".join(title), told) if promising else None
        if layout and (best is None or layout.weight > best[1].weight):
            best = i, layout
        title.extend(t for t in labels if t)
        gather(told, row, i + top)
    return best and (best[0], _told_more(best[1], best[0] + top, file_name, sheet_name, mappings))


def _completed(header: Sequence[str], title: str, found: Mapping[str, Told | None]) -> Layout | None:
    """Return the layout of a header with what the rows above it tell (``told``) as if it had columns for that.

    Only where the columns alone make no complete table of another kind.
    """
    layout, have = recognise(header, title), canonical_header("ratings", header).values()
    more = {name: told for name, told in found.items() if told is not None and name not in have}
    if not more or (layout is not None and not layout.missing and layout.kind != "employees"):
        return layout
    whole = recognise([*header, *more], title)
    if whole is None or table_of(whole.kind) != "ratings":
        return layout
    inside, near = ({i: n for i, n in names.items() if i < len(header)} for names in (whole.names, whole.near))
    return replace(whole, names=inside, near=near, told=more) if {*PEOPLE} <= {*inside.values(), *more} else layout


def _told_more(layout: Layout, row: int, file: str, sheet: str, mappings: Sequence[MappingConfig]) -> Layout:
    """Return a recognised layout with the mapping that names no column but declares values, constants or codes."""
    for mapping in mappings:
        fits = fnmatch(file, mapping.file) and fnmatch(sheet, mapping.sheet) and mapping.header_row in (None, row)
        if fits and not mapping.columns and mapping.table in (layout.kind, table_of(layout.kind)):
            names = {i: n for i, n in layout.names.items() if n not in mapping.constants}
            missing = tuple(n for n in layout.missing if n not in mapping.constants)
            return replace(layout, names=names, missing=missing, mapping=mapping)
    return layout
