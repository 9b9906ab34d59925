"""Trains word2vec beside gensim: the same text, width, window, noise and epochs.

Both see the words that mmssl's pipeline makes of the text, a sentence a line, so that vocabulary
and counts are the same. Each seed trains both, in turn. A line of JSON a training, and a
last one with the ratios: `words_ratio` is mmssl's trained words (those left after subsampling) a
second over gensim's, `cpu_ratio` the same a second of the processor, which other processes disturb
less, and `spearman_difference` mmssl's rank correlation less gensim's.

    python benchmarks/word_vectors.py --text novels/books --pairs wordsim353.tsv \
        --peer ~/peers/bin/python --epochs 5 --seeds 3

gensim lives in another environment, whose Python `--peer` names. Both take `--threads` threads.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GENSIM = """
import json, sys, time
from gensim.models import Word2Vec
settings, lines, words = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
epochs = settings.pop("epochs")
model = Word2Vec(**settings)
model.build_vocab(corpus_file=lines)
begin, cpu = time.perf_counter(), time.process_time()
trained, _ = model.train(corpus_file=lines, total_words=model.corpus_total_words,
                         total_examples=model.corpus_count, epochs=epochs)
seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
known = [word for word in words if word in model.wv]
print(json.dumps({"trained_words": trained, "seconds": seconds, "cpu_seconds": cpu,
                  "vectors": {word: model.wv[word].tolist() for word in known}}))
"""


def main():
    options = parse_options()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(options.threads))
    from mmssl.evaluation.words.similarity import read_pairs

    pairs, found = read_pairs(options.pairs), {"mmssl": [], "gensim": []}
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "lines.txt"
        data = prepared(options)
        write_lines(data, lines)
        for seed in range(options.seeds):
            for name, train in (("mmssl", ours), ("gensim", gensims)):
                result = measured(*train(options, data, lines, pairs, seed), pairs)
                found[name].append(result)
                print(
                    json.dumps({"bench": "word_vectors", "framework": name, "seed": seed} | result)
                )
                sys.stdout.flush()
    print(json.dumps({"bench": "word_vectors", **vars(options), **ratios(**found)}))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", required=True, help="what data.source takes")
    parser.add_argument("--pairs", required=True, help="pairs of words with a score")
    parser.add_argument("--peer", required=True, help="a Python that has gensim")
    parser.add_argument("--architecture", choices=["skip_gram", "cbow"], default="skip_gram")
    for name, value in {"width": 100, "window": 5, "negatives": 5, "min-count": 5}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, value in {"epochs": 5, "seeds": 1, "threads": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--subsample", type=float, default=1e-3)
    return parser.parse_args()


def prepared(options):
    """Makes the pipeline of text/word2vec over the text."""
    from mmssl.runs import read_recipe
    from mmssl.runs.recipe import build

    return build(read_recipe("text/word2vec", overrides(options))["data"]).prepare()


def overrides(options):
    return [
        f"--data.source={options.text}",
        f"--data.window={options.window}",
        f"--data.min_count={options.min_count}",
        f"--data.subsample={options.subsample}",
        f"--method.architecture={options.architecture}",
        f"--method.negatives={options.negatives}",
        f"--method.encoder.width={options.width}",
        f"--fit.epochs={options.epochs}",
        "--fit.monitor_examples=0",
    ]


def write_lines(data, path):
    """Writes the words of the vocabulary, a sentence a line."""
    words, tokens = data.tokenizer.vocabulary, data._tokens.value().numpy()
    sentences = data._sentences.value().numpy()
    with open(path, "w", encoding="utf-8") as file:
        for begin, end in itertools.pairwise(sentences):
            file.write(" ".join(words[i] for i in tokens[begin:end]) + "\n")


def ours(options, data, lines, pairs, seed):
    """Trains mmssl; the seconds are those of the steps, with their data."""
    import numpy as np

    from mmssl.evaluation.words.vectors import WordVectors
    from mmssl.training.pretraining import pretrain

    with tempfile.TemporaryDirectory() as folder:
        clock = step_clock()
        run = pretrain(
            "text/word2vec",
            Path(folder) / "run",
            [*overrides(options), f"--fit.seed={seed}"],
            quiet=True,
            callbacks=[clock],
        )
        vectors = WordVectors.of(run)
    kept = np.mean([b["padding_mask"].sum() for b in data.batches().take(50).as_numpy_iterator()])
    return float(kept * clock.steps), clock.seconds, clock.cpu, vectors


def gensims(options, data, lines, pairs, seed):
    """Trains gensim in its own Python."""
    import numpy as np

    from mmssl.evaluation.words.vectors import WordVectors

    settings = {
        "vector_size": options.width,
        "window": options.window,
        "negative": options.negatives,
        "min_count": options.min_count,
        "sample": options.subsample,
        "sg": int(options.architecture == "skip_gram"),
        "workers": options.threads,
        "seed": seed + 1,
        "epochs": options.epochs,
    }
    words = sorted({word.lower() for one, other, _ in pairs for word in (one, other)})
    given = [json.dumps(settings), str(lines), json.dumps(words)]
    done = subprocess.run(
        [options.peer, "-c", GENSIM, *given], check=True, capture_output=True, text=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    vectors = {word: np.array(v, "float32") for word, v in result["vectors"].items()}
    table = WordVectors(vectors, np.stack(list(vectors.values())))
    return result["trained_words"], result["seconds"], result["cpu_seconds"], table


def measured(trained, seconds, cpu, vectors, pairs):
    """Arranges what came of one training."""
    from mmssl.evaluation.words.similarity import similarity

    return {
        **similarity(vectors, pairs),
        "trained_words": trained,
        "seconds": round(seconds, 2),
        "words_per_s": round(trained / seconds),
        "words_per_cpu_s": round(trained / cpu),
    }


def ratios(mmssl, gensim):
    """Compares the medians of the speeds and the means of the correlations."""

    def ratio(name):
        one, other = (statistics.median(r[name] for r in of) for of in (mmssl, gensim))
        return round(one / other, 3)

    one, other = (statistics.mean(r["spearman"] for r in of) for of in (mmssl, gensim))
    return {
        "words_ratio": ratio("words_per_s"),
        "cpu_ratio": ratio("words_per_cpu_s"),
        "spearman": round(one, 3),
        "spearman_gensim": round(other, 3),
        "spearman_difference": round(one - other, 3),
    }


def step_clock():
    """Makes a callback that counts and times the steps of a run after the first, which traces."""
    import keras

    class Clock(keras.callbacks.Callback):
        steps = -1

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            now = time.perf_counter(), time.process_time()
            self._begin = now if self.steps == 0 else self._begin
            self.seconds, self.cpu = (x - y for x, y in zip(now, self._begin, strict=True))

    return Clock()


if __name__ == "__main__":
    main()
