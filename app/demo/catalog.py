"""Demo products. Weights and prices are those of the sample order exports, so that an imported file fits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.demo.kitchen import KITCHEN, NOTHING
from kernel.audit import SYSTEM
from shop.catalog.models import Product, Variant
from shop.stock import service as stock

_MAKER = "庆元县示例食用菌专业合作社"
_MAKER_ADDRESS = "浙江省丽水市庆元县松源街道示例路 8 号"
_MAKER_PHONE = "0578-6120000"
# Industry standards by product, for the bag labels of the demo; the gift box has none yet, so its label waits for one.
_STANDARDS = {
    "huagu": "GH/T 1013",
    "hougu": "GH/T 1013",
    "bogu": "GH/T 1013",
    "yiner": "NY/T 834",
    "muer": "GB/T 6192",
    "huishuhua": "NY/T 446",
    "zhusun": "NY/T 836",
    "xianggu-fresh": "NY/T 1061",
    "tianjuyou": "GB/T 12947",
}
_DRY_KEEP = ("阴凉干燥处密封保存，开袋后请放冰箱。", "Keep sealed, cool and dry; once opened, in the fridge.")
_FRESH_KEEP = ("0 到 4 ℃ 冷藏，三天内吃完最鲜。", "Keep at 0 to 4 °C; best within three days.")


@dataclass(frozen=True)
class _Bag:
    sku: str
    spec_zh: str
    spec_en: str
    price_fen: int
    net_g: int
    gross_g: int
    stock: int


@dataclass(frozen=True)
class _Good:
    slug: str
    title: tuple[str, str]
    story: tuple[str, str]
    form: str
    grade: str
    photo: str
    keep: tuple[str, str]
    shelf_life_days: int
    bags: tuple[_Bag, ...]


GOODS = (
    _Good(
        "huagu",
        ("庆元花菇", "Flower shiitake from Qingyuan"),
        (
            "冬天的昼夜温差让菌盖开出白花，肉厚香浓。冷水泡四小时，泡菇水留着炖汤。",
            "Cold nights and mild days crack the caps into white flowers. Soak four hours in cold water and keep the water for soup.",
        ),
        "dry",
        "花菇一级",
        "products/huagu.svg",
        _DRY_KEEP,
        540,
        (
            _Bag("QY-HG-250", "净含量:250g*1袋", "250 g bag", 4980, 250, 300, 320),
            _Bag("QY-HG-500", "净含量:500g*1袋", "500 g bag", 8980, 500, 570, 180),
        ),
    ),
    _Good(
        "hougu",
        ("庆元厚菇", "Thick-cap shiitake"),
        ("菌盖厚实，嚼着有弹性，红烧、炖鸡都好。", "Thick, springy caps for braising and chicken stew."),
        "dry",
        "厚菇一级",
        "products/hougu.svg",
        _DRY_KEEP,
        540,
        (_Bag("QY-HOU-500", "净含量:500g*1袋", "500 g bag", 6980, 500, 570, 150),),
    ),
    _Good(
        "bogu",
        ("庆元薄菇", "Thin-cap shiitake"),
        ("菌盖薄，泡得快，煲汤、做馅最方便。", "Thin caps that soak fast; made for soup and dumplings."),
        "dry",
        "薄菇二级",
        "products/bogu.svg",
        _DRY_KEEP,
        540,
        (_Bag("QY-BAO-500", "净含量:500g*1袋", "500 g bag", 5280, 500, 570, 160),),
    ),
    _Good(
        "yiner",
        ("高山银耳", "Mountain snow fungus"),
        (
            "朵形自然，不熏硫，不用久泡。小火炖二十分钟就出胶。",
            "Unsulphured and naturally shaped. Simmer twenty minutes until silky.",
        ),
        "dry",
        "一级",
        "products/yiner.svg",
        _DRY_KEEP,
        365,
        (_Bag("QY-YE-100", "净含量:100g*1袋", "100 g bag", 2590, 100, 180, 260),),
    ),
    _Good(
        "muer",
        ("秋木耳", "Autumn wood ear"),
        (
            "秋天采的小碗耳，无根，脆。冷水泡三小时，不要过夜。",
            "Small autumn ears, stemless and crisp. Soak three hours in cold water, never overnight.",
        ),
        "dry",
        "一级",
        "products/muer.svg",
        _DRY_KEEP,
        540,
        (_Bag("QY-HME-250", "净含量:250g*1袋", "250 g bag", 3290, 250, 320, 220),),
    ),
    _Good(
        "huishuhua",
        ("灰树花", "Maitake"),
        ("又叫舞茸，香气特别，炖排骨、炒肉片。", "Hen of the woods: fragrant, for ribs and stir-fries."),
        "dry",
        "一级",
        "products/huishuhua.svg",
        _DRY_KEEP,
        365,
        (_Bag("QY-HSH-100", "净含量:100g*1袋", "100 g bag", 3890, 100, 180, 120),),
    ),
    _Good(
        "zhusun",
        ("竹荪", "Bamboo fungus"),
        (
            "无硫熏，淡盐水泡十分钟，去掉菌盖再下锅。",
            "Unsulphured. Soak ten minutes in lightly salted water before cooking.",
        ),
        "dry",
        "一级",
        "products/zhusun.svg",
        _DRY_KEEP,
        365,
        (_Bag("QY-ZS-80", "净含量:80g*1袋", "80 g bag", 4590, 80, 160, 140),),
    ),
    _Good(
        "xianggu-fresh",
        ("现采鲜香菇", "Fresh shiitake, picked today"),
        (
            "早上采，当天发。坏了拍照给我们，就赔。",
            "Picked in the morning, sent the same day. Send a photo of any that spoil and we pay.",
        ),
        "fresh",
        "鲜香菇",
        "products/xianggu-fresh.svg",
        _FRESH_KEEP,
        7,
        (_Bag("QY-XXG-2500", "重量:5斤装", "2.5 kg box", 5680, 2500, 2950, 90),),
    ),
    _Good(
        "gift-box",
        ("四季菌菇礼盒", "Four seasons gift box"),
        (
            "花菇、银耳、黑木耳、竹荪各一袋，送人自己吃都体面。",
            "Flower shiitake, snow fungus, wood ear and bamboo fungus, a bag of each.",
        ),
        "dry",
        "礼盒",
        "products/gift-box.svg",
        _DRY_KEEP,
        365,
        (_Bag("QY-GIFT-4", "规格:礼盒装", "gift box", 15800, 680, 1250, 60),),
    ),
    _Good(
        "tianjuyou",
        ("甜桔柚", "Sweet pomelo-tangerine"),
        ("桔的甜，柚的清香，皮薄汁多。", "Tangerine sweetness with a pomelo's scent; thin skin, much juice."),
        "fresh",
        "特级",
        "products/tianjuyou.svg",
        ("阴凉通风处放两周。", "Keeps two weeks in a cool, airy place."),
        14,
        (_Bag("QY-TJY-2500", "净含量:5斤装", "2.5 kg box", 4680, 2500, 2800, 80),),
    ),
)

# What farmers bring: counted in grams, sold only after bagging.
RAW = (
    ("RAW-HG-1", "huagu", "干花菇一级（散）", "dried flower shiitake, grade 1, loose"),
    ("RAW-HOU-1", "hougu", "干厚菇一级（散）", "dried thick-cap shiitake, grade 1, loose"),
    ("RAW-BAO-2", "bogu", "干薄菇二级（散）", "dried thin-cap shiitake, grade 2, loose"),
    ("RAW-YE-1", "yiner", "干银耳一级（散）", "dried snow fungus, grade 1, loose"),
    ("RAW-HME-1", "muer", "干木耳一级（散）", "dried wood ear, grade 1, loose"),
    ("RAW-XG-FRESH", "xianggu-fresh", "鲜香菇（散）", "fresh shiitake, loose"),
)


def load(session: Session, now: datetime) -> dict[str, Variant]:
    """Add products, variants and first stock; returns variants by SKU."""
    products = {good.slug: _add(session, good, now) for good in GOODS}
    for sku, slug, spec_zh, spec_en in RAW:
        raw = Variant(
            product_id=products[slug].id,
            sku=sku,
            spec_zh=spec_zh,
            spec_en=spec_en,
            unit="gram",
            price_fen=0,
            net_g=1,
            gross_g=1,
            sellable=False,
        )
        session.add(raw)
        session.flush()
        stock.open_level(session, raw.id)
    session.flush()
    return {variant.sku: variant for variant in session.query(Variant)}


def _add(session: Session, good: _Good, now: datetime) -> Product:
    soaking, recipe = KITCHEN.get(good.slug, NOTHING)
    product = Product(
        slug=good.slug,
        title_zh=good.title[0],
        title_en=good.title[1],
        story_zh=good.story[0],
        story_en=good.story[1],
        form=good.form,
        grade_zh=good.grade,
        photo=good.photo,
        storage_zh=good.keep[0],
        storage_en=good.keep[1],
        soaking_zh=soaking[0],
        soaking_en=soaking[1],
        recipe_zh=recipe[0],
        recipe_en=recipe[1],
        label={
            "产品名称": good.title[0],
            "产地": "浙江省丽水市庆元县",
            "生产者": _MAKER,
            "地址": _MAKER_ADDRESS,
            "联系方式": _MAKER_PHONE,
            **({"产品标准代号": _STANDARDS[good.slug]} if good.slug in _STANDARDS else {}),
            "质量等级": good.grade,
            "贮存条件": good.keep[0],
        },
        origin="浙江省丽水市庆元县",
        shelf_life_days=good.shelf_life_days,
        # Fresh goods are exempt from the seven-day return; dried goods are not (domain-rules.md).
        returnable=good.form == "dry",
    )
    session.add(product)
    session.flush()
    for bag in good.bags:
        variant = Variant(
            product_id=product.id,
            sku=bag.sku,
            spec_zh=bag.spec_zh,
            spec_en=bag.spec_en,
            price_fen=bag.price_fen,
            net_g=bag.net_g,
            gross_g=bag.gross_g,
        )
        session.add(variant)
        session.flush()
        stock.receive(session, variant.id, bag.stock, source="demo:first-count", by=SYSTEM, at=now)
    return product
