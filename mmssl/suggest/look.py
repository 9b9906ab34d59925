"""A look at a source: what is in it, from the headers of a sample of its items."""

import importlib
import math
import statistics
from dataclasses import dataclass, field

import numpy as np

from mmssl.pipelines.sources.finding import describe
from mmssl.pipelines.sources.tables import listed
from mmssl.suggest import rows
from mmssl.suggest.duplicates import near_duplicates
from mmssl.suggest.items import list_items

SAMPLE = 256  # items that are looked at, evenly spaced over the source
_MODULES = {"images": "pictures", "audio": "sounds", "text": "texts"}
NOUNS = {"images": "pictures", "audio": "recordings", "text": "texts", "tables": "rows"}
_PIECE = 4  # characters of a token: of English, and of code, about


@dataclass(frozen=True)
class Look:
    """What a source holds.

    Attributes:
        source: str, as it was given.
        modality: images, audio, text or tables.
        count: number of items.
        looked: number of those that were looked at.
        unreadable: list of (name, reason), those of them that cannot be read.
        left_out: list of str, what lies beside the items, in sentences.
        held_out: number of items of other splits than train, which are not counted.
        duplicates: number of those looked at that are nearly equal to another one before them; 0
            of tables, where equal rows are usual.
        side: of pictures, median of the shorter side in pixels.
        largest: of pictures, the longest side in pixels.
        color: of pictures, share with color, 0 to 1.
        seconds: of recordings, the length of each one looked at.
        rate: of recordings, median samples per second.
        characters: of texts, the length of each one looked at.
        code: of texts, share of files of programming languages, 0 to 1.
        numbers: of tables, names of the columns of numbers and dates.
        categories: of tables, names of the other columns.
    """

    source: str
    modality: str
    count: int
    looked: int
    unreadable: list[tuple[str, str]]
    left_out: list[str]
    held_out: int
    duplicates: int
    side: int = 0
    largest: int = 0
    color: float = 0.0
    seconds: list[float] = field(default_factory=list)
    rate: int = 0
    characters: list[int] = field(default_factory=list)
    code: float = 0.0
    numbers: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)

    def elements(self, window=None, length=None):
        """Estimates how many elements an epoch has.

        Args:
            window: of recordings, seconds of an element.
            length: of texts, tokens of an element.

        Returns:
            int.
        """
        readable = self.count * (1 - len(self.unreadable) / self.looked)
        if self.modality in ("images", "tables"):
            return round(readable)
        of_each = (
            (round(seconds / window) for seconds in self.seconds)
            if self.modality == "audio"
            else (characters / _PIECE // length for characters in self.characters)
        )
        return round(readable * statistics.mean(max(1, n) for n in of_each))

    def sentences(self):
        """Returns what was found, a list of str."""
        found = [f"{self.count} {NOUNS[self.modality]}: {self._what()}"]
        if self.held_out:
            found.append(f"{self.held_out} more of other splits than train are left alone")
        if self.modality != "tables":  # all of whose rows are looked at, none beside the other
            whole = self.looked == self.count
            found.append(f"looked at {'all' if whole else f'{self.looked} of them, evenly spaced'}")
            found.append(f"{self.duplicates} of these nearly equal another")
        if self.unreadable:
            named = listed([f"{name} ({reason})" for name, reason in self.unreadable])
            found.append(f"{len(self.unreadable)} of these cannot be read: {named}")
        return found + self.left_out

    def _what(self):
        if self.modality == "images":
            kind = {0: "gray", 1: "color"}.get(self.color, f"{self.color:.0%} in color")
            return f"{kind}, shorter side {self.side} pixels (median), longest {self.largest}"
        if self.modality == "audio":
            spread = f"{min(self.seconds):.2f} to {max(self.seconds):.2f} s"
            return f"{spread} long, median {statistics.median(self.seconds):.2f}, {self.rate} Hz"
        if self.modality == "tables":
            numbers, categories = listed(self.numbers, 8), listed(self.categories, 8)
            return f"numbers {numbers or 'none'}; categories {categories or 'none'}"
        each = statistics.median(self.characters)
        kind = f"{self.code:.0%} code, " if self.code else ""
        return f"{kind}{each:.0f} characters each (median)"


def look_at(source):
    """Looks at a source: reads headers, and the beginning of at most 256 items.

    Args:
        source: see `list_items`.

    Returns:
        Look.

    Raises:
        ValueError: there is nothing that a recipe reads, or nothing of it can be read.
    """
    if rows.is_table(str(source)):
        return Look(source=str(source), modality="tables", duplicates=0, **rows.examine(source))
    items = list_items(source)
    module = importlib.import_module(f"mmssl.suggest.{_MODULES[items.modality]}")
    numbers = np.unique(np.linspace(0, len(items) - 1, SAMPLE).astype(int)).tolist()
    examined, unreadable = [], []
    for number in numbers:
        try:
            examined.append(module.examine(items.read(number), items.sample_rate))
        except (ValueError, OSError) as error:
            unreadable.append((items.names[number], str(error)))
    if not examined:
        named = listed([f"{name} ({reason})" for name, reason in unreadable])
        raise ValueError(f"none of {len(unreadable)} items of {source} can be read: {named}")
    return Look(
        str(source),
        items.modality,
        len(items),
        len(numbers),
        unreadable,
        describe(items.left_out),
        items.held_out,
        near_duplicates([item.sketch for item in examined], module.NEAR),
        **_FACTS[items.modality](examined),
    )


def _of_pictures(examined):
    return {
        "side": int(statistics.median(min(one.width, one.height) for one in examined)),
        "largest": max(max(one.width, one.height) for one in examined),
        "color": statistics.mean(one.color for one in examined),
    }


def _of_sounds(examined):
    seconds = [one.seconds for one in examined if not math.isnan(one.seconds)]
    if not seconds:
        raise ValueError("no recording states its length in its header: convert them, to WAV say")
    return {"seconds": seconds, "rate": int(statistics.median(one.rate for one in examined))}


def _of_texts(examined):
    return {
        "characters": [one.characters for one in examined],
        "code": statistics.mean(one.code for one in examined),
    }


_FACTS = {"images": _of_pictures, "audio": _of_sounds, "text": _of_texts}
