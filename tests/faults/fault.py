"""What a fault is: a small change to the code that some test has to notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault, and where it should be noticed.

    Attributes:
        name: a sentence that says what is wrong.
        file: path of the file that it is put into, from the root of the repository.
        old: text that stands in the file exactly once.
        new: what takes its place.
        tests: what pytest is given to find it: files or node ids, as few and short as will do.
        only: expression for pytest's -k; empty for all of them.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    only: str = ""

    def put_into(self, text):
        """Returns the text of the file with the fault in it.

        Raises:
            ValueError: what is to be replaced does not stand there exactly once.
        """
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.name!r} replaces {self.old!r}, which stands in {self.file} "
                f"{text.count(self.old)} times, not once."
            )
        return text.replace(self.old, self.new)
