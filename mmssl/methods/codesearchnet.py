"""CodeSearchNet."""

from typing import Literal

import keras
import numpy as np
from keras import ops

from mmssl.choices import check_choices
from mmssl.losses.parts.inputs import positive_number
from mmssl.losses.search import search_cross_entropy, search_margin
from mmssl.methods.bases.captioned import captioned_sheet
from mmssl.methods.bases.held_out_images import spread_out
from mmssl.methods.bases.search_figures import (
    chance_reciprocal_rank,
    keyword_scores,
    mean_reciprocal_rank,
)
from mmssl.methods.bases.towers import Towers

SHOWN, NEAREST = 8, 3


class CodeSearchNet(Towers):
    """Search of code by words (Husain, Wu, Gazit, Allamanis, Brockschmidt 2019, arXiv 1909.09436).

    Two encoders, of code and of queries, are trained so that each query, the documentation of a
    function, scores its own function c_i above those of the other queries of the batch:

        softmax:  -mean_i log( exp(q_i . c_i) / sum_j exp(q_i . c_j) )
        margin:   mean_i max(0, margin - cos(q_i, c_i) + max_{j != i} max(0, cos(q_i, c_j)))
        cosine:   softmax of cos(q_i, c_j) / T

    The softmax is the paper's, of plain products; the margin is the loss `cosine` of its code; the
    cosine with a temperature is in neither. All run over codes for each query, in that direction
    alone. Functions whose documentation is the same are no negatives of each other. Ranking is by
    the cosine.

    Batch:
        <side>_<input>: the inputs of the tower of each side, such as `code_token_ids` and
            `code_padding_mask` int32 (B, L); what is searched is the first side, and the second
            one is what it is searched by.
        <side>_group: int32 (B,), halves of equal number are the same item.

    Across replicas: the vectors of the first side, with gradients, and the numbers of the second.

    Args:
        towers: two encoders of one width by side, such as `code` and `query`.
        objective: the loss.
        margin: of the margin, above 0.
        temperature: T, of the cosine; above 0.
        equal_start: whether the second tower begins with the weights of the first. Where both have
            one vocabulary, words then match themselves before the first step.
        **kwargs: passed to Towers.

    Raises:
        ValueError: an argument is out of range, the towers differ in width, or in more, where they
            are to begin alike.
    """

    metric_names = ("search", "in_batch_accuracy")

    def __init__(
        self,
        towers: dict[str, keras.Model],
        objective: Literal["softmax", "margin", "cosine"] = "softmax",
        margin: float = 1.0,
        temperature: float = 0.07,
        equal_start: bool = False,
        **kwargs,
    ):
        check_choices(CodeSearchNet.__init__, objective=objective)
        positive_number(margin=margin, temperature=temperature)
        super().__init__(towers, None, **kwargs)
        self.objective, self.margin, self.temperature = objective, margin, temperature
        if equal_start:
            _start_alike(*self.towers.values())

    def loss_terms(self, batch, outputs, training):
        items, queries = (ops.cast(outputs[side], "float32") for side in self.sides)
        groups = batch[f"{self.sides[1]}_group"]
        self.update_metric("in_batch_accuracy", _accuracy(queries, items))
        if self.objective == "margin":
            return {"search": search_margin(queries, items, self.margin, groups)}
        if self.objective == "cosine":
            queries, items = ops.normalize(queries) / self.temperature, ops.normalize(items)
        return {"search": search_cross_entropy(queries, items, groups)}

    def validate(self, data):
        """Computes how well held-out queries find their functions.

        Args:
            data: mmssl.pipelines.pairs.Pairs over the held-out pairs.

        Returns:
            dict: `mrr`, the mean of 1 / rank of a query's function among those of 1,000 queries or,
            if there are fewer, all, where a tie counts as lost; `keyword_mrr`, the same of TF-IDF
            of words, where the data count them; `chance_mrr`, that of a random order; and
            `candidates`, how many functions there are to choose from.
        """
        items, queries = self._vectors(data.prepare_all())
        count = len(queries)
        found = {"mrr": mean_reciprocal_rank(lambda rows: queries[rows] @ items[rows].T, count)}
        if hasattr(data, "word_counts"):
            keywords = keyword_scores(*data.word_counts())
            found["keyword_mrr"] = mean_reciprocal_rank(keywords, count)
        return found | chance_reciprocal_rank(count)

    def _vectors(self, data):
        """Returns the vectors of both sides of each pair, unit rows float32 (N, D)."""
        return [
            self.embed_side(side, data.examples_of(side))[_items(data, side)] for side in self.sides
        ]

    def report_images(self, data):
        """Draws queries beside the beginnings of the functions that are nearest to them.

        Args:
            data: mmssl.pipelines.pairs.Pairs over the pairs to show.

        Returns:
            list of one (title, caption, uint8 (H, W, 3)).
        """
        data = data.on(spread_out(data.source)).prepare_all()
        items, queries = self._vectors(data)
        shown = np.linspace(0, len(queries) - 1, min(SHOWN, len(queries))).astype(int)
        order = np.argsort(-(queries[shown] @ items.T), axis=1, kind="stable")[:, :NEAREST]
        first, second = self.sides
        rows = []
        for pair, nearest in zip(shown, order, strict=True):
            texts = [data.preview_of(first, item) for item in _items(data, first)[nearest].tolist()]
            asked = data.preview_of(second, int(_items(data, second)[pair]))
            rows.append((asked, list(zip(texts, (nearest == pair).tolist(), strict=True))))
        caption = (
            f"Each {second} with the {NEAREST} nearest of {len(items)} held-out {first} halves, "
            f"its own in green: the nearest is right in {np.mean(order[:, 0] == shown):.0%}."
        )
        return [(f"Nearest {first}", caption, captioned_sheet(rows))]


def _items(data, side):
    """Returns the number of the first half that each pair has on a side, int64 (N,)."""
    pairs, items = data.matches(side)
    return items[np.unique(pairs, return_index=True)[1]]


def _start_alike(first, second):
    shapes = [[tuple(w.shape) for w in tower.weights] for tower in (first, second)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"equal_start needs two towers of equal sizes, and {first.name} and {second.name} have "
            "others: one vocabulary (data.one_vocabulary), one width, one length."
        )
    second.set_weights(first.get_weights())


def _accuracy(queries, items):
    """Computes how often a query is nearest to its own item among those of this replica."""
    cosines = ops.matmul(ops.normalize(queries), ops.transpose(ops.normalize(items)))
    own = ops.arange(ops.shape(cosines)[0])
    return ops.mean(ops.cast(ops.cast(ops.argmax(cosines, 1), "int32") == own, "float32"))
