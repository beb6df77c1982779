"""Every page of the scale says in its title which page it is: that is what a screen reader reads first, and what Back lists."""

import re

from fulfillment.purchasing.growers.models import Contract
from kernel.db import Database
from tests.purchasing.test_runs import draft, staff
from tests.purchasing.world import make_quote, weigh_in, weighed
from tests.weigh.conftest import Desk


def test_no_two_pages_have_one_title(owner: Desk, contract: Contract, database: Database) -> None:
    with database.transaction() as session:
        make_quote(session, contract)
        delivery = weigh_in(session, weighed(contract))
        draft(session, staff(session)[0], contract.farmer_id)
    farmer = contract.farmer_id
    paths = (
        *("", "/in", f"/in/{contract.id}", "/in/badges", f"/away/{contract.id}", "/asking", "/calls", "/help"),
        *("/deliveries", f"/deliveries/{delivery.id}", "/trace", "/certificates", "/labels"),
        *(
            "/quotes",
            "/quotes/type",
            "/quotes/file",
            "/quotes/held",
            "/quotes/corrections",
            "/grades",
            "/grades/pictures",
        ),
        *("/farmers", "/farmers/new", "/farmers/streams", f"/farmers/{farmer}", f"/farmers/{farmer}/edit"),
        *(f"/farmers/{farmer}/page", f"/farmers/{farmer}/quality"),
        *("/contracts", "/contracts/new", f"/contracts/{contract.id}", f"/contracts/{contract.id}/amend"),
        *("/pay", f"/pay/{farmer}", f"/pay/{farmer}/account", f"/pay/{farmer}/facts", "/pay/invoices"),
        *("/pay/runs", "/pay/runs/1", "/pay/runs/new"),
    )
    for language in ("zh", "en"):
        titles: dict[str, str] = {}
        for path in paths:
            text = owner.look(f"/bench/weigh{path}?lang={language}").text
            title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
            assert title
            assert titles.setdefault(title[1], path) == path, (title[1], path, titles[title[1]])
