"""Paper: fonts, columns, and putting text where it belongs. Lengths are whole points, of 1/72 inch.

Only statements printed as PDF load this module, and reportlab with it.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import BinaryIO, Final

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bezant.ledger.statements.domain import Statement, Totals
from bezant.ledger.statements.pdf_text import grouped, printable

# Binary streams: as text they would be a quarter longer, and take as long again to write.
rl_config.useA85 = 0

REGULAR: Final = "bezant-regular"
BOLD: Final = "bezant-bold"

INK: Final = HexColor("#1b2430")
MUTED: Final = HexColor("#67717e")
ACCENT: Final = HexColor("#1f4e79")
HAIRLINE: Final = HexColor("#d5dae0")

A4: Final = (595, 842)
MARGIN: Final = 42
FOOTER: Final = 40
DATE_WIDTH: Final = 48
_GAP: Final = 12
_FIGURES_MIN: Final = 52
_DETAILS_WIDTH_MIN: Final = 130

_PAGE_COUNT: Final = "page-count"


def _register_fonts() -> frozenset[int]:
    """Register the fonts, which reportlab brings (Bitstream Vera); the code points of both."""
    folder = files("reportlab") / "fonts"
    fonts = [TTFont(REGULAR, str(folder / "Vera.ttf")), TTFont(BOLD, str(folder / "VeraBd.ttf"))]
    for font in fonts:
        pdfmetrics.registerFont(font)
    first, second = (frozenset(font.face.charToGlyph) for font in fonts)
    return first & second


# While the module is imported, and so once: two threads that print would not agree on the fonts.
_GLYPHS: Final = _register_fonts()


def in_glyphs(text: str) -> str:
    """The text in characters that the fonts have."""
    return printable(text, _GLYPHS)


def width(text: str, size: int, font: str = REGULAR) -> int:
    """What a text takes, rounded up."""
    return int(pdfmetrics.stringWidth(text, font, size)) + 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table's columns are: `details` from its left edge on, figures by their right edge."""

    page: tuple[int, int]
    figure_size: int
    details: int
    details_width: int
    debit: int
    credit: int
    balance: int

    @classmethod
    def of(cls, statement: Statement, totals: Totals) -> "Columns":
        """The first of some layouts in which every figure of the statement fits on one line."""
        tall, wide = A4, (A4[1], A4[0])
        candidates = [(tall, 7), (tall, 6), (wide, 7), (wide, 6), (wide, 5), (wide, 4)]
        layouts = [cls._laid_out(statement, totals, page, size) for page, size in candidates]
        fitting = [each for each in layouts if each.details_width >= _DETAILS_WIDTH_MIN]
        return [*fitting, layouts[-1]][0]

    @classmethod
    def _laid_out(
        cls, statement: Statement, totals: Totals, page: tuple[int, int], size: int
    ) -> "Columns":
        # No balance on the way is further from zero than this one.
        largest = abs(statement.opening_balance) + max(totals.debits, totals.credits)

        def column(amount: int, heading: str) -> int:
            figure = grouped(amount, statement.scale)
            return max(width(figure, size, BOLD), width(heading, 7, BOLD), _FIGURES_MIN) + _GAP

        balance = page[0] - MARGIN
        credit = balance - column(-largest, "Balance")
        debit = credit - column(totals.credits, "Credit")
        details = MARGIN + 2 * DATE_WIDTH
        right = debit - column(totals.debits, "Debit")
        return cls(page, size, details, right - details, debit, credit, balance)


class Sheet:
    """The page that is being drawn; what is drawn goes into a file when all of it is there.

    Args:
        at: what the file says of when it was made.
    """

    _color: Color | None
    _font: tuple[str, int] | None

    def __init__(self, file: BinaryIO, page: tuple[int, int], title: str, at: datetime) -> None:
        self._file = file
        self._canvas = Canvas(file, pagesize=page, pageCompression=1, invariant=1, lang="en")
        # Nothing of when and where it was printed: the same statement is the same bytes.
        made = f"D:{at:%Y%m%d%H%M%S}+00'00'"
        self._canvas.setDateFormatter(lambda *_: made)
        self._canvas.setTitle(title)
        self._canvas.setAuthor("Bezant")
        self._canvas.setSubject("Account statement")
        self._right = page[0] - MARGIN
        self._begin_text()
        self.page = 1

    def left(self, x: int, y: int, text: str, size: int, *, bold: bool = False) -> None:
        """Put a text with its left end at `x`."""
        self._set_font(BOLD if bold else REGULAR, size)
        self._text.setTextOrigin(x, y)
        self._text.textLine(text)

    def right(self, x: int, y: int, text: str, size: int, *, bold: bool = False) -> None:
        """Put a text with its right end at `x`."""
        font = BOLD if bold else REGULAR
        self._set_font(font, size)
        self._text.setTextOrigin(x - pdfmetrics.stringWidth(text, font, size), y)
        self._text.textLine(text)

    def ink(self, color: Color = INK) -> None:
        """Draw what follows in a colour."""
        if color is not self._color:
            self._text.setFillColor(color)
            self._color = color

    def rule(self, y: int, color: Color = HAIRLINE, *, thick: bool = False) -> None:
        """Draw a line across the page."""
        self._canvas.setStrokeColor(color)
        self._canvas.setLineWidth(1 if thick else 0)
        self._canvas.line(MARGIN, y, self._right, y)

    def turn(self, footer: str) -> None:
        """Finish the page with its footer, and begin the next."""
        self._end_page(footer)
        self._begin_text()
        self.page += 1

    def finish(self, footer: str) -> None:
        """Finish the last page, and write the file."""
        self._end_page(footer)
        canvas = self._canvas
        canvas.beginForm(_PAGE_COUNT)
        self._begin_text()
        self.ink(MUTED)
        self.left(0, 0, str(self.page), 7)
        canvas.drawText(self._text)
        canvas.endForm()
        canvas.save()

    def _begin_text(self) -> None:
        """All text of a page is one object, with a colour and a font that it begins without."""
        self._text = self._canvas.beginText()
        self._color, self._font = None, None

    def _set_font(self, font: str, size: int) -> None:
        # What is set already is not said again: it would be said some times for every entry.
        if (font, size) != self._font:
            self._text.setFont(font, size)
            self._font = (font, size)

    def _end_page(self, footer: str) -> None:
        """How many pages there will be is not known yet: each refers to a figure drawn at last."""
        self.rule(FOOTER)
        self.ink(MUTED)
        y, counted = FOOTER - 12, f"Page {self.page} of "
        self.left(MARGIN, y, counted, 7)
        self.right(self._right, y, footer, 7)
        canvas = self._canvas
        canvas.drawText(self._text)
        canvas.saveState()
        canvas.translate(MARGIN + width(counted, 7), y)
        canvas.doForm(_PAGE_COUNT)
        canvas.restoreState()
        canvas.showPage()
