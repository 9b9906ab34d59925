"""The lock that keeps two runs out of one folder, also on a disk that several machines share."""

import contextlib
import errno
import fcntl
import json
import logging
import os
import tempfile
import threading
import uuid

from mmssl.files import naming_full_disk

BEAT_SECONDS = 10.0  # between two signs of life
STALE_SECONDS = 60.0  # without one, after which a run of another machine counts as gone
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # of file systems that have none
logger = logging.getLogger(__name__)


class Lock:
    """A file that says which process uses a run folder, and shows by its time that it lives.

    The kernel releases the lock of a process of this machine when that ends. Of another machine,
    whose locks a shared disk need not pass on, only the time of the file tells: its owner renews it
    every BEAT_SECONDS. Times are compared as the disk gives them, so clocks may differ.

    Args:
        path: pathlib.Path of the file.
    """

    def __init__(self, path):
        self.path = path
        self._own = {"host": os.uname().nodename, "pid": os.getpid(), "token": uuid.uuid4().hex}

    @contextlib.contextmanager
    def held(self):
        """Holds the lock until the block ends.

        Raises:
            ValueError: another process holds it; the message names it.
        """
        with open(self.path, "ab", buffering=0) as file:
            self._take(file)
            ended = threading.Event()
            beats = threading.Thread(target=_beat, args=(file.fileno(), ended), daemon=True)
            beats.start()
            try:
                yield
            finally:
                ended.set()
                beats.join()
                if self._read() == self._own:
                    file.truncate(0)

    def check(self):
        """Checks that nobody has taken the folder over, as one may from a process that was paused.

        Raises:
            ValueError: somebody has.
        """
        owner = self._read()
        if owner is not None and owner != self._own:
            raise ValueError(
                f"{self.path.parent} was taken over by {_words(owner)}, since this process gave no "
                "sign of life for a while: it ends, and leaves the folder to that one."
            )

    def _take(self, file):
        try:
            flocked = _flock(file)
        except BlockingIOError:
            raise ValueError(self._refusal(self._read())) from None
        owner = self._read()
        # What ended on this machine, however it did, has let its lock go.
        if owner is not None and not (flocked and owner["host"] == self._own["host"]):
            self._take_over(owner)
        file.truncate(0)
        with naming_full_disk(self.path):
            file.write(json.dumps(self._own).encode())

    def _take_over(self, owner):
        age = self._age()
        if age < STALE_SECONDS:
            sign = f", whose last sign of life is {age:.0f} s old"
            raise ValueError(self._refusal(owner, sign))
        logger.warning(
            "%s was used by %s, without a sign of life for %.0f s: this run takes it over.",
            self.path.parent,
            _words(owner),
            age,
        )

    def _refusal(self, owner, sign=""):
        who = "" if owner is None else f" ({_words(owner)}{sign})"
        gone = f", or {STALE_SECONDS:.0f} s where that machine is gone" if sign else ""
        return (
            f"Another run is using {self.path.parent}{who}; wait for it{gone}, or choose another "
            "folder."
        )

    def _read(self):
        """Returns who holds the lock, or None."""
        try:
            owner = json.loads(self.path.read_text(encoding="utf-8"))
            return {"host": str(owner["host"]), "pid": int(owner["pid"]), "token": owner["token"]}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _age(self):
        """Seconds since the last sign of life, by the clock of the disk."""
        with tempfile.TemporaryFile(dir=self.path.parent) as now:
            return os.fstat(now.fileno()).st_mtime - self.path.stat().st_mtime


def _flock(file):
    """Locks a file against other processes of this machine; False on a disk without such locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
        return False
    return True


def _beat(handle, ended):
    while not ended.wait(BEAT_SECONDS):
        with contextlib.suppress(OSError):  # a disk that is away for a moment
            os.utime(handle)


def _words(owner):
    return f"process {owner['pid']} on {owner['host']}"
