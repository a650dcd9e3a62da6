"""A run on a Dask cluster of real processes: a worker is killed while it holds a cell; nothing is lost."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from kinerja_analysis import AuditConfig, run
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.simulate.national import codes, write_nation

pytest.importorskip("distributed")
CODES = codes(4)
CONFIG = AuditConfig(detectors=("distribution", "halo"), languages=("id",), years=(2025,))


def started(folder: Path, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    own |= {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"} | env
    with (folder / "log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "dask", *arguments], stdout=log, stderr=log, cwd=folder, env=own)


def ended(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        for one in [process, *children]:
            one.kill()
        process.wait()


@contextmanager
def cluster(folder: Path, workers: int, *more: str, **env: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and its workers, each a process of its own."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    told = more or ("--nthreads", "1")
    all_of_them = [started(folder, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")]
    try:
        for k in range(workers):
            place = ("--local-directory", str(folder / f"w{k}"))
            all_of_them.append(
                started(folder, "worker", address, "--no-nanny", "--no-dashboard", *told, *place, **env))
        with Client(address, timeout=60, set_as_default=False) as client:
            if workers:
                client.wait_for_workers(workers, timeout=60)
        yield address, all_of_them[1:]
    finally:
        ended(all_of_them)


def tree(out: Path) -> dict[str, bytes]:
    paths = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file()}
    return {name: p.read_bytes() for name, p in paths.items() if not name.startswith("internal/log/")}


def logged(out: Path) -> str:
    return "".join(p.read_text() for p in out.glob("internal/log/*"))


@pytest.mark.slow
def test_a_worker_killed_with_a_cell_in_its_hands_loses_nothing(tmp_path: Path) -> None:
    store, out = tmp_path / "simpanan", tmp_path / "jauh"
    list(write_nation(store, CODES, CONFIG, employees=1200, years=[2024, 2025], jobs=1))
    with cluster(tmp_path, 3) as (address, workers):
        command = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(store), str(out), address], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
        )  # fmt: skip
        until = time.monotonic() + 120
        while logged(out).count('"cell"') < len(workers) and time.monotonic() < until:
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)  # four cells for three workers: each has begun one
        said, _ = command.communicate(timeout=300)
    assert command.returncode == 0, said
    assert logged(out).count('"cell"') > len(CODES)  # the killed one's cell was begun twice
    here = tmp_path / "sini"
    assert run(store, out=here, level=["internal"], jobs=1, config=CONFIG).exit_code == 0
    assert tree(out).keys() == tree(here).keys()
    assert [n for n, data in tree(out).items() if tree(here)[n] != data] == []


SCRIPT = """
import sys
from kinerja_analysis import AuditConfig, run
store, out, address = sys.argv[1:]
config = AuditConfig(detectors=("distribution", "halo"), languages=("id",), years=(2025,))
sys.exit(run(store, out=out, level=["internal"], config=config, scheduler=address).exit_code)
"""


def refused(tmp_path: Path, address: str, config: AuditConfig = CONFIG) -> str:
    with pytest.raises(UsageError) as error:
        run(tmp_path / "simpanan", out=tmp_path / "lap", level=["internal"], config=config, scheduler=address)
    assert not list((tmp_path / "lap").rglob("*.html")) and not (tmp_path / "lap" / ".kinerja.lock").exists()
    return error.value.key


@pytest.mark.slow
def test_a_cluster_that_cannot_do_the_work_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(write_nation(tmp_path / "simpanan", CODES[:1], CONFIG, employees=200, years=[2025], jobs=1))
    monkeypatch.setattr(importlib.import_module("kinerja_analysis.run.cluster"), "PATIENCE", "2s")
    assert refused(tmp_path, "tcp://127.0.0.1:9") == "run.scheduler_silent"
    assert refused(tmp_path, "no address") == "run.scheduler_silent"
    with cluster(tmp_path, 0) as (address, _):
        assert refused(tmp_path, address) == "run.scheduler_empty"
    with cluster(tmp_path, 1, "--nthreads", "2") as (address, _):
        assert refused(tmp_path, address) == "run.scheduler_threads"
    key = tmp_path / "kunci"
    key.write_text("ab" * 32, encoding="utf-8")
    key.chmod(0o600)
    with cluster(tmp_path, 1, KINERJA_KEY_FILE=str(key)) as (address, _):
        assert refused(tmp_path, address) == "run.scheduler_key"
