import numpy as np
import pytest

from mmssl.encoders import bert_encoder, cpc_encoder, sentence_encoder
from mmssl.methods.cpc import CPC
from tests.contract.cases import Case
from tests.contract.learning import ON_DIGITS, ON_NOVELS
from tests.tolerances import SUM, assert_close

CASE = Case(
    "audio/cpc",
    (
        "--data.batch_size=4",
        "--data.window=5120",
        "--data.short=pad",
        "--method.encoder.channels=32",
        "--method.encoder.context_dim=32",
        "--method.prediction_steps=4",
    ),
    # 4 x 32 candidates, less padding, and scores of an untrained network spread a little.
    initial_loss=(np.log(4 * 32), 0.7),
    **ON_DIGITS,
    # No margin over the raw input: MFCC tell these digits apart at 0.97.
    margins={("untrained", "linear"): 0.3, ("untrained", "knn"): 0.3},
)

CASES = {
    "text": Case(
        "text/cpc",
        (
            "--data.batch_size=4",
            "--data.sentences=6",
            "--data.sentence_length=16",
            "--data.limit=12",
            "--data.vocabulary_size=400",
            *(f"--method.encoder.{name}=24" for name in ("token_width", "channels", "context_dim")),
        ),
        # 4 x 6 candidates, less padding; the scores of an untrained network are close to zero.
        initial_loss=(np.log(4 * 6), 0.1),
        **ON_NOVELS,
    )
}

HOP = 20
STEPS = 3


@pytest.fixture(scope="module")
def methods():
    encoder = cpc_encoder(channels=8, context_dim=6, strides=(5, 4), kernel_sizes=(10, 8))
    return {n: CPC(encoder, prediction_steps=STEPS, num_negatives=n) for n in (None, 7)}


def batch_of(lengths, padding=0.0, width=400):
    waveform = np.random.default_rng(0).normal(0, 0.3, (len(lengths), width))
    mask = np.arange(width) < np.array(lengths)[:, None]
    return {
        "waveform": np.where(mask, waveform, padding).astype("float32"),
        "padding_mask": mask.astype("int32"),
    }


def loss_of(method, batch):
    return float(method.loss_terms(batch, method(batch), training=False)["info_nce"])


def oracle(method, batch):
    """The mean over the steps of the mean over the kept frames, term by term."""
    outputs = {name: np.asarray(value) for name, value in method(batch).items()}
    latents, kept = outputs["latents"], batch["padding_mask"].sum(axis=1) // HOP
    rows, frames, width = latents.shape
    predictions = outputs["predictions"].reshape(rows, frames, STEPS, width)
    size = min(method.num_negatives or frames, frames)
    times = [i * frames // size for i in range(size)]
    pool = [(row, time) for row in range(rows) for time in times if time < kept[row]]
    means = []
    for k in range(1, STEPS + 1):
        losses = []
        for row in range(rows):
            for time in range(k, kept[row]):
                prediction = predictions[row, time - k, k - 1]
                scores = [prediction @ latents[at] for at in pool if at != (row, time)]
                positive = prediction @ latents[row, time]
                losses.append(np.logaddexp.reduce([positive, *scores]) - positive)
        means.append(np.mean(losses))
    return np.mean(means)


@pytest.mark.parametrize("negatives", [None, 7])
@pytest.mark.parametrize("lengths", [(400, 400, 400), (400, 270, 130)])
def test_the_loss_is_the_papers_over_the_frames_that_are_sound(methods, lengths, negatives):
    method, batch = methods[negatives], batch_of(lengths)
    assert_close(loss_of(method, batch), oracle(method, batch), SUM)


def test_what_stands_in_the_padding_does_not_matter(methods):
    lengths = (400, 270, 130)
    quiet, loud = batch_of(lengths), batch_of(lengths, padding=0.7)
    assert_close(loss_of(methods[None], loud), loss_of(methods[None], quiet), SUM)


def test_a_batch_too_short_to_predict_anything_costs_nothing(methods):
    assert loss_of(methods[None], batch_of((20, 20))) == 0


def test_the_temperature_divides_the_predictions(methods):
    cold, batch = methods[None], batch_of((400, 270, 130))
    warm = CPC(cold.encoder, prediction_steps=STEPS, temperature=2.0)
    warm.predictors.kernel.assign(2.0 * cold.predictors.kernel)
    assert loss_of(warm, batch) == loss_of(cold, batch)


def test_sentences_are_predicted_as_frames_are():
    """The same formula, of the latents and contexts of a text with padded sentences."""
    method = CPC(sentence_encoder(30, 4, 6, 8, 5), prediction_steps=2)
    draw = np.random.default_rng(0)
    mask = (np.arange(20) % 4 < draw.integers(1, 5, (3, 5)).repeat(4, axis=1)).astype("int32")
    mask[1, 12:] = 0
    batch = {"token_ids": draw.integers(1, 30, (3, 20)) * mask, "padding_mask": mask}
    method.predictors.kernel.assign(3 * draw.normal(size=method.predictors.kernel.shape))
    outputs = {name: np.asarray(value) for name, value in method(batch).items()}
    latents, kept = outputs["latents"], [5, 3, 5]
    pool = [(row, place) for row in range(3) for place in range(kept[row])]
    means = []
    for k in (1, 2):
        losses = []
        for row, place in [at for at in pool if at[1] >= k]:
            prediction = outputs["predictions"].reshape(3, 5, 2, 8)[row, place - k, k - 1]
            scores = {at: prediction @ latents[at] for at in pool}
            losses.append(np.logaddexp.reduce(list(scores.values())) - scores[row, place])
        means.append(np.mean(losses))
    assert_close(loss_of(method, batch), np.mean(means), SUM)


def test_without_predictors_a_sentence_is_one_of_all_in_the_batch():
    method = CPC(sentence_encoder(30, 4, 6, 8, 5), prediction_steps=2)
    method.predictors.kernel.assign(np.zeros(method.predictors.kernel.shape))
    ids = np.random.default_rng(0).integers(1, 30, (3, 20)).astype("int32")
    batch = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    assert_close(loss_of(method, batch), np.log(3 * 5), SUM)


def test_an_encoder_whose_contexts_see_the_future_is_refused():
    sizes = {"width": 8, "depth": 2, "num_heads": 2, "mlp_dim": 16}
    with pytest.raises(ValueError, match="a recurrent layer makes"):
        CPC(bert_encoder(30, 10, **sizes))
