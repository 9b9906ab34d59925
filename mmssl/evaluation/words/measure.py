"""Word similarity and analogies of a run, and their table."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mmssl.evaluation.probes.results import keep_result
from mmssl.evaluation.words.analogies import analogies, read_questions
from mmssl.evaluation.words.similarity import read_pairs, similarity
from mmssl.evaluation.words.vectors import WordVectors
from mmssl.pipelines.text.word_documents import WordDocuments

KIND = "words"  # of results in metrics.json


def paths_of(given):
    """Returns the paths that an option names: one, several, or none."""
    return [given] if isinstance(given, str) else list(given or [])


def asked(section):
    """Returns the paths that the section `probe` of a recipe names.

    Args:
        section: dict; that of an earlier version names none.

    Returns:
        pair of lists of str: tables of word pairs, and analogy questions.
    """
    return tuple(paths_of(section.get(name)) for name in ("similarity", "analogies"))


def check_asked(section, data):
    """Checks what the section `probe` of a recipe asks of word vectors, before they are trained.

    Args:
        section: dict.
        data: Pipeline of the recipe.

    Raises:
        ValueError: a file cannot be read, or the data make no word vectors.
    """
    tests = read_tests(*asked(section))
    if tests and not isinstance(data, WordDocuments):
        raise ValueError(
            f"probe.similarity and probe.analogies are of word vectors, and "
            f"{type(data).__name__} makes none: leave them out."
        )


def read_tests(similarities=(), questions=()):
    """Reads tables of word pairs and of questions, before anything else is done.

    Args:
        similarities: paths, see `read_pairs`.
        questions: paths, see `read_questions`.

    Returns:
        list of (path, what is read, function of WordVectors and it).

    Raises:
        ValueError: one cannot be read.
    """
    read = [(path, read_pairs(path), similarity) for path in similarities]
    return read + [(path, read_questions(path), analogies) for path in questions]


def measure_words(run, similarities=(), questions=()):
    """Measures what a run's word vectors know, and keeps it in its metrics.json.

    Args:
        run: Run of a recipe of word vectors.
        similarities: paths of tables of word pairs with scores, see `read_pairs`.
        questions: paths of analogy questions, see `read_questions`.

    Returns:
        list of dicts, one a file: `data`, `layer` None, `step`, and under `encoder` and
        `untrained` what `similarity` or `analogies` returns.

    Raises:
        ValueError: a file cannot be read, or the run has no word vectors.
    """
    tests, results = read_tests(similarities, questions), []
    kinds = {name: WordVectors.of(run, getattr(run, name)) for name in ("encoder", "untrained")}
    for path, content, measure in tests:
        result = {"data": {"source": str(path)}, "layer": None, "step": run.step}
        result |= {name: measure(vectors, content) for name, vectors in kinds.items()}
        keep_result(run.folder / "metrics.json", result, KIND)
        results.append(result)
    return results


def print_words(results, console=None):
    """Prints the results of `measure_words`.

    Args:
        results: list of dicts.
        console: rich Console; None for standard output.
    """
    table = Table("words", "known", "encoder", "untrained encoder")
    for name, known, *figures in word_rows(results):
        table.add_row(escape(name), known, *figures)
    (console or Console()).print(table)


def word_rows(results):
    """Arranges results as rows: name, how many are known, encoder, untrained; all str."""
    rows = []
    for result in results:
        name, kinds = Path(result["data"]["source"]).name, ("encoder", "untrained")
        rows.append(_row(name, *(result[kind] for kind in kinds)))
        for section in result["encoder"].get("sections", {}):
            parts = (result[kind]["sections"][section] for kind in kinds)
            rows.append(_row(f"  {section}", *parts))
    return rows


def _row(name, *measured):
    first = measured[0]
    of = first.get("pairs", first.get("questions"))
    figures = (m.get("spearman", m.get("accuracy")) for m in measured)
    shown = ("" if figure is None else f"{figure:.3f}" for figure in figures)
    return name, f"{first['known']} of {of}", *shown
