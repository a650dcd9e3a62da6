"""One spelling for every label of the rules in force.

Exports, regional forms and hand-made sheets write the same label in many ways ("di atas ekspektasi",
"DIATAS", "KURANG (MISCONDUCT)"). Each function returns the canonical word and, where the reading needs a
second look, the code of a warning. An unknown label becomes missing with a warning, never the lowest level
and never "Baik".

Warning codes: ``unknown_label``; ``bare_integer`` (programs number the levels in both directions, so a number
is read only with a declared direction); ``code_out_of_range``; ``istimewa_for_employee`` (the word belongs to
organisations); ``legacy_label`` (a word of PP 46/2011, placed by its position in the order of five
[assumption]); ``near_label`` (read in spite of a slip of spelling or a mark such as an asterisk).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Literal

import pandas as pd

from kinerja_analysis.base.tables import ORG_RATING, PREDIKAT, RATING

Codes = Literal["best_first", "worst_first"]
Reading = tuple[str | None, str | None]

_INTEGER = re.compile(r"^\s*\d+([.,]0+)?\s*$")
_SHORT = re.compile(r"\s*(.*\w)\s*\(\s*([A-Z]{1,3})\s*\)\s*", re.IGNORECASE)
_MARK = re.compile(r"[^\w\s/()‐‑–—-]")
_BELOW, _AS, _ABOVE = RATING
_VERY_POOR, _POOR, _NEEDS, _GOOD, _VERY_GOOD = PREDIKAT
_EXCELLENT = ORG_RATING[-1]

_RATING_WORDS: dict[str, Reading] = {
    word + tail: (label, "near_label" if tail == "EKSPETASI" else None)
    for word, label in (("DIATAS", _ABOVE), ("SESUAI", _AS), ("DIBAWAH", _BELOW))
    for tail in ("", "EKSPEKTASI", "EKSPETASI")
}
_SHARED_WORDS: dict[str, Reading] = {
    "BAIK": (_GOOD, None), "B": (_GOOD, None), "BUTUHPERBAIKAN": (_NEEDS, None),
    "BUTUHPERBAIKANCUKUP": (_NEEDS, None), "CUKUPBUTUHPERBAIKAN": (_NEEDS, None), "CUKUP": (_NEEDS, None),
    "BP": (_NEEDS, None), "KURANG": (_POOR, None), "K": (_POOR, None), "SANGATKURANG": (_VERY_POOR, None),
    "SK": (_VERY_POOR, None),
}  # fmt: skip
_PREDIKAT_WORDS: dict[str, Reading] = {
    **_SHARED_WORDS,
    "SANGATBAIK": (_VERY_GOOD, None),
    "SB": (_VERY_GOOD, None),
    "KURANGMISCONDUCT": (_POOR, None),
    "MISCONDUCT": (_POOR, None),
    "ISTIMEWA": (_VERY_GOOD, "istimewa_for_employee"),
    "ISTIMEWAH": (_VERY_GOOD, "istimewa_for_employee"),
    "AMATBAIK": (_VERY_GOOD, "legacy_label"),
    "BURUK": (_VERY_POOR, "legacy_label"),
}
_ORG_WORDS: dict[str, Reading] = {
    **_SHARED_WORDS,
    "ISTIMEWA": (_EXCELLENT, None),
    "ISTIMEWAH": (_EXCELLENT, "near_label"),
    "SANGATBAIK": (_EXCELLENT, None),
}


def _fold(text: str) -> str:
    """Upper-case letters and digits only: blanks, slashes, brackets and hyphens do not carry meaning here."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def _is_blank(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, Real) and value != value)


def _read(value: Any, words: Mapping[str, Reading], order: Sequence[str], codes: Codes | None) -> Reading:
    if _is_blank(value):
        return None, None
    if isinstance(value, Real) and not isinstance(value, bool):
        value = f"{float(value):g}"
    text = str(value)
    short = _SHORT.fullmatch(text)
    if short and short[2].upper() == "".join(word[0] for word in short[1].upper().split()):
        text = short[1]  # "Sangat Baik (SB)"
    if _INTEGER.match(text):
        if codes is None:
            return None, "bare_integer"
        position = int(float(text.replace(",", ".")))
        if not 1 <= position <= len(order):
            return None, "code_out_of_range"
        return (order[-position] if codes == "best_first" else order[position - 1]), None
    folded = _fold(text)
    if not folded and text.strip() in ("", "-", "–", "—"):
        return None, None
    label, warning = words.get(folded, (None, "unknown_label"))
    return label, warning or ("near_label" if _MARK.search(text) else None)


def rating(text: Any, *, codes: Codes | None = None) -> Reading:
    """Read a rating of hasil kerja or perilaku kerja.

    Parameters
    ----------
    text : any scalar
        The cell. Missing, empty and "-" mean "not rated yet": ``(None, None)``.
    codes : {"best_first", "worst_first"}, optional
        What integers mean. SIASN counts 1 = DIATAS (``best_first``); other programs count 3 = diatas. Without
        a declared direction an integer is refused.

    Returns
    -------
    tuple of (str or None, str or None)
        One of ``RATING`` and a warning code.

    Notes
    -----
    PermenPANRB 6/2022 writes "diatas" and "dibawah" as one word; both spellings are accepted.

    Examples
    --------
    >>> rating("di atas ekspektasi"), rating(1), rating(1, codes="best_first")
    (('DIATAS EKSPEKTASI', None), (None, 'bare_integer'), ('DIATAS EKSPEKTASI', None))
    """
    return _read(text, _RATING_WORDS, RATING, codes)


def predikat(text: Any, *, codes: Codes | None = None) -> Reading:
    """Read the predikat of an employee; parameters and result as in :func:`rating`, words from ``PREDIKAT``.

    "Cukup" is read as Butuh Perbaikan (the circular SE MenPANRB 3/2023 uses both). "Istimewa" is a word for
    organisations: read as Sangat Baik, with a warning.

    Examples
    --------
    >>> predikat("Kurang (Misconduct)"), predikat("Istimewah"), predikat("Perlu Pembinaan"), predikat("Baik (B)")
    (('KURANG', None), ('SANGAT BAIK', 'istimewa_for_employee'), (None, 'unknown_label'), ('BAIK', None))
    """
    return _read(text, _PREDIKAT_WORDS, PREDIKAT, codes)


def org_rating(text: Any, *, codes: Codes | None = None) -> Reading:
    """Read the rating of an organisation; parameters and result as in :func:`rating`, words from
    ``ORG_RATING``.

    "Sangat Baik" is accepted for Istimewa: PermenPANRB 6/2022 p. 94 uses it under the Istimewa curve.

    Examples
    --------
    >>> org_rating("Sangat Baik"), org_rating("Butuh Perbaikan/Cukup")
    (('ISTIMEWA', None), ('BUTUH PERBAIKAN', None))
    """
    return _read(text, _ORG_WORDS, ORG_RATING, codes)
