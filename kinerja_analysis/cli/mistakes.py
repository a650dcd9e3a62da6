"""A mistyped command in the reader's language: click finds it, the words are ours."""

from __future__ import annotations

import re

import click

from kinerja_analysis.base.words import say
from kinerja_analysis.read.values import nearest


def mistake(error: click.ClickException, lang: str) -> str:
    """Return what is wrong with a command line and where its help is."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "kinerja"
    return f"{_wrong(error, lang)}\n{say('cli.see_help', lang, command=path)}"


def _wrong(error: click.ClickException, lang: str) -> str:
    if isinstance(error, click.NoSuchOption):
        return _unknown("cli.option_unknown", error.option_name, _options(error), lang)
    if isinstance(error, click.exceptions.NoSuchCommand):
        return _unknown("cli.command_unknown", error.command_name, list(error.possibilities or ()), lang)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return say("cli.parameter_missing", lang, name=_name(error.param))
    if isinstance(error, click.BadParameter) and error.param is not None:
        accepted = _accepted(error.param.type, lang)
        if accepted:
            return say("cli.parameter_wrong", lang, name=_name(error.param), accepted=accepted)
    if isinstance(error, click.BadOptionUsage):
        return say("cli.option_use", lang, name=error.option_name)
    said = re.match(r"Got unexpected extra arguments? \((.*)\)", error.format_message(), re.DOTALL)
    return say("cli.too_many", lang, what=said[1]) if said else say("cli.not_understood", lang)


def _unknown(key: str, name: str, known: list[str], lang: str) -> str:
    return say(key, lang, name=name, nearest=nearest(name, known, 0.6) or None)


def _options(error: click.NoSuchOption) -> list[str]:
    command = error.ctx.command if error.ctx is not None else None
    return [o for p in (command.params if command is not None else ()) for o in p.opts if o.startswith("--")]


def _name(param: click.Parameter) -> str:
    return param.opts[-1] if isinstance(param, click.Option) else param.make_metavar(click.Context(click.Command("")))


def _accepted(kind: click.ParamType, lang: str) -> str:
    """Return what a parameter takes, in words; "" where click's own words must do."""
    if isinstance(kind, click.Choice):
        return ", ".join(map(str, kind.choices))
    fraction = isinstance(kind, click.types.FloatParamType)
    if not fraction and not isinstance(kind, click.types.IntParamType):
        return ""
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    limits = {"least": None if least is None else f"{least:g}", "most": None if most is None else f"{most:g}"}
    return say("cli.accepts_number" if fraction else "cli.accepts_whole", lang, **limits)
