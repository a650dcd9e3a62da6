"""Disclosure control: what may leave the internal level, and in which form."""

from kinerja_analysis.release.disclosure import release

__all__ = ["release"]
