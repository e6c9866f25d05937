"""Replace a folder as a whole: readers see the old one or the new one, also after a kill, a crash or a full disk.

The new content grows in ``.NAME.kg/next`` beside the folder, is synced to disk and then exchanged with it in one step. The lock
is a ``flock``, which the system lets go when its process dies, so nothing is left to clean up by hand.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from kg.errors import InputError, KgError

MARK = "report.json"
"""A folder that is not empty is replaced only if it holds this file, which every build writes."""

_RENAME_EXCHANGE = 2  # linux/fs.h, for renameat2(2)
_AT_FDCWD = -100


@contextlib.contextmanager
def replaced(folder: Path, *, ours: Collection[str], mark: str = MARK) -> Iterator[Path]:
    """Yield an empty folder to write into, which takes the place of ``folder`` when the block ends without an error.

    ``ours`` are the names that are written at the top of the folder; whatever else lies there (``.gitkeep``, a user's notes) is
    carried over. A folder that is not empty must hold the file ``mark``. Files beside the yielded folder, in its parent, stay for
    the next try when this one fails or is killed, and go when it ends well.

    Raises:
        InputError: ``folder`` cannot be written, is no folder, or is not empty and no build made it.
        KgError: Another build is writing it, or the disk is full.
    """
    target = Path(os.path.realpath(folder))
    work = target.parent / f".{target.name}.kg"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(work, target, folder):
            _recover(work, target)
            _check(target, folder, mark)
            new = work / "next"
            new.mkdir()
            yield new
            _carry_over(target, new, ours)
            _sync(new)
            _exchange(new, target, old=work / "last")
            _sync_folder(target.parent)
            _clear(work)
    except OSError as error:
        raise _explained(error, folder) from error


def link(source: Path, target: Path) -> None:
    """Let ``target`` be the file ``source``, which nobody changes any more; a copy where the file system has no links.

    Raises:
        OSError: ``target`` cannot be written.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextlib.contextmanager
def _locked(work: Path, target: Path, folder: Path) -> Iterator[None]:
    handle = _acquire(work, folder)
    try:
        yield
    finally:
        shutil.rmtree(work / "next", ignore_errors=True)  # half a new folder or, after the exchange, the old one
        if target.exists():
            shutil.rmtree(work / "last", ignore_errors=True)
        # The lock file goes last and while it is held; who waits on the removed file notices in _acquire.
        with contextlib.suppress(OSError):
            (work / "lock").unlink()
            work.rmdir()
        os.close(handle)


def _clear(work: Path) -> None:
    """Remove what was kept for another try."""
    for name in os.listdir(work):
        if (work / name).is_file() and name != "lock":
            (work / name).unlink()


def _acquire(work: Path, folder: Path) -> int:
    while True:
        work.mkdir(exist_ok=True)
        try:
            handle = os.open(work / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # another build has just ended and removed the folder
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise KgError(f"{folder}: another build is writing into this folder; wait for it or choose another -o") from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(work / "lock")):
                return handle
        os.close(handle)


def _recover(work: Path, target: Path) -> None:
    """Undo what a killed build left: half a new folder, or (without an atomic exchange) the last good one set aside."""
    shutil.rmtree(work / "next", ignore_errors=True)
    if (work / "last").exists():
        if target.exists():
            shutil.rmtree(work / "last")
        else:
            os.rename(work / "last", target)


def _check(target: Path, folder: Path, mark: str) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"{folder}: is a file; the output must be a folder")
    foreign = sorted(name for name in os.listdir(target) if not name.startswith("."))
    if foreign and mark not in foreign:
        raise InputError(
            f"{folder}: holds {', '.join(foreign[:3])}{' …' if len(foreign) > 3 else ''} but no {mark}, so no build made it; "
            "choose an empty or a new folder"
        )
    if os.path.ismount(target):
        raise InputError(f"{folder}: is a mount point, which cannot be replaced as a whole; choose a folder inside it")


def _carry_over(target: Path, new: Path, ours: Collection[str]) -> None:
    if not target.exists():
        return
    for name in sorted(os.listdir(target)):
        if name in ours or (new / name).exists():
            continue
        if (target / name).is_dir() and not (target / name).is_symlink():
            shutil.copytree(target / name, new / name, symlinks=True)
        else:
            shutil.copy2(target / name, new / name, follow_symlinks=False)


def _sync(folder: Path) -> None:
    for path, _, names in os.walk(folder):
        for name in names:
            if not os.path.islink(os.path.join(path, name)):
                handle = os.open(os.path.join(path, name), os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        _sync_folder(Path(path))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot sync folders
            raise
    finally:
        os.close(handle)


def _exchange(new: Path, target: Path, *, old: Path) -> None:
    if not target.exists():
        os.rename(new, target)
    elif not _exchange_at_once(new, target):
        # Two steps: a kill between them is undone by the next build, in _recover.
        os.rename(target, old)
        os.rename(new, target)


def _exchange_at_once(new: Path, target: Path) -> bool:
    """Exchange two folders in one step, where the system can (Linux: renameat2); say whether it did."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(target), _RENAME_EXCHANGE)
    return bool(done == 0)


def _explained(error: OSError, folder: Path) -> KgError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return KgError(f"{error.filename or folder}: {reason}; what was there before is untouched")
    return InputError(f"{folder}: cannot be written: {error.filename or folder}: {reason}")
