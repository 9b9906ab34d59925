"""Search beside what it could be: other vectors, and other ways to find the nearest.

python benchmarks/search.py precision RUN FOLDER
    share of the 10 nearest training pictures that have the class of a test picture: of the
    run's encoder, the same encoder untrained, and pixels at 32 x 32. FOLDER has labels.tsv
    (file, split, label).
python benchmarks/search.py approximate [--vectors 100000] [--dimension 128]
    build time, recall@10 and time a query of exact search, an inverted file and a graph, on
    made clusters and on one core.
"""

import argparse
import time

import numpy as np

from mmssl.evaluation.probes.knn import nearest
from mmssl.search import exact
from mmssl.search.vectors import unit

NEIGHBORS = 10


def precision(run_folder, folder):
    from mmssl.evaluation.probes.features import embed_source
    from mmssl.runs import Run

    run = Run.load(run_folder)
    source = run.data.open(folder, labels=f"{folder}/labels.tsv")
    pixels = np.concatenate([batch["images"] for batch in run.data.examples(source)])
    rows = {
        f"encoder of {run_folder}": embed_source(run.encoder, run.data, source),
        "the same encoder untrained": embed_source(run.untrained, run.data, source),
        f"pixels at {pixels.shape[1]} x {pixels.shape[1]}": pixels.reshape(len(pixels), -1),
    }
    train, test = (source.splits == split for split in ("train", "test"))
    classes, counts = np.unique(source.labels[train], return_counts=True)
    share = dict(zip(classes, counts / train.sum(), strict=True))
    for name, vectors in rows.items():
        found, _ = nearest(vectors[train], vectors[test], NEIGHBORS)
        same = source.labels[train][found] == source.labels[test][:, None]
        print(f"{name:40} precision@{NEIGHBORS} {same.mean():.3f}")
    chance = np.mean([share.get(label, 0) for label in source.labels[test]])
    print(f"{'chance':40} precision@{NEIGHBORS} {chance:.3f}")


def approximate(count, dimension):
    import faiss

    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(200, dimension))
    vectors = unit(centers[rng.integers(200, size=count)] + rng.normal(size=(count, dimension)))
    queries = vectors[rng.choice(count, 500, replace=False)]
    begin = time.perf_counter()
    least = exact.nearest(vectors, queries, NEIGHBORS + 1)[1][:, -1:] - 1e-6
    print(f"exact: {(time.perf_counter() - begin) / len(queries) * 1e3:.2f} ms a query")
    metric, cells = faiss.METRIC_INNER_PRODUCT, int(count**0.5)
    inverted = faiss.index_factory(dimension, f"IVF{cells},Flat", metric)
    graph = faiss.IndexHNSWFlat(dimension, 16, metric)
    graph.hnsw.efConstruction = 80
    tried = {
        "inverted file": (inverted, inverted, "nprobe", (1, 2, 4, 8)),
        "graph": (graph, graph.hnsw, "efSearch", (32, 64, 128)),
    }
    for name, (index, owner, setting, values) in tried.items():
        begin = time.perf_counter()
        index.train(vectors)
        index.add(vectors)
        print(f"{name}: built in {time.perf_counter() - begin:.1f} s")
        for value in values:
            setattr(owner, setting, value)
            begin = time.perf_counter()
            found = index.search(queries, NEIGHBORS + 1)[0][:, 1:]
            each = (time.perf_counter() - begin) / len(queries) * 1e3
            recall = np.mean(found >= least)
            print(f"  {setting} {value}: recall@{NEIGHBORS} {recall:.3f}, {each:.3f} ms a query")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    figures = commands.add_parser("precision")
    figures.add_argument("run")
    figures.add_argument("folder")
    ways = commands.add_parser("approximate")
    ways.add_argument("--vectors", type=int, default=100_000)
    ways.add_argument("--dimension", type=int, default=128)
    options = parser.parse_args()
    if options.command == "precision":
        precision(options.run, options.folder)
    else:
        approximate(options.vectors, options.dimension)
