"""What codes are: how many different ones, in which shapes, and of which tokenizer."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mmssl.files import write_text
from mmssl.reading import load_json

CODES_FILE = "codes.json"
ENCODER_FILE, DECODER_FILE = "code_encoder.keras", "code_decoder.keras"
ALONE = "codes"  # the name of the level where there is one


@dataclass(frozen=True)
class CodeSpec:
    """What codes are, and of which tokenizer; kept as codes.json beside its networks.

    Attributes:
        entries: K, the number of different codes of each level.
        shapes: dict from the name of a level, from the top down, to its shape: (H, W) of a map; of
            a sequence (T,), what the tokenizer was trained on.
        hop: samples of sound for each code of the top level; None for maps.
        sample_rate: of what is decoded, samples per second; None for pictures.
        encoder: fingerprint of the weights that make the codes; "" where they are not known.
        decoder: fingerprint of those that decode them.
    """

    entries: int
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    hop: int | None = None
    sample_rate: int | None = None
    encoder: str = ""
    decoder: str = ""

    @property
    def levels(self):
        """Names of the levels from the top down, a list."""
        return list(self.shapes)

    @property
    def sizes(self):
        """Codes of each level for each code of the top one, or of a whole map: dict of int."""
        if self.hop is None:
            return {level: math.prod(shape) for level, shape in self.shapes.items()}
        top, *_ = self.shapes.values()
        return {level: shape[0] // top[0] for level, shape in self.shapes.items()}

    @property
    def dtype(self):
        """Name of the smallest dtype that holds the codes."""
        return next(n for n, most in _DTYPES.items() if self.entries <= most)

    def above(self, level):
        """Returns the name of the level above one, None of the top one.

        Raises:
            ValueError: there is no such level.
        """
        if level not in self.shapes:
            raise ValueError(f"level={level!r} must be one of {', '.join(self.shapes)}")
        place = self.levels.index(level)
        return self.levels[place - 1] if place else None

    def values(self):
        """Returns it as JSON values, a dict."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def of(cls, values, place):
        """Makes it of what `values` returns.

        Args:
            values: JSON values, of anyone.
            place: where they were read, for the message.

        Raises:
            ValueError: they are not those of a CodeSpec.
        """
        try:
            shapes = {str(name): tuple(map(int, x)) for name, x in dict(values["shapes"]).items()}
            spec = cls(**{**values, "shapes": shapes})
            counts = [spec.entries, *(size for shape in shapes.values() for size in shape)]
            optional = [x for x in (spec.hop, spec.sample_rate) if x is not None]
            if not shapes or any(type(x) is not int or x < 1 for x in [*counts, *optional]):
                raise ValueError("its sizes are not whole numbers from 1")
            if not all(isinstance(x, str) for x in (spec.encoder, spec.decoder)):
                raise ValueError("its fingerprints are not texts")
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{place} does not say what its codes are ({error})") from None
        return spec

    def write(self, folder):
        """Writes codes.json to a folder."""
        write_text(Path(folder, CODES_FILE), self.text())

    def text(self):
        """Returns the content of codes.json."""
        return json.dumps(self.values(), indent=1)

    @classmethod
    def read(cls, folder):
        """Reads codes.json of a folder; None where it has none.

        Raises:
            ValueError: the file is damaged.
        """
        path = Path(folder, CODES_FILE)
        if not path.is_file():
            return None
        return cls.of(load_json(path.read_bytes()), path)


_DTYPES = {"uint8": 2**8, "uint16": 2**16, "int32": 2**31}
