"""The settings of an installation in people's words, by group: what each is, its value as it is read, its name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from config import Settings
from kernel.money import yuan
from kernel.text import Text, t


@dataclass(frozen=True)
class Line:
    """One setting: its words, its value said, and the name it is set by."""

    words: Text
    value: str
    name: str


@dataclass(frozen=True)
class Group:
    """Settings that belong together."""

    title: Text
    lines: Sequence[Line]


Said = Callable[[Any], str]


def _plain(value: object) -> str:
    return str(value) if value not in ("", None, ()) else t("没有填", "not set")


def _money(fen: int) -> str:
    return f"¥{yuan(fen)}"


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"


def _fee(bps: int) -> str:
    return _percent(bps) if bps else t("不知道", "not known")


def _grams(grams: int) -> str:
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams} g"


def _days(days: int) -> str:
    return t("{n} 天", "{n} days", n=days)


def _yes(value: int) -> str:
    return t("是", "yes") if value else t("否", "no")


def _words(values: Sequence[str]) -> str:
    return _plain(" ".join(values))


def _secret(value: str) -> str:
    return t("填了", "set") if value else t("没有填", "not set")


# Field of Settings, its words, how it is said. Names of variables are the fields' in capitals.
_GROUPS: Final[Sequence[tuple[Text, Sequence[tuple[str, Text, Said]]]]] = (
    (
        Text("工坊", "The workshop"),
        (
            ("workshop_name", Text("名字，在每一页和每张面单上", "Its name, on every page and slip"), _plain),
            ("workshop_zone", Text("哪里的时间", "The zone its days are in"), _plain),
            ("workshop_tax_code", Text("统一社会信用代码", "Its credit code"), _plain),
            ("public_url", Text("买家怎么进来", "How buyers reach the shop"), _plain),
            (
                "player_hosts",
                Text("哪些网站的画面可以放进直播页", "Sites whose players may stand in the live page"),
                _words,
            ),
        ),
    ),
    (
        Text("买家和钱", "Buyers and money"),
        (
            ("shipping_fen", Text("一单的运费", "Postage of an order"), _money),
            ("free_shipping_from_fen", Text("满多少包邮", "Free from"), _money),
            ("remote_surcharge_fen", Text("偏远省份加收", "Added for far provinces"), _money),
            ("payment_fee_bps", Text("收款手续费", "What the payment provider keeps"), _fee),
            ("stripe_api_key", Text("Stripe 的钥匙", "Stripe's key"), _secret),
        ),
    ),
    (
        Text("打包和快递", "Packing and couriers"),
        (
            ("heaviest_parcel_g", Text("一箱最重", "Heaviest box"), _grams),
            ("largest_batch", Text("一次最多交给一个人几个包裹", "Parcels handed to one person at once"), _plain),
            ("heaviest_batch_g", Text("一次最多交给一个人多重", "Weight handed to one person at once"), _grams),
            (
                "usual_shift_minutes",
                Text("没说到几点的人大概待多少分钟", "Minutes somebody stays who has not said"),
                _plain,
            ),
            ("sample_rate_bps", Text("抽查多少", "Boxes that are looked at"), _percent),
            ("deliver_within_days", Text("快递几天内要到", "Couriers that are there within"), _days),
            ("deliver_fresh_within_days", Text("鲜货几天内要到", "The same for fresh goods"), _days),
            ("courier_provider", Text("谁出面单", "Who issues waybills"), _plain),
            ("courier_stuck_days", Text("几天没消息就要人看", "Days without news before somebody looks"), _days),
        ),
    ),
    (
        Text("农户", "Farmers"),
        (
            ("set_off_most_bps", Text("一次付款最多扣掉多少", "Kept of one payment at most"), _percent),
            (
                "certificate_second_person",
                Text("没有合格证要第二个人点头", "Without a certificate a second person decides"),
                _yes,
            ),
        ),
    ),
    (
        Text("短信和邮件", "Text messages and e-mail"),
        (
            ("sms_provider", Text("短信谁发", "Who carries text messages"), _plain),
            ("email_provider", Text("邮件谁发", "Who carries e-mail"), _plain),
            ("smtp_host", Text("邮件服务器", "Mail server"), _plain),
            ("smtp_sender", Text("发件地址", "Sender"), _plain),
        ),
    ),
    (
        Text("这台机器", "This machine"),
        (
            ("mode", Text("怎么在用", "Mode"), _plain),
            ("web_processes", Text("网页进程", "Web processes"), _plain),
            ("backups_kept", Text("留几晚的备份", "Nightly backups kept"), _plain),
            ("least_disk_free_mb", Text("磁盘至少要空（MB）", "Disk that must be free, MB"), _plain),
        ),
    ),
)


def groups(settings: Settings) -> list[Group]:
    """Every setting that an owner asks about, in the language of the request; secrets are never said."""
    return [
        Group(title, [Line(words, said(getattr(settings, name)), name.upper()) for name, words, said in lines])
        for title, lines in _GROUPS
    ]
