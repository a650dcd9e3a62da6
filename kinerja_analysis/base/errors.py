"""The error tree and the record of one problem in an input file.

Every error a user can cause is a ``KinerjaError`` with an exit code; everything else is our bug (exit code 1).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

_NUMBER = re.compile(r"\d{16,}")
_OPTIONAL = ("choices", "meant", "void")  #: what a message may say besides
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem at its place.

    ``code`` (``KA-E104``) names the message; ``file`` and ``sheet`` are names for the terminal and the problem
    list only; ``cell`` is a spreadsheet address ("C128") or, for text files, a line ("baris 128"); ``value`` is
    what was seen, already masked where the column is personal; ``others`` holds further cells of the same kind;
    ``number`` is the number of the file, 0 where it concerns the whole input.
    """

    code: str
    severity: Severity
    file: str = ""
    sheet: str = ""
    cell: str = ""
    column: str = ""
    value: str = ""
    others: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0

    def text(self, lang: str, part: str = "what") -> str:
        """Return what is wrong (``what``) or how to repair it (``repair``) in a language."""
        from kinerja_analysis.base.words import say

        told = {k: cell_in_words(v, lang) if k == "first" else v for k, v in self.params.items()}
        shown = {"value": self.params.get("shown") or self.value, "column": self.column, "cell": self.cell,
                 "sheet": self.sheet, **dict.fromkeys(_OPTIONAL), **told}  # fmt: skip
        return say(f"problems.{self.code}.{part}", lang, **shown)

    @property
    def count(self) -> int:
        """Number of cells concerned."""
        return 1 + len(self.others)


def cell_in_words(cell: str, lang: str) -> str:
    """Return an address in words: line ("baris"), record ("butir"), or the cell as it is."""
    from kinerja_analysis.base.words import say

    word, _, n = cell.partition(" ")
    return say(f"problems.report.{word}", lang, n=n) if word in ("baris", "butir") else cell


class RowsLost(RuntimeError):
    """Our bug: rows that were read are neither kept, merged nor set aside. Holds numbers only, no names."""


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _masked(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(v) for v in value]
    return _NUMBER.sub("•••", value) if isinstance(value, str) else value


class KinerjaError(Exception):
    """Base of every error that a user can understand and repair; ``exit_code`` is the command's.

    Numbers as long as a NIP are masked: file names and arguments can hold them.
    """

    exit_code = 2

    def __init__(self, key: str, **params: Any) -> None:
        self.key = key
        self.params: dict[str, Any] = _masked(params)
        super().__init__(self.text("en"))

    def __reduce__(self) -> tuple[Any, ...]:
        """Workers hand their errors to the process that waits for them."""
        return _remade, (type(self), self.args, dict(self.__dict__))

    def text(self, lang: str) -> str:
        """Return the sentence in a language."""
        from kinerja_analysis.base.words import say

        return say(self.key, lang, **self.params)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows instead of a traceback: the sentence, in each language."""
        from kinerja_analysis.base.words import spoken

        return [f"{self.told(lang)}\n" for lang in spoken()]

    def told(self, lang: str) -> str:
        """Return all that a reader needs: the sentence; of a refused input every problem and its repair."""
        return self.text(lang)


def _remade(kind: type[KinerjaError], args: tuple[Any, ...], held: dict[str, Any]) -> KinerjaError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(held)
    return error


class UsageError(KinerjaError):
    """A wrong argument, configuration key or parameter."""

    exit_code = 2


class WrongKind(UsageError, TypeError):
    """An argument of a kind that is not accepted."""


class WrongSettings(UsageError, ValueError):
    """Entries of a configuration that are not accepted, all of them."""


def write_failed(error: OSError) -> UsageError:
    """Return the sentence for a file that could not be written: the disk is full, it is forbidden, something else.

    >>> write_failed(OSError(28, "x")).key
    'errors.disk_full'
    """
    if error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", None)):
        return UsageError("errors.disk_full")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UsageError("errors.no_permission")
    return UsageError("errors.not_written", kind=errno.errorcode.get(error.errno or 0, type(error).__name__))


class InputRefused(KinerjaError):
    """The input has errors; all of them are in ``problems``, the whole check report in ``report``.

    ``spared`` is the number of regions that no error touches.
    """

    exit_code = 3

    def __init__(self, problems: Sequence[Problem], report: Any = None, spared: int = 0) -> None:
        self.problems = tuple(problems)
        self.report = report
        self.spared = spared
        errors = sum(p.severity == "error" for p in self.problems)
        super().__init__("problems.refused", n=errors)

    def told(self, lang: str) -> str:
        """Return the problem list, or how many there are where no report is at hand."""
        return self.text(lang) if self.report is None else str(self.report.summary(lang))


class DisclosureRefused(KinerjaError):
    """Something would leave the internal level that may not."""

    exit_code = 4


class PartialRun(KinerjaError):
    """Some regions failed; the others are done."""

    exit_code = 5


class ReportFailed(KinerjaError):
    """A report notebook raised; nothing was put at the final path."""

    exit_code = 1
