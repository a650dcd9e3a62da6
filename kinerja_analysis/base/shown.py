"""What a lab shows of our objects: HTML in the languages asked for, and one line of text that names nobody."""

from __future__ import annotations

from typing import Any


class Shown:
    """Gives a record ``_repr_html_`` and ``__repr__``; the forms themselves stand in ``show.lab``.

    A record of a later room overrides ``_view`` (HTML in one language) and ``_facts`` (what the line of text says:
    counts and codes, never a person, a file or a path).
    """

    __slots__ = ()

    def _view(self, lang: str) -> str:
        from kinerja_analysis.show.lab import view

        return view(self, lang)

    def _facts(self) -> dict[str, Any]:
        from kinerja_analysis.show.lab import facts

        return facts(self)

    def _repr_html_(self) -> str:
        from kinerja_analysis.show.lab import in_languages

        return in_languages(self, self._view)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self._facts().items())})"
