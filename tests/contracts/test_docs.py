"""What the documents promise exists; public functions are documented; notebooks are stripped and thin."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from kinerja_analysis.detect import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kinerja_analysis"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", REGISTRY)
def test_every_detector_has_its_three_files(name: str) -> None:
    assert (PACKAGE / "detect" / f"{name}.py").is_file()
    assert (PACKAGE / "detect" / f"{name}.toml").is_file()
    assert (ROOT / "docs" / "metode" / f"{name}.md").is_file()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_public_functions_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "module docstring"
    missing = [
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not missing


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_thin_and_stripped(path: Path) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert not cell["outputs"] and cell["execution_count"] is None
            tree = ast.parse(source)
            assert not any(isinstance(n, (ast.FunctionDef, ast.ClassDef)) for n in ast.walk(tree))
        assert not re.search(r"(^|[\"'\s])(/|[A-Z]:\\)[a-z]+/", source), "no absolute path"


def test_links_in_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_nothing_of_this_workplace_in_the_project() -> None:
    words = [
        "/" + "work" + "/",
        "/" + "root" + "/",
        "python" + "hosted",
        "pypi" + ".org",
        "registry." + "npmjs",
    ]
    for page in [*ROOT.glob("*"), *ROOT.glob("docs/**/*"), *ROOT.glob("tests/**/*"), *PACKAGE.rglob("*")]:
        if page.is_file() and page.suffix in (".py", ".md", ".toml", ".txt", ".yml", ".ipynb", ""):
            text = page.read_text(encoding="utf-8", errors="ignore")
            assert not [w for w in words if w in text], page.name
