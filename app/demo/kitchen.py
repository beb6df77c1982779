"""How the demo's goods are soaked and cooked, by the product's address: (soaking, recipe), each in both languages."""

from typing import Final

Words = tuple[str, str]

# Wood ear and snow fungus are soaked for hours at most, cold: left to stand warm they can grow the bacteria that make
# bongkrekic acid (food safety reminders of the State Administration for Market Regulation).
KITCHEN: Final[dict[str, tuple[Words, Words]]] = {
    "huagu": (
        ("冷水泡 4 小时，中间不用换水；急用就 35 ℃ 温水泡 1 小时。泡菇水沉一沉，留着炖汤。", "Four hours in cold water, or one hour at 35 °C. Let the water settle and keep it for soup."),
        ("花菇炖鸡\n1 泡好的花菇 10 朵，鸡半只焯水\n2 下姜片、泡菇水和热水，没过鸡\n3 小火 1 小时，最后放盐", "Chicken soup with flower shiitake\n1 Ten soaked caps, half a chicken, blanched\n2 Ginger, the soaking water and hot water to cover\n3 Simmer an hour; salt at the end"),
    ),
    "hougu": (
        ("冷水泡 5 小时，泡到菌盖中心没有硬心。", "Five hours in cold water, until the middle of the cap is soft."),
        ("红烧厚菇\n1 泡好切厚片，挤干\n2 热油煎到边上发黄\n3 生抽两勺、糖半勺、泡菇水半碗，收汁", "Braised thick caps\n1 Slice thickly and squeeze dry\n2 Fry until the edges brown\n3 Two spoons of soy sauce, half a spoon of sugar, half a bowl of soaking water; reduce"),
    ),
    "bogu": (
        ("温水泡 40 分钟。", "Forty minutes in warm water."),
        ("香菇肉饺\n1 泡好挤干切碎，和肉末一比二\n2 加盐、葱、一勺泡菇水，顺一个方向搅\n3 包好，水开下锅，浮起再煮 3 分钟", "Dumplings\n1 Squeeze, chop, one part to two of minced pork\n2 Salt, spring onion, a spoon of soaking water; stir one way\n3 Fill and boil; three minutes more once they float"),
    ),
    "yiner": (
        ("冷水泡 1 到 2 小时，剪掉黄蒂，撕小朵。不要泡过夜。", "One to two hours in cold water; cut the yellow base off, tear small. Never overnight."),
        ("银耳红枣羹\n1 银耳半朵，水 1.5 升\n2 水开转小火 20 分钟出胶\n3 放红枣再炖 10 分钟，关火放糖", "Sweet soup\n1 Half a head, a litre and a half of water\n2 Simmer twenty minutes until silky\n3 Add red dates for ten minutes; sugar off the heat"),
    ),
    "muer": (
        ("冷水泡 2 到 3 小时，不要超过 4 小时，天热放冰箱。发黏、有味就扔掉。", "Two to three hours in cold water, four at most, in the fridge when it is hot. Throw away what is slimy or smells."),
        ("凉拌木耳\n1 焯水 3 分钟，过凉水\n2 蒜末、醋、生抽、一点糖\n3 拌匀放 10 分钟", "Cold salad\n1 Blanch three minutes, cool\n2 Garlic, vinegar, soy sauce, a little sugar\n3 Toss and leave for ten minutes"),
    ),
    "huishuhua": (
        ("冷水泡 2 小时，根部多洗几遍。", "Two hours in cold water; rinse the base well."),
        ("灰树花炖排骨\n1 排骨焯水\n2 和泡好的灰树花一起小火 50 分钟\n3 放盐", "Rib soup\n1 Blanch the ribs\n2 Simmer fifty minutes with the soaked maitake\n3 Salt"),
    ),
    "zhusun": (
        ("淡盐水泡 10 分钟，剪掉菌盖，再换清水泡 5 分钟。", "Ten minutes in lightly salted water; cut the cap off; five minutes in fresh water."),
        ("竹荪汤\n1 高汤烧开\n2 下竹荪煮 5 分钟\n3 放盐和几片青菜", "Clear soup\n1 Bring stock to the boil\n2 Five minutes with the bamboo fungus\n3 Salt and a few green leaves"),
    ),
    "xianggu-fresh": (
        ("不用泡，快冲一下，别久洗。", "No soaking; rinse quickly."),
        ("干煎鲜香菇\n1 去蒂，盖朝下放平底锅\n2 小火煎到出汁\n3 撒盐和黑胡椒", "Pan-fried shiitake\n1 Stems off, caps down in a pan\n2 Low heat until the juice comes\n3 Salt and pepper"),
    ),
}  # fmt: skip
NOTHING: Final[tuple[Words, Words]] = (("", ""), ("", ""))
