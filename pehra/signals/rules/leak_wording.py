"""What is written to somebody whose own password stood in a leak: what was done, and what to do. Never a secret."""

from dataclasses import dataclass
from datetime import datetime

SUBJECT_CHARACTERS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class PersonTold:
    """What a letter says: where the leak comes from and when it was handed in."""

    source: str
    at: datetime


def subject(language: str) -> str:
    """Return the subject of the letter."""
    if language == "ur":
        return "آپ کا پاس ورڈ ایک افشا شدہ فہرست میں ملا اور ختم کر دیا گیا ہے"
    return "Your password stood in a leak and no longer works"


def body(told: PersonTold, language: str) -> str:
    """Return the letter in one language."""
    moment = told.at.strftime("%Y-%m-%d %H:%M UTC")
    if language == "ur":
        return (
            f"فہرست: {told.source}\nوقت: {moment}\n\n"
            "آپ کا موجودہ پاس ورڈ اس فہرست میں موجود تھا، اس لیے وہ ختم کر دیا گیا اور آپ کے تمام سیشن بند کر دیے "
            "گئے۔\n\n"
            "پاس کی سے لاگ اِن کریں، یا اپنی ٹیم کے سربراہ سے ایک بار استعمال ہونے والا لنک لیں، اور نیا پاس ورڈ "
            "رکھیں جو کہیں اور استعمال نہ ہوا ہو۔ جہاں یہی پاس ورڈ استعمال ہوا ہو وہاں بھی اسے بدل دیں۔\n"
        )
    return (
        f"Leak: {told.source}\nHanded in: {moment}\n\n"
        "Your password of today stood in it. It was made useless, and all your sessions were ended.\n\n"
        "Sign in with a passkey, or ask your team's lead for a one-time link, and choose a password that is used "
        "nowhere else. Change it wherever you used the same one.\n"
    )
