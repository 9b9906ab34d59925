"""How prepared shards hold the items of each modality."""

import importlib
from dataclasses import dataclass

from mmssl.pipelines.sources.extensions import (
    AUDIO_EXTENSIONS,
    IMAGE_EXTENSIONS,
    TEXT_EXTENSIONS,
)

EXTENSIONS = {"audio": AUDIO_EXTENSIONS, "images": IMAGE_EXTENSIONS, "text": TEXT_EXTENSIONS}
# The first is that of files as they are.
NAMES = {
    "audio": ("same", "flac", "pcm"),
    "images": ("same", "jpeg", "pixels"),
    "text": ("same", "tokens", "sentences"),
}
_QUALITY = 90


@dataclass(frozen=True)
class Encoding:
    """How items are stored.

    Args:
        modality: audio, images or text.
        name: same (files, texts and arrays as they are), flac (of sound in whole numbers; other
            sound as it is), pcm (samples, mono, at `sample_rate`), jpeg, pixels, tokens (of running
            text, as `TokenBlocks` takes them), or sentences (tokens as `Passages` takes them).
        sample_rate: of pcm, samples per second.
        quality: of jpeg, 1 to 100; None for 90.
        short_side: of jpeg and pixels, the most pixels of the shorter side; None keeps the size.
        vocabulary: of tokens and sentences, see `Documents`.

    Raises:
        ValueError: it does not suit the modality, or an argument does not suit it.
    """

    modality: str
    name: str = "same"
    sample_rate: int | None = None
    quality: int | None = None
    short_side: int | None = None
    vocabulary: str | None = None

    def __post_init__(self):
        if self.modality not in NAMES:
            raise ValueError(f"modality={self.modality!r} must be one of {', '.join(NAMES)}")
        if self.name not in NAMES[self.modality]:
            raise ValueError(
                f"encoding={self.name!r} is none of {self.modality}: choose one of "
                f"{', '.join(NAMES[self.modality])}"
            )
        self._check("sample_rate", ("pcm",), 1, None)
        self._check("quality", ("jpeg",), 1, 100)
        self._check("short_side", ("jpeg", "pixels"), 1, None)
        tokenized = self.name in ("tokens", "sentences")
        if tokenized != (self.vocabulary is not None):
            raise ValueError(
                f"vocabulary={self.vocabulary} does not go with encoding={self.name!r}: tokens and "
                "sentences need one, and nothing else does"
            )
        if self.name == "pcm" and self.sample_rate is None:
            raise ValueError(
                "encoding='pcm' stores samples at one rate: give sample_rate, that of the recipe"
            )

    def encoder(self, source):
        """Returns the function that stores an item of a source; see `sources.parts.write_part`."""
        stored = importlib.import_module(f"mmssl.pipelines.{self.modality}.stored")
        if self.name == "flac":
            return stored.as_flac
        if self.name == "pcm":
            return stored.as_samples(self.sample_rate, source.sample_rate)
        if self.name == "jpeg":
            return stored.as_jpeg(self.quality or _QUALITY, self.short_side)
        if self.name == "pixels":
            return stored.as_pixels_of(self.short_side)
        if self.vocabulary is not None:
            return stored.as_tokens(self.name, self.vocabulary)
        return stored.as_it_is

    def sample_rate_of(self, source):
        """Returns the sample rate of what is stored; None for files, which have their own."""
        return self.sample_rate or source.sample_rate

    def about_tokens(self):
        """Returns what tells the tokens apart that are stored, a dict; None of anything else."""
        if self.vocabulary is None:
            return None
        stored = importlib.import_module(f"mmssl.pipelines.{self.modality}.stored")
        return stored.about_tokens(self.name, self.vocabulary)

    def _check(self, argument, names, low, high):
        value = getattr(self, argument)
        if value is None:
            return
        if self.name not in names:
            raise ValueError(
                f"{argument}={value} is for encoding {' and '.join(names)}, not {self.name}"
            )
        if value < low or (high is not None and value > high):
            allowed = f"{low} or more" if high is None else f"from {low} to {high}"
            raise ValueError(f"{argument}={value} must be {allowed}")
