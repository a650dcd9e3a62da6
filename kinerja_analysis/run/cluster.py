"""A run on a Dask cluster: workers elsewhere do the cells, told by paths; reports and key are on a shared disk."""

from __future__ import annotations

import contextlib
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError

PATIENCE = "15s"  #: in which a scheduler must answer


def state(config: AuditConfig, seen: str) -> tuple[str, str, bool]:
    """Return what must be the same on every worker: version, id of the key, whether it sees a file of the run."""
    from kinerja_analysis import __version__
    from kinerja_analysis.base.keys import key_bytes, key_id

    return __version__, key_id(key_bytes(config)), Path(seen).exists()


def died(error: BaseException | None) -> bool:
    """Tell whether a task has no result because what worked on it died (on a cluster: several times)."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ in ("KilledWorker", "FutureCancelledError")


class Cluster:
    """An executor whose processes are the workers of a Dask scheduler.

    Raises ``UsageError`` when nobody answers at ``address``, there is no worker, one of them has another version or
    key, does not see the run's folder (``seen`` is a file in it), or does several tasks at once in one process.
    """

    def __init__(self, address: str, config: AuditConfig, seen: Path) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UsageError("run.scheduler_missing") from None
        try:
            self.client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, ImportError):
            raise UsageError("run.scheduler_silent", address=address[:80]) from None
        try:
            self._check(config, seen)
        except BaseException:
            self.shutdown()
            raise
        self._executor = self.client.get_executor(pure=False)

    def _check(self, config: AuditConfig, seen: Path) -> None:
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        self.width = len(workers)
        if not workers:
            raise UsageError("run.scheduler_empty")
        if any(w["nthreads"] > 1 for w in workers.values()):
            raise UsageError("run.scheduler_threads")
        here = state(config, str(seen))
        try:
            told = self.client.run(state, config, str(seen))
        except Exception:  # it cannot even load the function: another version, or none
            raise UsageError("run.scheduler_version") from None
        for k, key in enumerate(("version", "key", "folder")):
            if any(there[k] != here[k] for there in told.values()):
                raise UsageError(f"run.scheduler_{key}")

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        """Give a task to the next free worker; a task whose worker dies goes to another one."""
        future: Future[Any] = self._executor.submit(function, *arguments)
        return future

    def shutdown(self, **_: Any) -> None:
        """Leave the cluster; what is still in work there is given up."""
        with contextlib.suppress(Exception):
            self.client.close(timeout=5)
