import numpy as np
import psutil
import pytest

from mmssl.deploy.formats import FORMATS
from mmssl.deploy.reader import load_exported


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_exported(tmp_path / "nowhere")


def test_something_else_is_answered_with_what_can_be_read(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(ValueError, match="SavedModel folder"):
            load_exported(path)


def test_a_saved_model_of_another_origin_is_refused(tmp_path):
    import tensorflow as tf

    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(ValueError, match="without the signature 'embed'"):
        load_exported(tmp_path)


@pytest.mark.parametrize("format", FORMATS)
def test_inputs_of_other_names_are_answered_with_the_right_ones(format, exported):
    _, run = exported("images", format)
    with pytest.raises(ValueError, match=r"\['pictures'\].*\['images'\]"):
        run({"pictures": np.zeros((1, 32, 32, 3))})


@pytest.mark.parametrize("format", FORMATS)
def test_inputs_are_cast_to_what_the_file_takes(format, exported):
    _, run = exported("text", format)
    ids = np.array([[2, 7, 9, 3]])
    found = run({"token_ids": ids, "padding_mask": np.ones((1, 4), bool)})
    assert found["embedding"].dtype == np.float32


@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_a_file_computes_with_as_many_threads_as_it_is_told(format, exported):
    path = exported("images", format)[0].path
    started = {}
    for threads in (1, 3):
        before = psutil.Process().num_threads()
        run = load_exported(path, threads)
        run({"images": np.zeros((1, 32, 32, 3))})
        started[threads] = psutil.Process().num_threads() - before
        del run
    assert started[3] - started[1] == 2


@pytest.mark.parametrize("format", FORMATS)
def test_less_than_one_thread_is_refused(format, exported):
    with pytest.raises(ValueError, match="threads=0"):
        load_exported(exported("images", format)[0].path, threads=0)
