"""Search across the sides of pairs: pictures by a text, texts by a picture, sounds by either."""

import os
from dataclasses import dataclass

from mmssl.evaluation.pair_run import PairRun
from mmssl.evaluation.report import page
from mmssl.evaluation.report.neighbors import show_items
from mmssl.files import write_text
from mmssl.pipelines.sources import Source
from mmssl.pipelines.sources.tables import TABLES, read_table
from mmssl.search.exact import nearest


@dataclass(eq=False)
class Retrieved:
    """What was found for a query among the items of the other side.

    Attributes:
        pair: PairRun.
        query: str, the text or the path that was given.
        side: name of the side of the items.
        source: Source of the items.
        numbers: int64 array (k,), the items that were found, the nearest first.
        cosines: float32 array (k,).
    """

    pair: PairRun
    query: str
    side: str
    source: Source
    numbers: list
    cosines: list

    def rows(self):
        """Yields the cosine, the name and for texts the beginning of each item found."""
        data, texts = self.pair.sides[self.side].data, self.side == self.pair.text_side
        for number, cosine in zip(self.numbers, self.cosines, strict=True):
            text = data.preview(self.source, int(number)) if texts else ""
            yield float(cosine), str(self.source.names[number]), " ".join(text.split())

    def write(self, out):
        """Writes a page with what was found, atomically."""
        chosen = self.source.select(self.numbers)
        kind, shown = show_items(self.pair.sides[self.side].data, chosen)
        cards = [
            f'<div class="item" title="{page.escape(name)}">{content}<div>{page.escape(name)}</div>'
            f'<div class="soft">cosine {cosine:.3f}</div></div>'
            for content, name, cosine in zip(shown, chosen.names, self.cosines, strict=True)
        ]
        run = self.pair.run.folder.resolve().name
        told = f"The nearest of {len(self.source):,} items, by the towers of the run `{run}`."
        row = f'<div class="row {kind}">{"".join(cards)}</div>'
        title = f"Nearest to {self.query}"
        write_text(out, page.page(title, [page.section(title, page.sentence(told), row)]))


def retrieve(run, query, source, k=10):
    """Finds the items of one side that are nearest to an item of the other.

    Args:
        run: Run of pairs.
        query: path of a file of one side; what is no file is a text.
        source: items of the other side, anything that its pipeline opens; for texts also a table
            with a column `caption`.
        k: int, items to find, 1 or more.

    Returns:
        Retrieved.

    Raises:
        ValueError: the run is not one of pairs, or the query or the items cannot be read.
    """
    if k < 1:
        raise ValueError(f"k={k} must be 1 or more.")
    pair = PairRun.of(run)
    asked, vectors = _query(pair, query)
    side = pair.other(asked)
    items = _items(pair, side, source)
    embedded = pair.embed(side, items)
    numbers, cosines = nearest(embedded, vectors, min(k, len(items)))
    return Retrieved(pair, str(query), side, items, numbers[0], cosines[0])


def _query(pair, query):
    """Returns the side of a query, and its vector (1, D)."""
    suffix = os.path.splitext(os.fspath(query))[1].lower()
    if not os.path.isfile(query):
        return pair.text_side, pair.embed_texts([str(query)])
    for side, run in pair.sides.items():
        if suffix in run.data.extensions:
            return side, pair.embed(side, run.data.open(query))
    reads = "; ".join(f"{side}: {', '.join(r.data.extensions)}" for side, r in pair.sides.items())
    raise ValueError(f"the query {query} is a file that neither side reads: {reads}.")


def _items(pair, side, source):
    """Opens the items of a side; of a table of captions, the column of these."""
    data = pair.sides[side].data
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    if hasattr(data, "encode") and path.endswith(TABLES):
        columns = read_table(path)
        texts = columns.get("text", columns.get("caption"))
        if texts is None:
            raise ValueError(
                f"{path} has the columns {', '.join(columns)}: expected `text` or `caption`."
            )
        return data.open([str(text) for text in dict.fromkeys(texts.tolist()) if str(text).strip()])
    return data.open(source)
