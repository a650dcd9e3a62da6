"""Collects problems while reading: all of them, grouped, masked where a person could be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from kinerja_analysis.base.errors import Problem, Severity
from kinerja_analysis.base.tables import COLUMNS, ORG_RATING, PREDIKAT, RATING, SOURCE_ALIASES, plain
from kinerja_analysis.read.cells import VOID, Block, fold

_SEVERITY: dict[str, Severity] = {"E": "error", "W": "warning", "N": "note"}
_PERSONAL_NAME = re.compile(
    r"(^|_)(nama|name|nip|nik|npwp|nrp|e?_?mail|surel|telepon|telp|hp|handphone|alamat|tanggal_lahir|tgl_lahir|"
    r"tempat_lahir|rekening|gelar|foto|uuid|id|komentar|catatan|umpan_balik|password|sandi|username|operator|petugas|"
    r"penginput|verifikator|oleh|istri|suami)(?=_|$)"
)
_THING_NAME = re.compile(
    r"(^|_)nama_(unor|unit|opd|skpd|satker|instansi|organisasi|dinas|badan|bidang|bagian|sekolah|puskesmas|jabatan|"
    r"golongan|pangkat|kegiatan|program|indikator|kriteria|dimensi|aspek|wilayah|provinsi|kabupaten|kota|kecamatan|"
    r"kelurahan|desa|periode|berkas)(_|$)"
)
#: Headers of a column that names somebody by the part they play, and of what the law calls specific data (health,
#: discipline, money): neither is a grouping. Not for scores: a criterion may be called after the superior.
_SOMEBODY = re.compile(
    r"^(atasan|penilai|pejabat|kepala|pimpinan|koordinator|ketua|ppk|ppkom|mentor|evaluator|supervisor|rater|direktur)(_|$)"
)
_SPECIFIC = re.compile(
    r"(^|_)(hukuman|hukdis|disiplin|penyakit|kesehatan|medis|diagnos[ai]s?|disabilitas|difabel|tpp|tukin|tunjangan|gaji|"
    r"penghasilan|pidana)(_|$)"
)
#: Words of a header that make no question of it: who is meant, what a field is called, sums, small words.
_NO_QUESTION = frozenset(re.findall(r"\w+", """
    akhir aktif akun anda aspek asn atasan atau bawahan belakang bidang dan dari data dengan depan di diisi
    dinilai diinput dimensi gol golongan hasil identitas indikator ini itu jabatan jml jumlah kantor ke kelas
    kepada keseluruhan kinerja kode kriteria ktp lain lengkap lewat melalui menilai nilai no nomor oleh pada
    panggilan pangkat pegawai pejabat penilai perilaku pimpinan pns pribadi rata rekan rerata resmi responden
    ruang rumah saat saya skor tambahan tempat terhadap tinggal total umur unit untuk usia yang kerja address
    code comment for full number of phone staff the"""))
_NUMBERED = re.compile(r"^[\W_]*(?:(?:no|nomor|butir|item|soal|pertanyaan|pernyataan|[a-z])?[\W_]*\d+[\W_]*)+")
_CODED = re.compile(r"(no|nomor|kode|id|uuid|ni[pk]|nrp|npwp|hp|handphone|tel[ep].*|rekening|tanggal|tgl)$")
_DOES = re.compile(r"(me[lmnry]|ber)\w{3,}")  # a verb, as questions on behaviour have one
_TITLED = re.compile(r"(^|\s)(Drs?|Dra|Ir|Prof|Hj?)\.\s*\w|,\s*([SMA]\.?\s?[A-Z]|Ph\.?D)")
_WHO = re.compile(r"(^|_)(nama|name|nip|nik|nrp|e?_?mail|surel|username)(_|$)")
_PERSONAL_VALUE = re.compile(r"\d{8,}|@|\d{6,}[\s.-]+\d{6,}")
_IDENTITY = re.compile(r"\d{16,}|\d{8}[\s.-]*\d{6}[\s.-]*\d[\s.-]*\d{3}|\S@\S")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
MASK = "•••"
#: Two or more capitalised words in brackets: a person's name, as it may be; "(SB)" is an abbreviation.
_BRACKETED = re.compile(r"\((?![A-Z]{1,3}\))((?:\s*[A-Z][\w.,'’]*){2,})\s*\)")
_RULES = frozenset(" ".join((*RATING, *PREDIKAT, *ORG_RATING, *SOURCE_ALIASES, "CUKUP DI ATAS")).upper().split())
_LISTED = 12
_ALIASES = {alias for c in COLUMNS if c.personal for alias in (c.name, *c.aliases)}
_HARMLESS = {a for c in COLUMNS if not c.personal for a in (c.name, *c.aliases)}


def personal_header(label: object) -> bool:
    """Tell whether a column's name says that it identifies a person.

    >>> personal_header("Nama Pegawai"), personal_header("nip_atasan"), personal_header("nama_jabatan")
    (True, True, False)
    """
    name = plain(_CAMEL.sub("_", str(label)))
    if name in _ALIASES or name in _HARMLESS:
        return name in _ALIASES
    return _PERSONAL_NAME.search(_THING_NAME.sub("", name)) is not None


def asks(label: object) -> bool:
    """Tell whether a header with a word of a personal field is a question: it says more than that word.

    >>> asks("Menjaga nama baik instansi"), asks("Memberikan umpan balik"), asks("Nama Pegawai"), asks("No HP aktif")
    (True, True, False, False)
    """
    words = re.findall(r"[^\W\d_]+", _NUMBERED.sub("", plain(_CAMEL.sub("_", str(label)))))
    told = _PERSONAL_NAME.sub("", "_".join(words)).split("_")
    content = [w for w in told if len(w) > 1 and w not in _NO_QUESTION]
    if len(content) != 1 or words[0] != content[0]:
        return len(content) > 1 and not _CODED.match(words[0])
    return _DOES.fullmatch(words[0]) is not None or not {"kepada", "terhadap", "lewat", "melalui"}.isdisjoint(words)


def not_a_grouping(label: object, values: Sequence[object]) -> bool:
    """Tell whether a column of an employee list names persons or holds specific data, by its header or its values.

    >>> not_a_grouping("Atasan Langsung", []), not_a_grouping("Riwayat Penyakit", []), not_a_grouping("Asal", ["Kota"])
    (True, True, False)
    >>> not_a_grouping("Pembina", ["Ir. Hasan", "Drs. Amir, M.Si"])
    True
    """
    name = plain(_CAMEL.sub("_", str(label)))
    titled = sum(_TITLED.search(str(v)) is not None for v in values)
    return bool(_SOMEBODY.match(name) or _SPECIFIC.search(name)) or titled > len(values) / 2


def personal_value(value: object) -> bool:
    """Tell whether a text looks like an identity number or an address.

    >>> personal_value("190501012010011001"), personal_value("a@b.id"), personal_value("Dinas 12")
    (True, True, False)
    """
    return _PERSONAL_VALUE.search(str(value)) is not None


def identifying(value: object, persons: frozenset[str] = frozenset()) -> bool:
    """Tell whether a text is an identity number, an address, or one of the persons named beside it.

    Shorter numbers (a school's code of 8 digits) are none.

    >>> identifying("SMP 1 (10200123)"), identifying("19050101 201001 1 001"), identifying("Siti", frozenset(["siti"]))
    (False, True, True)
    """
    text = str(value)
    return _IDENTITY.search(text) is not None or fold(text.replace("_", " ")) in persons


def _runs(text: str) -> Iterator[str]:
    """Yield the words of a text, folded, alone and together with those that follow."""
    words = fold(text).replace("(", " ").replace(")", " ").split()
    for a, b in combinations(range(len(words) + 1), 2):
        yield " ".join(words[a:b]).strip(".,:;-/")


def _who(name: str) -> bool:
    return name in _ALIASES or _WHO.search(_THING_NAME.sub("", name)) is not None


def _units(block: Block, named: Sequence[int]) -> set[str]:
    """Return texts of subheadings in the columns that name people which are units or posts of other rows, folded."""
    heads, others = set(), set()
    for i in {*named, *block.harmless}:
        cells = block.cells(i)
        here = {cells.codes[row] for row in block.headings} if i in named else set()
        heads |= {fold(cells.distinct[k]) for k in here if k >= 0}
        others |= set(map(fold, cells.distinct)) if i in block.harmless else set()
    return heads & others


class Log:
    """The problems of one reading, one per code, sheet and column, further cells in ``others``."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], dict[str, Any]] = {}
        self._words: dict[tuple[int, int], frozenset[str]] = {}
        self._everyone: frozenset[str] = frozenset()
        self.hits: list[tuple[str, Block | None, Sequence[int] | None]] = []  #: of errors: file, table, its rows

    def add(
        self, code: str, *, file: str = "", sheet: str = "", cells: Iterable[str] = (), column: str = "",
        value: str = "", number: tuple[int, int] = (0, 0), hit: tuple[Block, Sequence[int] | None] | None = None,
        **params: Any,
    ) -> None:  # fmt: skip
        """Note a problem; ``number`` is (file, sheet) as counted, ``cells`` all cells concerned.

        ``hit`` is the table concerned and the rows of it; without, it is the whole file (the whole table).
        """
        if code[0] == "E":
            self.hits.append((file, *(hit or (None, None))))
        cells = list(cells)
        key = (code, *(number if number != (0, 0) else (file, sheet)), column)  # type: ignore[misc]
        entry = self._found.setdefault(
            key, {"file": file, "sheet": sheet, "column": column, "value": value, "params": params, "cells": []}
        )
        entry["cells"].extend(cells)

    def on(
        self, code: str, block: Block, cells: Iterable[str] = (), *, column: str = "", value: str = "",
        rows: Sequence[int] | None = None, **params: Any,
    ) -> None:  # fmt: skip
        """Note a problem of a block's sheet (of ``rows`` of it); a value that looks like an identity is masked."""
        self.add(
            code, file=block.file_name, sheet=block.sheet_name, cells=[c for c in cells if c], column=column,
            value=self.masked(block, value), number=(block.file, block.sheet), hit=(block, rows), **params,
        )  # fmt: skip

    def at(
        self, code: str, block: Block, position: int, rows: Iterable[int], value: object = "",
        others: Sequence[str] = (), **params: Any,
    ) -> None:  # fmt: skip
        """Note a problem at cells of one column of a block, its value (and ``others``) masked where needed."""
        rows = list(rows)
        if not rows:
            return
        label = block.header[position] if position < len(block.header) else ""
        hidden = MASK if asks(label) else ""  # of a question with a personal word; there a value is spoken of
        shown = hidden if self.personal(block, position) else self.masked(block, value)
        if "nearest" in params and shown in ("", MASK):
            params["nearest"] = ""
        if shown and len(others) > 1:
            told = list(dict.fromkeys([shown, *(self.masked(block, v) for v in others)]))
            params["shown"] = '", "'.join(told[:_LISTED]) + (", …" if len(told) > _LISTED else "")
        self.on(code, block, block.address(rows, position), column=label, value=shown, rows=rows, **params)

    def masked(self, block: Block, value: object) -> str:
        """Return the value as text, or "•••" when it looks like an identity, or as if it held a person's name."""
        text = "" if value is None else str(value)
        if not text:
            return ""
        if personal_value(text) or len(text) > 120:
            return MASK
        persons = self.persons(block)
        named = fold(text) in persons or not persons.isdisjoint(_runs(text)) or any(
            not _RULES.issuperset(found.upper().split()) for found in _BRACKETED.findall(text)
        )  # fmt: skip
        return MASK if named else text

    @staticmethod
    def personal(block: Block, position: int) -> bool:
        """Tell whether a column of a block identifies persons; a column taken in as something else does not."""
        label = block.header[position] if position < len(block.header) else ""
        return position not in block.harmless and personal_header(label)

    def persons(self, block: Block) -> frozenset[str]:
        """Return what stands in the columns of a block that name people, folded."""
        key = (block.file, block.sheet)
        if key not in self._words:
            named = [i for i, h in enumerate(block.header) if self.personal(block, i) and _who(plain(h))]
            words = {
                word for i in named
                for word in map(fold, (v for v in block.cells(i).distinct if not str(v).isdigit() and v not in VOID))
                if any(map(str.isalpha, word)) and word != fold(block.header[i])
            }  # fmt: skip
            self._words[key] = frozenset(words - _units(block, named) if block.headings else words)
        return self._words[key]

    def everyone(self, blocks: Iterable[Block]) -> frozenset[str]:
        """Return the people of all blocks, folded; from now on no problem shows one of them."""
        self._everyone = frozenset().union(*map(self.persons, blocks))
        return self._everyone

    def hidden(self, text: Any) -> Any:
        """Return a text masked where it is one of the people or an identity number."""
        return MASK if isinstance(text, str) and identifying(text, self._everyone) else text

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, errors first, in the order they were met."""
        found = []
        for (code, place, *_), e in self._found.items():
            cells = list(dict.fromkeys(e["cells"])) or [""]
            found.append(
                Problem(
                    f"KA-{code}", _SEVERITY[code[0]], e["file"], e["sheet"], cells[0], self.hidden(e["column"]),
                    self.hidden(e["value"]), tuple(cells[1:]), {k: self.hidden(v) for k, v in e["params"].items()},
                    place if isinstance(place, int) else 0,
                )
            )  # fmt: skip
        rank = {"error": 0, "warning": 1, "note": 2}
        return tuple(sorted(found, key=lambda p: rank[p.severity]))

    def forgive(self) -> None:
        """Forget all errors: what they concern was left out."""
        self._found = {key: e for key, e in self._found.items() if key[0][0] != "E"}
        self.hits = []

    @property
    def failed(self) -> bool:
        """Whether an error was noted."""
        return any(code.startswith("E") for code, *_ in self._found)
