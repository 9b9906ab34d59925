"""Arrays in one tensor, and NumPy archives."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.sources.arrays import Flat, array_reader, read_archive


def test_arrays_of_any_size_read_back_in_a_graph():
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 9, shape) for shape in [(3, 2), (1, 5), (0, 4), (2, 2)]]
    flat = Flat.of(arrays)
    read = tf.function(lambda i: flat[i])
    for i, array in enumerate(arrays):
        np.testing.assert_array_equal(read(tf.constant(i, tf.int64)), array)


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
