"""`gongfang farmer-price` and `gongfang import-quotes`, as a script calls them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import gongfang, main
from kernel.db import Database
from tests.purchasing.test_price import CASES

DATA = Path(__file__).parents[1] / "data/prices"


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Command":
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    return Command()


class Command:
    """Runs a command with something on standard input."""

    def __call__(self, *words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(gongfang, words, input=stdin)


@pytest.mark.parametrize("case", CASES)
def test_farmer_price_prints_each_worked_case(case: dict[str, dict[str, object]]) -> None:
    answer = Command()("farmer-price", "--json", stdin=json.dumps(case))
    assert answer.exit_code == 0
    printed = json.loads(answer.stdout)
    assert set(printed) == {"rejected", "unit_yuan_per_kg", "settle_kg", "pay_yuan", "reason"}
    assert printed | case["expected"] == printed


def test_farmer_price_says_why_goods_are_refused() -> None:
    printed = json.loads(Command()("farmer-price", "--json", stdin=json.dumps(CASES[-1])).stdout)
    assert printed["reason"] == "Moisture 19 % is above the contract's 18 %; dry it and come again."
    assert (printed["unit_yuan_per_kg"], printed["pay_yuan"]) == (None, None)


def test_farmer_price_speaks_to_people_without_json() -> None:
    assert Command()("farmer-price", stdin=json.dumps(CASES[1])).stdout == "92.00 yuan/kg x 94.25 kg = 8671.00 yuan\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"premium": 0.16}, "10 % to 15 %"),
        ({"premium": 0.0999}, "10 % to 15 %"),
        ({"premium": 0.10005}, "steps of 1/10000"),
        ({"market_yuan_per_kg": 0}, "prices must be positive"),
        ({"market_yuan_per_kg": True}, "market_yuan_per_kg is missing or not a number"),
        ({"market_yuan_per_kg": "eighty"}, "market_yuan_per_kg"),
        ({"market_yuan_per_kg": 80.005}, "steps of 1/100"),
        ({"market_yuan_per_kg": 1e30}, "market_yuan_per_kg"),
        ({"net_kg": -1}, "the net weight must be positive"),
        ({"net_kg": None}, "net_kg is missing"),
        ({"moisture": 1.3}, "below 100 %"),
        ({"foreign_matter": -0.1}, "from 0 %"),
    ],
)
def test_farmer_price_refuses_a_case_that_cannot_be(change: dict[str, object], words: str) -> None:
    answer = Command()("farmer-price", "--json", stdin=json.dumps(CASES[0] | change))
    assert json.loads(answer.stdout)["rejected"] is True
    assert words in json.loads(answer.stdout)["reason"]
    assert answer.exit_code == 1


@pytest.mark.parametrize("stdin", ["", "[]", "null", "{", "[" * 5_000, '{"premium": NaN}', "{}"])
def test_farmer_price_refuses_what_is_no_case(stdin: str) -> None:
    answer = Command()("farmer-price", "--json", stdin=stdin)
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["rejected"] is True


def test_a_refusal_is_one_sentence_on_stderr_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["gongfang", "import-quotes", "manual", str(DATA / "xinfadi_2022-06-12_18.json"), "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (1, "")
    assert "Row 1 lacks these columns: 日期" in said.err


def test_import_quotes_reads_the_template_once(run: Command) -> None:
    words = ("import-quotes", "manual", str(DATA / "manual_price_import_template.csv"), "--json")
    first, again = json.loads(run(*words).stdout), json.loads(run(*words).stdout)
    counts = {"read": 3, "updated": 0, "flagged": 0, "not_comparable": 0, "refused": []}
    assert first == counts | {"created": 3, "unchanged": 0, "waiting": 3}
    assert again == counts | {"created": 0, "unchanged": 3, "waiting": 0}


def test_import_quotes_reads_the_real_week_once(run: Command) -> None:
    words = ("import-quotes", "xinfadi", str(DATA / "xinfadi_2022-06-12_18.json"), "--json")
    first, again = json.loads(run(*words).stdout), json.loads(run(*words).stdout)
    assert first == {
        "read": 109,
        "created": 108,
        "updated": 0,
        "unchanged": 1,
        "waiting": 87,
        "flagged": 7,
        "not_comparable": 14,
        "refused": [],
    }
    assert (again["created"], again["unchanged"]) == (0, 109)


def test_import_quotes_names_refused_rows(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    text = (DATA / "manual_price_import_template.csv").read_text("utf-8-sig")
    file.write_text(text.replace("60,70,65", "60,70,75"), "utf-8")
    printed = json.loads(run("import-quotes", "manual", str(file), "--json").stdout)
    assert (printed["read"], printed["created"]) == (3, 2)
    assert printed["refused"] == [
        {"row": 3, "column": "均价", "reason": "The average is not between the low and the high."}
    ]
    assert "row 3, 均价: The average" in run("import-quotes", "manual", str(file)).stdout


@pytest.mark.parametrize(
    "words", [("import-quotes",), ("import-quotes", "market", "x"), ("import-quotes", "manual", "nowhere.csv")]
)
def test_misuse_is_exit_2(words: tuple[str, ...]) -> None:
    assert Command()(*words).exit_code == 2
