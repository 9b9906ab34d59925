"""What a search finds."""

from dataclasses import dataclass

from mmssl.search.queries import Query


@dataclass(frozen=True)
class Match:
    """An item that was found.

    Attributes:
        number: int, its position in the index.
        name: its name in the index.
        file: absolute path of its file; None where it is a row of a table or archive.
        cosine: float, -1 to 1, of its vector and that of the query, or of the nearest duplicate.
    """

    number: int
    name: str
    file: str | None
    cosine: float

    def as_dict(self):
        """Returns name, file and cosine, a dict of JSON values."""
        return {"name": self.name, "file": self.file, "cosine": round(self.cosine, 6)}


@dataclass(frozen=True)
class Result:
    """What was found for a query.

    Attributes:
        query: Query.
        matches: list of Match, the nearest first.
    """

    query: Query
    matches: list[Match]
