"""CSV and TSV files of data, read a chunk of rows at a time."""

import csv
import itertools

from mmssl.pipelines.sources.tables import listed

ROWS = 4096  # of a chunk
LONGEST = 2**24  # bytes of a line
MOST_COLUMNS = 10_000  # a file with more has data for names
_DELIMITERS = ",;\t|"


class Delimited:
    """A file of rows whose fields are parted by one character.

    A `.tsv` has tabs and no quotes. A `.csv` has commas, or the semicolons, tabs or bars that its
    first line has more of; a field in double quotes may hold these, and newlines. Blanks around a
    field do not count.

    Args:
        path: pathlib.Path.

    Attributes:
        columns: list of str, the names in the first line; "column 3" where there is none.

    Raises:
        ValueError: the first line does not name the columns; the message says why.
    """

    def __init__(self, path):
        self.path = path
        self._dialect = {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "strict": True}
        if path.suffix.lower() != ".tsv":
            self._dialect = {"delimiter": self._delimiter(), "strict": True}
        first = next((fields for _, fields in self._records(with_header=True)), None)
        if first is None:
            raise ValueError(f"{path} is empty: expected the names of the columns, and rows")
        self.columns = self._named(first)

    def chunks(self):
        """Reads the rows.

        Yields:
            (names, columns, bad): list of (N,) names of the rows, such as "line 12"; list of a list
            of N str, stripped, for each column; list of (name, reason) of rows with another number
            of fields than the first line.

        Raises:
            ValueError: the file is not text, or its quotes do not close; the line is named.
        """
        records, width = self._records(), len(self.columns)
        while some := list(itertools.islice(records, ROWS)):
            good = [one for one in some if len(one[1]) == width]
            bad = [
                (f"line {line}", f"{len(fields)} fields, and line 1 has {width}")
                for line, fields in some
                if len(fields) != width
            ]
            columns = zip(*(fields for _, fields in good), strict=True)
            stripped = [[text.strip() for text in column] for column in columns]
            yield [f"line {line}" for line, _ in good], stripped or [[]] * width, bad

    def _records(self, with_header=False):
        """Yields the number of the line in which a record begins, and its fields."""
        with open(self.path, "rb") as file:
            reader, begin = csv.reader(self._lines(file), **self._dialect), 1
            first = not with_header
            while True:
                try:
                    fields = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise ValueError(f"{self.path} line {begin}: {_reason(error)}") from None
                if fields and not first:
                    yield begin, fields
                first = first and not fields
                begin = reader.line_num + 1

    def _lines(self, file):
        for number in itertools.count(1):
            raw = file.readline(LONGEST + 1)
            if not raw:
                return
            if len(raw) > LONGEST:
                raise ValueError(f"{self.path} line {number} is longer than {LONGEST} bytes")
            yield self._decoded(raw, number)

    def _decoded(self, raw, number):
        if number == 1 and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{self.path} is UTF-16: save it as UTF-8")
        if b"\0" in raw:
            raise ValueError(f"{self.path} line {number} has a zero byte: it is not text")
        try:
            return raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{self.path} line {number} is not UTF-8 ({error.reason} at byte {error.start}): "
                "save it as UTF-8"
            ) from None

    def _delimiter(self):
        with open(self.path, "rb") as file:
            line = next(self._lines(file), "")
        return max(_DELIMITERS, key=lambda delimiter: _parts(line, delimiter))

    def _named(self, first):
        names = [name.strip() for name in first]
        if len(names) > MOST_COLUMNS:
            raise ValueError(f"{self.path} line 1 names more than {MOST_COLUMNS} columns")
        names = [name or f"column {i}" for i, name in enumerate(names, start=1)]
        twice = sorted({repr(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"{self.path} line 1 has more than one column named {listed(twice)}: rename one"
            )
        if data := next((name for name in names if _is_number(name)), None):
            raise ValueError(
                f"{self.path} line 1 holds {data!r}, which is data: the first line must name the "
                "columns"
            )
        return names


def _parts(line, delimiter):
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:  # which is said when the rows are read
        return 0


def _is_number(text):
    try:
        return "_" not in text and bool(str(float(text.replace(",", "."))))
    except ValueError:
        return False


def _reason(error):
    words = {
        "new-line character seen": "it ends its lines with CR alone; save it with LF or CRLF",
        "unexpected end of data": "a quoted field that begins here has no end",
        "expected after": "a quoted field goes on behind its closing quote; double quotes in it",
        "field larger than field limit": "a field is longer than 131072 characters; is there an "
        "opening quote too many?",
    }
    return next((told for said, told in words.items() if said in str(error)), str(error))
