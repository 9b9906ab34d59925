"""Zero-shot classification: files by the names of classes."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmssl.evaluation.pair_run import PairRun
from mmssl.files import write_text
from mmssl.methods.bases.retrieval import class_vectors
from mmssl.reading import check_regular

PROMPTS = ("{}",)


@dataclass(eq=False)
class Classified:
    """Items and their classes.

    Attributes:
        names: list (N,) of str, the items.
        classes: list (C,) of str.
        probabilities: float32 array (N, C), rows that add up to 1.
    """

    names: list[str]
    classes: list[str]
    probabilities: np.ndarray

    def rows(self):
        """Yields of each item its name, its class and the probability of that."""
        best = self.probabilities.argmax(axis=1)
        for name, row, number in zip(self.names, self.probabilities, best, strict=True):
            yield name, self.classes[number], float(row[number])

    def write(self, path):
        """Writes a `.tsv` of the rows, atomically."""
        if Path(path).suffix != ".tsv":
            raise ValueError(f"--out must be a .tsv file; got {path}.")
        rows = (f"{name}\t{label}\t{share:.4f}" for name, label, share in self.rows())
        write_text(path, "\n".join(["file\tclass\tprobability", *rows, ""]))


def classify(run, source, classes, prompts=PROMPTS):
    """Classifies items by the texts that classes and templates make, without a label.

    The vectors of a class's texts are normalized, averaged and normalized again (Radford et al.
    2021, arXiv 2103.00020); an item is of the class of the largest cosine.

    Args:
        run: Run of pairs, of which one side reads texts.
        source: items of the other side, anything that its pipeline opens.
        classes: list of str, or the path of a text file with one a line.
        prompts: templates with {} in place of a class.

    Returns:
        Classified.

    Raises:
        ValueError: the run has no such sides, there are fewer than two classes, or a template has
            no {}.
    """
    pair = PairRun.of(run)
    classes = read_classes(classes)
    if not prompts or not all("{}" in prompt for prompt in prompts):
        raise ValueError(
            f"each of the prompts must have {{}} in place of a class: {list(prompts)}."
        )
    vectors = class_vectors(pair.embed_texts, classes, prompts)
    side = pair.other(pair.text_side)
    opened = pair.sides[side].data.open(source)
    logits = pair.scale * (pair.embed(side, opened) @ vectors.T)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return Classified(list(opened.names), classes, shares / shares.sum(axis=1, keepdims=True))


def read_classes(classes):
    """Returns the names of classes, a list of str.

    Args:
        classes: see `classify`.

    Raises:
        ValueError: there are fewer than two, one is there twice, or the file cannot be read.
    """
    if isinstance(classes, str | os.PathLike):
        path = Path(classes)
        check_regular(path)
        if not path.is_file():
            raise ValueError(f"the file of classes {path} does not exist.")
        try:
            classes = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not UTF-8 text: expected a class a line.") from None
    names = [name.strip() for name in classes if name.strip()]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"classes must be two or more different names; got {names[:5]}.")
    return names
