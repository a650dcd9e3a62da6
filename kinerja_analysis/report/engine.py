"""Run a notebook through papermill with every known trap closed; the verified notebook is the only source of pages.

Parameters are compared with those the notebook declares, and their values with a pattern, before anything runs.
The notebook runs in a staging folder; it counts as done only when every code cell completed and the last one
printed the sentinel. Paths are removed from its metadata.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinerja_analysis.base.errors import ReportFailed, UsageError

if TYPE_CHECKING:
    from nbformat import NotebookNode

SENTINEL = "kinerja: selesai"
ENGINE = "kinerja-warm"
PATTERNS = {
    "region": re.compile(r"\d{2}(\.\d{2}){0,2}(\.\d{4})?"),
    "year": re.compile(r"(19|20)\d{2}"),
    "lang": re.compile(r"id|en"),
    "level": re.compile(r"public|internal"),
}
TYPES = {"region": str, "year": int, "lang": str, "level": str}


def declared(notebook: NotebookNode) -> set[str]:
    """Return the names assigned in the cell tagged ``parameters``."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            body = ast.parse(cell.source).body
            targets = [t for node in body if isinstance(node, ast.Assign) for t in node.targets]
            return {t.id for t in targets if isinstance(t, ast.Name)}
    return set()


def check_parameters(parameters: Mapping[str, Any], names: set[str], notebook: str) -> None:
    """Raise ``UsageError`` for a parameter the notebook does not declare, or a value that is not what it should be."""
    for name, value in parameters.items():
        if name not in names or name not in PATTERNS:
            near = difflib.get_close_matches(name, sorted(names), 1) or sorted(names)[:1]
            raise UsageError("errors.not_a_parameter", name=name, notebook=notebook, nearest="".join(near))
        if type(value) is not TYPES[name] or not PATTERNS[name].fullmatch(str(value)):
            raise UsageError("errors.bad_parameter", name=name, notebook=notebook)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _register() -> None:
    from papermill.engines import Engine, papermill_engines

    class Warm(Engine):
        """Runs the cells in this process in a fresh IPython shell: no kernel to start, no port, no socket."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:
            shell = _fresh_shell()
            for index, cell in enumerate(nb_man.nb.cells):
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                nb_man.cell_start(cell, index)
                cell.outputs, failure = _run_cell(shell, cell.source, index + 1)
                cell.execution_count = index + 1
                if failure is not None:
                    nb_man.cell_exception(cell, index, exception=failure)
                    break
                nb_man.cell_complete(cell, index)

    papermill_engines.register(ENGINE, Warm)


def _fresh_shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    InteractiveShell.clear_instance()
    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def _run_cell(shell: Any, source: str, count: int) -> tuple[list[Any], BaseException | None]:
    from IPython.utils.capture import capture_output
    from nbformat.v4 import new_output

    with capture_output() as captured:
        result = shell.run_cell(source, store_history=False)
    outputs = [new_output("display_data", data=o.data, metadata=o.metadata or {}) for o in captured.outputs]
    for name in ("stdout", "stderr"):
        text = getattr(captured, name)
        if text:
            outputs.insert(0, new_output("stream", name=name, text=text))
    failure = result.error_before_exec or result.error_in_exec
    if failure is not None:
        kind = type(failure).__name__
        outputs.append(new_output("error", ename=kind, evalue="", traceback=[kind]))
    return outputs, failure


def execute(notebook: Path, folder: Path, parameters: Mapping[str, Any]) -> NotebookNode:
    """Run ``notebook`` in ``folder`` (its working directory) and return it, verified and scrubbed.

    Raises ``UsageError`` for wrong parameters and ``ReportFailed`` naming the cell when it did not run to its end.
    The type of an exception is kept, its text is not: it may hold data.
    """
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    check_parameters(parameters, declared(nbformat.read(notebook, as_version=4)), notebook.name)
    _register()
    target = folder / f".{notebook.name}"
    try:
        with _inside(folder):
            papermill.execute_notebook(
                str(notebook), str(target), dict(parameters), engine_name=ENGINE, kernel_name="python3",
                progress_bar=False, log_output=False,
            )  # fmt: skip
    except PapermillExecutionError as error:
        raise _failed(notebook, parameters, error.cell_index + 1, error.ename) from None
    done = nbformat.read(target, as_version=4)
    target.unlink()
    verify(done, notebook, parameters)
    return scrub(done)


def _failed(notebook: Path, parameters: Mapping[str, Any], cell: int, kind: str) -> ReportFailed:
    return ReportFailed(
        "errors.notebook_failed", region=parameters.get("region", ""), year=str(parameters.get("year", "")),
        notebook=notebook.name, cell=cell, kind=kind,
    )  # fmt: skip


def verify(done: NotebookNode, notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Raise ``ReportFailed`` unless every code cell completed and the last one printed the sentinel."""
    last = ""
    for index, cell in enumerate(done.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.metadata.get("papermill", {}).get("status") != "completed":
            raise _failed(notebook, parameters, index + 1, "not completed")
        last = "".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream")
    if SENTINEL not in last:
        raise _failed(notebook, parameters, len(done.cells), "no end")


def scrub(done: NotebookNode) -> NotebookNode:
    """Remove paths, times and machine names from the notebook's metadata; keep parameters and kernel."""
    kept = {"parameters": dict(done.metadata.get("papermill", {}).get("parameters", {}))}
    done.metadata["papermill"] = kept
    for index, cell in enumerate(done.cells):
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        cell["id"] = f"sel-{index + 1}"
    return done
