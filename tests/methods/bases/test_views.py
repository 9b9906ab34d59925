import keras
import numpy as np
import pytest

from mmssl.methods.bases import Pretrainer


def of_sound():
    waveform = keras.Input((None,), name="waveform")
    mask = keras.Input((None,), name="padding_mask")
    return keras.Model({"waveform": waveform, "padding_mask": mask}, {"embedding": waveform})


def test_every_input_of_the_encoder_is_found_once_a_view():
    names = [f"{name}_{view}" for view in (1, 2, 3) for name in ("waveform", "padding_mask")]
    batch = {name: np.full((1, 1), place) for place, name in enumerate(names)}
    found = Pretrainer(of_sound()).views({**batch, "label": None})
    assert [view["waveform"].item() for view in found] == [0, 2, 4]
    assert [view["padding_mask"].item() for view in found] == [1, 3, 5]


@pytest.mark.parametrize(
    ("names", "count", "message"),
    [
        (
            ["waveform"],
            2,
            "must have 2 views of waveform and padding_mask.*; got 0 in waveform",
        ),
        (["waveform_1", "padding_mask_1", "waveform_2"], 2, "got 1 in"),
        (["waveform_1", "padding_mask_1"], None, "must have two or more views .*; got 1 in"),
        ([f"{n}_{i}" for i in (1, 2, 3) for n in ("waveform", "padding_mask")], 2, "got 3 in"),
    ],
)
def test_another_number_of_views_is_refused(names, count, message):
    with pytest.raises(ValueError, match=message):
        Pretrainer(of_sound()).views(dict.fromkeys(names), count)
