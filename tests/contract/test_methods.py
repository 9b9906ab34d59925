"""The properties of every method, each a reading of the same visit."""

import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmssl.methods.bases import EMATeacher
from mmssl.runs.checkpoint import load_state, save_state
from tests.contract import tolerances
from tests.contract.building import built, loss_of, mirrored, prepared, unoptimized_graphs
from tests.contract.cases import all_cases
from tests.contract.exports import largest_difference
from tests.contract.tolerances import assert_near, assert_same_way
from tests.contract.visit import STEPS, Visit, joined
from tests.sessions import clear_session
from tests.tolerances import ROUNDING

# Two views, a queue, a predictor, codes, statistics of the batch, many crops; masks of sound and of
# text; latents, samples and tokens to come; a decoder; sparse updates; two optimizers; pixels.
ONE_OF_EACH_FAMILY = (
    *("simclr", "moco", "byol", "swav", "vicreg", "dino"),
    *("data2vec", "bert", "cpc", "wavenet", "wavernn", "gpt", "t5", "word2vec"),
    *("inpainting", "colorization"),
)
MOST_STEPS = 320  # that one batch takes


def group(name):
    """Returns the group of a case, which is one worker's under `pytest -n 2 --dist loadgroup`."""
    # Both versions have the same encoders, which a worker exports once.
    return "data2vec" if name.startswith("data2vec") else name


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(group(name))) for name in all_cases()],
)
def visit(request, tmp_path_factory):
    name = request.param
    with unoptimized_graphs():
        yield Visit(all_cases()[name], name, tmp_path_factory.mktemp(name))
    clear_session()


@pytest.fixture(autouse=True)
def _same_seed_and_policy():
    """Sets no seed before each test, which would make TensorFlow instantiate the step again.

    So does `built`: what goes on with the step comes before what builds another method.
    """


def test_every_trainable_variable_gets_a_gradient_and_no_teacher_does(visit):
    # After some steps: weights that start at zero let no gradient through to what is before them.
    method = visit.at("middle")
    taught = [v for teacher in _teachers(method) for v in teacher.model.weights]
    wanted, got = {id(v): v.path for v in method.trainable_variables}, {}
    # One batch is enough, but for methods of several tasks that have one a batch.
    for batch in reversed(visit.batches):
        with tf.GradientTape() as tape:
            tape.watch([v.value for v in taught])
            loss = loss_of(method, batch)
        variables = [*method.trainable_variables, *taught]
        gradients = tape.gradient(loss, [v.value for v in variables])
        pairs = zip(variables, gradients, strict=True)
        got |= {id(v): v.path for v, gradient in pairs if _is_nonzero(gradient)}
        if got.keys() >= wanted.keys():
            break
    assert got == wanted


def _teachers(method):
    return [layer for layer in method._flatten_layers() if isinstance(layer, EMATeacher)]


def _is_nonzero(gradient):
    return gradient is not None and bool(tf.reduce_any(tf.convert_to_tensor(gradient) != 0))


def test_every_teacher_follows_slowly(visit):
    method = visit.at("middle")
    learned = np.linalg.norm(_way(visit.one, method, method.trainable_variables))
    for teacher in _teachers(method):
        assert 0 < np.linalg.norm(_way(visit.one, method, _averaged(teacher))) < learned / 2


def _averaged(teacher):
    """The variables of a teacher that its own momentum moves."""
    return [
        v for v in teacher.model.weights if id(v) not in teacher._copied and "moving_" not in v.path
    ]


def _way(course, method, variables):
    """How some of a method's variables changed in a Course, one array."""
    chosen = {id(v) for v in variables}
    pairs = zip(method.weights, course.changes, strict=True)
    return joined([change for v, change in pairs if id(v) in chosen])


def test_a_resumed_training_equals_the_uninterrupted_one(visit):
    (losses, state), (again, state_again) = visit.uninterrupted, visit.resumed()
    # Where replicas have run in the process, TensorFlow may add up a loss in another order.
    assert_near(again, losses, ROUNDING)
    for one, two in zip(state, state_again, strict=True):
        np.testing.assert_array_equal(one, two)


def test_one_batch_is_learned_by_heart(visit):
    if visit.case.overfit is None:
        pytest.skip("one batch cannot be learned by heart")
    method, first, least = visit.at("start"), visit.one.losses[0], visit.case.least_loss
    method.optimizer.learning_rate = 1.0
    loss, steps = first, 0
    while loss - least >= visit.case.overfit * (first - least):
        assert steps < MOST_STEPS, f"the loss is still {loss}, from {first}"
        method.reset_metrics()
        for _ in range(20):
            logs = method.train_function([visit.batches[0]])
        loss, steps = float(logs["loss"]), steps + 20


def test_the_initial_loss_is_what_theory_gives(visit):
    if visit.case.initial_loss is None:
        pytest.skip("theory gives no value")
    config = visit.case.config(*visit.case.still, *visit.case.theory)
    batches = visit.batches
    if config["data"] != visit.config["data"]:
        batches = list(prepared(config["data"]).batches(seed=0).take(1).as_numpy_iterator())
    method = built(config, batches) if visit.case.theory else visit.at("start")
    expected, off = visit.case.initial_loss
    assert abs(float(loss_of(method, batches[0], training=False)) - expected) < off


def test_two_replicas_equal_one(visit):
    assert mirrored().num_replicas_in_sync == 2
    assert_same_course(visit.two, visit.one)


def test_entries_are_counted_over_all_replicas(visit):
    names = [name for name in visit.one.figures[0] if "perplexity" in name]
    if not names:
        pytest.skip("the method has no codebook")
    for name in names:
        two, one = ([step[name] for step in course.figures] for course in (visit.two, visit.one))
        assert_near(two, one, tolerances.REPLICAS)


def assert_same_course(several, one):
    assert_near(several.losses, one.losses, tolerances.REPLICAS, least_scale=1.0)
    assert_near(several.moved, one.moved, tolerances.REPLICAS_MOVED)
    assert_near(several.weights, one.weights, tolerances.REPLICAS)
    assert_same_way(several.way, one.way, tolerances.REPLICAS_MOVED)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_workers_equal_one(visit, count):
    if count > 2 and visit.name not in ONE_OF_EACH_FAMILY:
        pytest.skip("another method of its family runs on four")
    first, *others = visit.on_workers(count)
    assert_same_course(first, visit.one)
    for other in others:
        np.testing.assert_array_equal(other.weights, first.weights)
        np.testing.assert_array_equal(other.losses, first.losses)


@pytest.mark.bfloat16
def test_mixed_bfloat16_is_finite_and_close_to_float32(visit):
    # What replicas send each other in bfloat16 is the same code in a family.
    replicas = 2 if visit.name in ONE_OF_EACH_FAMILY else 1
    exact, mixed = visit.one, visit.in_bfloat16(replicas)
    assert np.isfinite(mixed.losses).all()
    # A mean of cosines passes through 0, where nothing is relatively close.
    assert_near(
        mixed.losses, exact.losses, tolerances.PRECISIONS, least_scale=0.2, dtype="bfloat16"
    )
    # A slow average that is kept in bfloat16 stands still.
    method = visit.at("middle")
    for teacher in _teachers(method):
        ways = (_way(course, method, _averaged(teacher)) for course in (mixed, exact))
        assert_same_way(*ways, tolerances.PRECISIONS_MOVED, "bfloat16")


def test_a_checkpoint_gives_another_method_all_that_a_loss_depends_on(visit):
    batches, first, (second, _) = visit.batches, visit.untrained, visit.other
    for batch in batches[:2]:
        loss_of(first, batch)
    save_state(visit.folder / "other.npz", first, {})
    load_state(visit.folder / "other.npz", second)
    for batch in batches[2:4]:
        assert float(loss_of(second, batch)) == float(loss_of(first, batch))


def test_a_resumed_run_sees_the_batches_that_would_have_come(visit):
    later = next(visit.data.batches(STEPS, seed=0).as_numpy_iterator())
    keras.tree.map_structure(np.testing.assert_array_equal, later, visit.batches[STEPS])


def test_the_seed_and_the_epoch_settle_the_order_of_the_data(visit):
    data = visit.data
    epoch = tf.range(len(data) * data.batch_size, dtype=tf.int64)

    def order(seed, number):
        return data.item_index(epoch + number * len(epoch), tf.constant(seed, tf.int64)).numpy()

    np.testing.assert_array_equal(order(0, 1), order(0, 1))
    assert not np.array_equal(order(0, 0), order(0, 1))
    assert not np.array_equal(order(0, 0), order(1, 0))


def test_the_seed_settles_the_weights(visit):
    np.testing.assert_array_equal(visit.two.start, visit.one.start)
    _, other = visit.other
    assert not np.array_equal(other, joined(visit.untrained.encoder.get_weights()))


@pytest.mark.parametrize("form", ["saved_model", "litert", "onnx"])
def test_the_encoder_alone_is_exported_and_gives_the_same_vectors(visit, form):
    assert tolerances.exported(largest_difference(visit.untrained.encoder, form, visit.folder))


def test_padding_and_batching_leave_the_embedding_unchanged(visit):
    encoder, data = visit.untrained.encoder, visit.data
    limit = 40 if "token_ids" in encoder.input else 1000  # tokens or samples
    examples = data.examples(data.items, batch_size=1, max_length=limit)
    alone = next(examples.as_numpy_iterator())
    # A loop over samples takes a hundred times as long outside a graph.
    embed = tf.function(lambda inputs: encoder(inputs)["embedding"])
    expected, got = embed(alone).numpy(), embed(_padded(alone, encoder)).numpy()
    assert_near(got, np.repeat(expected, len(got), axis=0), tolerances.PADDING)


def _padded(inputs, encoder):
    """Adds padding to what may be of any length, and a second row to everything."""
    more = 5 if "token_ids" in inputs else 333
    wider = {
        name: np.pad(x, [(0, 0), (0, more)]) if encoder.input[name].shape[1:] == (None,) else x
        for name, x in inputs.items()
    }
    return {name: np.concatenate([x, x[:1]]) for name, x in wider.items()}


def test_the_method_trains_alike_on_jax(visit):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install '.[jax]'")
    losses, weights = visit.on_jax
    assert_near(losses, visit.one.losses, tolerances.BACKENDS, least_scale=1.0)
    assert_same_way(weights - visit.one.start, visit.one.way, tolerances.BACKENDS_MOVED)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_devices_of_jax_equal_one(visit, count):
    pytest.importorskip("jax")
    (losses, weights), (of_one, weights_of_one) = visit.on_devices_of_jax(count), visit.on_jax
    assert_near(losses, of_one, tolerances.REPLICAS, least_scale=1.0)
    ways = (found - visit.one.start for found in (weights, weights_of_one))
    assert_same_way(*ways, tolerances.REPLICAS_MOVED)
