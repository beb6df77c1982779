"""What is set, in words, and what deserves a look before the shop is opened to everybody."""

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template

from app.care import readiness
from app.console.settings_words import groups
from app.workshop import beginning
from config import Settings
from kernel.http import database, requires, transaction, utc_now
from kernel.people.rules import OWNER
from kernel.text import Text

blueprint = Blueprint("settings", __name__, url_prefix="/settings")


@dataclass(frozen=True)
class Check:
    """Something that was looked at: whether it is well, what was found, the setting it is about."""

    is_well: bool
    said: Text
    name: str = ""


_READY: dict[str, Text] = {
    "database": Text("数据库写不进去", "The database cannot be written"),
    "migrations": Text(
        "数据库的样子不是这个版本的，请跑 gongfang migrate", "The schema is of another version: run gongfang migrate"
    ),
    "disk": Text("磁盘快满了", "The disk is nearly full"),
    "clock": Text("这台机器的钟和数据库的不一样", "This machine's clock differs from the database's"),
    "events": Text("付款的消息没有处理", "Messages of payments are not dealt with"),
    "worker": Text("后台程序没有在跑", "The worker does not run"),
    "backup": Text("昨晚没有备份", "There is no backup of last night"),
}


@blueprint.get("")
@requires(OWNER)
def show() -> str:
    """Settings by group, and the checks."""
    settings: Settings = current_app.extensions["settings"]
    found = readiness.look(database(), settings, utc_now())
    with transaction() as session:
        holds_demo = beginning.is_demo(session)
    return render_template(
        "console/settings.html",
        groups=groups(settings),
        checks=[*_of_machine(found), *_of_settings(settings)],
        holds_demo=holds_demo,
    )


def _of_machine(found: readiness.Readiness) -> list[Check]:
    wrong = {**found.problems, **found.warnings}
    if not wrong:
        return [Check(True, Text("数据库、磁盘、后台程序、时钟都正常", "Database, disk, worker and clock are well"))]
    return [Check(False, _READY.get(name, Text(name, name))) for name in wrong]


def _of_settings(settings: Settings) -> list[Check]:
    return [
        Check(
            settings.is_https,
            Text("买家走加密的网址", "Buyers come over HTTPS")
            if settings.is_https
            else Text(
                "买家的网址没有加密，正式开张前要换成 https",
                "Buyers come without HTTPS: change it before the shop opens",
            ),
            "PUBLIC_URL",
        ),
        Check(
            not settings.uses_sandbox,
            Text("钱走真的 Stripe", "Money goes through Stripe")
            if not settings.uses_sandbox
            else Text("现在收的是演示的钱", "Payments are the demo's"),
            "STRIPE_API_URL",
        ),
        Check(
            settings.sms_provider != "console",
            Text("短信有人发", "Text messages are carried")
            if settings.sms_provider != "console"
            else Text("短信只写在日志里，没有真的发出去", "Text messages are only noted in the log"),
            "SMS_PROVIDER",
        ),
        Check(
            settings.email_provider == "smtp",
            Text("邮件有人发", "E-mail is carried")
            if settings.email_provider == "smtp"
            else Text("邮件没有真的发出去", "E-mail is not really sent"),
            "EMAIL_PROVIDER",
        ),
        Check(
            bool(settings.workshop_tax_code),
            Text("有统一社会信用代码", "The credit code is known")
            if settings.workshop_tax_code
            else Text("没有统一社会信用代码，收购发票缺这一项", "No credit code: purchase invoices lack it"),
            "WORKSHOP_TAX_CODE",
        ),
        Check(
            bool(settings.payment_fee_bps),
            Text("收款手续费算进直播报告", "Payment fees are counted in reports")
            if settings.payment_fee_bps
            else Text("不知道收款手续费，直播报告没有算", "Payment fees are unknown and not counted in reports"),
            "PAYMENT_FEE_BPS",
        ),
    ]
