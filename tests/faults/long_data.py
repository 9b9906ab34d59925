"""Faults in what is read in parts, stays in its file, or is tokenized before it is stored."""

from tests.faults.fault import Fault

READING = ("tests/pipelines/text/test_reading.py",)
TOKENS = ("tests/pipelines/preparing/test_tokens.py",)
PLACES = ("tests/pipelines/sources/test_places.py",)
TABLES = ("tests/pipelines/sources/test_tables.py",)

FAULTS = (
    Fault(
        "a long text is cut where a line goes on",
        "pipelines/text/blocks.py",
        'if text[at + 1] not in " \\tabcdefghijklmnopqrstuvwxyz":',
        "if text[at + 1]:",
        READING,
        "tokens_of_the_whole",
    ),
    Fault(
        "a part of a long text is read twice",
        "pipelines/text/reading.py",
        "starts = PART * (np.arange(len(numbers)) - np.repeat(np.cumsum(counts) - counts, counts))",
        "starts = 0 * numbers",
        READING,
        "tokens_of_the_whole",
    ),
    Fault(
        "the beginning of a text that starts with blanks is short",
        "pipelines/text/reading.py",
        "letters += sum(map(str.isalnum, text))",
        "letters += len(text)",
        READING,
        "as_many_letters",
    ),
    Fault(
        "a vocabulary of much text is learned from its beginning",
        "pipelines/text/documents.py",
        "enumerate(self._blocks()) if i % step == 0)",
        "enumerate(self._blocks()) if i < 4)",
        READING,
        "spread_evenly",
    ),
    Fault(
        "tokens of another vocabulary are trained on",
        "pipelines/text/documents.py",
        'if self.tokenizer and tokenizer_hash(self.tokenizer) != about["tokenizer"]:',
        "if False:",
        TOKENS,
        "another_vocabulary",
    ),
    Fault(
        "tokens laid out for another pipeline are trained on",
        "pipelines/text/documents.py",
        'if about["as"] != self.stored_as:',
        "if False:",
        TOKENS,
        "another_pipeline",
    ),
    Fault(
        "stored tokens lose the marks of their sentences",
        "pipelines/text/stored_tokens.py",
        "ids[firsts] = ~ids[firsts]",
        "ids[firsts[:1]] = ~ids[firsts[:1]]",
        TOKENS,
        "batches_of_the_texts or packed",
    ),
    Fault(
        "the places of lines are counted in characters",
        "pipelines/sources/tables.py",
        "begins.append(begins[-1] + len(raw))",
        'begins.append(begins[-1] + len(raw.decode("utf-8", "replace")))',
        TABLES,
        "stay_in_the_file",
    ),
    Fault(
        "an array in a file lacks what was appended last",
        "pipelines/sources/grown.py",
        "        self._write()\n        # Private pages",
        "        # Private pages",
        ("tests/pipelines/sources/test_grown.py",),
        "appended",
    ),
    Fault(
        "pixels that are mapped begin a byte late",
        "pipelines/sources/shard_reader.py",
        "end = offset + HEADER + length",
        "end = offset + HEADER + length + 1",
        ("tests/pipelines/preparing/test_encodings.py",),
        "mapped",
    ),
    Fault(
        "a run folder on a remote file system becomes a folder of this machine",
        "mmssl/runs/folder.py",
        "        check_local(path)\n",
        "",
        PLACES,
        "refused",
    ),
    Fault(
        "a missing file system is told without what helps",
        "pipelines/sources/places.py",
        '"install tensorflow-io, ',
        '"see TensorFlow, ',
        PLACES,
        "without_tensorflow_io",
    ),
)
