"""Disclosure control: what may leave the internal level, and in which form."""

from kinerja_analysis.release.disclosure import limits_of, release
from kinerja_analysis.release.earlier import before, kin, remember, remembered

__all__ = ["before", "kin", "limits_of", "release", "remember", "remembered"]
