"""Pages of what was found: thumbnails, players with spectrograms, or the beginnings of texts."""

import tensorflow as tf

from mmssl.evaluation.report import page
from mmssl.evaluation.report.neighbors import show_items, thumbnail
from mmssl.files import write_text

SIDE = 240  # most pixels along each side of a thumbnail, which may be shown on a dense screen
SHOWN = 300  # items on a page of duplicates, each with its picture or sound


def write_results(index, results, out):
    """Writes a page of the items that are nearest to each query.

    Args:
        index: Index.
        results: list of Result that it has returned.
        out: path of the HTML file.
    """
    sections = [_header(f"Nearest in {index.path.name}", index)]
    sections += [_result(index, result) for result in results]
    write_text(out, page.page(f"Nearest in {index.path.name}", sections))


def write_duplicates(index, groups, threshold, out):
    """Writes a page of groups of near duplicates; of many, the first `SHOWN` items.

    Args:
        index: Index.
        groups: list of lists of Match, as `Index.duplicates` returns them.
        threshold: float, the cosine that they were found with.
        out: path of the HTML file.
    """
    title = f"Near duplicates in {index.path.name}"
    told = f"Groups: {len(groups)}, of items that pairs of cosine {threshold:g} or more link."
    sections, room = [_header(title, index), page.sentence(told)], SHOWN
    for number, group in enumerate(groups, start=1):
        if room <= 0:
            left = len(groups) - number + 1
            sections.append(page.sentence(f"Groups that are not shown: {left}; see --json."))
            break
        heading = f"Group {number}: {len(group)} items"
        sections.append(page.section(heading, _row(index, group[:room])))
        if len(group) > room:
            sections.append(
                page.sentence(f"Items of it that are not shown: {len(group) - room}; see --json.")
            )
        room -= len(group)
    write_text(out, page.page(title, sections))


def _header(title, index):
    run = index.run.folder.resolve().name
    told = f"{len(index):,} items, by the cosine of the embeddings of the run `{run}`."
    return f"<h1>{page.escape(title)}</h1>\n{page.sentence(told)}"


def _result(index, result):
    query = _card(_shown(index.run, result.query.source)[1], "query", style="item query")
    return page.section(result.query.title, _row(index, result.matches, query))


def _row(index, matches, query=""):
    kind, cards = "", []
    for match in matches:
        kind, content = _there(index.run, index.items[match.number])
        cards.append(_card(content, f"cosine {match.cosine:.3f}", match.name))
    return f'<div class="row {kind}">{query}{"".join(cards)}</div>'


def _card(content, note, name="", style="item"):
    named = f"<div>{page.escape(name)}</div>" if name else ""
    return (
        f'<div class="{style}" title="{page.escape(name)}">{content}{named}'
        f'<div class="soft">{page.escape(note)}</div></div>'
    )


def _there(run, item):
    """Renders an item of the index, which may have gone since."""
    try:
        return _shown(run, item.open(run.data))
    except (ValueError, tf.errors.OpError):
        return "", '<p class="soft">no longer there</p>'


def _shown(run, source):
    """Returns the kind of one item, as `show_items` does, and its HTML."""
    if "images" in run.encoder.input:
        # The whole picture, not the square that the encoder sees.
        return "images", thumbnail(run.data.preview(source, 0), SIDE)
    kind, (content,) = show_items(run.data, source)
    return kind, content
