"""Which strategy a run trains under, and what TF_CONFIG must be like."""

import json

import pytest
import tensorflow as tf

from mmssl.strategy import VARIABLE, Cluster, config_of, make_strategy, read_cluster

ADDRESSES = ("one:1", "two:2", "three:3")


def test_workers_are_numbered_as_they_are_named(monkeypatch):
    for index in range(3):
        monkeypatch.setenv(VARIABLE, config_of(ADDRESSES, index))
        assert read_cluster() == Cluster(ADDRESSES, index)
        assert read_cluster().is_chief == (index == 0)


@pytest.mark.parametrize(("type", "index", "number"), [("chief", 0, 0), ("worker", 1, 2)])
def test_a_chief_of_its_own_comes_before_the_workers(type, index, number, monkeypatch):
    cluster = {"worker": ADDRESSES[1:], "chief": ADDRESSES[:1]}
    task = {"type": type, "index": index}
    monkeypatch.setenv(VARIABLE, json.dumps({"cluster": cluster, "task": task}))
    assert read_cluster() == Cluster(ADDRESSES, number)


def test_tensorflow_reads_the_same(monkeypatch):
    monkeypatch.setenv(VARIABLE, config_of(ADDRESSES, 1))
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    assert resolver.cluster_spec().as_dict() == {"worker": list(ADDRESSES)}
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)


@pytest.mark.parametrize(
    "text",
    [
        "two workers",
        "[]",
        '{"cluster": {"worker": ["one:1"]}}',
        config_of(ADDRESSES, 3),
        config_of(ADDRESSES, -1),
        '{"cluster": {"worker": ["one:1"], "ps": ["two:2"]}, "task": {"type": "ps", "index": 0}}',
        '{"cluster": {"worker": ["one:1"]}, "task": {"type": "evaluator", "index": 0}}',
    ],
)
def test_what_is_no_cluster_is_refused(text, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ValueError, match=r"^TF_CONFIG must be .*got "):
        read_cluster()


def test_an_unknown_strategy_is_refused():
    with pytest.raises(ValueError, match=r"^fit\.strategy must be one of auto, mirrored, multi_wo"):
        make_strategy("two")


def test_workers_without_a_cluster_are_refused():
    with pytest.raises(ValueError, match="needs TF_CONFIG, which names the workers: start it with"):
        make_strategy("multi_worker")


def test_a_cluster_of_one_trains_as_one(monkeypatch):
    monkeypatch.setenv(VARIABLE, config_of(ADDRESSES[:1], 0))
    assert make_strategy("multi_worker").num_replicas_in_sync == 1


@pytest.mark.parametrize("name", ["mirrored", "tpu"])
def test_a_cluster_for_a_strategy_of_one_process_is_refused(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, config_of(ADDRESSES, 0))
    with pytest.raises(ValueError, match=f"={name} trains in one process, and TF_CONFIG names 3"):
        make_strategy(name)


def test_a_tpu_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"^fit\.strategy=tpu finds no TPU on this machine: "):
        make_strategy("tpu")
