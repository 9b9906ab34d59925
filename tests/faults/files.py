"""Faults in how files and folders take their places."""

from tests.faults.fault import Fault

FILES = ("tests/test_files.py",)

FAULTS = (
    Fault(
        "what was complete when its process was killed is thrown away",
        "mmssl/files.py",
        "os.replace(workspace / name, workspace.parent / name)",
        "pass",
        FILES,
        "killed",
    ),
    Fault(
        "Ctrl-C between the two moves of a folder loses the old and the new one",
        "mmssl/files.py",
        "except BaseException:  # Ctrl-C, too",
        "except OSError:  # Ctrl-C, too",
        FILES,
        "interruption",
    ),
    Fault(
        "what another process is writing is swept away",
        "mmssl/files.py",
        "fcntl.flock(lock, operation)",
        "pass",
        FILES,
        "others_are_writing",
    ),
    Fault(
        "an index that is missing for a moment is not recovered",
        "mmssl/search/stored.py",
        "recover(path)\n    if not (path / MANIFEST).is_file():",
        "if not (path / MANIFEST).is_file():",
        ("tests/search/test_index.py",),
        "two_moves",
    ),
    Fault(
        "what a killed process left beside a file stays",
        "mmssl/files.py",
        "    sweep(path.parent)\n",
        "",
        ("tests/test_files.py",),
        "has_left",
    ),
    Fault(
        "what another machine is writing is removed",
        "mmssl/files.py",
        "_is_of_here(workspace) or ",
        "True or ",
        ("tests/test_files.py",),
        "another_machine",
    ),
    Fault(
        "vectors are mapped into a file that has no space",
        "mmssl/files.py",
        "os.posix_fallocate(file.fileno(), 0, path.stat().st_size)",
        "pass",
        ("tests/reliability/test_full_disk.py",),
        "mapped",
    ),
)
