"""Commands for the holder of the key: create, rotate, show, translate."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import click

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.keys import KEY_BYTES, check_place, default_place, exposed, key_bytes, key_id, key_place
from kinerja_analysis.base.store import write_atomic
from kinerja_analysis.base.words import say
from kinerja_analysis.cli import terminal, translation
from kinerja_analysis.cli.terminal import Terminal, existing

PRIVATE = 0o600
_KEY = click.option("--key", "key_file", type=click.Path(), default=None, help="Berkas kunci / key file.")


def _command(*options: Any) -> Any:
    """Return the decorator of one command of the group with the options all of them have behind its own."""

    def decorate(function: Any) -> Any:
        for option in (terminal.lang_option, terminal.json_option, *reversed(options)):
            function = option(function)
        return identity.command()(function)

    return decorate


@click.group()
def identity() -> None:
    """Kunci rahasia dan nama samaran, untuk pemegang kunci / the secret key and pseudonyms, for the key holder."""


@_command(_KEY, terminal.dry_option)
def create(key_file: str | None, dry_run: bool, as_json: bool, lang: str | None) -> None:
    """Buat kunci acak yang baru / make a new random key."""
    term = Terminal(lang, as_json)
    place = Path(key_file).expanduser() if key_file else default_place()
    check_place(place)
    if place.exists():
        raise UsageError("identity.exists", file=_shown(place))
    if dry_run:
        return _would_write(term, [place])
    key = _write_key(place)
    line = f'key_file = "{_shown(place)}"'
    term.json({"file": _shown(place), "key_id": key, "line": line})
    _say(term, "created", file=_shown(place), key_id=key)
    _say(term, "put_line")
    if not as_json:
        term.console.print(line)


@_command(_KEY, terminal.config_option, terminal.dry_option)
def rotate(key_file: str | None, config_path: str | None, dry_run: bool, as_json: bool, lang: str | None) -> None:
    """Ganti kunci; yang lama disimpan di sebelahnya / change the key; the old one is kept beside it."""
    term = Terminal(lang, as_json)
    config, place = _own_key(key_file, config_path)
    old = key_id(key_bytes(config))
    kept = place.with_name(f"{place.stem}-{old}{place.suffix}")
    if dry_run:
        return _would_write(term, [kept, place])
    write_atomic(kept, place.read_bytes(), mode=PRIVATE)
    new = _write_key(place)
    term.json({"old": old, "new": new, "kept": kept.name})
    _say(term, "rotated", old=old, new=new, kept=kept.name)
    _say(term, "rotated_next")


@_command(_KEY, terminal.config_option)
def show(key_file: str | None, config_path: str | None, as_json: bool, lang: str | None) -> None:
    """Tunjukkan tanda, umur, dan keadaan kunci / show the key's id, age and condition, never the key."""
    term = Terminal(lang, as_json)
    config, place = _own_key(key_file, config_path)
    mark, days = key_id(key_bytes(config)), int((time.time() - place.stat().st_mtime) // 86400)
    term.json({"file": _shown(place), "key_id": mark, "days": days, "private": not exposed(place)})
    _say(term, "shown", file=_shown(place), key_id=mark, days=days)
    _say(term, "exposed" if exposed(place) else "sound", file=place.name)


@_command(
    terminal.paths_argument,
    click.option("--list", "lists", multiple=True, type=click.Path(), help="Lampiran xlsx atau csv / annex or list."),
    click.option("--pseudonym", "pseudonyms", multiple=True, help="Nama samaran, misalnya P-7K2M / a pseudonym."),
    click.option("--out", required=True, type=click.Path(), help="Berkas hasil .xlsx atau .csv / output file."),
    click.option("--show", "shown", is_flag=True, help="Tampilkan juga di layar / show on the terminal as well."),
    _KEY, terminal.config_option, terminal.dry_option,
)  # fmt: skip
def translate(
    paths: tuple[str, ...], lists: tuple[str, ...], pseudonyms: tuple[str, ...], out: str, shown: bool,
    key_file: str | None, config_path: str | None, dry_run: bool, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Terjemahkan nama samaran menjadi NIP dan nama / translate pseudonyms into NIPs and names."""
    from kinerja_analysis.read.holders import holders

    term, target = Terminal(lang, as_json), Path(out).expanduser()
    found, given = existing(paths), existing(lists)
    config = terminal.config_of(config_path, paths)
    config = config.model_copy(update={"key_file": key_file or config.key_file})
    mine = key_id(key_bytes(config))
    translation.check_target(target)
    subjects = {s for place in given for s in translation.check_key(place, mine)}
    pages = [page for place in given for page in translation.read_list(place).items()]
    sheets = {name if len(given) == 1 else f"{i} {name}"[:31]: rows for i, (name, rows) in enumerate(pages, 1)}
    texts = ("\n".join(row) for rows in sheets.values() for row in rows)
    asked = list(dict.fromkeys(m for text in (*pseudonyms, *texts) for m in translation.marks(text)))
    if not asked:
        raise UsageError("identity.nothing_asked")
    people = translation.resolve(asked, term.step("reading", lambda _: holders(found, config)), subjects)
    if people.empty:
        raise UsageError("identity.none_found", n=len(asked))
    if dry_run:
        return _would_write(term, [target])
    number = "number" if config.identifiers == "nip" else "identifier"
    write_atomic(target, translation.translated(people, sheets, target.suffix, number, term.lang), mode=PRIVATE)
    missing = [m for m in asked if m not in people.index]
    seen = [dict(zip(("pseudonym", "number", "name"), row, strict=True)) for row in people.itertuples(name=None)]
    term.json({"file": target.name, "found": len(people), "missing": missing} | ({"persons": seen} if shown else {}))
    _say(term, "translated", n=len(people), total=len(asked), file=target.name)
    if missing:
        _say(term, "missing", names=", ".join(missing))
    for row in seen if shown and not as_json else []:
        term.console.print("  ".join(row.values()))


def _own_key(key_file: str | None, config_path: str | None) -> tuple[AuditConfig, Path]:
    """Return the configuration with the user's own key and its place: named, configured, or the default one."""
    config = AuditConfig(key_file=key_file) if key_file else terminal.config_of(config_path, ["."])
    place = key_place(config) or (default_place() if default_place().exists() else None)
    if place is None:
        raise UsageError("identity.no_key")
    return config.model_copy(update={"key_file": str(place)}), place


def _write_key(place: Path) -> str:
    """Write a new random key as text, readable by its owner only; return its id."""
    key = secrets.token_hex(KEY_BYTES).encode()
    write_atomic(place, key + b"\n", mode=PRIVATE)
    return key_id(key)


def _shown(place: Path) -> str:
    """Return a path as it can be shown and put into a configuration: the home folder as ~."""
    path, home = place.absolute(), Path.home()
    return "~/" + path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()


def _would_write(term: Terminal, places: list[Path]) -> None:
    term.json({"would_write": [_shown(p) for p in places]})
    for place in places:
        _say(term, "would_write", file=_shown(place))


def _say(term: Terminal, key: str, **params: Any) -> None:
    if not term.as_json:
        term.console.print(say(f"identity.{key}", term.lang, **params))
