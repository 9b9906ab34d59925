"""Word similarity: cosines of word vectors against what people say."""

import re
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr


def read_pairs(path):
    """Reads pairs of words with scores.

    Args:
        path: text file, a line a pair: word, word, score, parted by tabs, commas or blanks; a first
            line without a number is a header.

    Returns:
        list of (str, str, float).

    Raises:
        ValueError: it cannot be read, or a line is not such a pair.
    """
    pairs = []
    for number, line in enumerate(lines_of(path), start=1):
        fields = [field for field in re.split(r"[\t,; ]+", line.strip()) if field]
        score = _number(fields[2]) if len(fields) == 3 else None
        if score is not None:
            pairs.append((*fields[:2], score))
        elif number > 1 and fields:
            raise ValueError(f"{path}, line {number} is not two words and a score: {line[:60]!r}")
    if len(pairs) < 2:
        raise ValueError(f"{path} has no two pairs of words with a score")
    return pairs


def similarity(vectors, pairs):
    """Correlates cosines with scores.

    Args:
        vectors: WordVectors.
        pairs: list of (str, str, float), as `read_pairs` returns it.

    Returns:
        dict: `spearman`, the rank correlation over the pairs whose words are both known, None with
        fewer than two; `known`, their number; `pairs`, that of all.
    """
    rows = [(vectors.row(one), vectors.row(other), score) for one, other, score in pairs]
    known = [row for row in rows if None not in row]
    correlation = None
    if len(known) > 1:
        ones, others, scores = (np.array(column) for column in zip(*known, strict=True))
        cosines = np.sum(vectors.unit[ones] * vectors.unit[others], axis=1)
        found = float(spearmanr(cosines, scores).statistic)
        correlation = found if np.isfinite(found) else None  # all are equal
    return {"spearman": correlation, "known": len(known), "pairs": len(pairs)}


def lines_of(path):
    """Returns the lines of a text file.

    Raises:
        ValueError: it cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None
