"""What the audit log stores as short words, in people's words. An unknown word is shown as it is."""

import re
from collections.abc import Mapping

from app.console import words
from fulfillment.couriers.cases.rules import KINDS, OUTCOMES
from kernel.money import yuan
from kernel.text import Text, t

ACTIONS: Mapping[str, Text] = {
    "wall_link.made": Text("做墙上的链接", "Link for the wall made"),
    "wall_link.revoked": Text("收回墙上的链接", "Link for the wall taken back"),
    "workshop.described": Text("写工坊的名字和寄件人", "Workshop described"),
    "workshop.begun": Text("开张", "Workshop begun"),
    "workshop.demo_removed": Text("清掉演示数据", "Demo removed"),
    "order.cancelled": Text("取消订单", "Order cancelled"),
    "order.refund": Text("退款", "Refund"),
    "order.buyer_shown": Text("查看买家资料", "Buyer's details shown"),
    "order.address_renewed": Text("按平台更新地址", "Address renewed from the platform"),
    "orders.imported": Text("导入平台订单", "Platform orders imported"),
    "channel_order.address_given": Text("填写平台订单的地址", "Address of a platform order given"),
    "channel_order.approved": Text("决定照常打包", "Packed by a person's decision"),
    "channel_order.notice_seen": Text("处理了平台订单的提醒", "Platform order's notice dealt with"),
    "payment.note_closed": Text("处理了一条提醒", "Reminder dealt with"),
    "person.added": Text("添加人员", "Person added"),
    "person.changed": Text("修改人员", "Person changed"),
    "person.roles": Text("修改分工", "Roles changed"),
    "person.pin": Text("换数字密码", "New PIN"),
    "person.password": Text("换密码", "New password"),
    "person.badge": Text("换工牌", "New badge"),
    "person.deactivated": Text("停用人员", "Person deactivated"),
    "person.reactivated": Text("恢复人员", "Person reactivated"),
    "person.signed_out": Text("全部退出登录", "Signed out everywhere"),
    "packer.preferences": Text("修改适合的活", "Suitable work changed"),
    "product.added": Text("添加商品", "Product added"),
    "product.changed": Text("修改商品", "Product changed"),
    "variant.added": Text("添加规格", "Variant added"),
    "variant.changed": Text("修改规格", "Variant changed"),
    "stock.received": Text("入库", "Stock received"),
    "stock.adjusted": Text("更正库存", "Stock corrected"),
    "stock.counted": Text("盘点", "Stock-take"),
    "buyers.news": Text("给买家发消息", "News sent to buyers"),
    "offer.points": Text("写讲什么", "What to say written"),
    "stream.message": Text("对观众说", "Word to viewers"),
    "stream.audience": Text("填观看数", "Views written down"),
    "person.household": Text("家庭情况", "Household"),
    "fund.line": Text("公益金记一笔", "Line of the charity fund"),
    "fund.taken_back": Text("公益金撤回一笔", "Line of the charity fund taken back"),
    "stream.planned": Text("预告直播", "Stream announced"),
    "stream.live": Text("开播", "Stream started"),
    "stream.ended": Text("下播", "Stream ended"),
    "stream.on_air": Text("换讲解", "Put on air"),
    "stream.on_air_undone": Text("撤回换讲解", "Putting on air taken back"),
    "stream.rehearsal_shown": Text("排练里换讲解", "Shown in a rehearsal"),
    "stream.rehearsal_undone": Text("撤回排练里换讲解", "Showing in a rehearsal taken back"),
    "offer.added": Text("上架直播商品", "Offer added"),
    "offer.changed": Text("改直播商品", "Offer changed"),
    "offer.undone": Text("撤回改直播商品", "Change of an offer taken back"),
    "offer.removed": Text("撤下直播商品", "Offer removed"),
    "stream.changed": Text("修改直播", "Stream changed"),
    "stream.order": Text("调整直播顺序", "Run sheet reordered"),
    "stream.given": Text("定为农户专场", "Stream given to a farmer"),
    "stream.taken": Text("不再是农户专场", "Stream no longer a farmer's"),
    "bench.unwell": Text("身体不舒服，歇了", "Unwell, rests"),
    "bagging.out_of_turn": Text("没按先后装袋", "Bagged out of turn"),
    "buyer.exported": Text("导出买家资料", "A buyer's data handed out"),
    "buyer.erased": Text("删除买家资料", "A buyer's data erased"),
    "order.receiver_erased": Text("删除收件人", "Receiver erased"),
    "complaint.open": Text("买家报问题", "Complaint made"),
    "complaint.granted": Text("同意赔付", "Complaint granted"),
    "complaint.refused": Text("没有同意赔付", "Complaint refused"),
    "complaint.withdrawn": Text("撤回报的问题", "Complaint withdrawn"),
    "invoice.asked": Text("申请开票", "Invoice asked for"),
    "invoice.issued": Text("开了发票", "Invoice issued"),
    "invoice.declined": Text("没有开票", "Invoice declined"),
    "review.waiting": Text("评价待看", "Review waits"),
    "review.shown": Text("展示评价", "Review shown"),
    "review.hidden": Text("不展示评价", "Review kept back"),
    "review.deleted": Text("删除评价", "Review deleted"),
    "voucher.made": Text("做优惠码", "Voucher made"),
    "voucher.stopped": Text("停掉优惠码", "Voucher stopped"),
    "postage.changed": Text("改运费", "Postage changed"),
    "delivery.taken_back": Text("过磅单作废", "Delivery taken back"),
    "delivery.turned_away": Text("退回交货", "Delivery turned away"),
    "drying.ratio_set": Text("定干燥比例", "Drying ratio set"),
    "farmer.chose_shown": Text("农户选是否露名", "Farmer chose whether the name is shown"),
    "grade.picture_set": Text("放等级图片", "Picture of a grade set"),
    "grade.picture_dropped": Text("去掉等级图片", "Picture of a grade dropped"),
    "grower_link.made": Text("做农户专页链接", "Farmer's own link made"),
    "grower_link.revoked": Text("收回农户专页链接", "Farmer's own link revoked"),
    "late_work.nothing": Text("迟到的活不付", "Late work: nothing to pay"),
    "late_work.correction": Text("迟到的活补工钱", "Late work: wages corrected"),
    "lot.mixed": Text("混批", "Lots mixed"),
    "lot.dried": Text("干燥", "Lot dried"),
    "lot.sorted": Text("分级", "Lot sorted"),
    "lot.counted": Text("批次盘点", "Lot counted"),
    "quote_correction.paid": Text("补差价", "Price difference paid"),
    "quote_correction.left": Text("差价不补", "Price difference left"),
    "weigh_in.asked": Text("过磅请人看", "Weigh-in handed to a second person"),
    "weigh_in.approved": Text("同意过磅", "Weigh-in approved"),
    "weigh_in.refused": Text("不同意过磅", "Weigh-in refused"),
    "weigh_in.taken_back": Text("收回过磅", "Weigh-in taken back"),
    "wage_correction.taken_back": Text("收回工资更正", "Wage correction taken back"),
    "farmer.added": Text("添加农户", "Farmer added"),
    "bagging.bags_gone": Text("记下少了的袋子", "Bags noted as gone"),
    "past_sales.taken": Text("传了以前的销量", "Past sales sent"),
    "past_sales.forgotten": Text("去掉以前的销量", "Past sales taken away"),
    "farmer.called": Text("给农户打了电话", "Farmer called"),
    "farmer.changed": Text("修改农户", "Farmer changed"),
    "grade.set": Text("定等级", "Grade set"),
    "contract.signed": Text("签合同", "Contract signed"),
    "contract.quantity": Text("改合同数量", "Contract quantity changed"),
    "contract.amended": Text("改合同", "Contract amended"),
    "contract.more_allowed": Text("同意多收", "More than agreed allowed"),
    "contract.pages_added": Text("存合同签字件", "Signed pages of a contract kept"),
    "contract.page_removed": Text("拿掉合同签字件", "Signed page of a contract taken out"),
    "contract.ended": Text("结束合同", "Contract ended"),
    "quote.typed": Text("录入行情", "Quote typed in"),
    "quote.accepted": Text("采用行情", "Quote accepted"),
    "quote.refused": Text("不用这条行情", "Quote refused"),
    "quote.named": Text("给行情品名对上商品", "Quote name matched"),
    "settlement.paid": Text("结款给农户", "Farmer paid"),
    "settlement.handed_out": Text("货款到手", "Farmer has the money"),
    "settlement.came_back": Text("货款退回来了", "Farmer's money came back"),
    "settlement_run.drafted": Text("做批量付款的草稿", "Settlement run drafted"),
    "settlement_run.set_off": Text("改抵扣", "Set-off changed"),
    "settlement_run.dropped": Text("这批不付了", "Settlement run dropped"),
    "settlement_run.closed": Text("定下批量付款", "Settlement run closed"),
    "farmer_entry.advance": Text("记预支", "Advance written"),
    "farmer_entry.deduction": Text("记约定扣款", "Agreed deduction written"),
    "farmer_entry.supplement": Text("记补付", "Supplement written"),
    "farmer_entry.reversal": Text("撤销预支、扣款或补付", "Advance, deduction or supplement undone"),
    "farmer.pay_facts": Text("改农户的收款信息", "How a farmer is paid changed"),
    "farmer.pay_facts_deleted": Text("删除农户的收款信息", "How a farmer is paid deleted"),
    "invoice_file.made": Text("下载发票数据（有完整证件号）", "Invoice data taken (whole numbers)"),
    "packer.here": Text("打包员到岗", "Packer present"),
    "packer.gone": Text("打包员离岗", "Packer left"),
    "packer.break": Text("打包员休息", "Packer on a break"),
    "packer.back": Text("打包员休息回来", "Packer back from a break"),
    "shift.forgotten": Text("忘了记走，夜里记上", "Forgotten shift ended by the night"),
    "shift.left_as_is": Text("出勤看过，不改", "Shift looked at, left as it is"),
    "shift.corrected": Text("改出勤", "Shift corrected"),
    "shift.added": Text("补记出勤", "Shift added"),
    "training.topic": Text("培训内容", "Training topic"),
    "training.noted": Text("记培训", "Training noted"),
    "training.taken_back": Text("划掉培训", "Training struck out"),
    "task.reassigned": Text("分活给人", "Work given to a person"),
    "sample.chosen": Text("选来抽查", "Box chosen for a check"),
    "sample.noted": Text("抽查", "Box checked"),
    "parcel.unpacked": Text("停掉的箱子拆开了", "Stopped box unpacked"),
    "day.closed": Text("收工", "Day closed"),
    "contest.called": Text("开比赛", "Contest called"),
    "contest.joined": Text("参加比赛", "Contest joined"),
    "contest.left": Text("退出比赛", "Contest left"),
    "contest.settled": Text("比赛结束", "Contest settled"),
    "parcel.handed_over": Text("包裹交快递", "Parcel handed over"),
    "printer.added": Text("添加打印机", "Printer added"),
    "printer.changed": Text("调整打印机", "Printer adjusted"),
    "printer.retired": Text("收起打印机", "Printer put away"),
    "parcel.combined": Text("合成一箱", "Parcels put in one box"),
    "parcel.taken_apart": Text("拆开合箱", "Shared box taken apart"),
    "parcel.split": Text("包裹分成两个", "Parcel split"),
    "parcel.stopped": Text("停掉没寄出的包裹", "Parcel stopped, others had left"),
    "parcel.courier_chosen": Text("换快递", "Courier chosen by a person"),
    "parcel.weight_stopped": Text("重量不对，拦下", "Stopped by its weight"),
    "parcel.weight_accepted": Text("重量不对，照交", "Let go in spite of its weight"),
    "order.rest_stopped": Text("停掉订单没寄出的部分", "Rest of an order stopped"),
    "courier_tariff.set": Text("定快递价", "Courier price set"),
    "courier_tariff.imported": Text("传快递价格表", "Courier prices imported"),
    "hand_over.signed": Text("交接清单签字", "Hand-over list signed"),
    "parcel.held": Text("扣下包裹", "Parcel held back"),
    "parcel.freed": Text("放行包裹", "Parcel set free"),
    "parcel.bags_corrected": Text("改包裹里的批号", "Bags in a parcel corrected"),
    "recall.exported": Text("取走召回名单", "Recall list taken"),
    "parcel.waybill_corrected": Text("改运单号", "Waybill corrected"),
    "waybill.typed": Text("记下运单号", "Waybill number noted"),
    "waybill.dropped": Text("取消运单", "Waybill given up"),
    "courier_case.settled": Text("办完快递的事", "Courier's trouble settled"),
    "courier_sheet.changed": Text("改快递表格的列", "Courier's sheet changed"),
    "courier_sheet.taken": Text("导出快递表格", "Courier's sheet taken"),
    "piece_rate.set": Text("定计件单价", "Piece rate set"),
    "piece_rate.corrected": Text("改打错的单价", "Piece rate put right"),
    "work_kind.added": Text("加一种活", "Kind of work added"),
    "work_kind.offered": Text("这种活又做了", "Kind of work offered again"),
    "work_kind.ended": Text("这种活不做了", "Kind of work ended"),
    "work.noted": Text("记别的活", "Other work noted"),
    "work.confirmed": Text("确认别的活", "Other work confirmed"),
    "work.declined": Text("退回别的活", "Other work declined"),
    "work.undone": Text("撤回别的活", "Other work taken back"),
    "wage_correction.proposed": Text("提出工资更正", "Wage correction proposed"),
    "wage_correction.confirmed": Text("同意工资更正", "Wage correction agreed"),
    "wage_correction.refused": Text("退回工资更正", "Wage correction refused"),
    "wage_complaint.answered": Text("答复工资问题", "Question about wages answered"),
    "pay_terms.set": Text("定工资规矩", "Terms of pay set"),
    "min_wage.set": Text("定最低工资", "Minimum wage set"),
    "calendar.set": Text("改日历", "Calendar changed"),
    "calendar.cleared": Text("日历照平常", "Calendar day as usual"),
    "pay_facts.set": Text("改怎么发工资", "How a person is paid"),
    "pay_facts.forgotten": Text("删银行账号", "Bank details forgotten"),
    "pay_run.opened": Text("开始核对发薪", "Pay run opened"),
    "pay_run.proposed": Text("发薪交给负责人", "Pay run handed to the owner"),
    "pay_run.dropped": Text("这次不发薪", "Pay run dropped"),
    "pay_run.closed": Text("定下发薪", "Pay run closed"),
    "pay_run.reversed": Text("撤销发薪", "Pay run reversed"),
    "payout.paid": Text("发了工资", "Wages handed out"),
    "payout.came_back": Text("工资退回来了", "Wages came back"),
    "bank_file.made": Text("下载银行文件（有完整账号）", "Bank file made (whole account numbers)"),
    "task.trouble_settled": Text("处理打包问题", "Packing trouble settled"),
}

SUBJECTS: Mapping[str, Text] = {
    "payment": Text("付款", "Payment"),
    "packer": Text("打包员", "Packer"),
    "order": Text("订单", "Order"),
    "channel_order": Text("平台订单", "Platform order"),
    "file_import": Text("导入", "Import"),
    "person": Text("人员", "Person"),
    "product": Text("商品", "Product"),
    "variant": Text("规格", "Variant"),
    "stock": Text("库存", "Stock"),
    "stream": Text("直播", "Stream"),
    "fund": Text("公益金", "Charity fund"),
    "offer": Text("直播商品", "Offer"),
    "parcel": Text("包裹", "Parcel"),
    "courier": Text("快递", "Courier"),
    "task": Text("打包任务", "Packing task"),
    "farmer": Text("农户", "Farmer"),
    "contract": Text("合同", "Contract"),
    "grade": Text("等级", "Grade"),
    "quote": Text("行情", "Quote"),
    "delivery": Text("过磅", "Delivery"),
    "settlement": Text("结款", "Settlement"),
    "settlement_run": Text("批量付款", "Settlement run"),
    "invoices": Text("收购发票", "Purchase invoices"),
    "work": Text("别的活", "Other work"),
    "work_kind": Text("活的种类", "Kind of work"),
    "wage_correction": Text("工资更正", "Wage correction"),
    "wage_complaint": Text("工资问题", "Question about wages"),
    "pay_terms": Text("工资规矩", "Terms of pay"),
    "min_wage": Text("最低工资", "Minimum wage"),
    "calendar": Text("日历", "Calendar"),
    "pay_run": Text("发薪", "Pay run"),
    "piece_rate": Text("单价", "Piece rate"),
    "buyer": Text("买家", "Buyer"),
    "bagging": Text("装袋", "Bagging"),
    "complaint": Text("售后", "Complaint"),
    "invoice": Text("发票", "Invoice"),
    "review": Text("评价", "Review"),
    "voucher": Text("优惠码", "Voucher"),
    "postage": Text("运费", "Postage"),
    "lot": Text("批次", "Lot"),
    "quote_name": Text("行情品名", "Name in the quotes"),
    "weigh_in_request": Text("过磅申请", "Weigh-in asked about"),
    "drying": Text("干燥", "Drying"),
    "turned_away": Text("退回的交货", "Delivery turned away"),
    "courier_tariff": Text("快递价表", "Courier's prices"),
    "hand_over_list": Text("交接单", "Hand-over list"),
    "packing_task": Text("打包任务", "Packing task"),
    "past_sales": Text("以前的销量", "Past sales"),
    "printer": Text("打印机", "Printer"),
    "wall_link": Text("墙上的链接", "Link for the wall"),
    "workshop": Text("工坊", "Workshop"),
    "action": Text("迟到的活", "Late work"),
    "training_topic": Text("培训内容", "Training topic"),
    "contest": Text("比赛", "Contest"),
    "day": Text("一天", "Day"),
}

_FACTS: Mapping[str, Text] = {
    "amount": Text("金额", "Amount"),
    "read": Text("读到", "Read"),
    "created": Text("新的", "New"),
    "updated": Text("有变化", "Changed"),
    "unchanged": Text("没变", "Unchanged"),
    "waiting": Text("在等", "Waiting"),
    "notice": Text("提醒", "Notice"),
    "reason": Text("原因", "Reason"),
    "name": Text("姓名", "Name"),
    "shown_name": Text("对外称呼", "Shown name"),
    "login": Text("登录名", "Login"),
    "language": Text("语言", "Language"),
    "roles": Text("分工", "Roles"),
    "work": Text("适合的活", "Suitable work"),
    "title": Text("名称", "Title"),
    "title_zh": Text("中文名", "Chinese name"),
    "title_en": Text("英文名", "English name"),
    "story_zh": Text("中文介绍", "Chinese story"),
    "story_en": Text("英文介绍", "English story"),
    "form": Text("干鲜", "Dry or fresh"),
    "grade_zh": Text("等级", "Grade"),
    "photo": Text("图片", "Picture"),
    "storage_zh": Text("中文存放", "Chinese storage"),
    "storage_en": Text("英文存放", "English storage"),
    "label": Text("标签", "Label"),
    "origin": Text("产地", "Origin"),
    "shelf_life_days": Text("保质期（天）", "Shelf life (days)"),
    "returnable": Text("七天可退", "Returnable"),
    "listed": Text("上架", "Listed"),
    "sku": Text("货号", "SKU"),
    "spec_zh": Text("中文规格", "Chinese size"),
    "spec_en": Text("英文规格", "English size"),
    "unit": Text("计量", "Unit"),
    "price": Text("价格", "Price"),
    "list_price": Text("原价", "List price"),
    "net": Text("净重", "Net weight"),
    "gross": Text("毛重", "Gross weight"),
    "fen_per_kg": Text("每公斤", "A kilogram"),
    "sellable": Text("可以卖", "For sale"),
    "allotment": Text("数量", "Allotment"),
    "cap_per_buyer": Text("限购", "Cap per buyer"),
    "position": Text("顺序", "Position"),
    "ends_at": Text("结束时间", "Ends at"),
    "points": Text("讲什么", "What to say"),
    "message": Text("说的话", "Words"),
    "target_fen": Text("目标", "Target"),
    "flash_price_fen": Text("限时价", "Flash price"),
    "flash_from": Text("限时开始", "Flash sale from"),
    "flash_until": Text("限时结束", "Flash sale until"),
    "state": Text("状态", "State"),
    "offer": Text("直播商品", "Offer"),
    "on_hand": Text("现有", "On hand"),
    "change": Text("变化", "Change"),
    "differences": Text("有出入的规格", "Variants that differed"),
    "kind": Text("类型", "Kind"),
    "counted": Text("数了几种", "Variants counted"),
    "carrier": Text("快递", "Courier"),
    "tracking": Text("运单号", "Tracking number"),
    "tracking_number": Text("运单号", "Tracking number"),
    "number": Text("单号", "Number"),
    "outcome": Text("结果", "How it ended"),
    "columns": Text("列", "Columns"),
    "parcels": Text("包裹数", "Parcels"),
    "agreed": Text("约定数量", "Agreed quantity"),
    "premium": Text("加价", "Premium"),
    "floor": Text("保底", "Floor"),
    "deduction": Text("减价", "Deduction"),
    "rate": Text("单价", "Rate"),
    "starts_at": Text("开始时间", "Starts at"),
    "watch_url": Text("别处的直播地址", "Address elsewhere"),
    "hold_minutes": Text("锁定分钟", "Hold minutes"),
}

_ORDER = {name: place for place, name in enumerate(_FACTS)}
_UNITS = re.compile(r"_(fen_per_kg|fen|bps|g)$")
# Counters of the program itself, which say nothing to a person.
_INNER = frozenset({"terms_revision", "revision"})

_VALUES: Mapping[str, Mapping[str, Text]] = {
    "roles": words.ROLES,
    "work": words.PREFERENCES,
    "form": words.FORMS,
    "unit": words.UNITS,
    "language": {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")},
    "state": {
        "planned": Text("预告", "announced"),
        "live": Text("直播中", "live"),
        "ended": Text("已结束", "ended"),
        "open": Text("在售", "on sale"),
        "closed": Text("已下架", "closed"),
        "asked": Text("等单号", "waiting for its number"),
        "issued": Text("有单号", "issued"),
        "failed": Text("没办成", "failed"),
        "cancelling": Text("正在取消", "being cancelled"),
        "cancelled": Text("取消了", "cancelled"),
    },
    "kind": {kind: said.what for kind, said in KINDS.items()},
    "outcome": OUTCOMES,
}


def action(word: str) -> Text:
    """What was done."""
    return ACTIONS.get(word, Text(word, word))


def subject(kind: str) -> Text:
    """What kind of thing it was done to."""
    return SUBJECTS.get(kind, Text(kind, kind))


def fact(name: str) -> Text:
    """The name of a fact that changed."""
    plain = _UNITS.sub("", name)
    return _FACTS.get(name) or _FACTS.get(plain) or Text(plain, plain)


def value(name: str, stored: object) -> str:
    """A stored value as a person reads it: units and known words put in."""
    if stored is None or stored in ("", [], {}):
        return "–"
    if isinstance(stored, bool):
        return t("是", "yes") if stored else t("否", "no")
    if isinstance(stored, int):
        return _measured(name, stored)
    if isinstance(stored, list):
        return t("、", ", ").join(value(name, part) for part in stored)
    if isinstance(stored, dict):
        return t("；", "; ").join(f"{key} {value(key, part)}" for key, part in stored.items())
    if name == "reason":
        return str(words.reason(str(stored)))
    return str(_VALUES.get(name, {}).get(str(stored), stored))


def _measured(name: str, number: int) -> str:
    if name.endswith("_fen"):
        return f"¥{yuan(number)}"
    if name.endswith("fen_per_kg"):
        return f"¥{yuan(number)}/kg"
    if name.endswith("_bps"):
        return f"{number / 100:g} %"
    if name.endswith("_g"):
        return f"{number / 1000:,g} kg"
    return str(number)


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[tuple[str, str | None, str]]:
    """What changed as (name, before, after) in words, what matters most first; before is ``None`` of what is new."""
    names = [name for name in {**after, **before} if name not in _INNER and (name in before or after[name] is not None)]
    return [
        (name, value(name, before[name]) if name in before else None, value(name, after.get(name)))
        for name in sorted(names, key=_rank)
    ]


def _rank(name: str) -> int:
    plain = _UNITS.sub("", name)
    return _ORDER.get(name, _ORDER.get(plain, len(_ORDER)))
