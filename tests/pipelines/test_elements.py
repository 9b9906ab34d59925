"""Functions of datasets are traced as they are written."""

from pathlib import Path

import tensorflow as tf

from mmssl import pipelines
from mmssl.pipelines.elements import mapped


def test_a_function_and_all_that_it_calls_are_not_rewritten():
    seen = []

    def look(number):
        seen.append(tf.__internal__.autograph.control_status_ctx().status.name)
        return number + 1

    numbers = mapped(tf.data.Dataset.range(3), lambda number: look(number), tf.data.AUTOTUNE)
    assert list(numbers.as_numpy_iterator()) == [1, 2, 3]
    assert seen == ["DISABLED"]


def test_every_dataset_of_a_pipeline_is_mapped_so():
    root = Path(pipelines.__file__).parent
    mapping = [file for file in sorted(root.rglob("*.py")) if ".map(" in file.read_text("utf-8")]
    assert [file.name for file in mapping] == ["elements.py"]
