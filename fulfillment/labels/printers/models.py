"""Tables of the workshop's printers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.labels.papers import PAPERS, Paper
from fulfillment.labels.sheets import Setting
from kernel.db import Base, BigId, UtcTime
from kernel.text import Text

FARTHEST_OFFSET_UM = 5_000


class Printer(Base):
    """A printer with the paper that lies in it; offsets in micrometres, to the right and down."""

    __tablename__ = "printers"
    __table_args__ = (
        CheckConstraint("paper IN ('76x130', '100x150', '100x180', '70x50', 'a4')", name="known_paper"),
        CheckConstraint(
            "offset_x_um BETWEEN -5000 AND 5000 AND offset_y_um BETWEEN -5000 AND 5000", name="offset_is_small"
        ),
        CheckConstraint("NOT is_usual OR retired_at IS NULL", name="usual_is_in_use"),
        Index("uq_printers_usual", "is_usual", unique=True, postgresql_where=text("is_usual")),
        Index("uq_printers_name", "name", unique=True, postgresql_where=text("retired_at IS NULL")),
    )

    id: Mapped[BigId]
    name: Mapped[str]
    paper: Mapped[str]
    offset_x_um: Mapped[int] = mapped_column(default=0)
    offset_y_um: Mapped[int] = mapped_column(default=0)
    is_usual: Mapped[bool] = mapped_column(default=False)
    retired_at: Mapped[datetime | None]
    changed_at: Mapped[UtcTime]
    changed_by: Mapped[str]

    @property
    def sheet(self) -> Paper:
        """The paper that lies in it."""
        return PAPERS[self.paper]

    @property
    def words(self) -> Text:
        """Its name and paper, for choosing it."""
        paper = self.sheet.words
        return Text(f"{self.name} · {paper.zh}", f"{self.name} · {paper.en}")

    def setting(self, first_place: int = 1) -> Setting:
        """How a document is drawn for this printer."""
        return Setting(self.sheet, self.offset_x_um / 1000, self.offset_y_um / 1000, first_place)
