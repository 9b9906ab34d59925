"""Word vectors as text, in the format of word2vec's code, which gensim and others read."""

import numpy as np

from mmssl.deploy.checked import keep_checked
from mmssl.deploy.paths import file_for
from mmssl.evaluation.words.vectors import WordVectors

FORMAT, NAME = "word2vec", "vectors.txt"


def export_word_vectors(run, out=None):
    """Exports a run's word vectors as text, reads them back and compares them.

    The first line has the number of words and of dimensions, each other a word and its numbers, in
    as many digits as float32 has. gensim reads it with `KeyedVectors.load_word2vec_format(path)`.

    Args:
        run: `mmssl.runs.Run` of a recipe of word vectors.
        out: File ending in .txt; None for `vectors.txt` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The run has no word vectors, the path does not fit, or a word has a blank
            inside, which the format cannot hold.
    """
    path = file_for(out or run.place(NAME), "The word2vec format", ".txt")
    vectors = WordVectors.of(run)
    spaced = [word for word in vectors.words if word.split() != [word]]
    if spaced:
        raise ValueError(
            f"The word2vec format parts words by blanks, and {spaced[0]!r} has one: export to "
            "another format."
        )

    def read(written):
        words, found = read_vectors(written)
        if words != vectors.words:
            raise ValueError("its words are others")
        return [{"features": found}]

    return keep_checked(
        FORMAT, path, lambda beside: _write(beside, vectors), read, [{"features": vectors.vectors}]
    )


def read_vectors(path):
    """Reads word vectors in the word2vec text format.

    Args:
        path: file.

    Returns:
        pair of a tuple of V words and float32 array (V, D).
    """
    with open(path, encoding="utf-8") as file:
        size, width = map(int, file.readline().split())
        words, vectors = [], np.empty((size, width), np.float32)
        for row, line in zip(vectors, file, strict=True):
            word, *numbers = line.rstrip("\n").split(" ")
            words.append(word)
            row[:] = numbers
    return tuple(words), vectors


def _write(path, vectors):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{len(vectors)} {vectors.vectors.shape[1]}\n")
        for word, row in zip(vectors.words, vectors.vectors, strict=True):
            file.write(f"{word} {' '.join(map(str, row))}\n")
