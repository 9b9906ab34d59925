"""Faults in how tables are read, in what is corrupted, and in what is learned of rows."""

from tests.faults.fault import Fault

MARGINALS = ("tests/pipelines/tables/test_marginals.py",)
ROWS = ("tests/pipelines/tables/test_rows.py",)
LEARNING = ("tests/pipelines/tables/test_learning.py",)
SCARF = ("tests/methods/test_scarf.py",)

FAULTS = (
    Fault(
        "as many columns are kept as should be drawn anew",
        "pipelines/tables/marginals.py",
        "return rank < count",
        "return rank >= count",
        MARGINALS,
    ),
    Fault(
        "each column is chosen by itself, so that their number differs",
        "pipelines/tables/marginals.py",
        "return rank < count",
        "return draws < count / draws.shape[-1] + 0.0 * tf.cast(rank, tf.float32)",
        MARGINALS,
    ),
    Fault(
        "the values of a row are drawn from one other row",
        "pipelines/tables/marginals.py",
        "rows = tf.gather(self._rows, tf.minimum(places, count - 1))",
        "rows = tf.gather(self._rows, tf.minimum(places[:, :1], count - 1))",
        MARGINALS,
    ),
    Fault(
        "values are drawn from held-out rows, too",
        "pipelines/tables/marginals.py",
        "rows = np.arange(len(source)) if source.chosen is None else source.chosen",
        "rows = np.arange(len(source.content))",
        MARGINALS,
    ),
    Fault(
        "a gap that is drawn comes as the number 0",
        "pipelines/tables/rows.py",
        '"present": tf.cast(known, tf.int32),',
        '"present": tf.ones_like(known, tf.int32),',
        MARGINALS,
    ),
    Fault(
        "the target of a denoising autoencoder is corrupted, too",
        "pipelines/tables/targets.py",
        '"target": self.values_of(self.split_up(rows))}',
        '"target": self.values_of(self.split_up(seen))}',
        MARGINALS,
    ),
    Fault(
        "of a chosen number its gap is not told",
        "pipelines/tables/rows.py",
        "return [*range(count), *range(count), *(i for i",
        "return [*range(count), *reversed(range(count)), *(i for i",
        MARGINALS,
    ),
    Fault(
        "numbers are standardized by held-out rows, too",
        "pipelines/tables/learning.py",
        "values[usable & chosen]",
        "values[usable]",
        LEARNING,
    ),
    Fault(
        "categories of held-out rows are known",
        "pipelines/tables/learning.py",
        "strict=True) if use",
        "strict=True) if use or text",
        LEARNING,
    ),
    Fault(
        "the moments of chunks are added without the distance of their means",
        "pipelines/tables/learning.py",
        " + apart**2 * count * added / total",
        "",
        LEARNING,
    ),
    Fault(
        "digits with underscores are numbers",
        "pipelines/tables/cells.py",
        'math.nan if "_" in text else float(text)',
        "float(text)",
        LEARNING,
    ),
    Fault(
        "digits that begin with a zero are numbers",
        "pipelines/tables/learning.py",
        'if not tally.known or found["code"] > CODES * tally.known:',
        "if not tally.known:",
        LEARNING,
    ),
    Fault(
        "an unknown category is taken for a gap",
        "pipelines/tables/coding.py",
        "codes.get(text, UNKNOWN)",
        "codes.get(text, GAP)",
        ROWS,
    ),
    Fault(
        "infinity is a number",
        "pipelines/tables/coding.py",
        "wrong = np.flatnonzero(~gaps & ~np.isfinite(coded[:, i]))",
        "wrong = np.flatnonzero(~gaps & np.isnan(coded[:, i]))",
        ROWS,
    ),
    Fault(
        "labels that the encoder sees are not refused",
        "pipelines/tables/opening.py",
        "inputs = [name for name in beside if name in schema.names()]",
        "inputs = []",
        ROWS,
    ),
    Fault(
        "the row of a quoted newline is named by the line that it ends in",
        "pipelines/tables/delimited.py",
        "yield begin, fields",
        "yield reader.line_num, fields",
        ("tests/pipelines/tables/test_delimited.py",),
    ),
    Fault(
        "columns of several files are taken by their place",
        "pipelines/tables/files.py",
        "order = [part.columns.index(name) for name in self.columns]",
        "order = range(len(self.columns))",
        ROWS,
    ),
    Fault(
        "a number at a gap is seen",
        "mmssl/layers/columns.py",
        'inputs["numbers"] * present',
        'inputs["numbers"]',
        ("tests/encoders/test_table_encoder.py",),
    ),
    Fault(
        "corrupted rows look for their rows",
        "mmssl/methods/scarf.py",
        "info_nce(*outputs, temperature",
        "info_nce(*outputs[::-1], temperature",
        SCARF,
    ),
    Fault(
        "a row's own corrupted one is told by the row of the batch behind it",
        "mmssl/methods/scarf.py",
        "return ops.equal(nearest, ops.arange(",
        "return ops.equal(nearest, 1 + ops.arange(",
        SCARF,
    ),
    Fault(
        "the variance that is explained is that about zero",
        "mmssl/methods/bases/reconstructed.py",
        "for x in (found, mean))",
        "for x in (found, 0 * mean))",
        ("tests/methods/test_denoising_autoencoder.py",),
        "variance",
    ),
)
