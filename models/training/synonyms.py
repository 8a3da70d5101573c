"""How shoppers say what the catalogue's labels mean: British, American and plain words."""

from __future__ import annotations

__all__ = ["COLOUR_WORDS", "SYNONYMS"]

_TYPES = """
Tshirts: t-shirt, t shirt, tee, tees, t-shirts, tshirt
Shirts: shirt, button-up shirt, button down shirt, dress shirt
Casual Shoes: casual shoe, sneakers, trainers, shoes, casual sneakers, plimsolls, loafers
Watches: watch, wristwatch, wrist watch, timepiece
Sports Shoes: sports shoe, running shoes, trainers, sneakers, athletic shoes, gym shoes
Kurtas: kurta, ethnic tunic, indian tunic
Handbags: handbag, purse, hand bag, shoulder bag, tote bag, tote
Tops: top, blouse, women's top
Heels: heel, high heels, pumps, heeled shoes, stilettos, heeled sandals, court shoes
Sunglasses: sunglass, shades, sun glasses
Wallets: wallet, purse, billfold
Flip Flops: flip flop, slippers, thongs, flip-flops, slides
Briefs: brief, underwear, underpants, panties, knickers
Sandals: sandal, strappy sandals
Belts: belt, leather belt, waist belt
Backpacks: backpack, rucksack, school bag
Socks: sock, pair of socks
Jeans: jean, denim, denims, denim pants, denim trousers
Perfume and Body Mist: perfume, fragrance, body mist, eau de toilette, cologne
Formal Shoes: formal shoe, dress shoes, oxfords, brogues, smart shoes
Trousers: trouser, pants, chinos, slacks
Shorts: short, short pants, bermudas
Flats: flat shoes, ballet flats, ballerinas, pumps
Bra: bras, brassiere, lingerie
Dresses: dress, gown, frock, summer dress
Earrings: earring, ear studs, studs
Sarees: saree, sari
Deodorant: deo, body spray, deodorant spray
Nail Polish: nail lacquer, nail varnish, nail enamel
Lipstick: lip colour, lip color, lipsticks
Clutches: clutch, clutch bag, evening bag
Sweaters: sweater, jumper, pullover, knitwear, knit, cardigan
Sweatshirts: sweatshirt, hoodie, hooded sweatshirt, hoody
Track Pants: track pant, joggers, sweatpants, jogging bottoms, tracksuit bottoms
Ties: tie, necktie
Caps: cap, baseball cap, hat
Jackets: jacket, coat, outerwear, windbreaker, bomber jacket
Innerwear Vests: vest, undershirt, innerwear vest, tank top
Kurtis: kurti, short kurta
Tunics: tunic, long top
Nightdress: nightgown, nightie, night dress
Leggings: legging, tights
Pendant: pendant necklace, necklace
Capris: capri, cropped trousers, three quarter pants
Necklace and Chains: necklace, chain, jewellery
Night suits: pyjamas, pajamas, nightwear, sleepwear
Lip Gloss: gloss, lipgloss
Trunk: trunks, boxer briefs
Ring: rings, finger ring
Scarves: scarf, neck scarf
Skirts: skirt, mini skirt
Dupatta: dupattas
Cufflinks: cuff links, cufflink
Kajal and Eyeliner: eyeliner, kajal, eye liner
Stoles: stole, shawl, wrap
Duffel Bag: duffle bag, gym bag, holdall, travel bag
Bangle: bangles
Laptop Bag: laptop case, briefcase
Foundation and Primer: foundation, primer
Bracelet: bracelets, wristband
Sports Sandals: sport sandals, outdoor sandals
Lounge Pants: lounge pant, pyjama bottoms, pajama pants
Jewellery Set: jewelry set, jewellery
Boxers: boxer shorts, boxer
Mobile Pouch: phone pouch, phone case
Messenger Bag: messenger, crossbody bag, courier bag
Camisoles: camisole, cami, slip top
Mufflers: muffler, winter scarf
Suspenders: braces
Lounge Shorts: pyjama shorts, sleep shorts
Stockings: stocking, hosiery
Jeggings: jegging
Tracksuits: tracksuit, track suit
Bath Robe: bathrobe, dressing gown
Gloves: glove, pair of gloves
Waist Pouch: fanny pack, bum bag, belt bag
Jumpsuit: jump suit, overall
Rain Jacket: raincoat, waterproof jacket, mac
Waistcoat: vest, suit vest
Booties: baby shoes, ankle boots
Rompers: romper, playsuit
Rucksacks: rucksack, hiking backpack
Swimwear: swimsuit, bikini, bathing suit, swimming costume
Tights: tight, hosiery
Blazers: blazer, suit jacket, sports jacket
Headband: hair band, head band
Umbrellas: umbrella
Shrug: shrugs, bolero, cropped cardigan
Trolley Bag: suitcase, luggage, trolley
Hat: hats, sun hat
"""

_COLOURS = """
Navy Blue: navy, dark blue, midnight blue
Grey: gray, mid grey
Grey Melange: grey marl, gray melange, heather grey
Off White: off-white, ivory, ecru
Maroon: dark red, oxblood, wine
Burgundy: wine red, bordeaux
Multi: multicolour, multicolor, multi coloured, colourful, colorful, multicoloured
Turquoise Blue: turquoise, aqua
Teal: petrol blue, blue green
Beige: sand, light brown
Cream: ivory, off white, creme
Charcoal: dark grey, dark gray, anthracite
Purple: violet, aubergine
Lavender: lilac, light purple
Pink: light pink, hot pink, rose
Magenta: fuchsia
Red: scarlet, crimson, bright red
Green: emerald, dark green, bright green
Sea Green: aqua green, mint
Lime Green: lime, neon green
Fluorescent Green: neon green, fluorescent
Olive: olive green, khaki green, army green
Khaki: tan, khaki green
Mustard: mustard yellow, ochre
Gold: golden, gold tone
Silver: silver tone, silvery
Steel: stainless steel, metallic grey
Black: jet black
White: pure white, bright white
Blue: royal blue, light blue, sky blue
Brown: dark brown, chocolate, chestnut
Coffee Brown: coffee, dark brown
Mushroom Brown: mushroom
Tan: camel, light brown, cognac
Peach: apricot, coral, salmon
Orange: tangerine, bright orange
Yellow: lemon, bright yellow
Rust: terracotta, rust orange
Skin: nude, flesh
Nude: skin coloured, blush
Mauve: dusty purple
Copper: copper brown
"""

_OTHERS = {
    "gender": """
Men: men's, mens, for men, man, male, gents, for him
Women: women's, womens, for women, woman, female, ladies, for her
Boys: boy's, for boys, boy, kids
Girls: girl's, for girls, girl, kids
Unisex: for everyone, gender neutral
""",
    "usage": """
Sports: sport, sporty, athletic, for the gym, activewear, for running
Formal: office, business, smart, for work, elegant
Ethnic: traditional, indian, festive
Casual: everyday, relaxed, weekend
Party: for a party, evening, festive
Smart Casual: semi formal
Travel: travelling, for a trip
""",
    "season": """
Summer: for summer, summery
Winter: for winter, warm
Fall: autumn, for autumn
Spring: for spring
""",
    "category": """
Apparel: clothes, clothing, garment
Footwear: shoes, something for the feet
Accessories: accessory
Personal Care: cosmetics, beauty, make-up
""",
    "subcategory": """
Topwear: upper garment, top
Bottomwear: bottoms, lower garment
Shoes: shoe, footwear
Bags: bag
Jewellery: jewelry
Eyewear: glasses
Headwear: hat, headgear
Innerwear: underwear
Loungewear and Nightwear: nightwear, sleepwear, loungewear
Fragrance: scent
Lips: lip make-up
Makeup: make-up, cosmetics
Skin Care: skincare
Sandal: sandals
""",
}


def _table(lines: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split(": ", 1) for line in lines.strip().splitlines())
    return {label: tuple(word.strip() for word in words.split(",")) for label, words in rows}


SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "type": _table(_TYPES),
    "colour": _table(_COLOURS),
    **{name: _table(lines) for name, lines in _OTHERS.items()},
}
"""Attribute → label → other ways to say it."""

COLOUR_WORDS = frozenset(
    word for label in SYNONYMS["colour"] for word in label.lower().split() if word != "off"
)
"""Single words that name a colour."""
