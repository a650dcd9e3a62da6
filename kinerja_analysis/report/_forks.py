"""Run the cells of a notebook in a fork of this process: warm, alone, with a limit of time, ended with its parent.

The child has its own copy of everything, so nothing a notebook does to globals, the working directory, the environment
or a library's settings is seen outside it. What it shows comes back through an unnamed file: nothing is left behind
whatever ends either process.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from types import FrameType
from typing import IO, Any, NoReturn

Shown = tuple[int, list[dict[str, Any]], str]
_NEEDED = (
    "IPython.core.interactiveshell", "IPython.utils.capture", "nbformat.v4", "pyarrow.parquet",
    "kinerja_analysis.report.html", "kinerja_analysis.report.notebook", "kinerja_analysis.report.page",
)  # fmt: skip
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Stopped(Exception):
    """The cells did not run to their end: the message that says why, the index of the cell, what ended it."""

    def __init__(self, key: str, cell: int, kind: str) -> None:
        super().__init__(key)
        self.key, self.cell, self.kind = key, cell, kind


def possible() -> bool:
    """Tell whether a fork is safe here: on Linux. Windows has none; on macOS system libraries do not survive it."""
    return hasattr(os, "fork") and sys.platform == "linux"


@contextmanager
def orderly() -> Iterator[None]:
    """Let SIGTERM end the block as an exception, so that it cleans up; then the process ends of the signal as usual.

    Does nothing outside the main thread, or where somebody else takes care of the signal.
    """
    mine = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    told = False

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal told
        told = True
        raise SystemExit(128 + number)

    if mine:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if told:
            os.kill(os.getpid(), signal.SIGTERM)


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Import what notebooks need, find the fonts and look at how detectors were measured, once for all children."""
    for name in _NEEDED:
        import_module(name)
    from kinerja_analysis.base.words import messages
    from kinerja_analysis.detect import REGISTRY
    from kinerja_analysis.detect.calibration import fresh
    from kinerja_analysis.show import theme

    messages()
    for detector in REGISTRY:
        fresh(detector)
    with theme.style():
        drawing = theme.canvas(10, 10)
        for weight in ("normal", "bold"):
            drawing.text(0, 0, "0", weight=weight)
        theme.png(drawing)


def forked(cells: Mapping[int, str], seconds: float) -> Iterator[Shown]:
    """Run ``cells`` (index -> source) in a child in the working directory; yield index, outputs and failure of each.

    The failure is the name of an exception's type, or empty; it ends the run. Raises ``Stopped`` after the cells that
    were done when the child used up its time, was killed, or left early.
    """
    from kinerja_analysis.show.charts import keep

    warm_up()
    with tempfile.TemporaryFile(dir=".") as file:
        code = _wait(_start(cells, file), seconds)
        file.seek(0)
        lines = [json.loads(line) for line in file if line.endswith(b"\n")]
    shown: list[Shown] = [tuple(line) for line in lines if isinstance(line, list)]
    for pictures in (line for line in lines if isinstance(line, dict)):
        keep({name: b64decode(picture) for name, picture in pictures.items()})
    yield from shown
    if shown and shown[-1][2]:
        return
    left = list(cells)[len(shown) :]
    if code is None:
        raise Stopped("errors.notebook_late", (left or list(cells))[0], "")
    if code < 0:
        raise Stopped("errors.notebook_died", (left or list(cells))[0], signal.Signals(-code).name)
    if left:
        raise Stopped("errors.notebook_failed", left[0], f"exit {code}")


def _start(cells: Mapping[int, str], file: IO[bytes]) -> int:
    """Fork; the parent goes on with the child's number, the child never comes back."""
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python 3.12 warns of live threads: those here (arrow, BLAS) mend themselves in the child
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        with suppress(OSError):
            os.setpgid(child, child)
        return child
    code = 1
    try:
        _leave_parent(parent)
        _run(cells, file)
        code = 0
    finally:  # no handler, no clean-up and no buffer of the parent's may run here
        os._exit(code)


def _leave_parent(parent: int) -> None:
    """Stand alone: own process group, no terminal, the system's own signals, no life after the parent's."""
    import ctypes

    with suppress(OSError):
        os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.disable()
    gc.freeze()  # what was inherited is no garbage of the child's
    gc.set_threshold(50_000)  # a page makes some million objects that live to its end: looking often costs an eighth
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _wait(child: int, seconds: float) -> int | None:
    """Return the child's exit code, negative for a signal, None when its time was up; its whole group is ended."""
    end = time.monotonic() + seconds
    pause = 0.001
    late = False
    try:
        while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if late := time.monotonic() > end:
                break
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
    finally:
        with suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return None if late else os.waitstatus_to_exitcode(status)


def _run(cells: Mapping[int, str], file: IO[bytes]) -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from kinerja_analysis.show.charts import drawn

    InteractiveShell.clear_instance()
    before = drawn()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    for index, source in cells.items():
        outputs, failure = _run_cell(shell, source)
        file.write(json.dumps([index, outputs, failure]).encode() + b"\n")
        file.flush()
        if failure:
            return
    new = {name: b64encode(picture).decode() for name, picture in drawn().items() if name not in before}
    file.write(json.dumps(new).encode() + b"\n")  # the next notebook of this worker shows most of them again
    file.flush()


def _run_cell(shell: Any, source: str) -> tuple[list[Any], str]:
    from IPython.utils.capture import capture_output
    from nbformat.v4 import new_output

    with capture_output() as captured:
        result = shell.run_cell(source, store_history=False)
    outputs = [new_output("display_data", data=o.data, metadata=o.metadata or {}) for o in captured.outputs]
    for name in ("stdout", "stderr"):
        text = getattr(captured, name)
        if text:
            outputs.insert(0, new_output("stream", name=name, text=text))
    error = result.error_before_exec or result.error_in_exec
    failure = type(error).__name__ if error is not None else ""
    if failure:
        outputs.append(new_output("error", ename=failure, evalue="", traceback=[failure]))
    return outputs, failure
