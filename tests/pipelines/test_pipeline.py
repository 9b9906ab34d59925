"""Order, resuming and refusals of the base class."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.pipeline import Pipeline
from mmssl.pipelines.sources import Source, open_source
from mmssl.pipelines.sources.fingerprint import FINGERPRINT_FILE, fingerprint
from mmssl.pipelines.sources.scan import read_skipped
from tests.pipelines.elements import elements


class Numbers(Pipeline):
    """Shows which item and which key each element has; items below zero cannot be read."""

    extensions = (".num",)

    def decode(self, raw):
        raw = tf.strings.to_number([raw]) if raw.dtype == tf.string else raw
        with tf.control_dependencies([tf.Assert(raw[0] >= 0, ["below zero"])]):
            return tf.identity(raw)

    def example(self, index, key):
        return {
            "item": tf.ensure_shape(self.item(index), [1]),
            "draw": tf.random.stateless_uniform([], key),
        }

    def inputs(self, item, max_length=None):
        return {"item": item}


def numbers(count):
    return np.arange(count, dtype=np.float32)[:, None]


def test_every_epoch_shows_every_item_once_in_a_new_order():
    pipeline = Numbers(numbers(12), 4)
    shown = elements(pipeline, 3 * 5)["item"].reshape(5, 12)
    assert all(sorted(epoch) == list(range(12)) for epoch in shown)
    assert len({tuple(epoch) for epoch in shown}) == 5


def test_items_that_do_not_fill_a_batch_wait_for_another_epoch():
    pipeline = Numbers(numbers(10), 4).prepare()
    assert len(pipeline) == 2
    shown = elements(pipeline, 2 * 40)["item"].reshape(40, 8)
    assert all(len(set(epoch)) == 8 for epoch in shown)
    assert set(shown.ravel()) == set(range(10))


def test_orders_of_neighboring_epochs_and_seeds_are_unrelated():
    pipeline = Numbers(numbers(5), 5)
    first = elements(pipeline, 1000)["item"].reshape(1000, 5)[:, 0]
    counts = np.bincount(first.astype(int), minlength=5)
    assert ((counts - 200) ** 2 / 200).sum() < 18.5  # chi-square, 4 degrees, p = 0.001
    longer = Numbers(numbers(10), 10)
    seeds = [tuple(elements(longer, 1, seed=seed)["item"].ravel()) for seed in range(10)]
    assert len(set(seeds)) == 10


@pytest.mark.parametrize("calls", [1, 7])
def test_the_number_of_parallel_calls_changes_nothing(calls):
    expected = elements(Numbers(numbers(50), 4), 30, seed=3)
    actual = elements(Numbers(numbers(50), 4, num_parallel_calls=calls), 30, seed=3)
    np.testing.assert_array_equal(actual["item"], expected["item"])
    np.testing.assert_array_equal(actual["draw"], expected["draw"])


@pytest.mark.parametrize("step", [1, 12, 25])
def test_starting_at_a_step_equals_skipping_to_it(step):
    pipeline = Numbers(numbers(50), 4)
    skipped = {k: v[step * 4 :] for k, v in elements(pipeline, step + 3, seed=9).items()}
    started = elements(pipeline, 3, start_step=step, seed=9)
    np.testing.assert_array_equal(started["item"], skipped["item"])
    np.testing.assert_array_equal(started["draw"], skipped["draw"])


def test_no_draw_repeats_and_another_seed_draws_otherwise():
    pipeline = Numbers(numbers(50), 5)
    draws = elements(pipeline, 100)["draw"]
    assert len(set(draws)) == 500
    assert not set(draws) & set(elements(pipeline, 100, seed=1)["draw"])


def test_batches_have_static_shapes_and_no_end():
    dataset = Numbers(numbers(6), 3).batches()
    assert dataset.element_spec["item"].shape == (3, 1)
    assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY


def write(folder, values):
    folder.mkdir(exist_ok=True)
    for i, value in enumerate(values):
        (folder / f"{i:02d}.num").write_text(str(value))
    return folder


@pytest.mark.parametrize("cache", [True, False])
def test_cached_or_not_the_batches_are_the_same(tmp_path, cache):
    folder = write(tmp_path / "data", range(20))
    shown = elements(Numbers(folder, 4, cache=cache), 10)["item"]
    np.testing.assert_array_equal(shown, elements(Numbers(numbers(20), 4), 10)["item"])


@pytest.mark.parametrize("cache", [True, False])
def test_an_unreadable_file_is_left_out_named_and_remembered(tmp_path, cache):
    folder = write(tmp_path / "data", [0, 1, 2, -1, *range(4, 21)])
    pipeline = Numbers(folder, 4, cache=cache)
    pipeline.prepare(tmp_path / "run")
    assert pipeline.skipped == [("03.num", "below zero")]
    assert read_skipped(tmp_path / "run") == pipeline.skipped
    expected = elements(pipeline, 10)["item"]
    assert set(expected.ravel()) == set(range(21)) - {3}

    resumed = Numbers(folder, 4, cache=cache)
    resumed.prepare(tmp_path / "run")
    assert resumed.skipped == pipeline.skipped
    np.testing.assert_array_equal(elements(resumed, 10)["item"], expected)


def test_a_file_that_the_run_began_without_stays_left_out(tmp_path):
    folder = write(tmp_path / "data", [0, 1, 2, -1, *range(4, 21)])
    expected = elements(Numbers(folder, 4).prepare(tmp_path / "run"), 10)["item"]
    (tmp_path / "run" / FINGERPRINT_FILE).unlink()  # as in runs of older versions
    (folder / "03.num").write_text("3")
    resumed = Numbers(folder, 4).prepare(tmp_path / "run")
    assert resumed.skipped == [("03.num", "below zero")]
    np.testing.assert_array_equal(elements(resumed, 10)["item"], expected)


def test_a_file_lost_since_the_run_began_stops_it(tmp_path):
    folder = write(tmp_path / "data", range(20))
    Numbers(folder, 4).prepare(tmp_path / "run")
    (tmp_path / "run" / FINGERPRINT_FILE).unlink()
    (folder / "05.num").write_text("-5")
    with pytest.raises(ValueError, match=r"05\.num was readable when this run started"):
        Numbers(folder, 4).prepare(tmp_path / "run")


def test_data_that_changed_since_the_run_began_are_named_and_refused_until_accepted(tmp_path):
    folder = write(tmp_path / "data", range(20))
    Numbers(folder, 4).prepare(tmp_path / "run")
    Numbers(folder, 4).prepare(tmp_path / "run")  # nothing changed
    (folder / "05.num").write_text("505")
    (folder / "06.num").unlink()
    write(folder / "more", [-1, 2, 3])
    told = r"3 added \(more/00\.num, .*\), 1 removed \(06\.num\), 1 edited \(05\.num\)"
    with pytest.raises(ValueError, match=told):
        Numbers(folder, 4).prepare(tmp_path / "run")
    accepted = Numbers(folder, 4).prepare(tmp_path / "run", data_changed="accept")
    assert accepted.skipped == [("more/00.num", "below zero")]
    assert Numbers(folder, 4).prepare(tmp_path / "run").items.names == accepted.items.names
    assert len(accepted.items) == 21


@pytest.mark.parametrize("change", ["edited", "split"])
def test_changes_of_data_in_memory_are_noticed(tmp_path, change):
    source = open_source(numbers(12), (".num",))
    source.splits = np.array(["test"] * 4 + ["train"] * 8)
    Numbers(source, 2).prepare(tmp_path)
    if change == "edited":
        source.content = source.content + 1
    else:
        source.splits[0] = "train"
    with pytest.raises(ValueError, match=r"data changed since the run .* began: 1 edited \(the"):
        Numbers(source, 2).prepare(tmp_path)


@pytest.mark.parametrize(
    "content",
    [["a", "é\ud800"], np.array(["a", None], object), [np.zeros((2, 3)), np.zeros(0)], "builtin:x"],
)
def test_every_kind_of_data_in_memory_has_a_fingerprint(content):
    one, other = (Source(["a", "b"], lambda i: i, content=c) for c in (content, content[:1]))
    assert fingerprint(one) == fingerprint(one.select([0, 1]))
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) != fingerprint(one.select([1, 0]))


class Doubled(Numbers):
    """Reads an attribute, and says so."""

    decode_arguments = ("factor",)

    def __init__(self, source, factor=2.0, **kwargs):
        super().__init__(source, 4, **kwargs)
        self.factor, self.decoded = factor, []

    def decode(self, raw):
        def note(value):
            self.decoded.append(float(value[0]))
            return value

        return tf.numpy_function(note, [self.factor * super().decode(raw)], tf.float32)


@pytest.mark.parametrize("cache", [True, False])
def test_what_was_decoded_once_is_not_decoded_by_the_next_process(tmp_path, cache):
    folder = write(tmp_path / "data", [0, 1, 2, -1, *range(4, 21)])
    first = Doubled(folder, cache=cache).prepare()
    again = Doubled(folder, cache=cache).prepare()
    assert len(first.decoded) == 20
    assert again.open(folder).names == first.items.names
    assert again.decoded == []
    assert (again.skipped, again.items.names) == (first.skipped, first.items.names)
    np.testing.assert_array_equal(again.shapes, first.shapes)
    np.testing.assert_array_equal(elements(again, 10)["item"], elements(first, 10)["item"])
    assert (again.decoded == []) == cache


def test_another_file_argument_or_choice_is_decoded_anew(tmp_path):
    folder = write(tmp_path / "data", range(10))
    Doubled(folder).prepare()
    assert len(Doubled(folder, factor=3.0).prepare().decoded) == 10
    assert len(Doubled(folder, limit=7).prepare().decoded) == 7
    (folder / "03.num").write_text("33")
    assert 66.0 in Doubled(folder).prepare().decoded


def test_the_same_files_in_another_order_are_not_taken_for_each_other(tmp_path):
    files = sorted(write(tmp_path / "data", range(4, 12)).iterdir())
    for listed in (files, files[::-1]):
        kept = Doubled([str(file) for file in listed]).prepare()
        values = [float(kept.item(tf.constant(i, tf.int64))[0]) for i in range(8)]
        assert values == [2 * float(file.read_text()) for file in listed]


def test_a_class_that_does_not_say_what_its_decoding_reads_is_never_cached(tmp_path):
    class Tripled(Doubled):
        def decode(self, raw):
            return 1.5 * super().decode(raw)

    folder = write(tmp_path / "data", range(10))
    assert [len(Tripled(folder).prepare().decoded) for _ in range(2)] == [10, 10]


def test_too_many_unreadable_files_stop_the_run_and_leave_no_list(tmp_path):
    folder = write(tmp_path / "data", [1, -1, 2, -2])
    with pytest.raises(ValueError, match=r"2 of 4 items .*01\.num \(below zero\), 03\.num"):
        Numbers(folder, 1).prepare(tmp_path / "run")
    assert read_skipped(tmp_path / "run") is None
    assert len(Numbers(folder, 1, skip_ratio=0.5).prepare()) == 2


def test_the_source_is_read_by_prepare_once_and_told_of_as_it_goes(tmp_path):
    folder = write(tmp_path / "data", range(100))
    told = []
    pipeline = Numbers(folder, 4)
    assert pipeline.prepare(progress=lambda *counts: told.append(counts)) is pipeline
    assert told == [(done, 100) for done in range(1, 101)]
    for file in folder.iterdir():
        file.unlink()
    assert len(pipeline.prepare()) == 25


def test_the_length_is_known_once_the_source_was_read_and_reads_nothing_itself():
    pipeline = Numbers("nowhere", 4)
    with pytest.raises(RuntimeError, match=r"Numbers has no length before .*: call prepare\(\)$"):
        len(pipeline)
    pipeline = Numbers(numbers(8), 4)
    pipeline.batches()
    assert len(pipeline) == 2
    with pytest.raises(RuntimeError, match=r"call prepare\(\)"):
        len(pipeline.on(numbers(3)))


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="batch_size=64 is larger than an epoch, 10 elements"):
        Numbers(numbers(10), 64).prepare()


def test_numbers_out_of_range_are_refused_at_once():
    for name, value in [("batch_size", 0), ("skip_ratio", 2), ("num_parallel_calls", 0)]:
        with pytest.raises(ValueError, match=f"{name}={value}"):
            Numbers("nowhere", **{name: value})
    with pytest.raises(ValueError, match="start_step=-1"):
        Numbers(numbers(4), 2).batches(start_step=-1)


def test_only_the_training_part_is_trained_on(tmp_path):
    folder = write(tmp_path / "data", range(6))
    table = tmp_path / "labels.tsv"
    rows = [f"{i:02d}.num\tx\t{'train' if i < 4 else 'test'}" for i in range(6)]
    table.write_text("\n".join(["file\tlabel\tsplit", *rows]))
    assert Numbers(folder, 2, labels=table).batches() is not None
    pipelines = {split: Numbers(folder, 2, labels=table, split=split) for split in ("train", None)}
    assert [len(pipeline.prepare()) for pipeline in pipelines.values()] == [2, 3]
    with pytest.raises(ValueError, match="in the split 'dev'; the splits are test, train"):
        Numbers(folder, 2, labels=table, split="dev").prepare()


def test_examples_come_in_order_with_the_last_part():
    pipeline = Numbers("nowhere", 4)
    source = pipeline.open(numbers(10))
    parts = list(pipeline.examples(source, batch_size=4).as_numpy_iterator())
    assert [len(part["item"]) for part in parts] == [4, 4, 2]
    assert np.concatenate([part["item"] for part in parts]).ravel().tolist() == list(range(10))
    assert pipeline.preview(source, 7).tolist() == [7]


def test_opening_leaves_unreadable_items_out():
    pipeline = Numbers("nowhere")
    source = pipeline.open(np.array([[1], [-1], [2]], np.float32), labels=list("abc"))
    assert source.names == ["row 0", "row 2"]
    assert source.labels.tolist() == ["a", "c"]


def test_another_source_takes_the_place_of_the_first():
    pipeline = Numbers(numbers(8), 2)
    pipeline.prepare()
    other = pipeline.on(numbers(3))
    assert sorted(elements(other, 1)["item"].ravel().tolist()) != []
    assert (len(other), len(pipeline)) == (1, 4)


def test_a_limit_takes_the_first_items_of_the_part_to_train():
    splits = ["test"] * 4 + ["train"] * 8
    source = open_source(numbers(12), (".num",))
    source.splits = np.array(splits)
    pipeline = Numbers(source, 2, limit=3)
    pipeline.prepare()
    assert pipeline.items.names == ["row 4", "row 5", "row 6"]
    assert len(list(pipeline.on(source).examples(source, batch_size=1))) == 12
    assert pipeline.on(source).limit is None
    with pytest.raises(ValueError, match="limit=0"):
        Numbers(source, 2, limit=0)
