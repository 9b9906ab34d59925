"""The recipes that may be suggested: for which data, with which settings, and what was measured.

The rules stand here and nowhere else. Of the candidates that fit, the first is suggested whose
minutes are there; the next one is what it is to be compared with. A recipe is added by a row, with
a figure that stands in the documentation.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from mmssl.suggest.look import Look


@dataclass(frozen=True)
class Setting:
    """A key of the recipe that the data decide, its value, and why."""

    key: str
    value: int
    why: str


@dataclass(frozen=True)
class Candidate:
    """A recipe that may be suggested.

    Attributes:
        recipe: its name.
        modality: images, audio, text or tables.
        suits: which data it is for, in words.
        fits: Look -> bool, the same as a rule.
        minutes: that its own steps took where its figure was measured, on one or two cores.
        measured: the figure, in words.
        where: page and section in which it stands.
        settings: Look -> list of Setting.
        window: of recordings, seconds of an element.
        length: of texts, tokens of an element.
    """

    recipe: str
    modality: str
    suits: str
    fits: Callable[[Look], bool]
    minutes: float
    measured: str
    where: str
    settings: Callable[[Look], list[Setting]] = lambda look: []
    window: float | None = None
    length: int | None = None


SMALL = 40  # pixels of the shorter side, up to which pictures count as small
LONG = 30.0  # seconds, up to which a recording is taken for one sound
PASSAGE = 400  # characters, from which on a text is taken for a passage


def _pixels(look):
    if look.side <= 28:
        return []
    return [Setting("data.size", 32, "the size that its figure was measured at; larger is slower")]


def _window(samples, rate):
    """Shortens the window to the longest recording, which must fill one."""

    def settings(look):
        longest = int(max(look.seconds) * rate)
        if longest >= samples:
            return []
        return [Setting("data.window", longest // 320 * 320, "no recording fills a longer window")]

    return settings


def _seconds(look):
    return statistics.median(look.seconds)


def _characters(look):
    return statistics.median(look.characters)


CANDIDATES = (
    Candidate(
        "vision/data2vec2",
        "images",
        f"gray pictures, and small ones: a shorter side up to {SMALL} pixels",
        lambda look: look.side <= SMALL or look.color < 0.5,
        9.5,
        "Fashion-MNIST, clothing: linear probe 0.868, untrained 0.813, pixels 0.835",
        "docs/methods/data2vec2.md#measured",
    ),
    Candidate(
        "vision/colorization",
        "images",
        "color photographs, with a shorter side of 64 pixels or more",
        lambda look: look.side >= 64 and look.color >= 0.5,
        17.0,
        "Caltech-101, object: linear probe after block 4 0.430 ± 0.003, untrained 0.313, "
        "pixels 0.271",
        "docs/methods/colorization.md#measured",
    ),
    Candidate(
        "vision/simclr",
        "images",
        "pictures of any kind, in little time",
        lambda look: True,
        7.3,
        "Caltech-101, object: linear probe 0.413, untrained 0.218, pixels 0.267; Fashion-MNIST, "
        "clothing: 0.844 ± 0.002, untrained 0.777, pixels 0.834",
        "docs/methods/joint_embedding.md#measured",
        _pixels,
    ),
    Candidate(
        "audio/simclr",
        "audio",
        f"sounds of 2.2 to {LONG:.0f} seconds at 16 kHz or more, one event a recording",
        lambda look: look.rate >= 16000 and 2.2 <= _seconds(look) <= LONG,
        11.5,
        "ESC-10, sound: linear probe 0.850, untrained 0.750, MFCC 0.750",
        "docs/methods/joint_embedding.md#measured",
        window=2.0,
    ),
    Candidate(
        "audio/cpc",
        "audio",
        "speech, and recordings of any length",
        lambda look: max(look.seconds) >= 0.32,
        15.8,
        "spoken digits: linear probe 0.987 ± 0.007, untrained 0.547, MFCC 0.962; with two "
        "speakers held out 0.798 ± 0.021, untrained 0.402, MFCC 0.652",
        "docs/methods/cpc.md#measured",
        _window(10240, 8000),
        window=1.28,
    ),
    Candidate(
        "audio/data2vec2",
        "audio",
        "sounds and speech, in little time",
        lambda look: max(look.seconds) >= 0.32,
        2.6,
        "ESC-10, sound: linear probe 0.812 ± 0.025, untrained 0.517, MFCC 0.738; digits, two "
        "speakers held out, after block 2: 0.568 ± 0.032, untrained 0.327, MFCC 0.652",
        "README.md#measured",
        _window(10240, 8000),
        window=1.28,
    ),
    Candidate(
        "text/bert",
        "text",
        f"prose in two documents or more, of {PASSAGE} characters or more each (median)",
        lambda look: look.count > 1 and _characters(look) >= PASSAGE and look.code < 0.5,
        11.7,
        "25 novels, author of a passage: linear probe 0.589 ± 0.008, untrained 0.421, TF-IDF "
        "0.618, which is ahead",
        "docs/methods/bert.md#measured",
        length=192,
    ),
    Candidate(
        "text/gpt",
        "text",
        "code, and a single long text",
        lambda look: _characters(look) >= PASSAGE and (look.count == 1 or look.code >= 0.5),
        18.3,
        "last tenth of tinyshakespeare: 2.06 bits a character, 2.41 from the four characters "
        "before",
        "docs/methods/gpt.md#measured",
        length=128,
    ),
    Candidate(
        "text/data2vec2",
        "text",
        "texts of any length, in little time",
        lambda look: look.code < 0.5,
        8.2,
        "25 novels, author of a passage: linear probe 0.540 ± 0.010, untrained 0.419, TF-IDF "
        "0.618, which is ahead; of shorter texts there is no figure",
        "docs/methods/data2vec2.md#measured",
        length=192,
    ),
    Candidate(
        "tables/scarf",
        "tables",
        "rows of three columns or more",
        lambda look: len(look.numbers) + len(look.categories) >= 3,
        0.8,
        "Adult, income: linear probe 0.850, untrained 0.845, columns 0.853; fine-tuned on 1 % of "
        "the labels 0.8104 ± 0.0092, logistic regression 0.8227, trees 0.8021",
        "docs/methods/scarf.md#measured",
    ),
    Candidate(
        "tables/denoising_autoencoder",
        "tables",
        "rows of two columns or more",
        lambda look: len(look.numbers) + len(look.categories) >= 2,
        1.1,
        "Adult, income, 2,000 steps: linear probe 0.855, untrained 0.844, columns 0.853",
        "docs/methods/autoencoders.md#measured",
    ),
)
