# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the data set of names that the tests of Internet addresses use.

    python3 -m venv /tmp/names && /tmp/names/bin/pip install Faker==40.54.0
    /tmp/names/bin/python tests/tools/make_names.py

Faker (MIT) is needed here only. The seed is fixed, so the same version of it writes the same file. All names are made
up: given and family names are drawn apart. Three scripts that Faker lacks come from the short lists below.
"""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path
from typing import NamedTuple

from faker import Faker

TARGET = Path(__file__).resolve().parents[1] / "unit/plugins/module_utils/internet_address/data/names.tsv"
SEED = 20260101
HEAD = """\
# SPDX-FileCopyrightText: 2026, opendomino.mail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Made by tests/tools/make_names.py; columns: script, order, first, middle, last, title, suffix
"""

LOCALES = {
    "Latin": (
        "en_US en_GB en_IN de_DE de_AT de_CH fr_FR fr_CA es_ES es_MX it_IT pt_BR pt_PT nl_NL nl_BE da_DK no_NO sv_SE "
        "fi_FI is_IS et_EE lv_LV lt_LT pl_PL cs_CZ sk_SK sl_SI hr_HR hu_HU ro_RO tr_TR az_AZ uz_UZ vi_VN id_ID ga_IE "
        "yo_NG ha_NG ig_NG zu_ZA tw_GH"
    ),
    "Cyrillic": "ru_RU uk_UA bg_BG mk_MK",
    "Greek": "el_GR",
    "Armenian": "hy_AM",
    "Georgian": "ka_GE",
    "Arabic": "ar_SA ar_AA fa_IR",
    "Hebrew": "he_IL",
    "Devanagari": "hi_IN mr_IN ne_NP",
    "Bengali": "bn_BD",
    "Gujarati": "gu_IN",
    "Odia": "or_IN",
    "Sinhala": "si_LK",
    "Tamil": "ta_IN",
    "Thai": "th_TH",
    "Han": "zh_CN zh_TW ja_JP",
    "Hangul": "ko_KR",
    "Katakana": "ja_JP",
}
LISTS = {
    "Telugu": ("రవి సీత లక్ష్మి కృష్ణ రామ", "రావు రెడ్డి శర్మ నాయుడు"),
    "Kannada": ("ರವಿ ಸೀತಾ ಲಕ್ಷ್ಮಿ ಕೃಷ್ಣ ರಾಮ", "ರಾವ್ ಗೌಡ ಶರ್ಮಾ ಹೆಗ್ಡೆ"),
    "Malayalam": ("രവി സീത ലക്ഷ്മി കൃഷ്ണ രാമൻ", "നായർ മേനോൻ ശർമ പിള്ള"),
}
PLAIN = {"Latin": 60, "Cyrillic": 90, "Greek": 180, "Han": 70, "Arabic": 50, "Devanagari": 40}  # a locale
OTHERWISE = 90
ORDERS = 110  # of Latin names a form, see below
PARTICLES = ("van der", "von", "de la", "de", "di", "al-", "bin", "dos", "af", "ten", "zu", "le")
TITLES = ("Dr.", "Prof.", "Mrs", "Sir", "Dipl.-Ing.")
SUFFIXES = ("Jr.", "Sr.", "II", "III", "PhD")


class Name(NamedTuple):
    """One row."""

    script: str
    order: str
    first: str = ""
    middle: str = ""
    last: str = ""
    title: str = ""
    suffix: str = ""


def main() -> None:
    """Write the file."""
    chance = random.Random(SEED)
    rows = [*_plain(), *_listed(chance), *_forms(chance)]
    lines = ["\t".join(" ".join(part.split(" ")).replace("\t", " ") for part in row) for row in rows]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _faker(locale: str) -> Faker:
    faker = Faker(locale)
    faker.seed_instance(f"{SEED} {locale}")
    return faker


def _plain() -> list[Name]:
    rows = []
    for script, locales in LOCALES.items():
        for locale in locales.split():
            faker = _faker(locale)
            for _number in range(PLAIN.get(script, OTHERWISE)):
                if script == "Katakana":
                    rows.append(Name(script, "family first", faker.first_kana_name(), "", faker.last_kana_name()))
                else:
                    order = "family first" if locale in ("hu_HU", "zh_CN", "zh_TW", "ja_JP", "ko_KR") else "plain"
                    rows.append(Name(script, order, faker.first_name(), "", faker.last_name().rstrip(",")))
    return rows


def _listed(chance: random.Random) -> list[Name]:
    return [
        Name(script, "plain", chance.choice(first.split()), "", chance.choice(last.split()))
        for script, (first, last) in LISTS.items()
        for _number in range(OTHERWISE // 3)
    ]


def _forms(chance: random.Random) -> list[Name]:
    """Return names that are not just a first and a last name."""
    fakers = [_faker(locale) for locale in LOCALES["Latin"].split()]
    rows: list[Name] = []

    def first() -> str:
        return chance.choice(fakers).first_name()

    def last() -> str:
        return chance.choice(fakers).last_name()

    forms = {
        "single name": lambda: Name("Latin", "single name", "", "", last()),
        "single given name": lambda: Name("Latin", "single given name", first()),
        "particle": lambda: Name("Latin", "particle", first(), "", _particle(chance.choice(PARTICLES), last())),
        "hyphen": lambda: Name("Latin", "hyphen", f"{first()}-{first()}", "", f"{last()}-{last()}"),
        "apostrophe": lambda: Name(
            "Latin", "apostrophe", first(), "", chance.choice("OD") + chance.choice("'\u2019ʼ`´") + last()
        ),
        "suffix": lambda: Name("Latin", "suffix", first(), "", last(), "", chance.choice(SUFFIXES)),
        "title": lambda: Name("Latin", "title", first(), "", last(), chance.choice(TITLES)),
        "middle name": lambda: Name("Latin", "middle name", first(), first(), last()),
        "middle initial": lambda: Name("Latin", "middle initial", first(), first()[0] + ".", last()),
        "initials only": lambda: Name("Latin", "initials only", f"{first()[0]}.{first()[0]}.", "", last()),
        "two surnames": lambda: Name("Latin", "two surnames", first(), "", f"{last()} {last()}"),
        "two given names": lambda: Name("Latin", "two given names", f"{first()} {first()}", "", last()),
        "upper case": lambda: Name("Latin", "upper case", first().upper(), "", last().upper()),
        "lower case": lambda: Name("Latin", "lower case", first().lower(), "", last().lower()),
        "decomposed": lambda: Name(
            "Latin", "decomposed", unicodedata.normalize("NFD", first()), "", unicodedata.normalize("NFD", last())
        ),
        "odd blanks": lambda: Name("Latin", "odd blanks", f" {first()}\u00a0{first()}", "", f"{last()}\u200b "),
        "other signs": lambda: Name("Latin", "other signs", f"{first()} ({first()})", "", f"{last()}, {last()} & Co"),
        "very long": lambda: Name(
            "Latin", "very long", "-".join(first() for _n in range(6)), "", "-".join(last() for _n in range(6))
        ),
    }
    for form in forms.values():
        rows += [form() for _number in range(ORDERS)]
    return rows


def _particle(particle: str, name: str) -> str:
    return particle + name if particle.endswith("-") else f"{particle} {name}"


if __name__ == "__main__":
    main()
