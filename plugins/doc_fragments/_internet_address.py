# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Internet addresses shall be like: options of the module and the filter that make them."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(opendomino.mail._internet_address); read by module_utils/_internet_address/rules.py."""

    DOCUMENTATION = r"""
options:
  patterns:
    description:
      - What local parts are made of, the best first.
      - >-
        Parts in braces are V({first}), V({middle}), V({last}), V({title}), V({suffix}), V({common}), V({short}),
        V({unit}) (organizational unit next to the common name), V({organization}), the initials V({f}), V({m}), V({l})
        and V({initials}); V({first:3}) is the first three characters.
      - >-
        V({number}) is a number from 2 up, in the last pattern only. V({short_address}) alone is a whole address that
        stands among the short names.
      - Without braces a pattern is in the notation of Domino's Set Internet Address tool, letters F, L, M, T, G and O.
    type: list
    elements: str
    default: ["{first}.{last}", "{first}.{m}.{last}", "{first}.{last}{number}"]
  internet_domains:
    description:
      - Internet domains for some; the first entry that fits a person counts.
    type: list
    elements: dict
    suboptions:
      internet_domain:
        description:
          - The domain.
        type: str
        required: true
      name:
        description:
          - The end of the name, such as V(*/Sales/Acme).
        type: str
      mail_server:
        description:
          - The mail server.
        type: str
      notes_domain:
        description:
          - The Notes domain of the mail server.
        type: str
      languages:
        description:
          - As O(languages), for these people.
        type: list
        elements: str
  letter_case:
    description:
      - Whether addresses are in lower case.
    type: str
    choices: [lower, keep]
    default: lower
  word_separator:
    description:
      - What stands between the words of one part, such as two first names.
    type: str
    choices: ["", ".", "_", "-"]
    default: ""
  transliteration:
    description:
      - >-
        How letters become ASCII. V(builtin) knows Latin, Greek and Cyrillic letters. V(anyascii) knows nearly all
        scripts; it has to be installed where this runs, and is never used unasked.
      - A name with a letter that is not known gets no address from a pattern that uses it.
    type: str
    choices: [builtin, anyascii]
    default: builtin
  languages:
    description:
      - Languages whose own rules go before the table, the first first. V(de) makes C(ae) of an a with two dots.
    type: list
    elements: str
    choices: [ar, bg, da, de, fi, nb, nn, sr, sv, uk]
    default: []
  replacements:
    description:
      - Letters and what becomes of them, before all else.
    type: dict
    default: {}
  reserved:
    description:
      - >-
        Further local parts, or whole addresses, that nobody is given. Those of RFC 2142 and the like (V(postmaster),
        V(abuse), V(root)) are reserved anyway.
    type: list
    elements: str
    default: []
  overwrite:
    description:
      - Whether an address that none of the patterns would give is replaced.
    type: bool
    default: false
  address_lookup:
    description:
      - How the server looks up recipients, which decides what counts as taken.
      - >-
        V(fullname_only) asks for whole addresses. V(fullname_then_local_part) also keeps free what is a name of
        somebody else. With V(local_part_only), two domains make no difference.
    type: str
    choices: [fullname_only, fullname_then_local_part, local_part_only]
    default: fullname_then_local_part
"""
