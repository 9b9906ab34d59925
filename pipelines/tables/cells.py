"""What stands in the cells of a table: numbers, dates, categories and gaps.

A chunk's column is a list of str, without blanks around them, or an array: of float64, whose NaN
are gaps, or of datetime64, whose NaT are.
"""

import datetime
import math
import re

import numpy as np

# Read as a gap, in any case: what spreadsheets, R, pandas and the UCI archive write.
GAPS = ("", "?", "-", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "nat")
_GAPS = frozenset(GAPS)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_COMMA = re.compile(r"[+-]?\d[\d.]*(,\d+)+")
_CODE = re.compile(r"[+-]?0\d+")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_DAY = datetime.timedelta(days=1)


def is_gap(text):
    """Says whether a text stands for nothing."""
    return len(text) < 5 and text.lower() in _GAPS


def gaps(column):
    """Finds the gaps of a column: bool array (N,)."""
    if isinstance(column, list):
        return np.fromiter(map(is_gap, column), bool, len(column))
    return np.isnat(column) if column.dtype.kind == "M" else np.isnan(column)


def numbers(column, decimal="."):
    """Reads a column as numbers.

    Args:
        column: see the module.
        decimal: "." or ",", what parts a number from its fraction.

    Returns:
        float64 array (N,), NaN for what is no number, infinity for what is too large for one.
    """
    if isinstance(column, list):
        return np.array([_number(text, decimal) for text in column], np.float64)
    return np.full(len(column), np.nan) if column.dtype.kind == "M" else column


def days(column):
    """Reads a column as dates, which in text are written as in ISO 8601, "2024-02-29 13:00".

    Args:
        column: see the module.

    Returns:
        float64 array (N,), days since 1970 in UTC, NaN for what is no date.
    """
    if isinstance(column, list):
        return np.array([_days(text) for text in column], np.float64)
    if column.dtype.kind != "M":
        return np.full(len(column), np.nan)
    micros = column.astype("datetime64[us]").astype(np.int64)
    return np.where(np.isnat(column), np.nan, micros / (_DAY / datetime.timedelta(microseconds=1)))


def texts(column):
    """Returns a column as categories, list of str, "" for gaps."""
    if isinstance(column, list):
        return ["" if is_gap(text) else text for text in column]
    if column.dtype.kind == "M":
        return ["" if np.isnat(value) else str(value) for value in column]
    return [_written(value) for value in column.tolist()]


def date_of(count):
    """Writes days since 1970 as a date, with hours and minutes where there are any."""
    try:
        moment = _EPOCH + datetime.timedelta(minutes=round(count * 1440))
    except OverflowError:
        return f"{count:g} days since 1970"
    return moment.strftime("%Y-%m-%d" if moment.time() == datetime.time() else "%Y-%m-%d %H:%M")


def has_comma(text):
    """Says whether a text is a number if its comma is a decimal one, or parts thousands."""
    return _COMMA.fullmatch(text) is not None


def is_code(text):
    """Says whether a text is digits that begin with a zero, as of a postal code."""
    return text[:1] in "0+-" and _CODE.fullmatch(text) is not None


def _number(text, decimal):
    if decimal == ",":
        text = "x" if "." in text else text.replace(",", ".")
    try:
        # Python's own code may part digits by underscores.
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
    return value


def _days(text):
    if not _ISO.match(text):
        return math.nan
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return (moment - _EPOCH) / _DAY


def _written(value):
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)
