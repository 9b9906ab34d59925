"""Compares the linear probe with scikit-learn's own search of C, on the same features.

    python benchmarks/probes.py ../shared/data/images/fashion_mnist --items 10000

The features are the outputs of random ReLU units, and 200 made classes whose strongest directions
tell nothing. Seconds are of processor time. Peers: logistic regression at C = 1, and
`LogisticRegressionCV` over the same grid with five folds, each on standardized features.
"""

import argparse
import time

import numpy as np
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from threadpoolctl import threadpool_limits

from mmssl.evaluation.probes.linear import GRID, fit_linear, standardized, statistics
from mmssl.pipelines.images import ImageCrops

WIDTH = 128


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clothes", help="folder of Fashion-MNIST")
    parser.add_argument("--items", type=int, default=10000, help="to train on")
    options = parser.parse_args()
    print("features", "probe", "accuracy", "C", "seconds", sep="\t")
    for name, parts in {
        "Fashion-MNIST, random units": clothes(options.clothes, options.items),
        "200 classes": many_classes(),
    }.items():
        compare(name, *parts)


def compare(name, features, labels, test, test_labels):
    scale = statistics(features)
    scaled = standardized(features, *scale)
    peers = {
        "fit_linear": lambda: fit_linear(features, labels),
        "C = 1": lambda: LogisticRegression(C=1.0, tol=1e-4, max_iter=1000).fit(scaled, labels),
        "LogisticRegressionCV": lambda: LogisticRegressionCV(
            Cs=list(GRID), cv=5, tol=1e-4, max_iter=300, use_legacy_attributes=True
        ).fit(scaled, labels),
    }
    for peer, fit in peers.items():
        start = time.process_time()
        with threadpool_limits(1):
            probe = fit()
        seconds = time.process_time() - start
        own = peer == "fit_linear"
        predicted = probe.predict(test if own else standardized(test, *scale))
        accuracy = np.mean(predicted == test_labels)
        c = probe.c if own else np.ravel(getattr(probe, "C_", probe.C if peer == "C = 1" else 0))[0]
        print(name, peer, f"{accuracy:.4f}", f"{c:g}", f"{seconds:.1f}", sep="\t", flush=True)


def clothes(folder, items):
    data = ImageCrops(folder, size=28)
    source = data.open(folder)
    parts = []
    for split, count in (("train", items), ("test", None)):
        chosen = source.select(source.splits == split).first(count)
        images = [batch["images"].numpy().mean(axis=-1) for batch in data.examples(chosen)]
        parts.append((np.concatenate(images).reshape(len(chosen), -1), chosen.labels))
    units = np.random.default_rng(0).normal(size=(parts[0][0].shape[1], WIDTH)) / 28
    units = units.astype("float32")
    (x, y), (test, test_labels) = parts
    return np.maximum(x @ units, 0), y, np.maximum(test @ units, 0), test_labels


def many_classes():
    draw, width, count = np.random.default_rng(0), 64, 200
    mixing, centers = draw.normal(size=(width, width)), draw.normal(size=(count, width))
    mixing[:8] *= 30
    centers[:, :8] = 0
    parts = []
    for each in (15, 5):
        labels = np.repeat(np.arange(count), each)
        vectors = centers[labels] + draw.normal(size=(len(labels), width))
        parts += [(vectors @ mixing).astype("float32"), labels]
    return parts


if __name__ == "__main__":
    main()
