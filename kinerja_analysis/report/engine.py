"""Run a notebook through papermill with every known trap closed; the verified notebook is the only source of pages.

Parameters are compared with those the notebook declares, and their values with a pattern, before anything runs.
The notebook runs in a staging folder, in a fork of this process or, where there is none, in a new kernel; it counts as
done only when every code cell completed and the last one printed the sentinel. Paths are removed from its metadata.
"""

from __future__ import annotations

import ast
import difflib
import math
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinerja_analysis.base.errors import ReportFailed, UsageError
from kinerja_analysis.base.words import LANGUAGES
from kinerja_analysis.report._forks import Stopped, forked, possible

if TYPE_CHECKING:
    from nbformat import NotebookNode

SENTINEL = "kinerja: selesai"
WARM, COLD = "kinerja-warm", "kinerja-cold"
SECONDS = 600
PATTERNS = {
    "region": re.compile(r"\d{2}(\.\d{2}){0,2}(\.\d{4})?"),
    "year": re.compile(r"(19|20)\d{2}"),
    "lang": re.compile("|".join(LANGUAGES)),
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


def execute(
    notebook: Path, folder: Path, parameters: Mapping[str, Any], *, seconds: float = SECONDS, warm: bool | None = None
) -> NotebookNode:
    """Run ``notebook`` in ``folder`` (its working directory) and return it, verified and scrubbed.

    ``seconds`` is the time the whole notebook has. ``warm`` chooses the engine: a fork of this process, or a new
    kernel; by default a fork where that is safe.
    Raises ``UsageError`` for wrong parameters and ``ReportFailed`` naming the cell when it did not run to its end: an
    exception (its type is kept, its text is not: it may hold data), no time left, or an end by the system.
    """
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    check_parameters(parameters, declared(nbformat.read(notebook, as_version=4)), notebook.name)
    _register()
    try:
        done = papermill.execute_notebook(
            str(notebook), None, dict(parameters), engine_name=WARM if (possible() if warm is None else warm) else COLD,
            kernel_name="python3", progress_bar=False, log_output=False, cwd=str(folder), seconds=seconds,
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise _failed(notebook, parameters, error.cell_index, error.ename) from None
    except Stopped as error:
        raise _failed(notebook, parameters, error.cell, error.kind, error.key, seconds) from None
    verify(done, notebook, parameters)
    return scrub(done)


def _register() -> None:
    """Tell papermill of both engines, at run time: a broken entry point would break papermill for everybody else."""
    from nbformat import from_dict
    from papermill.engines import Engine, NBClientEngine, papermill_engines

    class Warm(Engine):
        """Runs the cells in a fork of this process: no kernel to start, no port, no socket."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, seconds: float, **_: Any) -> None:
            cells = nb_man.nb.cells
            for index, outputs, failure in forked({i: cells[i].source for i in code_cells(nb_man.nb)}, seconds):
                cell = cells[index]
                nb_man.cell_start(cell, index)
                cell.outputs, cell.execution_count = [from_dict(o) for o in outputs], index + 1
                if failure:
                    nb_man.cell_exception(cell, index)
                else:
                    nb_man.cell_complete(cell, index)

    class Cold(NBClientEngine):  # type: ignore[misc]
        """Runs the cells in a new kernel, on POSIX through a socket file instead of a port."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, seconds: float, **_: Any) -> None:
            from nbclient.exceptions import CellTimeoutError, DeadKernelError
            from traitlets.config import Config

            end = time.monotonic() + seconds
            try:
                super().execute_managed_notebook(
                    nb_man, kernel_name, timeout_func=lambda _: max(1, math.ceil(end - time.monotonic())),
                    config=Config({"KernelManager": {"transport": "ipc"}} if os.name == "posix" else {}),
                    shutdown_kernel="immediate",
                )  # fmt: skip
            except (CellTimeoutError, DeadKernelError) as error:
                late = isinstance(error, CellTimeoutError)
                begun = [i for i in code_cells(nb_man.nb) if nb_man.nb.cells[i].metadata.papermill.start_time]
                raise Stopped("errors.notebook_" + ("late" if late else "died"), begun[-1], "kernel") from None

    papermill_engines.register(WARM, Warm)
    papermill_engines.register(COLD, Cold)


def code_cells(notebook: NotebookNode) -> list[int]:
    """Return the indices of the cells that run."""
    return [i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()]


def _failed(
    notebook: Path, parameters: Mapping[str, Any], cell: int, kind: str, key: str = "errors.notebook_failed",
    seconds: float = 0,
) -> ReportFailed:  # fmt: skip
    """Return the error; ``cell`` is an index in the executed notebook, which has one cell more: the parameters."""
    return ReportFailed(
        key, region=parameters.get("region", ""), year=str(parameters.get("year", "")), notebook=notebook.name,
        cell=cell if parameters else cell + 1, kind=kind, seconds=math.ceil(seconds),
    )  # fmt: skip


def verify(done: NotebookNode, notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Raise ``ReportFailed`` unless every code cell completed and the last one printed the sentinel."""
    last = ""
    for index in code_cells(done):
        cell = done.cells[index]
        if cell.metadata.get("papermill", {}).get("status") != "completed":
            raise _failed(notebook, parameters, index, "not completed")
        last = "".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream")
    if SENTINEL not in last:
        raise _failed(notebook, parameters, len(done.cells) - 1, "no end")


def scrub(done: NotebookNode) -> NotebookNode:
    """Remove paths, times and machine names from the notebook's metadata; keep parameters and kernel."""
    kept = {"parameters": dict(done.metadata.get("papermill", {}).get("parameters", {}))}
    done.metadata["papermill"] = kept
    for index, cell in enumerate(done.cells):
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        cell["id"] = f"sel-{index + 1}"
    return done
