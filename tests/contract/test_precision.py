import keras
import numpy as np

from tests.contract.cases import build_case, first_batch


def losses_of(config, policy, steps=5):
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    data, method = build_case(config)
    method.make_train_function()
    losses = []
    for _ in range(steps):
        method.reset_metrics()
        losses.append(float(method.train_function([first_batch(data)])["loss"]))
    return losses


def test_mixed_bfloat16_stays_finite_and_close_to_float32(case):
    # Dropout draws another mask in another type, and is all that SimCSE's views differ by.
    config = case.config(*case.still)
    exact, mixed = losses_of(config, "float32"), losses_of(config, "mixed_bfloat16")
    assert np.isfinite(mixed).all()
    # A mean of cosines passes through 0, where nothing is relatively close.
    np.testing.assert_allclose(mixed, exact, rtol=0.05, atol=0.01)
