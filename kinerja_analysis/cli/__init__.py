"""The command ``kinerja``: progress, exit codes, and a sentence instead of a traceback for a user's mistake."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from kinerja_analysis import __version__
from kinerja_analysis.base.errors import InputRefused, KinerjaError, UsageError, write_failed
from kinerja_analysis.base.words import LANGUAGES, say
from kinerja_analysis.cli import files, identity, runs, stored
from kinerja_analysis.cli.compare import compare_command
from kinerja_analysis.cli.mistakes import mistake
from kinerja_analysis.cli.template import template_command
from kinerja_analysis.cli.terminal import Terminal, default_lang

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kinerja")
def cli() -> None:
    """Audit objektivitas penilaian kinerja ASN / objectivity audit of civil-service ratings."""


for _command in (runs.demo, files.check, runs.audit_command, runs.status, runs.report, compare_command,
                 stored.store_command, runs.simulate_command, runs.config_command, identity.identity, files.explain,
                 runs.lab, template_command):  # fmt: skip
    cli.add_command(_command)


def main() -> None:
    """Run the command line; the exit code says what happened (0, 1, 2, 3, 4, 5, 130, 143)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    lang = _spoken(sys.argv)
    try:
        cli(standalone_mode=False, prog_name="kinerja")
    except InputRefused as error:
        term = Terminal(lang)
        said = error.text(lang) if error.report is None else error.report.summary(lang)
        term.error.print(said)
        sys.exit(error.exit_code)
    except KinerjaError as error:
        Terminal(lang).error.print(error.text(lang))
        sys.exit(error.exit_code)
    except click.ClickException as error:
        Terminal(lang).error.print(mistake(error, lang))
        sys.exit(UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        code = getattr(error.__cause__ or error, "exit_code", INTERRUPTED)  # click says Abort because of an interrupt
        code = code if code != 1 else INTERRUPTED
        Terminal(lang).error.print(say("cli.interrupted" if code == INTERRUPTED else "run.stopped", lang))
        sys.exit(code)
    except OSError as error:
        if os.environ.get("KINERJA_DEBUG"):
            raise
        Terminal(lang).error.print(write_failed(error).text(lang))
        sys.exit(UsageError.exit_code)
    except Exception as error:
        if os.environ.get("KINERJA_DEBUG"):
            raise
        Terminal(lang).error.print(say("cli.our_bug", lang, kind=type(error).__name__))
        sys.exit(1)


def _spoken(arguments: Sequence[str]) -> str:
    for before, value in pairwise(arguments):
        if before == "--lang" and value in LANGUAGES:
            return value
    return default_lang()
