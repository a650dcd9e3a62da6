"""Faults for real: the command runs in its own process and is killed, starved, locked out and lied to; then it goes on.

Nothing is patched. A tree of reports must come out byte for byte as that of an undisturbed run (the log left out), and
at no moment may half a report lie at a final path. ``make faults`` writes ``faults.csv``:

    python tests/faults/harness.py --kills 80 --seed 1
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
REGIONS = ("13.71.09", "15.04", "76.02")
STAGES = ("started", "read", "plan", "cell", "detect", "release", "report public", "report internal", "run")
LONG = 600.0  #: seconds after which a command is taken to hang, on a busy machine too


@dataclass
class World:
    """The input, and the reports of an undisturbed run."""

    folder: Path
    files: Path
    whole: Path
    digest: str = ""
    seconds: float = 0.0

    def fresh(self, name: str) -> Path:
        """Return the path of a tree that is not there yet."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        return place


@dataclass
class Command:
    """The running command."""

    process: subprocess.Popen[str]
    out: Path
    begun: float = field(default_factory=time.monotonic)
    before: frozenset[str] = frozenset()

    def wait(self) -> tuple[int, str]:
        """Return the exit code and what was said."""
        said, _ = self.process.communicate(timeout=LONG)
        return self.process.returncode, said

    def kill(self, number: int = signal.SIGKILL) -> tuple[int, str]:
        """Send a signal to the command alone, as a system does; return the exit code and what was said."""
        self.process.send_signal(number)
        return self.wait()

    def lines(self) -> list[dict[str, object]]:
        """Return the lines of the log of this run so far."""
        logs = sorted(f for f in (self.out / "internal" / "log").glob("*.jsonl") if f.name not in self.before)
        text = "".join(f.read_text(encoding="utf-8") for f in logs)
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def until(self, ready: Callable[[], object]) -> bool:
        """Wait until something is so; False when the command ended first."""
        while time.monotonic() - self.begun < LONG:
            if ready():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        raise TimeoutError

    def workers(self) -> list[psutil.Process]:
        """Return the processes that audit: those that have the run's own as parent and use a lot of memory."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [c for c in children if "resource_tracker" not in " ".join(c.cmdline())]
        except psutil.Error:
            return []


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the commands."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KINERJA_", "PYTEST_"))}
    return kept | {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | more


def start(world: World, out: Path, *more: str, prepare: Callable[[], None] | None = None, **env: str) -> Command:
    """Start ``kinerja audit`` on the world's files."""
    before = frozenset(f.name for f in (out / "internal" / "log").glob("*.jsonl"))
    arguments = [sys.executable, "-m", "kinerja_analysis", "audit", str(world.files), "--out", str(out), *more]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", cwd=world.folder,
        env=environment(**env), preexec_fn=prepare,
    )  # fmt: skip
    return Command(process, out, before=before)


def other(world: World, *arguments: str) -> tuple[int, str]:
    """Run another command of ours to its end; return exit code and what was said."""
    done = subprocess.run(
        [sys.executable, "-m", "kinerja_analysis", *arguments], capture_output=True, text=True, encoding="utf-8",
        cwd=world.folder, env=environment(), timeout=LONG,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def make_world(folder: Path, regions: tuple[str, ...] = REGIONS, *, size: int = 60) -> World:
    """Write a year of small regions in its real layouts and run it undisturbed."""
    from kinerja_analysis.simulate import simulate

    files = folder / "masuk"
    simulate(list(regions), [2025], seed=1, size=size).write(files)
    settings = files / "kinerja.toml"
    text = 'languages = ["id"]\ndetectors = ["distribution", "halo"]\n' + settings.read_text(encoding="utf-8")
    settings.write_text(text, encoding="utf-8")
    world = World(folder, files, folder / "utuh")
    command = start(world, world.whole)
    code, said = command.wait()
    assert code == 0, said
    world.seconds, world.digest = time.monotonic() - command.begun, digest(world.whole)
    return world


def digest(out: Path) -> str:
    """Return a digest of all names and bytes below a folder, the logs left out."""
    whole = hashlib.sha256()
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_file() and not name.startswith("internal/log/"):
            whole.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def halves(out: Path) -> list[str]:
    """Return what is not whole at a final path: reports by their own sums, pages by their end."""
    wrong = []
    for root in (out, out / "internal"):
        for report in root.glob("[12]*/[0-9]*-*/"):
            metrics = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
            found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in report.iterdir() if p.is_file()}
            found.pop("metrics.json")
            manifest = json.loads((report / "audit" / "manifest.json").read_text(encoding="utf-8"))
            parts = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (report / "audit").glob("*.parquet")}
            if found != metrics["sums"] or parts != manifest["files"]:
                wrong.append(report.relative_to(out).as_posix())
        pages = [p for name in ("", "[12]*/", "[12]*/ringkasan/", "validasi/*/") for p in root.glob(f"{name}*.html")]
        wrong += [p.relative_to(out).as_posix() for p in pages if not p.read_text("utf-8").rstrip().endswith("</html>")]
    return wrong


def leftovers(out: Path) -> list[str]:
    """Return what a run that ended cleanly may not leave: staging, old reports, temporary files, the lock."""
    return [p.relative_to(out).as_posix() for p in out.rglob(".*")]


def finished(world: World, out: Path, *more: str) -> None:
    """Let the command go on to its end; the tree must be that of the undisturbed run."""
    code, said = start(world, out, *more).wait()
    assert code == 0 and "Traceback" not in said, said
    assert not halves(out) and not leftovers(out), (halves(out), leftovers(out))
    assert digest(out) == world.digest, different(world.whole, out)


def different(a: Path, b: Path) -> list[str]:
    """Return the names of files that differ between two trees."""
    names = {p.relative_to(r).as_posix() for r in (a, b) for p in r.rglob("*") if p.is_file()}
    found = [{n: (r / n).read_bytes() for n in names if (r / n).is_file()} for r in (a, b)]
    return [n for n in sorted(names) if not n.startswith("internal/log/") and found[0].get(n) != found[1].get(n)]


# --- kills ------------------------------------------------------------------------------------------------------------


def chain(world: World, rng: random.Random, kills: int) -> int:
    """Kill one tree's run at random moments until so many kills met a running command, then let it finish.

    What is done is resumed, so a run can be over before its kill: the next one then does everything again.
    """
    out, hit, again = world.fresh("acak"), 0, False
    while hit < kills:
        command = start(world, out, *["--no-resume"] * again)
        time.sleep(rng.uniform(0.2, world.seconds))
        again = command.process.poll() is not None
        hit += not again
        command.kill()
        assert not halves(out), halves(out)
    finished(world, out)
    return hit


def boundary(world: World, stage: str, nth: int = 1) -> int:
    """Kill the run the moment its log tells the end of a stage for the nth time, then let it finish."""
    out = world.fresh("batas")
    command = start(world, out)

    def told() -> bool:
        lines = command.lines()
        names = [s for line in lines for s in ((line["status"],) if line["stage"] == "run" else (line["stage"],))]
        return ["run" if n == "done" else n for n in names].count(stage) >= nth

    hit = command.until(told)
    command.kill()
    assert not halves(out), halves(out)
    finished(world, out)
    return int(hit)


def publishing(world: World, sign: str) -> int:
    """Kill a run that replaces whole reports the moment staging (or the old report set aside) is seen."""
    out = world.fresh("ganti")
    shutil.copytree(world.whole, out)
    command = start(world, out, "--no-resume")
    hit = command.until(lambda: any(out.glob(f"*/{sign}*")) or any(out.glob(f"internal/*/{sign}*")))
    command.kill()
    assert not halves(out), halves(out)
    finished(world, out)
    return int(hit)


def stopped(world: World, number: int, code: int, early: float = 0.0) -> int:
    """Stop a run with SIGINT or SIGTERM: its exit code, nothing half done, no worker left; then go on.

    ``early``: seconds after which another run is killed first.
    """
    out = world.fresh("henti")
    if early:
        command = start(world, out)
        time.sleep(early)
        command.kill()
        assert not halves(out), halves(out)
    command = start(world, out)
    command.until(lambda: any(line["stage"] == "detect" for line in command.lines()))
    workers = command.workers()
    told, said = command.kill(number)
    assert told == code and "Traceback" not in said, (told, said)
    assert not leftovers(out) and not halves(out), leftovers(out)
    assert workers and not psutil.wait_procs(workers, timeout=10)[1]
    finished(world, out)
    return 1


def week(world: World, rng: random.Random) -> int:
    """Seven days: files come in late, entries are corrected; each day's run is killed or stopped 1 to 4 times.

    Beside it the same days undisturbed: at the end of every day both trees are the same. Returns how many kills hit.
    """
    files, hit = world.fresh("masuk_pekan"), 0
    shutil.copytree(world.files, files)
    names = ("penilaian_skp*_tw[234].*", "penilaian_360*", "capaian*")
    late, aside = [p for name in names for p in sorted(files.glob(f"*/{name}"))], world.fresh("nanti")
    for k, path in enumerate(late):
        (aside / str(k)).mkdir(parents=True)
        shutil.move(path, aside / str(k) / path.name)
    calm, out = World(world.folder, files, world.fresh("pekan_utuh")), world.fresh("pekan")
    people = sorted(files.glob("*/pegawai_2025.csv"))
    assert len(late) >= 7 and len(people) == len(REGIONS), (late, people)
    for day in range(7):
        for k in range(day, len(late), 7):
            shutil.move(aside / str(k) / late[k].name, late[k])
        table = people[day % len(people)]
        text = table.read_text(encoding="utf-8")
        assert ";51-60;" in text, text
        table.write_text(text.replace(";51-60;", ";41-50;", 1), encoding="utf-8")
        begun = time.monotonic()
        code, said = start(calm, calm.whole).wait()
        assert code == 0, said
        calm.seconds, calm.digest = time.monotonic() - begun, digest(calm.whole)
        for _ in range(rng.randint(1, 4)):
            command = start(calm, out)
            time.sleep(rng.uniform(0.2, calm.seconds))
            hit += command.process.poll() is None
            command.kill(rng.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT)))
            assert not halves(out), halves(out)
        finished(calm, out)
    return hit


# --- workers ----------------------------------------------------------------------------------------------------------


def worker_killed(world: World, times: int) -> int:
    """Kill a worker; once: the cell is done again. Every time it comes back: the cell has failed, the rest is done."""
    out = world.fresh("pekerja")
    command = start(world, out, "--jobs", "1")
    mine = {"stage": "cell", "region": REGIONS[0], "status": "started"}
    for k in range(times):
        assert command.until(lambda k=k: sum(mine.items() <= line.items() for line in command.lines()) > k)
        for worker in command.workers():
            worker.kill()
    code, said = command.wait()
    assert "Traceback" not in said
    if times == 1:
        assert code == 0 and digest(out) == world.digest, (said, different(world.whole, out))
        return 1
    assert code == 5 and REGIONS[0] in said, said
    assert not halves(out)
    finished(world, out)
    return 1


def worker_hung(world: World) -> int:
    """Stop a worker for good: it is ended after the time asked for, and its cell is done by another one."""
    out = world.fresh("diam")
    command = start(world, out, "--jobs", "1", "--patience", "0.5")
    assert command.until(lambda: any(line["stage"] == "cell" for line in command.lines()))
    for worker in command.workers():
        worker.suspend()
    code, said = command.wait()
    assert code == 0 and digest(out) == world.digest, (said, different(world.whole, out))
    return 1


# --- disk and permissions ---------------------------------------------------------------------------------------------


@contextmanager
def small_disk(world: World, megabytes: int) -> Iterator[Path]:
    """A disk of its own that can be filled (root only)."""
    place = world.folder / "cakram"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def can_mount(folder: Path) -> bool:
    """Tell whether a disk can be mounted here."""
    try:
        with small_disk(World(folder, folder, folder), 1):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def disk_full(world: World) -> int:
    """Fill the disk while the run works: a sentence, nothing half done; with room again it goes on."""
    with small_disk(world, 400) as place:
        out = place / "laporan"
        command = start(world, out)
        assert command.until(lambda: any(line["stage"] == "cell" for line in command.lines()))
        filler = place / "penuh"
        try:
            with filler.open("wb") as junk:
                while True:
                    junk.write(b"\0" * 65536)
        except OSError:
            pass
        code, said = command.wait()
        assert code in (2, 5) and "penuh" in said and "Traceback" not in said, (code, said)
        assert not halves(out), halves(out)
        filler.unlink()
        finished(world, out)
    return 1


def disk_small(world: World) -> int:
    """A disk that is too small from the start: refused with what is needed and what is free, nothing written."""
    with small_disk(world, 8) as place:
        code, said = start(world, place / "laporan").wait()
        assert code == 2 and "MB" in said and not (place / "laporan").exists(), said
    return 1


def size_limit(world: World) -> int:
    """No file may grow beyond 20 kB: every report fails with a sentence; without the limit they are made."""
    out = world.fresh("batas_ukuran")
    limit = 20_000
    code, said = start(world, out, prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))).wait()
    assert code in (2, 5) and "Traceback" not in said, (code, said)
    assert not halves(out)
    finished(world, out)
    return 1


def without_override() -> None:
    """Give up root's right to write in spite of a mode (capabilities 1 to 3: override, search, owner)."""
    system = ctypes.CDLL(None)
    for capability in (1, 2, 3):
        system.prctl(24, capability, 0, 0, 0)


def forbidden(world: World, place: str) -> int:
    """A folder that may not be written to: a sentence; then permitted, it goes on. Root first gives up its override."""
    out = world.fresh("izin")
    for folder in (out, out / "2025", out / "internal"):
        folder.mkdir()
    target = out / place
    target.chmod(0o555)
    code, said = start(world, out, prepare=without_override if os.getuid() == 0 else None).wait()
    assert code in (2, 5) and "izin" in said and "Traceback" not in said, (code, said)
    target.chmod(0o755)
    finished(world, out)
    return 1


# --- stored audits ----------------------------------------------------------------------------------------------------


def flipped(path: Path) -> None:
    """Turn one bit in the middle of a file round."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def truncated(path: Path) -> None:
    """Cut a file in half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def swapped(path: Path) -> None:
    """Put the file of another region in its place."""
    another = next(p for p in sorted(path.parents[2].glob(f"*/audit/{path.name}")) if p != path)
    path.write_bytes(another.read_bytes())


def resummed(path: Path) -> None:
    """Change a manifest and, as anybody can for a public one, make its sum anew."""
    body = json.loads(path.read_text(encoding="utf-8"))
    body.pop("seal")
    body["provenance"]["data"] = "0" * 16
    text = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    body["seal"] = "sha256:" + hashlib.sha256(text).hexdigest()
    path.write_text(json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")


HARM: dict[str, tuple[Callable[[Path], None], str, bool]] = {  # what, where, whether opening must refuse it
    "bit flipped in a table": (flipped, "audit/result_distribution.parquet", True),
    "table truncated": (truncated, "audit/result_distribution.parquet", True),
    "manifest truncated": (truncated, "audit/manifest.json", True),
    "manifest of another region": (swapped, "audit/manifest.json", True),
    "manifest emptied": (emptied, "audit/manifest.json", True),
    "table of another region": (swapped, "audit/design.parquet", True),
    "manifest changed and summed anew": (resummed, "audit/manifest.json", False),
    "page truncated": (truncated, "*.html", False),
    "metrics changed": (flipped, "metrics.json", False),
}


def corrupted(world: World, harm: str, level: str) -> int:
    """Harm a stored report set: opening is refused with a sentence, the next run makes it again as it was."""
    how, where, refused = HARM[harm]
    out = world.fresh("rusak")
    shutil.copytree(world.whole, out)
    root = out if level == "public" else out / "internal"
    how(sorted(root.glob(f"2025/15.04-*/{where}"))[0])
    if refused or (level == "internal" and where.startswith("audit/")):
        code, said = other(world, "compare", "--out", str(out), "--level", level, "--dry-run")
        assert code == 2 and "Traceback" not in said and ("utuh" in said or "Tidak ada audit" in said), (code, said)
    finished(world, out)
    return 1


def ledger_lost(world: World) -> int:
    """Public audit and the record of it both harmed: the region is refused, the others are done."""
    out = world.fresh("catatan")
    shutil.copytree(world.whole, out)
    truncated(next(out.glob("2025/15.04-*/audit/manifest.json")))
    flipped(out / "internal/2025/published/15.04.json")
    code, said = start(world, out).wait()
    assert code == 5 and "15.04" in said and "Traceback" not in said, (code, said)
    return 1


def two_at_once(world: World) -> int:
    """Two runs in one folder: one of them is refused with the command that helps, the other one is undisturbed."""
    out = world.fresh("berdua")
    both = [start(world, out), start(world, out)]
    ends = [command.wait() for command in both]
    assert sorted(code for code, _ in ends) == [0, 2], ends
    assert any("kinerja status" in said for code, said in ends if code == 2)
    assert digest(out) == world.digest, different(world.whole, out)
    return 1


def stale_lock(world: World) -> int:
    """A killed run's lock is recognised, said and taken off."""
    out = world.fresh("kunci")
    command = start(world, out)
    command.until(lambda: any(line["stage"] == "cell" for line in command.lines()))
    command.kill()
    assert (out / ".kinerja.lock").exists()
    code, said = start(world, out).wait()
    assert code == 0 and "sudah mati" in said, said
    assert digest(out) == world.digest, different(world.whole, out)
    return 1


def families(rng: random.Random, kills: int, mount: bool) -> Iterator[tuple[str, str, Callable[[World], int]]]:
    """Yield family, fault and what does it."""
    left = kills
    while left > 0:
        n = min(8, left)
        yield "random kills", f"chain of {n}", lambda w, n=n: chain(w, rng, n)
        left -= n
    yield "a week of daily runs", "seven days", lambda w: week(w, rng)
    for stage in STAGES:
        for nth in (1, 2) if stage not in ("started", "read", "plan", "run") else (1,):
            yield "stage boundaries", f"{stage} {nth}", lambda w, s=stage, n=nth: boundary(w, s, n)
    for sign in (".stage-", ".old-"):
        yield "publication", f"kill at {sign}", lambda w, s=sign: publishing(w, s)
    yield "signals", "SIGINT", lambda w: stopped(w, signal.SIGINT, 130)
    yield "signals", "SIGTERM", lambda w: stopped(w, signal.SIGTERM, 143)
    yield "workers", "killed once", lambda w: worker_killed(w, 1)
    yield "workers", "killed whenever it comes back", lambda w: worker_killed(w, 2)
    yield "workers", "hung", worker_hung
    if mount:
        yield "disk", "filled while working", disk_full
        yield "disk", "too small", disk_small
    yield "disk", "limit of file size", size_limit
    for place in (".", "2025", "internal"):
        yield "permissions", f"no right to write: {place}", lambda w, p=place: forbidden(w, p)
    for harm in HARM:
        for level in ("public", "internal"):
            yield "stored audits", f"{harm} ({level})", lambda w, h=harm, v=level: corrupted(w, h, v)
    yield "stored audits", "audit and record both", ledger_lost
    yield "two at once", "second run refused", two_at_once
    yield "two at once", "stale lock", stale_lock


def write(place: Path, counts: dict[str, list[int]], command: str) -> None:
    """Put the counts of the families that were done into the table, in place of their earlier ones."""
    head, old = ["family", "cases", "faults", "broken", "command"], dict[str, list[object]]()
    if place.exists():
        rows = csv.DictReader(place.read_text(encoding="utf-8").splitlines())
        old = {r["family"]: [r[k] for k in head[1:]] for r in rows}
    told = old | {family: [*row, command] for family, row in counts.items()}
    with place.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(head)
        out.writerows([family, *row] for family, row in sorted(told.items()))


def main() -> int:
    """Do all faults, print and write the counts; return 1 when one of them broke something."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", action="append", default=[], help="only this family (may be given several times)")
    parser.add_argument("--csv", type=Path, default=Path(__file__).with_name("faults.csv"))
    given = parser.parse_args()
    counts: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        world = make_world(Path(folder))
        print(f"undisturbed: {world.seconds:.0f} s, {sum(1 for _ in world.whole.rglob('*.*'))} files", flush=True)
        for family, fault, do in families(random.Random(given.seed), given.kills, can_mount(Path(folder))):
            if given.family and family not in given.family:
                continue
            row = counts.setdefault(family, [0, 0, 0])
            row[0] += 1
            try:
                row[1] += do(world)
            except (AssertionError, OSError, subprocess.SubprocessError, TimeoutError) as error:
                row[2] += 1
                print(f"BROKEN {family}: {fault}: {type(error).__name__} {str(error)[:2000]}", flush=True)
            else:
                print(f"{family}: {fault}: ok", flush=True)
            write(given.csv, counts, f"python tests/faults/harness.py --kills {given.kills} --seed {given.seed}")
    print(f"{'family':20} {'cases':>6} {'faults':>7} {'broken':>7}")
    for family, row in counts.items():
        print(f"{family:20} {row[0]:6d} {row[1]:7d} {row[2]:7d}")
    return int(any(row[2] for row in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
