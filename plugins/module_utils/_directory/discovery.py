# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which field of a form is behind a label of the catalogue: proposals for a person to review, never guesses.

A proposal is one of five:

- exact: one field stands with that label, word for word; what it takes fits the setting.
- likely: one field stands with a label that differs in nothing that matters, or something about it cannot be checked.
- ambiguous: several fields fit equally well; all are named.
- contradicted: a field stands with that label, and its type or choices do not fit the setting.
- missing: no field stands with such a label. Fields with a distant label are named, for a person to look at.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import DefinitionError
from .items import TRUSTED, check_name
from .layout import AFTER, BEFORE, LEFT, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .items import Item
    from .layout import FormDesign, Placed

EXACT, LIKELY, AMBIGUOUS, CONTRADICTED, MISSING = "exact", "likely", "ambiguous", "contradicted", "missing"

#: How well a label fits. From CLOSE on a field is proposed; from DISTANT on it is shown, and never proposed.
SAME, NEXT, CLOSE, FARTHER, DISTANT = 1.0, 0.95, 0.9, 0.85, 0.5
_DEGREES = {
    SAME: "the same label stands",
    NEXT: "the same label stands",
    CLOSE: "a label that differs in nothing that matters stands",
}
MAX_CANDIDATES = 5

#: Words that say nothing, and words that mean the same. Releases before 12 say SSL where later ones say TLS.
_EMPTY_WORDS = frozenset({"a", "an", "the", "of", "for", "be", "is", "are", "following", "means"})
_SAME_WORDS = {"ssl": "tls"}
_SAME_CHOICES = {"yes": "enabled", "no": "disabled"}
_NOT_WRITTEN = frozenset({"datetime", "richtext", "richtextlite", "formula", "password", "color", "timezone"})


class Translation:
    """Texts of a form in the language of the catalogue. What is not translated stays as it is."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = {_words(text): label for text, label in labels.items()}

    def __call__(self, text: str) -> str:
        """Return a text of the form in English; upper and lower case, blanks and punctuation do not count."""
        return self._labels.get(_words(text), text)


@dataclass(frozen=True)
class Candidate:
    """A field that may be meant: how well its label fits (0 to 1), and what does not fit or cannot be checked."""

    placed: Placed
    score: float
    how: str
    against: str = ""
    doubt: str = ""
    tabs: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the field's name."""
        return self.placed.field.name

    @property
    def is_exact(self) -> bool:
        """Tell whether nothing speaks against it and nothing is in doubt."""
        return self.score == SAME and not self.against and not self.doubt


@dataclass(frozen=True)
class Proposal:
    """What is proposed for one setting; `chosen` is None unless the confidence is exact or likely."""

    item: Item
    confidence: str
    why: str
    chosen: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()


def discover(form: FormDesign, rows: Sequence[Item], labels: Mapping[str, str] | None = None) -> Sequence[Proposal]:
    """Return a proposal for each row of the catalogue whose item or stored values are not confirmed.

    `rows` are all rows of the form; `labels` translates texts of the form into those of the catalogue.
    """
    translate = Translation(labels or {})
    fields = [(placed, False) for placed in form.fields] + [(placed, True) for placed in form.possible]
    places = [_Place(placed, translate, may_be) for placed, may_be in fields if _can_be_meant(placed)]
    by_name: dict[str, list[_Place]] = {}
    for place in places:
        by_name.setdefault(place.placed.field.name.lower(), []).append(place)
    confirmed = {str(row.name).lower() for row in rows if row.evidence in TRUSTED}
    free = [place for place in places if place.placed.field.name.lower() not in confirmed]
    found = []
    for row in rows:
        if not is_confirmed(row):
            named = _named(row, by_name)
            found.append((row, named if row.evidence in TRUSTED else _candidates(row, free), named))
    claims = {name for _row, candidates, _named_one in found for name in _claimed(candidates)}
    proposals = []
    for row, candidates, named in found:
        mine = _claimed(candidates)
        left = [c for c in candidates if c.name.lower() in mine or c.name.lower() not in claims]
        proposals.append(_decide(row, left, named))
    return _without_double_claims(proposals)


def is_confirmed(row: Item) -> bool:
    """Tell whether a row leaves nothing to find out: its item's name, and what is stored for each of its values."""
    known = all(stored is not None for stored in row.values.values())
    return row.evidence in TRUSTED and known and (row.values_evidence or row.evidence) in TRUSTED


def as_row(proposal: Proposal, source: str) -> dict[str, Any] | None:
    """Return the row of a site catalogue that a proposal stands for; None where nothing is proposed."""
    chosen = proposal.chosen
    if chosen is None:
        return None
    row: dict[str, Any] = {
        "form": proposal.item.form,
        "setting": proposal.item.setting,
        "item": chosen.name,
        "type": type_of(proposal.item, chosen.placed),
    }
    values = {name: stored for name, stored in chosen.values.items() if stored is not None}
    if values:
        row["values"] = values
    row["source"] = f"{source}, {' > '.join(chosen.placed.place)}"
    return row


def as_result(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as modules return it."""
    item, chosen = proposal.item, proposal.chosen
    return {
        "form": item.form,
        "setting": item.setting,
        "label": item.label,
        "known_item": item.name,
        "evidence": item.evidence,
        "confidence": proposal.confidence,
        "why": proposal.why,
        "item": chosen.name if chosen else None,
        "type": type_of(item, chosen.placed) if chosen else None,
        "stored_values": dict(chosen.values if chosen else item.values),
        "place": list(chosen.placed.place) if chosen else [],
        "candidates": [
            {
                "item": candidate.name,
                "score": round(candidate.score, 2),
                "labels": [label.text for label in candidate.placed.labels],
                "place": list(candidate.placed.place),
                "against": candidate.against or candidate.doubt,
            }
            for candidate in proposal.candidates
        ],
    }


def field_result(form: str, placed: Placed) -> dict[str, Any]:
    """Return a field as modules return it."""
    return {
        "form": form,
        "item": placed.field.name,
        "type": placed.field.type,
        "kind": placed.field.kind,
        "several_values": placed.field.many,
        "label": placed.labels[0].text if placed.labels else None,
        "labels": [{"text": label.text, "where": label.where} for label in placed.labels],
        "choices": None
        if placed.choices is None
        else [{"text": text, "stored": kept} for text, kept in placed.choices],
        "place": list(placed.place),
        "hidden": placed.hidden,
    }


def type_of(row: Item, placed: Placed) -> str:
    """Return an item's type as the design has it: names, number, text_list or text."""
    if row.type == "names" or placed.field.type in ("names", "authors", "readers"):
        return "names"
    if placed.field.type == "number":
        return "number"
    return "text_list" if placed.field.many else "text"


# -- one row and all fields -------------------------------------------------------------------------------------------


class _Words:
    """A text as words, taken apart once."""

    def __init__(self, text: str) -> None:
        self.all = _words(text)
        self.compact = _compact(self.all)
        self.telling = frozenset(_telling(self.all))


class _Place:
    """A field with the texts around it."""

    def __init__(self, placed: Placed, translate: Translation, may_be: bool) -> None:
        self.placed = placed
        self.may_be = may_be
        self.labels = [(_Words(translate(label.text)), label.where) for label in placed.labels]
        self.titles = [_words(translate(title)) for title in placed.titles]
        self.around = [*self.titles, *(label.all for label, _where in self.labels[1:])]
        self.context = frozenset(word for words in self.around for word in _telling(words))
        self.choices = [(_words(translate(shown)), stored) for shown, stored in placed.choices or ()]


def _can_be_meant(placed: Placed) -> bool:
    try:
        check_name(placed.field.name)
    except DefinitionError:
        return False
    return placed.field.kind != "computedfordisplay"


def _candidates(row: Item, places: Iterable[_Place]) -> Sequence[Candidate]:
    """Return the fields whose label is near to the row's, each name once, best first."""
    label = _Label(row.label or "")
    best: dict[str, Candidate] = {}
    for place in places:
        score, how = label.fit(place)
        if score >= DISTANT:
            found = _candidate(row, place, score, how)
            name = found.name.lower()
            if name not in best or _order(found) < _order(best[name]):
                best[name] = found
    return sorted(best.values(), key=_order)


def _named(row: Item, by_name: Mapping[str, Sequence[_Place]]) -> Sequence[Candidate]:
    """Return the field that has the name which the catalogue holds."""
    places = by_name.get((row.name or "").lower(), ())
    found = [_candidate(row, place, SAME, "the form has a field of the catalogue's name") for place in places]
    return sorted(found, key=_order)[:1]


def _candidate(row: Item, place: _Place, score: float, how: str) -> Candidate:
    values, against, doubt = _fit(row, place)
    tabs = [_words(part) for part in (row.tab or "").split(" > ")]
    return Candidate(place.placed, score, how, against, doubt, sum(tab in place.titles for tab in tabs), values)


def _order(candidate: Candidate) -> tuple[Any, ...]:
    return (
        bool(candidate.against),
        -candidate.score,
        candidate.placed.hidden,
        -candidate.tabs,
        bool(candidate.doubt),
        candidate.name,
    )


class _Label:
    """A label of the catalogue, whole and in parts, as in `Mail (SMTP Inbound): TLS port number`.

    The parts beside the main one say where it stands; on the form that is told by headings and titles.
    """

    def __init__(self, text: str) -> None:
        self._whole = _Words(text)
        group, colon, main = text.partition(": ")
        if not colon:
            group, main = "", text
        self._group, self._main = _words(group), _words(main)
        in_parentheses = " ".join(re.findall(r"\(([^()]*)\)", main))
        self._bare = _compact(_words(re.sub(r"\([^()]*\)", " ", main)))
        self._aside = frozenset(_telling(_words(f"{group} {in_parentheses}")))

    def fit(self, place: _Place) -> tuple[float, str]:
        """Return how well the label fits the texts around a field, from 0 to 1, and how."""
        best, how = 0.0, ""
        beside = any(where in (BEFORE, LEFT) for _words_of, where in place.labels)
        for number, (words, where) in enumerate(place.labels):
            score = self._score(words, place)
            if where in (AFTER, OUTSIDE):
                score = min(score, NEXT)
            if (number > 0 and where != AFTER) or (where == AFTER and beside):
                score = min(score, FARTHER)  # another text is nearer
            if score > best:
                best, how = score, f"{_DEGREES.get(score, 'a distant label stands')} {where}"
        return best, how

    def _score(self, words: _Words, place: _Place) -> float:
        if not words.compact or not self._whole.compact:
            return 0.0
        if words.all == self._whole.all:
            return SAME
        if self._group and words.all == self._main and self._group in place.around:
            return SAME
        if words.compact == self._whole.compact or (words.compact == self._bare and self._aside <= place.context):
            return CLOSE
        common = 2 * len(self._whole.telling & words.telling)
        return FARTHER * common / (len(self._whole.telling) + len(words.telling) or 1)


def _fit(row: Item, place: _Place) -> tuple[Mapping[str, Any], str, str]:
    """Return the stored values, what speaks against a field, and what about it is in doubt."""
    placed, doubts = place.placed, []
    if placed.field.type in _NOT_WRITTEN:
        return dict(row.values), f"the field is of type {placed.field.type}", ""
    values, against, doubt = _values(row, place)
    if doubt:
        doubts.append(doubt)
    if placed.hidden:
        doubts.append("the field is hidden while a document is edited")
    if placed.field.kind != "editable":
        doubts.append(f"the field is {placed.field.kind}")
    if not placed.field.type:
        doubts.append("it is a shared field whose definition is not in the DXL")
    if place.may_be:
        doubts.append("it stands on a subform that a formula may choose")
    if row.type == "text_list" and placed.field.many is False:
        doubts.append("the setting takes several values, the field one")
    return values, against, "; ".join(doubts)


def _values(row: Item, place: _Place) -> tuple[Mapping[str, Any], str, str]:
    """Match the friendly values of a row with a field's choices."""
    values = dict(row.values)
    if not values or row.type == "names":
        offers = ", ".join(shown for shown, _stored in place.placed.choices or ())
        return values, "", f"the setting is free, the field offers choices ({offers})" if offers else ""
    if place.placed.choices is None:
        why = "a formula computes its choices" if place.placed.computed_choices else "it offers no choices"
        return values, "", f"{why}, so that the setting's values cannot be checked"
    unmatched = []
    for friendly, known in row.values.items():
        stored = _stored(friendly, place)
        if len(stored) != 1:
            unmatched.append(friendly)
        elif known is not None and str(known) != next(iter(stored)):
            return values, f'"{friendly}" is stored as "{next(iter(stored))}" there, and as "{known}" publicly', ""
        else:
            values[friendly] = next(iter(stored)) if known is None else known
    offers = ", ".join(shown for shown, _stored in place.placed.choices)
    if len(unmatched) == len(row.values):
        return values, f"none of the setting's values is among its choices ({offers})", ""
    if unmatched and unmatched != ["disabled"]:  # a check box has no choice for it
        return values, "", f"not among its choices ({offers}): {', '.join(unmatched)}"
    return values, "", ""


def _stored(friendly: str, place: _Place) -> set[str]:
    """Return what a field's choices store for a friendly value."""
    wanted = _compact(_words(friendly.replace("_", " ")))
    exact = {stored for words, stored in place.choices if _compact(words) == wanted}
    return exact or {stored for words, stored in place.choices if _SAME_CHOICES.get(" ".join(words)) == friendly}


# -- the decision -----------------------------------------------------------------------------------------------------


def _claimed(candidates: Sequence[Candidate]) -> set[str]:
    """Return the names that a row has a claim on which nothing speaks against."""
    exact = {candidate.name.lower() for candidate in candidates if candidate.is_exact}
    return exact if len(exact) == 1 else set()


def _decide(row: Item, candidates: Sequence[Candidate], named: Sequence[Candidate]) -> Proposal:
    shown = tuple(candidates[:MAX_CANDIDATES])
    fitting = [candidate for candidate in candidates if candidate.score >= CLOSE and not candidate.against]
    best, told_by = _narrowed([candidate for candidate in fitting if candidate.score == fitting[0].score], named)
    if best and named and not {candidate.name.lower() for candidate in best} & {named[0].name.lower()}:
        best = [*best, named[0]]
    if len(best) > 1:
        names = ", ".join(candidate.name for candidate in best)
        return Proposal(row, AMBIGUOUS, f"several fields may be meant: {names}", None, tuple(best))
    if best:
        chosen = best[0]
        doubt = "; ".join(text for text in (chosen.doubt, told_by) if text)
        confidence = EXACT if chosen.score == SAME and not doubt else LIKELY
        return Proposal(row, confidence, f"{chosen.how}; {doubt}" if doubt else chosen.how, chosen, shown)
    contradicted = next((c for c in (*candidates, *named) if c.score >= CLOSE and c.against), None)
    if contradicted:
        why = f"{contradicted.how}, but {contradicted.against}"
        return Proposal(row, CONTRADICTED, why, None, shown or (contradicted,))
    if named:
        doubt = named[0].doubt or "the label is not the catalogue's"
        return Proposal(row, LIKELY, f"{named[0].how}; {doubt}", named[0], shown or (named[0],))
    why = "no field stands with this label" if row.label else "the label is not known"
    return Proposal(row, MISSING, f"{why}; some stand with a distant one" if shown else why, None, shown)


def _narrowed(candidates: Sequence[Candidate], named: Sequence[Candidate]) -> tuple[Sequence[Candidate], str]:
    """Let what a person sees, the catalogue's name, and the tab of the label decide between equal labels."""
    if len(candidates) < 2:
        return candidates, ""
    visible = [candidate for candidate in candidates if not candidate.placed.hidden]
    if len(visible) == 1:
        return visible, ""
    names = {candidate.name.lower() for candidate in named}
    found = [candidate for candidate in candidates if candidate.name.lower() in names]
    if found:
        return found, "the label stands with several fields, this one has the catalogue's name"
    most = max(candidate.tabs for candidate in candidates)
    there = [candidate for candidate in visible or candidates if candidate.tabs == most]
    if len(there) == 1:
        return there, "the label stands with several fields, with this one under the setting's tab"
    return candidates, ""


def _without_double_claims(proposals: Sequence[Proposal]) -> Sequence[Proposal]:
    """Let no field be proposed for two settings."""
    chosen = Counter(proposal.chosen.name.lower() for proposal in proposals if proposal.chosen)
    return [
        Proposal(p.item, AMBIGUOUS, f"the field {p.chosen.name} may be meant by several settings", None, (p.chosen,))
        if p.chosen and chosen[p.chosen.name.lower()] > 1
        else p
        for p in proposals
    ]


# -- words ------------------------------------------------------------------------------------------------------------


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text; case, blanks, punctuation and width of characters do not count."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("&", " and ").replace("'", "").replace("\u2019", "")
    return tuple(re.findall(r"\w+", plain))


def _telling(words: Iterable[str]) -> Sequence[str]:
    return [_SAME_WORDS.get(word, word) for word in words if word not in _EMPTY_WORDS]


def _compact(words: tuple[str, ...]) -> str:
    """Return words as letters only, without what does not matter: `Host names` and `hostname` are the same."""
    return "".join(word[:-1] if len(word) > 3 and word[-1:] == "s" else word for word in _telling(words))
