"""The pass that finds what cannot be read."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources import open_source
from mmssl.pipelines.sources import scan as scan_module
from mmssl.pipelines.sources.scan import (
    check_skip_ratio,
    plain_reason,
    read_skipped,
    scan,
    write_skipped,
)
from mmssl.pipelines.sources.tables import NO_TEXT


def ragged(lengths):
    return open_source([np.full(n, n, np.float32) for n in lengths], (".wav",))


def refuse_threes(raw):
    with tf.control_dependencies([tf.Assert(tf.size(raw) != 3, ["it has three samples"])]):
        return tf.identity(raw) * 2


def test_good_items_are_measured_and_kept_and_bad_ones_named():
    found = scan(ragged([2, 3, 0, 5] * 40), refuse_threes, keep_bytes=10**6)
    assert found.good.tolist() == [i for i in range(160) if i % 4 != 1]
    assert found.shapes[:3].tolist() == [[2], [0], [5]]
    assert found.skipped == [(f"row {i}", "it has three samples") for i in range(1, 160, 4)]
    np.testing.assert_array_equal(found.kept[tf.constant(2, tf.int64)], np.full(5, 10.0))


def test_nothing_is_kept_beyond_the_bound(caplog):
    with caplog.at_level(logging.INFO):
        found = scan(ragged([2, 5] * 100), refuse_threes, keep_bytes=2799)
    assert found.kept is None
    assert len(found.shapes) == 200
    assert "decoding at every read" in caplog.text
    assert scan(ragged([2, 5] * 100), refuse_threes, keep_bytes=2800).kept is not None
    assert scan(ragged([2, 5] * 100), refuse_threes).kept is None


def test_long_items_are_measured_and_never_decoded_where_they_are_not_kept():
    def refuse(raw):
        with tf.control_dependencies([tf.Assert(tf.size(raw) < 4, ["decoded whole"])]):
            return tf.identity(raw)

    source = ragged([2, 3, 50, 5] * 30)

    def measure(index):
        length = tf.size(source.read(index), tf.int64)
        with tf.control_dependencies([tf.Assert(length != 5, ["it is cut short"])]):
            return length[tf.newaxis]

    found = scan(source, refuse, measure=measure)
    assert found.shapes[:3].tolist() == [[2], [3], [50]]
    assert found.skipped[:1] == [("row 3", "it is cut short")]
    assert len(found.skipped) == 30
    found = scan(ragged([2, 3] * 3), refuse, 10**6, measure=measure)
    np.testing.assert_array_equal(found.kept[tf.constant(3, tf.int64)], [3, 3, 3])


def test_items_are_kept_one_at_a_time_so_that_few_long_ones_are_in_memory(monkeypatch):
    chunks, passed = [], scan_module._passed

    def noted(*args):
        for chunk in passed(*args):
            chunks.append(chunk)
            yield chunk

    monkeypatch.setattr(scan_module, "_passed", noted)
    scan(ragged([1000] * 300), tf.identity, keep_bytes=50_000)
    assert max(values.nbytes for *_, values in chunks) == 4000
    assert sum(values.nbytes for *_, values in chunks) == 52_000


def test_progress_reaches_the_end():
    seen = []
    scan(ragged([2] * 100), refuse_threes, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (100, 100)
    assert seen == sorted(seen)


def test_a_source_of_nothing_readable_is_found_out():
    found = scan(ragged([3, 3]), refuse_threes, keep_bytes=100)
    assert len(found.good) == len(found.shapes) == 0
    assert len(found.skipped) == 2
    assert found.kept is None


@pytest.mark.parametrize(
    ("bad", "total", "share", "stops"),
    [
        (0, 5, 0.0, False),
        (1, 5, 0.0, True),
        (1, 5, 0.01, False),
        (2, 5, 0.01, True),
        (2, 200, 0.01, False),
        (3, 200, 0.01, True),
        (1, 1, 0.5, True),
        (5, 5, 1.0, True),
        (4, 5, 1.0, False),
    ],
)
def test_a_share_may_be_skipped_and_one_item_always(bad, total, share, stops):
    skipped = [(f"{i}.wav", "no sound") for i in range(bad)]
    if not stops:
        check_skip_ratio(skipped, total, share)
        return
    with pytest.raises(ValueError, match=rf"{bad} of {total} items .*0\.wav \(no sound\)"):
        check_skip_ratio(skipped, total, share)


def test_what_is_skipped_is_logged(caplog):
    check_skip_ratio([("a.wav", "no sound")], 30, 0.01)
    assert "skipped 1 of 30 items: a.wav (no sound)" in caplog.text


def test_files_without_text_are_named_and_do_not_count_as_unreadable(caplog):
    empty = [(f"{i}/__init__.py", NO_TEXT) for i in range(9)]
    check_skip_ratio([*empty, ("a.py", "no UTF-8")], 30, 0.01)
    assert "skipped 10 of 30 items: 0/__init__.py (it has no text)" in caplog.text
    with pytest.raises(ValueError, match=r"2 of 30 items .*: a.py \(no UTF-8\), b.py"):
        check_skip_ratio([*empty, ("a.py", "no UTF-8"), ("b.py", "no UTF-8")], 30, 0.01)
    with pytest.raises(ValueError, match=r"9 of 9 items .*it has no text"):
        check_skip_ratio(empty, 9, 1.0)


def test_the_list_of_skipped_items_reads_back(tmp_path):
    assert read_skipped(None) is None
    assert read_skipped(tmp_path) is None
    skipped = [("a\tb/ü.wav", "no sound"), ("c\u2028.wav", "cut short")]
    write_skipped(tmp_path / "run", skipped)
    assert read_skipped(tmp_path / "run") == skipped
    write_skipped(tmp_path / "run", [])
    assert read_skipped(tmp_path / "run") == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{{function_node __wrapped__X}} Data too short [Op:DecodeWav] name: ", "Data too short"),
        (
            "ValueError: x\nTraceback:\n  File\n\nValueError: x\n\n\t [[{{node P}}]]",
            "x",
        ),
        ("assertion failed: [it has channels:] [7]\n\t [[{{node Assert}}]]", "it has channels: 7"),
        ("\n", "unreadable"),
    ],
)
def test_reasons_are_plain_words(message, reason):
    assert plain_reason(message) == reason
