"""What clusters say of labels, before and after training."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from mmssl.encoders import small_conv_encoder
from mmssl.evaluation.probes.clusters import cluster_figures, clustered
from mmssl.evaluation.probes.features import embed_source
from mmssl.methods import DeepCluster
from mmssl.methods.bases.clusters import label_information
from mmssl.pipelines.images import NumberedCrops
from mmssl.pipelines.sources import open_source

COLORS = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200]])
DRAW = np.random.default_rng(0)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_clusters_of_a_run_are_set_against_those_of_its_encoder_untrained():
    kinds = np.repeat(np.arange(3), 8)
    images = [DRAW.normal(COLORS[k], 8, (8, 8, 3)).clip(0, 255).astype("uint8") for k in kinds]
    data = NumberedCrops(images, size=8, batch_size=4).prepare()
    source = open_source(images, data.extensions, [f"kind {k}" for k in kinds])
    keras.utils.set_random_seed(0)
    encoders = [small_conv_encoder(8, (6, 8), (2, 2)) for _ in range(2)]
    for variable in encoders[1].trainable_variables:  # that makes all images alike
        variable.assign(np.zeros(variable.shape))
    method = DeepCluster(encoders[0], memory_size=24, clusters=3, components=4)
    method.begin_epoch(data, 0)
    run = SimpleNamespace(
        config={"method": {"class_path": "mmssl.methods.DeepCluster"}},
        data=data,
        method=lambda: method,
        encoder=encoders[0],
        untrained=encoders[1],
    )
    figures = cluster_figures(run, source)
    assigned, _ = method.assign(data, source)
    assert figures["clusters"] == 3
    assert figures["assigned_nmi"] == label_information(assigned, source.labels)
    rows = embed_source(encoders[0], data, source)
    assert figures["encoder_nmi"] == label_information(clustered(rows, 3), source.labels)
    assert figures["encoder_nmi"] > 0.5
    assert figures["untrained_nmi"] == 0


def test_runs_without_clusters_have_no_such_figures():
    run = SimpleNamespace(config={"method": {"class_path": "mmssl.methods.SimCLR"}})
    assert cluster_figures(run, None) == {}


def test_embeddings_are_clustered_by_their_directions_once_whitened():
    groups = np.repeat(np.eye(3), 10, axis=0) * [1.0, 100.0, 0.01]
    rows = (groups + DRAW.normal(scale=1e-4, size=groups.shape)).astype("float32")
    found = clustered(rows, 3)
    assert all(len(set(found[k : k + 10])) == 1 for k in (0, 10, 20))
    assert len(set(found)) == 3
