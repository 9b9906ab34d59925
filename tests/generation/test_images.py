import pytest

from mmssl.encoders import wavenet_encoder
from mmssl.generation.images import generated_images
from mmssl.methods import WaveNet
from mmssl.pipelines.audio import ConditionedWindows


@pytest.mark.parametrize("conditioned", [False, True])
def test_the_images_show_a_recording_beside_what_is_generated(conditioned):
    given = {"num_speakers": 9, "num_mel_bins": 4, "mel_hop": 50} if conditioned else {}
    data = ConditionedWindows(window=1000, batch_size=8, sample_rate=2000, **given)
    method = WaveNet(wavenet_encoder(1, 3, 4, 4, 4, **given))
    [(title, caption, picture)] = generated_images(method, data)
    assert title == "Recorded and generated"
    assert caption.count("dB, flatness") == 2
    assert picture.dtype == "uint8"
    assert picture.shape[2] == 3
