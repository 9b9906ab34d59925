"""Windows of sequences of codes, with the codes of the level above that stand for the same time."""

import numpy as np
import pytest

from mmssl.pipelines.codes import CodeSpec, CodeWindows
from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.sources import open_source
from tests.pipelines.elements import elements

SPEC = CodeSpec(256, {"top": (4,), "bottom": (16,)}, 32, 8000, "these", "those")
TOPS = (3, 9, 1)  # codes of the top level of each recording


def encode(source):
    """Codes that tell which recording they are of, and when: 40 i + t, and so of both levels."""
    for index in range(len(source)):
        number = int(source.names[index].split()[1])
        times = np.arange(4 * TOPS[number])
        yield np.concatenate([40 * number + times[::4], 40 * number + times])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codes")
    source = open_source([np.zeros(8 * n, "float32") for n in TOPS], (".wav",))
    write_codes(folder, source, encode, SPEC)
    return folder


def of(folder, **options):
    return CodeWindows(str(folder), batch_size=2, **{"length": 16, "level": "bottom", **options})


def test_upper_codes_stand_for_the_same_time(folder):
    found = elements(of(folder), 20)
    assert found["codes"].shape == (40, 16)
    np.testing.assert_array_equal(found["upper_codes"], found["codes"][:, ::4])


def test_windows_begin_anywhere_and_short_recordings_are_joined(folder):
    found = elements(of(folder), 60)["codes"]
    begins = found[found[:, 0] // 40 == 1, 0] - 40
    assert set(begins) == set(range(0, 24, 4))
    short = found[found[:, 0] // 40 == 2]
    np.testing.assert_array_equal(short[:, :4], np.tile(80 + np.arange(4), (len(short), 1)))
    assert len(set(short[:, 4] // 40)) > 1


def test_short_recordings_are_joined_with_those_of_the_same_label(folder):
    data = of(folder, labels=["a", "b", "a"], conditions={"label": 3}).prepare()
    found = elements(data, 40)
    recordings = found["codes"] // 40
    assert {*recordings[found["labels"][:, 0] == 2].ravel()} == {1}
    assert {*recordings[found["labels"][:, 0] == 1].ravel()} == {0, 2}
    [found] = data.fixed_elements(data.items).as_numpy_iterator()
    assert found["labels"].tolist() == [[1], [2], [1]]


def test_an_epoch_visits_recordings_by_their_length(folder):
    data = of(folder, length=8).prepare()
    assert data.count == 2 + 4 + 1
    assert data.method_arguments() == {"entries": 256, "code_shape": (8,), "upper_shape": (2,)}


def test_the_top_level_has_none_above_it(folder):
    data = of(folder, level="top", length=4).prepare()
    assert list(data.batches().element_spec) == ["codes"]
    assert data.method_arguments()["upper_shape"] is None


def test_fixed_windows_go_on_with_what_follows_and_inputs_with_themselves(folder):
    data = of(folder, length=16).prepare()
    [found] = data.fixed_elements(data.items).as_numpy_iterator()
    last = [*(80 + np.arange(4)), *range(12)]
    np.testing.assert_array_equal(found["codes"][2], last)
    [found] = data.examples(data.items).as_numpy_iterator()
    np.testing.assert_array_equal(found["codes"][2], np.tile(80 + np.arange(4), 4))
    np.testing.assert_array_equal(found["upper_codes"][2], [80] * 4)


def test_what_does_not_fit_is_refused(folder):
    with pytest.raises(ValueError, match="length=0 must be 1 or more codes"):
        of(folder, length=0)
    with pytest.raises(ValueError, match="length=10 must be a multiple of 4"):
        of(folder, length=10).method_arguments()
    with pytest.raises(ValueError, match="has 36 codes: lower length"):
        of(folder, length=40).prepare()
