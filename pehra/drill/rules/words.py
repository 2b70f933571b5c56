"""The words that a synthetic nation's names are made of, in English and Urdu.

Common words only: no organisation, place or person of any country is named.
"""

FIRST_WORDS: tuple[tuple[str, str], ...] = (
    ("Cedar", "دیودار"),
    ("Falcon", "شاہین"),
    ("Saffron", "زعفران"),
    ("Pearl", "موتی"),
    ("Jasmine", "چنبیلی"),
    ("Almond", "بادام"),
    ("Walnut", "اخروٹ"),
    ("Pine", "صنوبر"),
    ("Rose", "گلاب"),
    ("Moon", "چاند"),
    ("Silver", "چاندی"),
    ("Crystal", "بلور"),
    ("Lotus", "کنول"),
    ("Deer", "ہرن"),
    ("Crane", "کونج"),
    ("Partridge", "چکور"),
    ("Marble", "مرمر"),
    ("Turquoise", "فیروزہ"),
    ("Emerald", "زمرد"),
    ("Ruby", "یاقوت"),
    ("Coral", "مرجان"),
    ("Amber", "کہربا"),
    ("Tulip", "لالہ"),
    ("Narcissus", "نرگس"),
    ("Poplar", "سفیدہ"),
    ("Olive", "زیتون"),
    ("Fig", "انجیر"),
    ("Pomegranate", "انار"),
    ("Mulberry", "شہتوت"),
    ("Apricot", "خوبانی"),
    ("Lantern", "فانوس"),
    ("Harbour", "بندرگاہ"),
)

SECTOR_NOUNS: dict[str, tuple[tuple[str, str], ...]] = {
    "telecom": (("Telecom", "ٹیلی کام"), ("Networks", "نیٹ ورکس"), ("Broadband", "براڈ بینڈ")),
    "banking-finance": (("Bank", "بینک"), ("Microfinance", "مائیکرو فنانس"), ("Payments", "ادائیگیاں")),
    "power": (("Power Distribution", "بجلی کی تقسیم"), ("Grid Company", "گرڈ کمپنی")),
    "energy": (("Gas Company", "گیس کمپنی"), ("Refinery", "ریفائنری")),
    "defence": (("Defence Works", "دفاعی کارخانہ"),),
    "government": (
        ("Revenue Board", "محصولات بورڈ"),
        ("Land Records Office", "اراضی ریکارڈ دفتر"),
        ("Licensing Department", "لائسنسنگ محکمہ"),
        ("Water Board", "واٹر بورڈ"),
        ("Public Works", "تعمیرات عامہ"),
    ),
    "health": (("Hospital", "ہسپتال"), ("Medical Institute", "طبی ادارہ"), ("Laboratory", "لیبارٹری")),
    "civil-aviation": (("Airport", "ہوائی اڈہ"), ("Airways", "ایئرویز")),
    "transport": (("Railways", "ریلویز"), ("Port Authority", "پورٹ اتھارٹی"), ("Bus Company", "بس کمپنی")),
    "academia": (("University", "یونیورسٹی"), ("College", "کالج"), ("Research Centre", "تحقیقی مرکز")),
}
OTHER_NOUNS: tuple[tuple[str, str], ...] = (
    ("Trading House", "تجارتی ادارہ"),
    ("Mills", "ملز"),
    ("Foundation", "فاؤنڈیشن"),
)

INFECTIONS: tuple[str, ...] = ("kohstealer", "saffronloader", "cranebot", "lotusworm")
