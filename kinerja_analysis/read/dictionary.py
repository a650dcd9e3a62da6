"""The data dictionary, made from the column table: what may be written in which column of which table."""

from __future__ import annotations

from kinerja_analysis.base.tables import TABLES, Column, columns
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.read.values import spellings


def dictionary(lang: str) -> str:
    """Return the dictionary in one language, as Markdown.

    >>> dictionary("en").splitlines()[0]
    '# Data dictionary'
    """
    lines = [f"# {say('columns.title', lang)}", "", say("columns.folders", lang), "", say("columns.intro", lang), "",
             say("columns.ekinerja", lang)]  # fmt: skip
    for table in TABLES:
        title = say(f"columns.table.{table}", lang)
        lines += ["", f"## {title}", "", say("columns.head", lang), "|---|---|---|---|---|"]
        lines += [_line(column, lang) for column in columns(table)]
    return "\n".join(lines) + "\n"


def _line(column: Column, lang: str) -> str:
    kind = say(f"columns.kind.{column.kind}", lang)
    if column.personal:
        kind += f" ({say('columns.personal', lang)})"
    name = f"`{column.name}`" + (" *" if column.required else "")
    names = ", ".join(f"`{a}`" for a in column.aliases)
    known = spellings(column.name)
    values = "; ".join(c + (f" ({', '.join(known[c])})" if known.get(c) else "") for c in column.categories)
    return f"| {name} | {kind} | {names} | {values} | {say(f'columns.column.{column.name}', lang)} |"


def readme() -> str:
    """Return the text of ``data/README.md``: the dictionary in every language, Indonesian first."""
    return "\n".join(dictionary(lang) for lang in LANGUAGES)
