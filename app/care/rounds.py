"""What is done to an installation besides its work: checks, backups, comparison with Stripe. Each leaves a note."""

from datetime import datetime

from app.care import (
    asking_invariants,
    contract_invariants,
    farmer_invariants,
    guards,
    invariants,
    label_invariants,
    lot_invariants,
    sending_invariants,
    shop_invariants,
    tracing_invariants,
    village_invariants,
    wage_invariants,
)
from app.care.invariants import Report
from app.care.models import INVARIANTS, note_run
from kernel.db import Database

ALL_INVARIANTS = (
    *shop_invariants.STOCK,
    *shop_invariants.ORDERS,
    *shop_invariants.MONEY,
    *village_invariants.WORK,
    *village_invariants.CREW,
    *village_invariants.FARMERS,
    *lot_invariants.LOTS,
    *contract_invariants.CONTRACTS,
    *asking_invariants.ASKING,
    *farmer_invariants.FARMER_MONEY,
    *tracing_invariants.TRACING,
    *wage_invariants.WAGES,
    *sending_invariants.SENDING,
    *label_invariants.LABELS,
    *guards.GUARDS,
)


def check_invariants(database: Database, now: datetime) -> Report:
    """Count everything again and note how many violations there are."""
    report = invariants.check(database, ALL_INVARIANTS)
    with database.transaction() as session:
        note_run(session, INVARIANTS, now, found=report.found, details=report.counts)
    return report
