"""The one exception for mistakes a person can mend: its text is one line, what is wrong, where, what to do."""


class StudyError(Exception):
    """A wrong input, a missing file, a failed download. Shown without a traceback."""
