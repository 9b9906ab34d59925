import numpy as np
import pytest
from PIL import Image

from mmssl.evaluation import LabeledData, evaluate
from mmssl.evaluation.probes.overlap import count_pretrained
from mmssl.evaluation.probes.table import probe_caption
from mmssl.pipelines.images import ImageCrops
from tests.evaluation.conftest import SIZE


@pytest.fixture
def folder(tmp_path):
    for part, count in {"train": 6, "val": 4}.items():
        for number in range(count):
            path = tmp_path / part / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (SIZE, SIZE), (40 * number, 9, 9)).save(path)
    return tmp_path


def pretrained(trained, spec, **arguments):
    """Counts the test items of a request that these arguments of a pipeline train on."""
    pipeline = ImageCrops(**trained, size=SIZE, batch_size=2)
    data = LabeledData(spec, **arguments)
    return count_pretrained(pipeline, data, data.open(pipeline)[0])


def test_a_split_that_was_not_trained_on_is_new(folder):
    own = {"source": folder, "label_column": "folder"}
    assert pretrained(own, folder, label_column="folder") == 0


def test_files_are_known_by_their_paths_whatever_the_source(folder, tmp_path_factory):
    linked = tmp_path_factory.mktemp("linked") / "val"
    linked.symlink_to(folder / "val")
    whole = {"source": folder}
    assert pretrained(whole, folder, label_column="folder") == 4
    assert pretrained(whole, linked, label_column="folder") == 2
    assert pretrained({"source": folder / "train"}, linked, label_column="folder") == 0


def test_rows_are_known_by_their_source_and_number():
    rows = np.zeros((10, SIZE, SIZE, 3), np.uint8)
    labels = ["a", "b"] * 5
    assert pretrained({"source": rows}, rows, labels=labels) == 2
    assert pretrained({"source": rows, "limit": 1}, rows, labels=labels) < 2
    assert pretrained({"source": rows}, rows.copy(), labels=labels) == 0


def test_data_that_are_gone_leave_it_unknown(folder):
    gone = {"source": folder / "gone"}
    assert pretrained(gone, folder, label_column="folder") is None


def test_a_result_and_its_caption_say_what_was_pretrained_on(run):
    result = evaluate(run, probes=("knn",))
    assert result["pretrained_on"] == result["n_test"] == 20
    assert "20 test items (all of them pretrained on, without labels)" in probe_caption(result)
    for known, words in {3: "(3 of them pretrained", 0: "none of them pretrained"}.items():
        assert words in probe_caption(result | {"pretrained_on": known})
    assert "not known" in probe_caption(result | {"pretrained_on": None})
