"""Which checkpoints are kept beside the last one, and how they are written and removed."""

import errno
import json
import os

import numpy as np
import pytest

from mmssl.files import atomic_write
from mmssl.runs.checkpoint import read_position
from mmssl.runs.fit import Fit
from mmssl.runs.kept import Keep, Kept, find_kept, go_back, kept_steps, path_of, sound

NAMES = ("every", "best", "by")


def row(step, value, by="online_linear"):
    return {"step": step, by: value}


# Steps 4 and 5 are equal; the first look had no probe yet, and a resumed run holds text.
ROWS = [{"step": "1"}, row("2", "0.5"), row("3", "0.9"), row(4, 0.7), row(5, 0.7), row(6, 0.0)]


def kept_of(keep, rows):
    """The steps that a run keeps, told as it goes on."""
    kept = set()
    for end in range(1, len(rows) + 1):
        step = int(rows[end - 1]["step"])
        kept |= {step} if keep.is_due(step, rows[:end]) else set()
        kept -= keep.outranked(rows[:end])
    return sorted(kept)


@pytest.mark.parametrize(
    ("keep", "steps"),
    [
        (Keep(), []),
        (Keep(every=2), [2, 4, 6]),
        (Keep(best=2), [3, 4]),
        (Keep(best=9), [2, 3, 4, 5, 6]),
        (Keep(every=2, best=1), [2, 3, 4, 6]),
    ],
)
def test_the_best_and_every_so_manieth_are_kept(keep, steps):
    assert kept_of(keep, ROWS) == steps


@pytest.mark.parametrize(
    ("by", "best"), [("loss", 2), ("accuracy", 3), ("mlm_accuracy", 3), ("rankme", 3)]
)
def test_the_lowest_loss_is_best_and_the_highest_of_the_rest(by, best):
    values = {1: "0.5", 2: "0.25", 3: "0.75", 4: "nan"}
    rows = [row(step, value, by) for step, value in values.items()]
    assert kept_of(Keep(best=1, by=by), rows) == [best]


def test_between_two_rows_only_every_so_manieth_is_kept():
    keep = Keep(every=4, best=1)
    assert [step for step in range(3, 9) if keep.is_due(step, ROWS[:3])] == [3, 4, 8]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0,), r"fit\.keep\.every must be at least 1, or null; got 0"),
        ((None, 0), r"fit\.keep\.best must be at least 1, or null; got 0"),
        ((5, None, "loss"), r"fit\.keep\.by=loss says which are best: set fit\.keep\.best"),
    ],
)
def test_what_cannot_be_kept_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Keep(**dict(zip(NAMES, values, strict=False)))


@pytest.mark.parametrize(
    ("by", "columns", "message"),
    [
        ("online_knn", ["loss"], r"needs an online probe: set probe\.online\.source"),
        ("acuracy", ["loss", "accuracy"], r"does not rank .* choose one of accuracy, loss\."),
        ("target_std", ["loss", "target_std"], r"does not rank .* choose one of loss\."),
    ],
)
def test_a_column_that_ranks_nothing_is_refused(by, columns, message):
    with pytest.raises(ValueError, match=message):
        Keep(best=1, by=by).check(columns)


def test_a_column_that_is_not_asked_for_need_not_be_there():
    Keep(every=1).check(["loss"])
    Keep(best=1, by="online_knn").check(["loss", "online_knn"])


@pytest.mark.parametrize("keep", [None, {}])
def test_a_recipe_that_says_nothing_of_it_keeps_nothing(keep):
    assert Fit(steps=1, keep=keep).keep == Keep()


def test_a_run_that_is_too_short_is_told_that_nothing_is_kept():
    assert Keep(every=4).doubts(4) == []
    assert Keep(every=5).doubts(4) == ["fit.keep.every=5 keeps nothing of a run of 4 steps."]


def write(folder, step, rows, keep=None, content=b"state"):
    """Writes the checkpoint of a step as a run does, without a thread."""
    kept = Kept(keep or Keep(best=1), folder / "last.npz", lambda task: task())
    path, run = kept.place(step, rows)
    run(lambda: _written(path, content))


def _written(path, content):
    with atomic_write(path) as beside:
        beside.write_bytes(content)


def test_a_kept_checkpoint_is_the_last_one_too_without_a_second_copy(tmp_path):
    write(tmp_path, 2, ROWS[:2])
    last, kept = tmp_path / "last.npz", find_kept(tmp_path, 2)
    assert last.samefile(kept)
    write(tmp_path, 7, ROWS[:2], content=b"later")
    assert (last.read_bytes(), kept_steps(tmp_path)) == (b"later", [2])
    assert kept.read_bytes() == b"state"


def test_it_is_copied_where_files_cannot_have_two_names(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", _refused)
    write(tmp_path, 2, ROWS[:2])
    assert (tmp_path / "last.npz").read_bytes() == b"state"
    assert not (tmp_path / "last.npz").samefile(path_of(tmp_path, 2))


def _refused(*_):
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_the_best_so_far_is_removed_only_when_the_new_one_is_whole(tmp_path):
    write(tmp_path, 2, ROWS[:2])
    kept = Kept(Keep(best=1), tmp_path / "last.npz", lambda task: task())
    path, run = kept.place(3, ROWS[:3])

    def half():
        path.with_suffix(".half").write_bytes(b"st")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        run(half)
    assert kept_steps(tmp_path) == [2]
    assert (tmp_path / "last.npz").samefile(path_of(tmp_path, 2))
    write(tmp_path, 3, ROWS[:3])
    assert kept_steps(tmp_path) == [3]


def test_files_that_the_history_does_not_know_are_left_alone(tmp_path):
    for name in ("step_000001.npz", "step_000900.npz", "step_000004.npz.bak", "step_old.npz"):
        (tmp_path / name).touch()
    Kept(Keep(best=1), tmp_path / "last.npz", None).tidy(ROWS)
    assert kept_steps(tmp_path) == [900]
    assert (tmp_path / "step_000004.npz.bak").exists()


@pytest.mark.parametrize(
    ("steps", "there"), [((), r"none \(see fit\.keep\)"), ((20, 3), r"those of steps 3, 20\.")]
)
def test_a_step_that_is_not_kept_lists_those_that_are(steps, there, tmp_path):
    for step in steps:
        path_of(tmp_path, step).touch()
    with pytest.raises(ValueError, match=rf"has no checkpoint of step 7: it keeps {there}"):
        find_kept(tmp_path, 7)


def test_steps_beyond_a_million_are_found(tmp_path):
    path_of(tmp_path, 1_000_000).touch()
    path_of(tmp_path, 999_999).touch()
    assert kept_steps(tmp_path) == [999_999, 1_000_000]


def checkpoint(path, step):
    np.savez(path, position=json.dumps({"step": step}), variable_0=np.arange(50.0))


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_a_checkpoint_leaves_the_one_before_it_there(tmp_path):
    for step in (1, 2, 3):
        write(tmp_path, step, [], keep=Keep(), content=b"%d" % step)
    names = ("before.npz", "last.npz")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"2", b"3"]
    write(tmp_path, 4, [], keep=Keep(every=2), content=b"4")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"3", b"4"]


@pytest.mark.parametrize(("kept", "name"), [(2, "before.npz"), (5, "step_000005.npz")])
def test_the_latest_that_is_sound_is_used_where_the_last_is_damaged(kept, name, tmp_path, caplog):
    steps = {"before.npz": 4, "last.npz": 6, path_of(tmp_path, kept).name: kept}
    for one, step in steps.items():
        checkpoint(tmp_path / one, step)
    assert sound(tmp_path / "last.npz") == tmp_path / "last.npz"
    flip(tmp_path / "last.npz", at=700)
    assert sound(tmp_path / "last.npz") == tmp_path / name
    assert f"the one before is used, {tmp_path / name} of step {steps[name]}." in caplog.text
    go_back(tmp_path / "last.npz")
    assert read_position(tmp_path / "last.npz")["step"] == steps[name]


def test_a_damaged_one_with_nothing_before_is_refused(tmp_path):
    for name in ("before.npz", "last.npz"):
        checkpoint(tmp_path / name, 4)
        flip(tmp_path / name, at=700)
    with pytest.raises(ValueError, match=r"last\.npz is damaged .*: restore it from a copy"):
        sound(tmp_path / "last.npz")


def test_every_flipped_bit_that_changes_what_is_read_is_found(tmp_path):
    last = tmp_path / "last.npz"
    checkpoint(last, 4)
    checkpoint(tmp_path / "before.npz", 3)
    whole, found = last.read_bytes(), 0
    for at in range(len(whole)):
        flip(last, at)
        if sound(last) == last:
            with np.load(last) as archive:
                np.testing.assert_array_equal(archive["variable_0"], np.arange(50.0))
            assert read_position(last) == {"step": 4}
        else:
            found += 1
        last.write_bytes(whole)
    assert found > len(whole) / 2  # the rest is padding and dates
