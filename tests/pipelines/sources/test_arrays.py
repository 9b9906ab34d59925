"""Arrays in one tensor, and NumPy archives."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources.arrays import Flat, array_reader, held, read_archive, taken


def test_arrays_of_any_size_read_back_in_a_graph():
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 9, shape) for shape in [(3, 2), (1, 5), (0, 4), (2, 2)]]
    flat = Flat.of(arrays)
    read = tf.function(lambda i: flat[i])
    for i, array in enumerate(arrays):
        np.testing.assert_array_equal(read(tf.constant(i, tf.int64)), array)


def own_mib():
    """The memory of the process that is not mapped from files, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) // 1024


def test_what_is_mapped_from_a_file_is_not_copied_into_memory_when_rows_are_taken(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(2**24).reshape(-1, 4))  # 128 MiB
    rows = held(np.load(tmp_path / "rows.npy", mmap_mode="c"))
    take = tf.function(lambda i: taken(rows, i), [tf.TensorSpec([], tf.int64)])
    before = own_mib()
    assert take(tf.constant(5, tf.int64)).numpy().tolist() == [20, 21, 22, 23]
    assert own_mib() - before < 64


def test_one_array_reads_by_rows():
    array = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    read = array_reader(array)
    np.testing.assert_array_equal(read(tf.constant(2, tf.int64)), array[2])


def test_half_of_a_surrogate_pair_is_kept_invalid_and_none_is_no_text():
    read = array_reader(["a", "b\ud83d", None, float("nan")])
    assert read(tf.constant(1, tf.int64)).numpy() == b"b\xed\xa0\xbd"
    assert [read(tf.constant(i, tf.int64)).numpy() for i in (2, 3)] == [b"", b""]


def test_texts_read_back():
    read = array_reader(["eins", "zwei 二"])
    assert read(tf.constant(1, tf.int64)).numpy().decode() == "zwei 二"
    assert array_reader(np.array(["a", "b"]))(tf.constant(1, tf.int64)).numpy() == b"b"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "empty list"),
        ([np.zeros(3), np.zeros((3, 1))], "mixes arrays"),
        ([1.0, 2.0], "at least one axis"),
        ([np.array([{}])], "integers or floats"),
        (["a", 5], "item 1 of the source is of type int"),
    ],
)
def test_what_cannot_be_read_is_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        array_reader(arrays)


def test_an_archive_with_train_and_test_parts_reads_back(tmp_path):
    x = np.arange(10).reshape(5, 2)
    np.savez(tmp_path / "a.npz", x_train=x[:3], y_train=[1, 2, 3], x_test=x[3:], y_test=[4, 5])
    data, columns, rate = read_archive(tmp_path / "a.npz")
    np.testing.assert_array_equal(data, x)
    assert columns["label"].tolist() == list("12345")
    assert columns["split"].tolist() == ["train"] * 3 + ["test"] * 2
    assert rate is None


def test_an_archive_states_its_sample_rate(tmp_path):
    np.savez(tmp_path / "a.npz", waveform=np.zeros((2, 8)), sample_rate=16000)
    data, columns, rate = read_archive(tmp_path / "a.npz")
    assert (data.shape, columns, rate) == ((2, 8), {}, 16000)


def test_an_archive_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ValueError, match="holds weights; expected an array named x"):
        read_archive(path)
    np.savez(path, x=np.zeros(3), y=np.zeros(4))
    with pytest.raises(ValueError, match="3 items and 4 labels"):
        read_archive(path)
    np.savez(path, x=np.array([{}, {}], object))
    with pytest.raises(ValueError, match="cannot be read"):
        read_archive(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="cannot be read"):
        read_archive(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.float32(3)}, r"data of shape \(\): expected an axis of items"),
        ({"x": np.zeros((2, 3)), "y": np.float32(3)}, r"2 items and labels \(\)"),
        ({"x": np.zeros((2, 3)), "y": np.zeros((2, 4))}, r"2 items and labels \(2, 4\)"),
        ({"x_train": np.zeros((2, 3)), "x_test": np.zeros((2, 4))}, "items of one shape"),
        ({"x": np.zeros((2, 3)), "sample_rate": "abc"}, "sample_rate abc: expected one number"),
        ({"x": np.zeros((2, 3)), "sample_rate": [8000, 16000]}, "expected one number above 0"),
        ({"x": np.zeros((2, 3)), "sample_rate": 0}, "expected one number above 0"),
    ],
)
def test_an_archive_of_other_shapes_is_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        read_archive(tmp_path / "a.npz")


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(20, 30)))
    whole = path.read_bytes()
    flipped = bytes([whole[len(whole) // 2] ^ 255])
    damaged = whole[: len(whole) // 2] + flipped + whole[len(whole) // 2 + 1 :]
    for content in (b"", whole[:300], whole[:-30], damaged):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.npz cannot be read as a NumPy archive: "):
            read_archive(path)
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"a single array; save it with np\.savez"):
        read_archive(path)


def test_a_part_without_labels_has_items_without_a_label(tmp_path):
    x = np.zeros((5, 2))
    np.savez(tmp_path / "a.npz", x_train=x[:3], y_train=[1, np.nan, 3], x_test=x[3:])
    _, columns, _ = read_archive(tmp_path / "a.npz")
    assert columns["label"].tolist() == ["1.0", "", "3.0", "", ""]
