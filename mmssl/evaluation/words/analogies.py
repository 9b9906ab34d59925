"""Analogies: a is to b as c is to d, by the vector b - a + c."""

import numpy as np

from mmssl.evaluation.words.similarity import lines_of

_AT_ONCE = 512  # questions that are answered together


def read_questions(path):
    """Reads analogy questions in the format of word2vec's questions-words.txt.

    Args:
        path: text file, a line a question: four words a b c d; a line ": name" begins a section.

    Returns:
        dict from the name of a section to a list of tuples of four str.

    Raises:
        ValueError: it cannot be read, or a line is neither.
    """
    sections, name = {}, "questions"
    for number, line in enumerate(lines_of(path), start=1):
        words = line.split()
        if words[:1] == [":"] or line.startswith(":"):
            name = line.removeprefix(":").strip()
        elif len(words) == 4:
            sections.setdefault(name, []).append(tuple(words))
        elif words:
            raise ValueError(f"{path}, line {number} is not four words: {line[:60]!r}")
    if not sections:
        raise ValueError(f"{path} has no questions of four words")
    return sections


def analogies(vectors, sections):
    """Answers analogy questions.

    The answer is the word, other than the three of the question, whose vector has the largest
    cosine to b - a + c of unit vectors.

    Args:
        vectors: WordVectors.
        sections: as `read_questions` returns it.

    Returns:
        dict: `accuracy` over the questions whose four words are known, None without any; `known`,
        their number; `questions`, that of all; `sections`, the same of each.
    """
    found = {name: _section(vectors, questions) for name, questions in sections.items()}
    total = {
        key: sum(part[key] for part in found.values()) for key in ("hits", "known", "questions")
    }
    parts = {name: _shares(part) for name, part in found.items()}
    return {**_shares(total), "sections": parts}


def answers(vectors, questions, count=1):
    """Finds what completes questions, as `analogies` does.

    Args:
        vectors: WordVectors.
        questions: int array (M, 3), rows of a, b and c.
        count: how many answers, at least 1.

    Returns:
        see `WordVectors.nearest`.
    """
    a, b, c = vectors.unit[questions.T]
    return vectors.nearest(b - a + c, questions, count)


def _section(vectors, questions):
    rows = [[vectors.row(word) for word in question] for question in questions]
    known = np.array([row for row in rows if None not in row], np.int64).reshape(-1, 4)
    hits = 0
    for first in range(0, len(known), _AT_ONCE):
        part = known[first : first + _AT_ONCE]
        best, _ = answers(vectors, part[:, :3])
        hits += int(np.sum(best[:, 0] == part[:, 3]))
    return {"hits": hits, "known": len(known), "questions": len(questions)}


def _shares(part):
    accuracy = part["hits"] / part["known"] if part["known"] else None
    return {"accuracy": accuracy, "known": part["known"], "questions": part["questions"]}
