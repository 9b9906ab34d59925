"""Two players, two optimizers: neither moves the other, and a resumed run knows both."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.decoders import dcgan_discriminator
from mmssl.encoders import dcgan_encoder
from mmssl.losses.weighted_squared_error import weighted_squared_error
from mmssl.methods.bases import AdversarialPretrainer
from mmssl.runs.checkpoint import load_state, save_state, state_variables
from tests.tolerances import NETWORK, ROUNDING, assert_close


class Recolor(AdversarialPretrainer):
    """The smallest method with an adversary: one layer from features to a tiny picture."""

    metric_names = ("reconstruction",)

    def __init__(self, **kwargs):
        super().__init__(dcgan_encoder(16, (4, 8)), **kwargs)
        self.generator = keras.layers.Conv2D(3, 1)
        self.generator.build((None, 4, 4, 8))

    def call(self, batch, training=False):
        return {"fake": self.generator(self.encode(batch, training)["features"])}

    def loss_terms(self, batch, outputs, training):
        real, fake = batch["images"][:, ::4, ::4], outputs["fake"]
        error = weighted_squared_error(fake, real, tf.ones_like(real[..., :1]))
        return {"reconstruction": error, **self.adversarial_terms(real, fake, training)}


def adversary(**kwargs):
    return Recolor(discriminator=dcgan_discriminator(4, (4, 8)), **kwargs)


def batch_of(seed=0):
    images = np.random.default_rng(seed).random((4, 16, 16, 3)).astype("float32")
    return {"images": tf.constant(images)}


def players(method):
    judging = method.discriminator.trainable_variables
    theirs = {id(v) for v in judging}
    return [v for v in method.trainable_variables if id(v) not in theirs], judging


def compiled(rate=0.1, other_rate=0.1, **kwargs):
    method = adversary(**kwargs)
    method.compile(
        keras.optimizers.Adam(rate), discriminator_optimizer=keras.optimizers.Adam(other_rate)
    )
    method.make_train_function()
    return method


def step(method, batch):
    return {name: float(value) for name, value in method.train_function([batch]).items()}


def steps(method):
    return [list(step(method, batch_of(n)).values()) for n in (1, 2)]


def values(variables):
    return [np.array(v) for v in variables]


def gradients(method, term, variables):
    batch = batch_of()
    with tf.GradientTape() as tape:
        terms = method.loss_terms(batch, method(batch, training=True), training=True)
    found = tape.gradient(terms[term], [v.value for v in variables])
    return [0.0 if g is None else float(tf.reduce_max(tf.abs(g))) for g in found]


def test_no_loss_of_one_player_reaches_the_other():
    method = adversary()
    generating, judging = players(method)
    assert set(gradients(method, "adversarial", judging)) == {0.0}
    assert set(gradients(method, "discriminator", generating)) == {0.0}
    assert min(gradients(method, "adversarial", generating)) > 0
    assert min(gradients(method, "discriminator", judging)) > 0


@pytest.mark.parametrize("still", [0, 1])
def test_each_optimizer_moves_its_own_player_alone(still):
    rates = [0.1, 0.1]
    rates[still] = 0.0
    method = compiled(*rates)
    before = [values(player) for player in players(method)]
    step(method, batch_of())
    for player, (old, new) in enumerate(
        zip(before, [values(p) for p in players(method)], strict=True)
    ):
        moved = [not np.array_equal(a, b) for a, b in zip(old, new, strict=True)]
        assert not any(moved) if player == still else all(moved)


def test_each_player_has_a_gradient_norm_of_its_own():
    method = adversary(loss_weights={"reconstruction": 1e6})
    method.compile(
        keras.optimizers.SGD(1.0, global_clipnorm=1e-3),
        discriminator_optimizer=keras.optimizers.SGD(1.0, global_clipnorm=1e-2),
    )
    method.make_train_function()
    before = [values(player) for player in players(method)]
    step(method, batch_of())
    for old, new, norm in zip(
        before, [values(p) for p in players(method)], (1e-3, 1e-2), strict=True
    ):
        moved = sum(np.square(a - b).sum() for a, b in zip(old, new, strict=True))
        assert_close(np.sqrt(moved), norm, NETWORK)


def test_the_generators_judgment_leaves_the_discriminators_statistics_alone():
    method = adversary()
    before = values(method.discriminator.non_trainable_variables)
    method._frozen_discriminator(np.ones((4, 4, 4, 3), "float32"), training=True)
    for old, new in zip(before, method.discriminator.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new)


def test_both_optimizers_are_kept_and_brought_back(tmp_path):
    method = compiled()
    step(method, batch_of(0))
    save_state(tmp_path / "state.npz", method, {"step": 1})
    expected = steps(method)
    kept = values(state_variables(method))
    other = compiled()
    step(other, batch_of(7))
    assert load_state(tmp_path / "state.npz", other) == {"step": 1}
    assert_close(steps(other), expected, ROUNDING)
    for one, two in zip(kept, values(state_variables(other)), strict=True):
        np.testing.assert_array_equal(one, two)
    known = {id(v) for v in state_variables(method)}
    for optimizer in (method.optimizer.first, method.optimizer.second):
        assert {id(v) for v in optimizer.variables} <= known
        assert int(optimizer.iterations) == 3


def test_fit_trains_both_players_in_a_notebook():
    method = adversary()
    method.compile("adam", discriminator_optimizer="sgd")
    data = tf.data.Dataset.from_tensors(batch_of()).repeat(3)
    history = method.fit(data, epochs=2, verbose=0).history
    assert history.keys() >= {
        *("loss", "reconstruction", "adversarial", "discriminator", "discriminator_accuracy")
    }
    assert 0 <= history["discriminator_accuracy"][-1] <= 1
    assert type(method.optimizer.first) is keras.optimizers.Adam
    assert type(method.optimizer.second) is keras.optimizers.SGD


def test_the_learning_rate_is_the_generators():
    method = compiled(0.25, 0.5)
    assert float(method.optimizer.learning_rate) == 0.25
    method.optimizer.learning_rate = 0.125
    assert float(method.optimizer.first.learning_rate) == 0.125
    assert float(method.optimizer.second.learning_rate) == 0.5


def test_a_run_gives_the_discriminator_its_share_of_the_learning_rate():
    method = adversary(discriminator_lr_ratio=0.25)
    rates = {}

    def make(variables, rate=1.0):
        rates[rate] = {id(v) for v in variables}
        return keras.optimizers.SGD(rate)

    assert set(method.make_optimizers(make)) == {"optimizer", "discriminator_optimizer"}
    generating, judging = players(method)
    assert rates == {1.0: {id(v) for v in generating}, 0.25: {id(v) for v in judging}}


def test_without_an_adversary_there_is_one_optimizer_and_no_empty_figure():
    method = Recolor()
    assert method.metric_names == ("reconstruction",)
    assert set(method.make_optimizers(lambda variables: "adam")) == {"optimizer"}
    method.compile("adam")
    assert type(method.optimizer) is keras.optimizers.Adam


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: adversary().compile("adam"), "has a discriminator; got None"),
        (
            lambda: Recolor().compile("adam", discriminator_optimizer="adam"),
            "has no discriminator; got 'adam'",
        ),
        (
            lambda: adversary(discriminator_lr_ratio=0),
            r"discriminator_lr_ratio=\.\.\.\) must be above 0; got 0",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()
