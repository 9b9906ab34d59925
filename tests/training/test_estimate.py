"""What a run would take, by its first steps."""

import keras
import numpy as np

from mmssl.training.estimate import estimate
from mmssl.training.loop import Training
from mmssl.training.planning import TIMED_STEPS, WARM_STEPS
from tests.contract.cases import all_cases


def test_a_few_steps_on_a_part_of_the_data_tell_steps_and_memory(tmp_path, monkeypatch):
    read, timed = [], []
    seconds_per_step = Training.seconds_per_step

    def spied(training):
        read.append(len(training.data.items))
        timed.append(seconds_per_step(training))
        return timed[-1]

    monkeypatch.setattr(Training, "seconds_per_step", spied)
    case, source = all_cases()["simclr"], tmp_path / "a.npz"
    pixels = np.random.default_rng(0).integers(0, 255, (500, 8, 8, 3)).astype(np.uint8)
    np.savez(source, x=pixels)
    overrides = [*case.tiny, f"--data.source={source}", "--data.batch_size=4", "--fit.steps=null"]
    policy = keras.config.dtype_policy().name
    found = estimate(case.recipe, [*overrides, "--fit.minutes=10"], count=500, elements=500)
    assert read == [17]
    assert found.step_seconds == timed[0]
    assert found.steps == int(600 / found.step_seconds)
    assert found.epochs == found.steps / round(500 / 17 * 4)
    assert found.memory > 2**27
    assert found.gpu_memory is None or found.gpu_memory > 0
    assert keras.config.dtype_policy().name == policy
    assert found.steps > WARM_STEPS + TIMED_STEPS
