"""Items to look at, listen to or read, with their nearest neighbors."""

import io
import textwrap
import wave

import librosa
import numpy as np
import tensorflow as tf
from matplotlib import colormaps
from PIL import Image

from mmssl.evaluation.probes.knn import nearest
from mmssl.evaluation.report.page import data_uri, escape

QUERIES, NEIGHBORS = 8, 5
SNIPPET, AUDIO_SECONDS = 160, 3.0
CELLS = 20  # columns of a table
THUMBNAIL, SPECTROGRAM = 96, (120, 48)
STRIP, STRIP_SIDE = 4, 48  # frames of a clip, and pixels along each side of one


def neighbor_rows(data, source, embeddings, seed=0):
    """Renders some items, each with the items of largest cosine similarity between embeddings.

    Args:
        data: Pipeline.
        source: Source of N items, at least 2.
        embeddings: array (N, D).
        seed: of the random choice of items.

    Returns:
        str, HTML.
    """
    queries = choose_queries(source, seed)
    count = min(NEIGHBORS, len(source) - 1)
    found, cosines = nearest(embeddings, embeddings[queries], count + 1)
    shown, notes = [], []
    for query, indices, scores in zip(queries, found, cosines, strict=True):
        # An item is not its own neighbor, and among exact copies it need not come first.
        others = [(i, s) for i, s in zip(indices, scores, strict=True) if i != query][:count]
        shown += [int(query), *(int(i) for i, _ in others)]
        notes += ["query", *(f"cosine {score:.3f}" for _, score in others)]
    kind, items = _items(data, source.select(shown), notes, count + 1)
    rows = ("".join(items[i : i + count + 1]) for i in range(0, len(items), count + 1))
    return "\n".join(f'<div class="row {kind}">{row}</div>' for row in rows)


def choose_queries(source, seed=0):
    """Chooses query items at random, from as many classes as possible.

    Args:
        source: Source.
        seed: of the random choice.

    Returns:
        int64 array (at most QUERIES,).
    """
    order = np.random.default_rng(seed).permutation(len(source))
    if source.labels is None:
        return order[:QUERIES]
    _, firsts = np.unique(source.labels[order], return_index=True)
    rest = np.setdiff1d(np.arange(len(order)), firsts)
    return order[np.concatenate([np.sort(firsts), rest])[:QUERIES]]


def _items(data, source, notes, width):
    """Renders the items of all rows, each of `width` items, of which the first is the query."""
    kind, shown = show_items(data, source)
    items = []
    for index, (content, name, note) in enumerate(zip(shown, source.names, notes, strict=True)):
        query = index - index % width
        style = "item query" if index == query else "item"
        label = _label(source.labels, index, query)
        items.append(
            f'<div class="{style}" title="{escape(name)}">{content}{label}'
            f'<div class="soft">{note}</div></div>'
        )
    return kind, items


def _label(labels, index, query):
    if labels is None:
        return ""
    same = ' class="same"' if index != query and labels[index] == labels[query] else ""
    return f"<div{same}>{escape(str(labels[index]))}</div>"


def show_items(data, source):
    """Renders items as HTML: thumbnails, strips, players with spectrograms, cells, or texts.

    Args:
        data: Pipeline.
        source: Source of a few items.

    Returns:
        pair of the kind, "images", "video", "audio" or "text", which rows of tables are shown as,
        too, and a list of str, HTML.
    """
    batches = data.examples(source)
    inputs = batches.element_spec
    if "images" in inputs:
        return "images", [
            _thumbnail(image) for batch in batches for image in batch["images"].numpy()
        ]
    if "frames" in inputs:
        return "video", [_strip(clip) for batch in batches for clip in batch["frames"].numpy()]
    if "waveform" in inputs:
        heard = data.examples(source, max_length=int(AUDIO_SECONDS * data.sample_rate))
        return "audio", [player(wave_, data.sample_rate) for wave_ in _waves(heard)]
    if "numbers" in inputs or "categories" in inputs:
        return "text", [_cells(data.cells(source, i)) for i in range(len(source))]
    if "codes" in inputs:
        return _decoded(data, source)
    return "text", [_text(data.preview(source, i)) for i in range(len(source))]


def _decoded(data, source):
    """Renders what codes stand for, where something decodes them."""
    if data.decoder is None:
        return "text", ["<p>codes</p>"] * len(source)
    found = data.decoded(source)
    if data.sample_rate is None:
        return "images", [_thumbnail(picture) for picture in found]
    seconds = int(AUDIO_SECONDS * data.sample_rate)
    return "audio", [player(x.reshape(-1)[:seconds], data.sample_rate) for x in found]


def image_uri(pixels):
    """Returns uint8 (H, W, 3) as a PNG in a data URI."""
    return _encoded(Image.fromarray(pixels), "png")


def thumbnail(pixels, side=THUMBNAIL):
    """Renders an image as an <img>, scaled down where it is larger.

    Args:
        pixels: uint8 (H, W, 3).
        side: most pixels along each side.

    Returns:
        str, HTML.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    return f'<img alt="" src="{_encoded(image, "jpeg", quality=90)}">'


def _thumbnail(image):
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    pixels = np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels[..., :3]
    return thumbnail(pixels)


def _strip(clip):
    """Renders a clip, float32 (T, H, W, 1 or 3), as some of its frames side by side."""
    clip = np.broadcast_to(clip, (*clip.shape[:3], 3))
    places = np.linspace(0, len(clip) - 1, min(STRIP, len(clip))).astype(int)
    pixels = np.rint(np.clip(np.concatenate(list(clip[places]), axis=1), 0, 1) * 255)
    return thumbnail(pixels.astype(np.uint8), STRIP * STRIP_SIDE)


def _waves(batches):
    for batch in batches:
        lengths = tf.reduce_sum(batch["padding_mask"], axis=1).numpy()
        yield from (w[:n] for w, n in zip(batch["waveform"].numpy(), lengths, strict=True))


def player(samples, rate):
    """Renders a sound as its spectrogram and a player.

    Args:
        samples: float array (T,), full scale 1.
        rate: samples per second.

    Returns:
        str, HTML.
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return (
        f'<img alt="spectrogram" src="{_encoded(_spectrogram(samples, rate), "png")}">'
        f'<audio controls preload="none" src="{data_uri("audio/wav", file.getvalue())}"></audio>'
    )


def _spectrogram(samples, rate):
    window = 2 ** round(np.log2(0.032 * rate))
    padded = np.pad(samples, (0, max(0, window - len(samples))))
    power = librosa.feature.melspectrogram(
        y=padded, sr=rate, n_fft=window, hop_length=window // 4, n_mels=SPECTROGRAM[1]
    )
    decibels = np.clip(librosa.power_to_db(power, ref=np.max, top_db=60) / 60 + 1, 0, 1)
    colors = colormaps["magma"](decibels[::-1], bytes=True)[..., :3]
    return Image.fromarray(colors).resize(SPECTROGRAM)


def _text(text):
    return f"<p>{escape(textwrap.shorten(text, SNIPPET, placeholder=' …'))}</p>"


def _cells(pairs):
    lines = [f'<span class="soft">{escape(name)}</span> {escape(text)}' for name, text in pairs]
    more = [f"and {len(lines) - CELLS} more columns"] if len(lines) > CELLS else []
    return f"<p>{'<br>'.join([*lines[:CELLS], *more])}</p>"


def _encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return data_uri(f"image/{kind}", file.getvalue())
