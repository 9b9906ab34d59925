import json

import pytest

from mmssl.evaluation.report.verdict import advice, healthy, learned, unprobed


def probed(encoder, untrained, raw=None, **more):
    parts = {"encoder": encoder, "untrained": untrained} | ({"raw": raw} if raw else {})
    found = {name: {"linear": accuracy} for name, accuracy in parts.items()}
    return {"probes": ["linear"], "n_test": 100, **found, **more}


def rows(losses, **columns):
    """A history of steps 10, 20 and so on."""
    history = [{"step": str(10 * (n + 1)), "loss": str(loss)} for n, loss in enumerate(losses)]
    for name, values in columns.items():
        for row, value in zip(history, values, strict=True):
            row[name] = str(value)
    return history


@pytest.mark.parametrize(
    ("encoder", "begins"), [(0.8, "Yes: it is ahead"), (0.58, "No: it is not"), (0.3, "No: it is")]
)
def test_an_encoder_has_learned_if_it_is_clearly_ahead_of_the_untrained(encoder, begins):
    text = learned(probed(encoder, 0.5))
    assert text.startswith(begins)
    assert "linear 0.800 ± 0.040 against 0.500 ± 0.050" in learned(probed(0.8, 0.5))


def test_one_probe_of_two_is_a_part():
    result = probed(0.8, 0.5) | {"probes": ["linear", "knn"]}
    for name, accuracy in (("encoder", 0.5), ("untrained", 0.5)):
        result[name]["knn"] = accuracy
    assert learned(result).startswith("In part: ")


@pytest.mark.parametrize(
    ("raw", "stands"), [(0.5, "ahead of it"), (0.78, "level with it"), (0.99, "behind it")]
)
def test_the_raw_input_has_the_same_treatment(raw, stands):
    text = learned(probed(0.8, 0.5, raw))
    assert text.endswith(f"the encoder is {stands} by linear.")
    assert f"linear {raw:.3f} ± " in text


def test_accuracies_of_the_same_draws_are_compared_draw_by_draw():
    def drawn(*draws):
        return {"mean": sum(draws) / len(draws), "std": 0.2, "draws": list(draws)}

    wide = drawn(0.4, 0.6, 0.8)
    assert learned(probed(drawn(0.46, 0.65, 0.87), wide)).startswith("Yes: ")
    assert learned(probed(drawn(0.8, 0.6, 0.6), wide)).startswith("No: ")


def test_without_a_probe_the_online_one_is_told_of():
    assert unprobed([]) == "Not known: no probe with labels has been run."
    text = unprobed(rows([2, 1], online_linear=[0.1, 0.25], online_knn=[0.1, ""]))
    assert "the online probe ended at linear 0.250, with" in text


def test_a_run_is_healthy_without_lasting_signs_of_collapse(run):
    sound = rows([3, 2, 1], collapse_signs=[0, 0, 0], rankme=[5, 6, 7.25])
    assert healthy(run, sound) == (
        "Yes: no lasting sign of collapse at the last of 3 looks (effective rank 7.25)."
    )
    assert ", though there were some before" in healthy(run, rows([2, 1], collapse_signs=[1, 0]))
    ill = healthy(run, rows([3, 2, 1], collapse_signs=[0, 2, 2], rankme=[5, 1, 1]))
    assert ill.startswith("No: the embeddings are collapsing (lasting signs at step 30: 2; ")
    assert "the first at step 20; effective rank 1)" in ill
    assert healthy(run, rows([3, 2, 1])).startswith("Not known")


def test_a_loss_that_was_not_finite_is_named_until_the_run_has_ended(run):
    run.files.not_finite.write_text(json.dumps({"step": 17}))
    history = rows([3], collapse_signs=[0])
    assert "not finite at step 17" in healthy(run, history)
    run.files.encoder.touch()
    assert healthy(run, history).startswith("Yes")


def advised(run, word, history=(), results=()):
    return [text for text in advice(run, list(results), list(history)) if word in text]


def test_more_steps_are_advised_if_the_loss_still_fell_at_the_end(run):
    assert not advised(run, "More steps", rows([20 - n for n in range(20)]))
    run.files.encoder.touch()
    assert "`--fit.steps 400`" in advised(run, "More steps", rows([20 - n for n in range(20)]))[0]
    assert not advised(run, "More steps", rows([max(20 - 2 * n, 3) for n in range(20)]))
    assert not advised(run, "More steps", rows([5, 4, 3]))


def test_a_task_that_is_solved_asks_for_a_larger_batch(run):
    run.config["data"] = {"init_args": {"batch_size": 16}}
    assert "`--data.batch_size 32`" in advised(run, "solved", rows([1], accuracy=[0.97]))[0]
    assert not advised(run, "pretext", rows([1], accuracy=[0.9]))


def test_waiting_for_input_is_named(run):
    waiting = {"step_seconds": [0.2], "wait_seconds": [0.1]}
    [sentence] = advised(run, "50%", rows([1], **waiting))
    assert "`mmssl prepare`" in sentence
    little = rows([1, 1], step_seconds=[1.0, 0.2], wait_seconds=[0.9, 0.01])
    assert not advised(run, "waiting for it", little)
    assert advised(run, "6%", rows([1, 1], step_seconds=[1.0, 0.2], wait_seconds=[0, 0.012]))
    assert not advised(run, "waiting for it", rows([1]))


def test_a_block_is_advised_if_it_is_clearly_better_than_the_whole(run):
    blocks = {"block_1": {"linear": 0.9}, "block_2": {"linear": 0.7}}
    better = probed(0.7, 0.5, layers=blocks)
    assert "`--layer block_1`" in advised(run, "block_1", results=[better])[0]
    assert advised(run, "Keep the whole encoder", results=[probed(0.88, 0.5, layers=blocks)])
    assert not advised(run, "--layer all", results=[probed(0.7, 0.5)])
    run.files.encoder.touch()
    assert advised(run, "--layer all", results=[probed(0.7, 0.5)])


def test_a_run_that_was_stopped_is_told_how_far_it_came(run):
    run.files.plan.write_text(json.dumps({"steps": 90}))
    assert "to step 20 of 90" in advised(run, "has not ended", rows([2, 1]))[0]
    run.files.encoder.touch()
    assert not advised(run, "has not ended", rows([2, 1]))


def test_an_encoder_that_has_ended_is_exported_unless_it_collapsed(run):
    run.files.encoder.touch()
    assert advised(run, "--format litert", rows([2, 1], collapse_signs=[1, 0]))
    assert not advised(run, "--format litert", rows([2, 1], collapse_signs=[0, 1]))
