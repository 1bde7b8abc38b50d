"""What keeps an export from being made or restored."""


class ExportError(Exception):
    """Something that an operator can act on.

    Attributes:
        code: stable, upper snake case.
        detail: one sentence, without personal data.
    """

    code = "EXPORT"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NothingToExport(ExportError):  # noqa: N818 - as refusals are named
    """The range holds no numbers of the book."""

    code = "NOTHING_TO_EXPORT"


class OtherExport(ExportError):  # noqa: N818 - as refusals are named
    """The folder holds something else than the export asked for."""

    code = "OTHER_EXPORT"


class ExportUnusable(ExportError):  # noqa: N818 - as refusals are named
    """What was read is not what the platform wrote. Nothing was restored."""

    code = "EXPORT_UNUSABLE"


class BookStands(ExportError):  # noqa: N818 - as refusals are named
    """The book is there already, with other content. Nothing was restored."""

    code = "BOOK_STANDS"
