"""The order in which the package imports itself, what is imported when, and what is never used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kinerja_analysis"
ORDER = ("base", "show", "read", "score", "detect", "release", "compare", "report", "pipeline", "run", "cli")
HEAVY = ("papermill", "nbformat", "statsmodels", "scipy.stats", "pandera", "matplotlib")
BANNED = ("pickle", "shelve", "jsonpickle", "marshal")
EXCEPTIONS = {("base/results.py", "show"), ("base/shown.py", "show")}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def ours(tree: ast.AST) -> set[str]:
    """Rooms of ours that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [node.module] if node.module != "kinerja_analysis" else [f"{node.module}.{a.name}" for a in node.names]
            )
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("kinerja_analysis.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    here = room(path)
    name = path.relative_to(PACKAGE).as_posix()
    used = ours(ast.parse(path.read_text(encoding="utf-8"))) - {here, "__version__"}
    if here == "stats":
        assert not used, "stats imports nothing of ours"
    elif here == "simulate":
        assert used <= {"base", "score"}
    elif here in ORDER:
        allowed = set(ORDER[: ORDER.index(here)]) | {"stats"}
        extra = {"simulate"} if here == "cli" else set()
        wrong = {u for u in used - allowed - extra if (name, u) not in EXCEPTIONS}
        assert not wrong, f"{name} imports {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_dangerous(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {a.name.split(".")[0] for a in node.names} & set(BANNED)
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in BANNED
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec")
    assert "joblib.load" not in text and "joblib.dump" not in text
    assert "yaml.load" not in text


def test_heavy_libraries_load_late() -> None:
    code = (
        "import sys, importlib, pkgutil, kinerja_analysis as k\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(k.__path__, 'kinerja_analysis.')"
        " if not m.name.endswith('__main__')]\n"
        f"print([h for h in {HEAVY!r} if h in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_stats_needs_no_pandas() -> None:
    code = "import sys, kinerja_analysis.stats as s; s.linkage, s.crossed_effects; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_no_region_name_in_the_package() -> None:
    names = re.compile(r"mamuju|kuranji|salor|batang\s?hari|merauke|padang|jambi", re.IGNORECASE)
    for path in PACKAGE.rglob("*"):
        inside = path.relative_to(PACKAGE).as_posix()
        if path.suffix in (".py", ".toml", ".css", ".js") and not inside.startswith(("simulate/", "score/frameworks/")):
            assert not names.search(path.read_text(encoding="utf-8")), inside


def test_modules_and_package_are_small() -> None:
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("size.py"))], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_tests_mirror_the_package() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    missing = sorted(r for r in rooms if not list((ROOT / "tests" / r).glob("test_*.py")))
    assert not missing
