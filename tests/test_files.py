"""Files and folders take their places whole, or not at all."""

import ast
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mmssl
from mmssl import files
from mmssl.files import (
    ABANDONED_SECONDS,
    LOCK,
    TEMPORARY_PREFIX,
    atomic_write,
    recover,
    sweep,
    write_text,
)

ROOT = Path(mmssl.__file__).parents[1]


def folder_of(path, **contents):
    path.mkdir()
    for name, text in contents.items():
        (path / name).write_text(text)


@pytest.fixture
def synced(monkeypatch):
    """Names of what was flushed to the disk, in order, and of the moves between."""
    seen, fsync, replace = [], os.fsync, os.replace

    def flush(handle):
        seen.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def move(old, new):
        seen.append("moved")
        replace(old, new)

    monkeypatch.setattr(files.os, "fsync", flush)
    monkeypatch.setattr(files.os, "replace", move)
    return seen


def test_a_file_appears_when_the_block_has_ended(tmp_path):
    path = tmp_path / "new" / "encoder.keras"
    with atomic_write(str(path)) as beside:
        beside.write_text("weights")
        assert not path.exists()
        assert beside.name == path.name
    assert path.read_text() == "weights"
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "history.csv"
    write_text(path, "old")
    with atomic_write(path) as beside, open(beside, "w") as file:
        for part in ("half of the new one", ", and the other half"):
            file.write(part)
            file.flush()
            assert path.read_text() == "old"
    assert path.read_text() == "half of the new one, and the other half"


def test_a_folder_takes_the_place_of_a_folder(tmp_path):
    path = tmp_path / "model"
    for content in ("old", "new"):
        with atomic_write(path) as beside:
            folder_of(beside, **{content: content})
    assert [file.name for file in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("make", [folder_of, lambda path, **contents: path.write_text("old")])
def test_a_crash_leaves_the_old_one_whole_and_nothing_beside(tmp_path, make):
    path = tmp_path / "model"
    make(path, part="old")

    def interrupted(beside):
        make(beside, part="half")
        beside.with_name("notes").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), atomic_write(path) as beside:
        interrupted(beside)
    assert (path / "part" if path.is_dir() else path).read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_moved_in_leaves_the_old_one(tmp_path, monkeypatch):
    path, replace = tmp_path / "model", os.replace
    folder_of(path, part="old")

    def full(old, new):
        if Path(new) == path and (Path(old) / "part").read_text() == "new":
            raise OSError("No space left on device")
        replace(old, new)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space"), atomic_write(path) as beside:
        folder_of(beside, part="new")
    assert (path / "part").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_between_the_two_moves_leaves_the_old_folder(tmp_path, monkeypatch):
    path, replace = tmp_path / "model", os.replace
    folder_of(path, part="old")

    def interrupted(old, new):
        if Path(new) == path and (Path(old) / "part").read_text() == "new":
            raise KeyboardInterrupt
        replace(old, new)

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as beside:
        folder_of(beside, part="new")
    assert (path / "part").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# Replaces a folder, and ends as if killed before so many of its moves and removals.
KILLED = """
import os, shutil, sys
from mmssl.files import atomic_write
left = int(sys.argv[2])
def counted(function):
    def call(*args, **kwargs):
        global left
        if not left:
            os._exit(9)
        left -= 1
        return function(*args, **kwargs)
    return call
os.replace, shutil.rmtree = counted(os.replace), counted(shutil.rmtree)
with atomic_write(sys.argv[1]) as beside:
    beside.mkdir()
    (beside / "part").write_text("new")
"""


def killed(path, after):
    code = subprocess.run([sys.executable, "-c", KILLED, path, str(after)], cwd=ROOT).returncode
    assert code == 9


@pytest.mark.parametrize(("after", "part"), [(0, "old"), (1, "new"), (2, "new")])
def test_a_process_killed_while_it_replaces_a_folder_leaves_a_whole_one(after, part, tmp_path):
    path = tmp_path / "model"
    folder_of(path, part="old")
    killed(path, after)
    assert path.exists() == (after != 1)
    recover(path)
    assert (path / "part").read_text() == part
    with atomic_write(tmp_path / "another") as beside:
        folder_of(beside)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "another", path]


def test_whoever_writes_to_a_folder_next_recovers_what_stood_there(tmp_path):
    path = tmp_path / "model"
    folder_of(path, part="old")
    killed(path, after=1)
    with atomic_write(tmp_path / "another") as beside:
        folder_of(beside)
    assert (path / "part").read_text() == "new"


def test_what_was_removed_on_purpose_does_not_come_back(tmp_path):
    path = tmp_path / "model"
    folder_of(path, part="old")
    killed(path, after=2)
    (path / "part").unlink()
    path.rmdir()
    recover(path)
    assert not path.exists()


def left(folder, host, age=0.0):
    """What a process leaves that was killed while it wrote a file, so many seconds ago."""
    workspace = folder / f"{TEMPORARY_PREFIX}left"
    folder_of(workspace, half="")
    (workspace / LOCK).write_text(f"{host}\n")
    os.utime(workspace, (time.time() - age,) * 2)
    return workspace


def test_what_a_killed_process_has_left_is_removed_by_the_next_that_writes_there(tmp_path):
    workspace = left(tmp_path, os.uname().nodename)
    write_text(tmp_path / "plan.json", "{}")
    assert not workspace.exists()


@pytest.mark.parametrize(("age", "stays"), [(3600, True), (2 * ABANDONED_SECONDS, False)])
def test_what_another_machine_writes_is_given_up_after_a_day(age, stays, tmp_path):
    workspace = left(tmp_path, "elsewhere", age)
    write_text(tmp_path / "plan.json", "{}")
    assert workspace.exists() == stays


def test_a_process_that_was_killed_before_it_held_its_lock_leaves_nothing(tmp_path):
    workspace = tmp_path / f"{TEMPORARY_PREFIX}left"
    folder_of(workspace, **{f"{LOCK}.new": ""})
    write_text(tmp_path / "plan.json", "{}")
    assert not workspace.exists()


def test_a_writer_whose_new_folder_is_swept_begins_again(tmp_path, monkeypatch):
    rename, swept = os.rename, []

    def after_a_sweep(old, new):
        if not swept:
            swept.append(sweep(tmp_path))
        rename(old, new)

    monkeypatch.setattr(files.os, "rename", after_a_sweep)
    write_text(tmp_path / "plan.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    assert swept


def test_what_others_are_writing_is_left_alone(tmp_path):
    foreign = tmp_path / f"{TEMPORARY_PREFIX}of another program"
    folder_of(foreign, part="")
    with atomic_write(tmp_path / "slow") as slow:
        folder_of(slow, part="slow")
        with atomic_write(tmp_path / "fast") as fast:
            folder_of(fast)
        assert (slow / "part").exists()
    assert (tmp_path / "slow" / "part").read_text() == "slow"
    assert foreign.exists()


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    path = tmp_path / "encoder.onnx"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_write(path):
        pass
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_is_seen_and_its_place_after(tmp_path, synced):
    write_text(tmp_path / "plan.json", "{}")
    assert synced == ["plan.json", "moved", tmp_path.name]


def test_every_file_of_a_folder_is_on_the_disk_before_it_is_seen(tmp_path, synced):
    with atomic_write(tmp_path / "model") as beside:
        folder_of(beside, graph="")
        folder_of(beside / "variables", index="")
    assert sorted(synced[:4]) == ["graph", "index", "model", "variables"]
    assert synced[4:] == ["moved", tmp_path.name]


def test_what_is_written_beside_is_hidden_from_sources(tmp_path):
    with atomic_write(tmp_path / "part-0.tfrecord") as beside:
        beside.write_text("")
        assert beside.relative_to(tmp_path).parts[0].startswith(".")


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "metrics.json"
    with atomic_write(path) as one, atomic_write(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"


def test_a_file_is_open_to_whom_any_new_file_is(tmp_path):
    (tmp_path / "plain").write_text("")
    write_text(tmp_path / "moved", "")
    plain, moved = (stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("plain", "moved"))
    assert moved == plain


def test_text_keeps_its_line_ends(tmp_path):
    write_text(tmp_path / "text", "ä\r\nb\n")
    assert (tmp_path / "text").read_bytes() == "ä\r\nb\n".encode()


def test_it_imports_nothing_of_ours():
    tree = ast.parse((ROOT / "mmssl" / "files.py").read_text())
    modules = {
        getattr(node, "module", None) or node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert modules == {
        *("contextlib", "errno", "fcntl", "os", "re", "shutil", "tempfile", "time", "pathlib"),
    }
