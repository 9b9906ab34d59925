"""Pictures that a trained model draws for a caption, on one page."""

import numpy as np
import tensorflow as tf

from mmssl.generation.dalle_sampler import DALLESampler
from mmssl.generation.pictures import COUNT, page_path, save_page
from mmssl.methods import DALLE

TOGETHER = 64  # pictures that are drawn at once
CANDIDATES = 8  # for each picture that is kept, where they are ranked


def generate_captioned(
    run,
    prompt=None,
    out="generated.png",
    count=COUNT,
    temperature=1.0,
    seed=0,
    rerank=None,
    candidates=None,
    tell=lambda sentence: None,
    progress=None,
):
    """Draws pictures for a caption with a trained DALL-E and writes them to one PNG file.

    Args:
        run: Run of a recipe whose method is DALLE.
        prompt: str, the caption.
        out: `.png` file to write.
        count: number of pictures, 1 or more.
        temperature: 1 samples from the model's distribution, lower values sharpen it, 0 always
            takes the most likely code.
        seed: random seed.
        rerank: function (caption, uint8 (N, H, W, 3)) -> float (N,), how well pictures fit; the
            best `count` of the candidates are kept, best first. None keeps what is drawn.
        candidates: number of pictures to draw for `rerank`, `count` or more; None for 8 times as
            many.
        tell: function called with messages for the user, each a str.
        progress: None, or function called with (codes done, total codes).

    Returns:
        list of one pathlib.Path.

    Raises:
        ValueError: the run's method is not DALLE, an argument is out of range, the caption is
            blank, or the run cannot decode.
    """
    out = page_path(out, count)
    if not (prompt or "").strip():
        raise ValueError(f'{run.folder} draws for a caption: give one, such as "a red square".')
    if candidates is not None and (rerank is None or candidates < count):
        raise ValueError(
            f"candidates={candidates} must be count={count} or more, with a run to rerank by."
        )
    drawn = count if rerank is None else candidates or CANDIDATES * count
    drawer = CaptionedDrawer(run.method(DALLE), run.data)
    drawer.warn_of_unknown(prompt, tell)
    pictures = drawer.draw([prompt] * drawn, seed, temperature, progress)
    if rerank is not None:
        best = np.argsort(-np.asarray(rerank(prompt, pictures)), kind="stable")[:count]
        pictures = pictures[best]
    return [save_page(out, pictures)]


class CaptionedDrawer:
    """Draws pictures for captions: codes by a DALLE, pictures by its tokenizer's decoder.

    Args:
        method: DALLE.
        data: pipeline with `encode` and `decoder`, such as mmssl.pipelines.pairs.CaptionedCodes.

    Raises:
        ValueError: the pipeline has no decoder.
    """

    def __init__(self, method, data):
        if data.decoder is None:
            raise ValueError(
                "These codes come without a tokenizer, so that nothing turns them into pictures: "
                "train with data.tokens, the run of a tokenizer."
            )
        self.data, self.sampler = data, DALLESampler(method)

    def draw(self, captions, seed=0, temperature=1.0, progress=None):
        """Draws a picture for each caption.

        Args:
            captions: list of N str.
            seed: see `DALLESampler.codes`, as for the next one.
            temperature: 0 or more.
            progress: None, or function called with (codes done, total codes).

        Returns:
            uint8 array (N, H, W, 3).
        """
        return self.decoded(self.codes(captions, seed, temperature, progress))

    def codes(self, captions, seed=0, temperature=1.0, progress=None):
        """Draws codes, int32 (N, rows, columns); see `draw`."""
        found, each = [], int(np.prod(self.sampler.code_shape))
        for first in range(0, len(captions), TOGETHER):
            part = captions[first : first + TOGETHER]
            # Of one size, so that the loop is compiled once.
            filled = part + [part[-1]] * (min(TOGETHER, len(captions)) - len(part))
            texts = self.data.encode(tf.constant(filled))
            drawn = self.sampler.codes(**texts, seed=seed + first, temperature=temperature)
            found.append(drawn[: len(part)])
            if progress is not None:
                progress(each * (first + len(part)), each * len(captions))
        return np.concatenate(found)

    def decoded(self, codes):
        """Decodes codes int32 (N, rows, columns): uint8 (N, H, W, 3)."""
        pictures = np.asarray(self.data.decoder({"codes": codes}))
        return np.rint(255 * np.clip(pictures, 0, 1)).astype("uint8")

    def warn_of_unknown(self, caption, tell):
        """Tells which words of a caption are cut off, since it is too long."""
        words = self.data.encode(tf.constant([caption]))
        if int(words["padding_mask"].numpy().sum()) == words["token_ids"].shape[1]:
            tell(f"The caption fills all {words['token_ids'].shape[1]} tokens: its end may be cut.")
