"""What the host programs share: the report, running commands, files that are never half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

if sys.platform != "win32":
    import fcntl
    import grp
    import pwd

LOCK = "/run/lock/memory-mcp.lock"
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"  # macOS has no C.UTF-8
USER_LOCK = "~/.cache/memory-mcp/lock"


class Rights(NamedTuple):
    """Who may do what with a file. Without root everything belongs to whoever runs this.

    Windows has no modes: there the folder's access list, which its files inherit, was set before.
    """

    mode: int
    owner: str = "root"
    group: str = "root"


class Trouble(Exception):
    """Something that the operator has to know: what was seen, why, the line that mends it."""

    def __init__(self, seen: str, why: str = "", fix: str = "") -> None:
        super().__init__(seen)
        self.seen, self.why, self.fix = seen, why, fix


class Report:
    """What a program found: changes (needed or made), warnings, facts. Printed as lines, KIND<TAB>JSON."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.warnings: list[str] = []
        self.facts: dict[str, Any] = {}

    def change(self, text: str) -> None:
        """One change, in words: "role memory_user created"."""
        self.changes.append(text)

    def warn(self, text: str) -> None:
        """Something that works but should be known."""
        self.warnings.append(text)

    def lines(self) -> list[str]:
        """The report as it goes to the controller."""
        out = [f"change\t{json.dumps(text)}" for text in self.changes]
        out += [f"warning\t{json.dumps(text)}" for text in self.warnings]
        return [*out, f"facts\t{json.dumps(self.facts)}"]


def main(program: Any, request: Mapping[str, Any], apply: bool) -> int:
    """Run a program's `converge` and print its report; 0, or 1 with a `trouble` line."""
    report = Report()
    status = 0
    try:
        with alone(apply):
            program.converge(dict(request), report, apply)
    except Trouble as trouble:
        status = 1
        print("trouble\t" + json.dumps([trouble.seen, trouble.why, trouble.fix]))
    except Exception as error:
        status = 1
        told = unforeseen(error, program.__name__)
        print("trouble\t" + json.dumps([told.seen, told.why, told.fix]))
    for line in report.lines():
        print(line)
    sys.stdout.flush()
    return status


@contextmanager
def alone(apply: bool, seconds: float = 900) -> Iterator[None]:
    """One run at a time changes this host: one that lost its controller may still be at work here."""
    if not apply or sys.platform == "win32":  # there the script that runs this holds a mutex
        yield
        return
    path = LOCK if os.geteuid() == 0 else os.path.expanduser(USER_LOCK)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a") as lock:  # not inherited by what we start (PEP 446), so no server keeps it
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Trouble(
                        "another run is still changing this host",
                        f"it holds {path}",
                        f"see who: fuser -v {path}",
                    ) from None
                time.sleep(0.2)
        yield


def unforeseen(error: Exception, program: str) -> Trouble:
    """What may be told of any other error: the place it came from, not the values, which may hold a secret; an
    OSError's text names files only.
    """
    last = error.__traceback__
    while last and last.tb_next:  # the module traceback takes longer to import than this
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_name}, line {last.tb_lineno}" if last else "unknown"
    why = str(error) if isinstance(error, OSError) else ""
    return Trouble(f"{type(error).__name__} in {program} ({place})", why)


def run(
    argv: Sequence[str],
    *,
    stdin: str = "",
    user: str | None = None,
    env: Mapping[str, str | None] | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as `user` when given, whatever its exit status. None in `env` unsets."""
    if user is not None and os.geteuid() == 0 and pwd.getpwnam(user).pw_uid != 0:
        argv = ["runuser", "-u", user, "--", *argv]
    wanted = {**os.environ, "LC_ALL": LOCALE, **(env or {})}
    environment = {name: value for name, value in wanted.items() if value is not None}
    return subprocess.run(
        argv,
        input=stdin,
        env=environment,
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def must(argv: Sequence[str], seen: str, fix: str = "", **options: Any) -> str:
    """Run a command that has to work; its output, or Trouble with the end of what it said."""
    done = run(argv, **options)
    if done.returncode != 0:
        said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
        raise Trouble(seen, "; ".join(said[-3:]) or f"exit {done.returncode} without a word", fix)
    return done.stdout


def read_text(path: str | Path) -> str | None:
    """The file's text, None when there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def sync_file(report: Report, apply: bool, path: str, text: str, rights: Rights) -> None:
    """Make a file be just this: written beside, then renamed; what was there before stays as `.bak`."""
    have = read_text(path)
    if have != text:
        report.change(f"{path} {'written' if have is None else 'changed'}")
        if apply:
            replace_file(path, text, rights, keep=have is not None)
    else:
        sync_mode(report, apply, path, rights)


def replace_file(path: str, text: str, rights: Rights, keep: bool = False) -> None:
    """Write beside, flush to disk, rename. Nobody ever reads half a file, or one with wider rights."""
    import tempfile  # each program costs its imports, and most have nothing to write

    folder = os.path.dirname(path)
    handle, beside = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=folder)  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            if sys.platform != "win32":
                os.fchown(out.fileno(), uid_of(rights.owner), gid_of(rights.group))
                os.fchmod(out.fileno(), rights.mode)
            os.fsync(out.fileno())
        if keep:
            backup = f"{path}.bak"
            if os.path.lexists(backup):
                os.unlink(backup)
            os.link(path, backup)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    sync_folder(folder)


def sync_folder(folder: str) -> None:
    """Make a rename survive a power cut (rename(2) is only durable once its folder is)."""
    if sys.platform == "win32":  # NTFS keeps a journal of its names, and folders cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush(folder: str) -> None:
    """All that was written there is on the disk, before something is put beside it that says so."""
    if sys.platform == "linux":
        must(["sync", "-f", folder], f"{folder} cannot be written to the disk")
    elif sys.platform != "win32":
        os.sync()


def sync_mode(report: Report, apply: bool, path: str, rights: Rights) -> None:
    """Owner, group and mode of what exists already."""
    if sys.platform == "win32":
        return
    state = os.stat(path)
    if state.st_mode & 0o7777 != rights.mode:
        report.change(f"{path} mode {state.st_mode & 0o7777:04o} → {rights.mode:04o}")
        if apply:
            os.chmod(path, rights.mode)
    if not _owned(state, rights):
        report.change(f"{path} owner → {rights.owner}:{rights.group}")
        if apply:
            os.chown(path, uid_of(rights.owner), gid_of(rights.group))


def _owned(state: os.stat_result, rights: Rights) -> bool:
    """Does it belong to them already? A user or group that is still to be made owns nothing."""
    try:
        return (state.st_uid, state.st_gid) == (uid_of(rights.owner), gid_of(rights.group))
    except KeyError:
        return False


def sync_directory(report: Report, apply: bool, path: str, rights: Rights) -> None:
    """A folder with just these rights; its parents are made with the usual ones."""
    if os.path.isdir(path):
        sync_mode(report, apply, path, rights)
        return
    report.change(f"{path} made")
    if apply:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if sys.platform == "win32":
            os.mkdir(path)  # with 0700 it would not inherit who may read it
            return
        os.mkdir(path, 0o700)
        os.chown(path, uid_of(rights.owner), gid_of(rights.group))
        os.chmod(path, rights.mode)


def uid_of(user: str) -> int:
    """Numeric id; KeyError when there is no such user. Who is not root can own files only himself."""
    return os.geteuid() or pwd.getpwnam(user).pw_uid


def gid_of(group: str) -> int:
    """Numeric id; KeyError when there is no such group."""
    return os.getegid() if os.geteuid() != 0 else grp.getgrnam(group).gr_gid
