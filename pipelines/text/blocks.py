"""Long texts in blocks, which give the tokens of the whole, and short ones in groups."""

BLOCK = 2**20  # characters
_TOGETHER = 500_000  # characters of texts that are tokenized together
_MOST = 4 * BLOCK  # of a text without an end of a line, which is cut before a word


def in_blocks(texts):
    """Cuts a text that comes in parts into blocks of about a million characters.

    A block ends before a newline that no small letter follows, where neither a word nor a sentence
    goes on: sentences and tokens are those of the whole. Where there is none, it ends before a
    blank.

    Args:
        texts: iterable of str, the parts.

    Yields:
        str; all together are the text.
    """
    waiting = ""
    for text in texts:
        waiting += text
        while len(waiting) > BLOCK and (end := _end(waiting)):
            yield waiting[:end]
            waiting = waiting[end:]
    if waiting:
        yield waiting


def _end(text):
    """Returns where the first block of a text ends; 0 where more of the text has to tell."""
    at = BLOCK
    while (at := text.rfind("\n", 1, at)) > 0:
        if text[at + 1] not in " \tabcdefghijklmnopqrstuvwxyz":
            return at
    if len(text) < _MOST:
        return 0
    return max(text.rfind(" ", 1, _MOST), 0) or _MOST


def together(numbered, most):
    """Puts texts together that are tokenized together, bounded in characters.

    Args:
        numbered: iterable of pairs of a number and a str.
        most: int, texts of a group.

    Yields:
        pair of tuples: numbers and str.
    """
    waiting, characters = [], 0
    for pair in numbered:
        waiting.append(pair)
        characters += len(pair[1])
        if len(waiting) == most or characters > _TOGETHER:
            yield tuple(zip(*waiting, strict=True))
            waiting, characters = [], 0
    if waiting:
        yield tuple(zip(*waiting, strict=True))
