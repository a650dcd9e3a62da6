"""The guides: every command in them runs or parses, every code and threshold named exists, both languages are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from kinerja_analysis import simulate
from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.words import has
from kinerja_analysis.cli import cli
from kinerja_analysis.detect import INDEX, REGISTRY

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted([*(ROOT / "docs" / "panduan").glob("*.md"), *(ROOT / "docs" / "assurance").glob("*.md")])
ONLY_PARSED = ("lab", "demo", "identity")  # they open a server, write the whole demo, or make a key


def commands(text: str) -> list[list[str]]:
    """The ``kinerja …`` lines of a page's fenced blocks."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in fenced for line in block.splitlines() if line.startswith("kinerja ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def parse(words: list[str]) -> None:
    """Parse a command without running it. Raises ``click.UsageError`` for an unknown option or a missing argument."""
    command: Any = cli
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(click.Context(command), words)
    command.make_context(name, list(words))


WITH_COMMANDS = [(page.stem, line) for page in [*GUIDES, ROOT / "README.md", ROOT / "README.id.md"]
                 for line in commands(page.read_text(encoding="utf-8"))]  # fmt: skip


@pytest.mark.parametrize(("page", "line"), WITH_COMMANDS, ids=lambda v: v if isinstance(v, str) else " ".join(v)[:40])
def test_every_command_shown_is_understood(page: str, line: list[str]) -> None:
    parse(line)


def test_a_command_that_does_not_exist_is_found() -> None:
    with pytest.raises(click.UsageError):
        parse(["check", "a.xlsx", "--no-such-option"])
    with pytest.raises(click.UsageError):
        parse(["no-such-command"])


@pytest.mark.slow
def test_every_command_of_the_guides_runs_on_the_small_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the pages, in a project's folder with the demo as input; each ends with exit code 0."""
    made = simulate(["13.71.09", "76.02"], [2025], seed=1, size=150)
    for folder in ("masuk", "contoh"):
        made.write(tmp_path / "data" / folder)
        settings = tmp_path / "data" / folder / "kinerja.toml"
        settings.write_text(f'detectors = ["distribution", "self_other"]\n{settings.read_text()}')
    monkeypatch.chdir(tmp_path)
    ran = [line for page, line in WITH_COMMANDS
           if not page.startswith("README") and line[0] not in ONLY_PARSED and "--scheduler" not in line]  # fmt: skip
    done = {}
    for line in {tuple(line): line for line in ran}.values():
        try:
            code = cli.main(args=line, standalone_mode=False) or 0
        except SystemExit as left:
            code = left.code or 0
        done[" ".join(line)] = code
    assert len(done) >= 15 and not {line: code for line, code in done.items() if code}
    for page in ("reports/index.html", "reports/banding", "lembar_360.xlsx", "tambahan.xlsx"):
        assert (tmp_path / page).exists(), page


@pytest.mark.parametrize("page", GUIDES, ids=lambda p: p.stem)
def test_named_codes_keys_and_tests_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = (*REGISTRY, INDEX)
    for code in re.findall(r"\b([a-z_]+\.[a-z_]+)\b", re.sub(r"\]\([^)]*\)", "", text)):
        detector, _, rest = code.partition(".")
        if detector in known and rest not in ("md", "toml", "py", "html"):
            assert has(code), code
    for name in re.findall(r"\bKA-[EWN]\d{3}\b", text):
        assert has(f"problems.{name}.what"), name
    for place in re.findall(r"`((?:tests|notebooks|docs)/[\w/.]+)`", text):
        assert (ROOT / place).is_file(), place
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), target
    for key in re.findall(r"`(retention_days|key_file|identifiers|thresholds)`", text):
        assert key in AuditConfig.model_fields


@pytest.mark.parametrize("page", GUIDES, ids=lambda p: p.stem)
def test_both_languages_and_links_to_own_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    heads = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.M)}
    assert all(target in heads for target in re.findall(r"\]\(#([^)]+)\)", text))
    assert re.search(r"\b(the|and|with)\b", text) and re.search(r"\b(dan|yang|tidak)\b", text)


def test_every_guide_is_linked_and_every_picture_has_its_command() -> None:
    index = (ROOT / "docs" / "panduan" / "README.md").read_text(encoding="utf-8")
    assert all(page.name in index for page in GUIDES if page.name != "README.md")
    script = (ROOT / "docs" / "gambar" / "ambil.py").read_text(encoding="utf-8")
    pictures = sorted(p.name for p in (ROOT / "docs" / "gambar").glob("*.png"))
    assert pictures and all(f'"{name}"' in script for name in pictures)
    assert all(p.stat().st_size < 200_000 for p in (ROOT / "docs" / "gambar").glob("*.png"))
