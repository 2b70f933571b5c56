"""What an owner is asked to do first, a sentence for each RSIT type, in English and Urdu.

Reference Incident Classification Taxonomy (RSIT), version 1003: the types are its codes. A type that is not in the
table gets the last sentence. Nothing here says who is to blame: an owner who was told how to mend something mends it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A type's name and what to do about it."""

    name_en: str
    name_ur: str
    do_en: str
    do_ur: str

    def name(self, language: str) -> str:
        """Return the type's name in a language."""
        return self.name_ur if language == "ur" else self.name_en

    def do(self, language: str) -> str:
        """Return what to do in a language."""
        return self.do_ur if language == "ur" else self.do_en


ADVICE: dict[str, Advice] = {
    "infected-system": Advice(
        name_en="Infected system",
        name_ur="متاثرہ نظام (میل ویئر)",
        do_en="Take the device off the network, find it by address and time in the list, clean or reinstall it, "
        "and change the passwords that were used on it.",
        do_ur="فہرست میں دیے گئے پتے اور وقت سے آلے کی شناخت کریں، اسے نیٹ ورک "
        "سے الگ کریں، صاف کریں یا نئے سرے سے نصب کریں، "
        "اور اس پر استعمال ہونے والے پاس ورڈ تبدیل کریں۔",
    ),
    "c2-server": Advice(
        name_en="Command-and-control server",
        name_ur="کمانڈ اینڈ کنٹرول سرور",
        do_en="Isolate the server at once and keep its disk and memory as evidence; do not switch it off before.",
        do_ur="سرور کو فوراً نیٹ ورک سے الگ کریں اور اس کی ڈسک اور میموری بطور ثبوت محفوظ کریں؛ اس سے پہلے بند نہ کریں۔",
    ),
    "malware-distribution": Advice(
        name_en="Malware offered for download",
        name_ur="میل ویئر کی تقسیم",
        do_en="Take the file or page off line, keep a copy as evidence, and find out how it came there.",
        do_ur="فائل یا صفحہ فوراً ہٹا دیں، بطور ثبوت ایک نقل محفوظ رکھیں، اور معلوم کریں کہ یہ وہاں کیسے پہنچا۔",
    ),
    "malware-configuration": Advice(
        name_en="Malware configuration",
        name_ur="میل ویئر کی ترتیبات",
        do_en="Take the resource off line, keep a copy as evidence, and find out how it came there.",
        do_ur="اس وسیلے کو فوراً ہٹا دیں، بطور ثبوت ایک نقل محفوظ رکھیں، اور معلوم کریں کہ یہ وہاں کیسے پہنچا۔",
    ),
    "system-compromise": Advice(
        name_en="Compromised system",
        name_ur="نظام پر غیر مجاز قبضہ",
        do_en="Isolate the system, keep its logs and disk as evidence, close "
        "the way in, and restore from a clean copy.",
        do_ur="نظام کو نیٹ ورک سے الگ کریں، لاگ اور ڈسک بطور ثبوت محفوظ کریں، "
        "داخلے کا راستہ بند کریں اور صاف نقل سے بحال کریں۔",
    ),
    "application-compromise": Advice(
        name_en="Compromised application",
        name_ur="ایپلیکیشن پر غیر مجاز قبضہ",
        do_en="Take the application off line, keep its logs, update it, and restore it from a clean copy.",
        do_ur="ایپلیکیشن کو عارضی طور پر بند کریں، لاگ محفوظ کریں، اسے اپ ڈیٹ کریں اور صاف نقل سے بحال کریں۔",
    ),
    "privileged-account-compromise": Advice(
        name_en="Compromised administrator account",
        name_ur="منتظم کے اکاؤنٹ پر غیر مجاز قبضہ",
        do_en="Lock the account, end its sessions, renew its credentials, and look through what it did.",
        do_ur="اکاؤنٹ مقفل کریں، اس کے تمام سیشن ختم کریں، نئی اسناد جاری کریں اور اس کی سرگرمی کا جائزہ لیں۔",
    ),
    "unprivileged-account-compromise": Advice(
        name_en="Compromised account",
        name_ur="اکاؤنٹ پر غیر مجاز قبضہ",
        do_en="Lock the account, end its sessions, renew the password, and switch on a second factor.",
        do_ur="اکاؤنٹ مقفل کریں، اس کے تمام سیشن ختم کریں، پاس ورڈ تبدیل کریں اور دوہری تصدیق فعال کریں۔",
    ),
    "brute-force": Advice(
        name_en="Password guessing",
        name_ur="پاس ورڈ کا بار بار اندازہ لگانا",
        do_en="Check the device that the attempts came from for malware, and stop the attempts.",
        do_ur="جس آلے سے کوششیں ہوئیں اس میں میل ویئر کی جانچ کریں اور یہ کوششیں روکیں۔",
    ),
    "scanner": Advice(
        name_en="Scanning of others",
        name_ur="دوسرے نیٹ ورکس کی اسکیننگ",
        do_en="Check the device that scans for malware; if the scan is yours and lawful, tell us.",
        do_ur="اسکین کرنے والے آلے میں میل ویئر کی جانچ کریں؛ اگر یہ اسکین آپ کا اپنا اور قانونی ہے تو ہمیں مطلع کریں۔",
    ),
    "exploit": Advice(
        name_en="Attempted exploitation",
        name_ur="کمزوری سے فائدہ اٹھانے کی کوشش",
        do_en="Check the device that the attempts came from for malware, and stop the attempts.",
        do_ur="جس آلے سے کوششیں ہوئیں اس میں میل ویئر کی جانچ کریں اور یہ کوششیں روکیں۔",
    ),
    "ids-alert": Advice(
        name_en="Alert of an intrusion sensor",
        name_ur="دراندازی کی نشاندہی",
        do_en="Check the device at the address and time in the list for signs of misuse.",
        do_ur="فہرست میں دیے گئے پتے اور وقت پر متعلقہ آلے میں غلط استعمال کے آثار دیکھیں۔",
    ),
    "ddos": Advice(
        name_en="Denial of service",
        name_ur="خدمت کی بندش کا حملہ (DDoS)",
        do_en="Find the device that sends the traffic, stop it, and check it for malware.",
        do_ur="جو آلہ یہ ٹریفک بھیج رہا ہے اسے تلاش کریں، روکیں اور اس میں میل ویئر کی جانچ کریں۔",
    ),
    "ddos-amplifier": Advice(
        name_en="Service that can amplify attacks",
        name_ur="حملوں کو بڑھانے والی کھلی سروس",
        do_en="Close the service to the Internet, or let only the addresses in that need it.",
        do_ur="سروس کو انٹرنیٹ سے بند کریں، یا صرف ضروری پتوں کو رسائی دیں۔",
    ),
    "vulnerable-system": Advice(
        name_en="Vulnerable system",
        name_ur="کمزوری والا نظام",
        do_en="Install the maker's update; until then take the service off "
        "the Internet. Then look for signs of misuse.",
        do_ur="بنانے والے کا تازہ اپ ڈیٹ نصب کریں؛ تب تک سروس کو انٹرنیٹ سے ہٹا دیں۔ پھر غلط استعمال کے آثار دیکھیں۔",
    ),
    "weak-crypto": Advice(
        name_en="Weak encryption",
        name_ur="کمزور خفیہ کاری",
        do_en="Switch the old protocol versions and ciphers off, and renew weak certificates.",
        do_ur="پرانے پروٹوکول اور کمزور سائفر بند کریں اور کمزور سرٹیفکیٹ تبدیل کریں۔",
    ),
    "potentially-unwanted-accessible": Advice(
        name_en="Service open to the whole Internet",
        name_ur="پورے انٹرنیٹ کے لیے کھلی سروس",
        do_en="Close the service to the Internet unless it must be "
        "reachable; then protect it with sign-in and updates.",
        do_ur="اگر سروس کا انٹرنیٹ پر کھلا ہونا ضروری نہیں تو اسے بند کریں؛ ورنہ لاگ اِن اور اپ ڈیٹ سے محفوظ بنائیں۔",
    ),
    "information-disclosure": Advice(
        name_en="Service that tells too much",
        name_ur="معلومات ظاہر کرنے والی سروس",
        do_en="Close the service to strangers, and renew the credentials that it showed.",
        do_ur="سروس تک غیر متعلقہ رسائی بند کریں اور جو اسناد ظاہر ہوئیں انہیں تبدیل کریں۔",
    ),
    "data-leak": Advice(
        name_en="Leaked information",
        name_ur="معلومات کا افشا",
        do_en="Find out what was leaked, renew the credentials in it, and close the source.",
        do_ur="معلوم کریں کہ کون سی معلومات افشا ہوئیں، ان میں شامل اسناد تبدیل کریں اور ذریعہ بند کریں۔",
    ),
    "phishing": Advice(
        name_en="Phishing page",
        name_ur="فشنگ صفحہ",
        do_en="Take the page off line, keep a copy as evidence, and find out how it came there.",
        do_ur="صفحہ فوراً ہٹا دیں، بطور ثبوت ایک نقل محفوظ رکھیں، اور معلوم کریں کہ یہ وہاں کیسے پہنچا۔",
    ),
    "spam": Advice(
        name_en="Unsolicited mail",
        name_ur="غیر مطلوب ای میل",
        do_en="Find the account or device that sends it, stop it, and renew its password.",
        do_ur="جو اکاؤنٹ یا آلہ یہ بھیج رہا ہے اسے تلاش کریں، روکیں اور اس کا پاس ورڈ تبدیل کریں۔",
    ),
    "blacklist": Advice(
        name_en="Address on a block list",
        name_ur="بلاک لسٹ میں شامل پتہ",
        do_en="Find out what the address is listed for, mend it, and ask the list to remove it.",
        do_ur="معلوم کریں کہ پتہ کس وجہ سے فہرست میں ہے، اسے درست کریں اور پھر اخراج کی درخواست دیں۔",
    ),
}

OTHER = Advice(
    name_en="Other observation",
    name_ur="دیگر مشاہدہ",
    do_en="Look at the device at the address and time in the list, and tell us what you find.",
    do_ur="فہرست میں دیے گئے پتے اور وقت پر متعلقہ آلے کو دیکھیں اور جو معلوم ہو ہمیں بتائیں۔",
)


def advice(kind: str) -> Advice:
    """Return what to do about an RSIT type."""
    return ADVICE.get(kind, OTHER)
