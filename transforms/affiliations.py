"""Persons and their offices: 'Pentagon press secretary General Pat Ryder', 'Jan Novak, the Czech defence minister'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from transforms.owners import Post, Setting, body_at, default_owner, is_body, owner_of
from transforms.persons import Person, is_closed, person_after, person_before
from transforms.reference import Actor, Match, Reference
from transforms.rows import Affiliation, Document, content_id
from transforms.sentences import Sentence

# Directly before the title, at most the owner's name and two words between.
_FORMER = re.compile(
    r"\b(?:former|formerly|ex|then|late(?! (?:on|in|last|yesterday)\b)|one-time|onetime|erstwhile|deposed|ousted|"
    r"retired|previous|previously|once|had been|served as|(?:stepped|stood|went) down as|"
    r"(?:resign|retir)ed as)\b[- ](?:[\w.'-]+ ){0,5}$",
    re.I,
)
_FORMER_AFTER = re.compile(
    r"[^.;,]{0,40}\buntil\b(?! (?:tomorrow|next|the end|today))|\s+(?:at the time|of the time|of the day)\b"
)
# What may stand between a title and the name behind it.
_DIRECT = re.compile(r" (?=[^\s\W])")
_COMPLEMENT = r"(?: (?i:of|for|in|at|to|on|with|who|that|and)\b[^,;:\"()]{1,90}?)?"
_SET_OFF = re.compile(rf"{_COMPLEMENT}, (?=[^\s\W])")
_BRACKETED = re.compile(r"(?:,? (?i:of|for|in|at|to|on|department)\b[^,;:\"()]{1,60})? \((?=[^\s\W])")
_TO_BODY = re.compile(r" (?:of|for|in|at|to) (?:the )?")
# What may not stand between a name and a title in apposition to it.
_NOT_APPOSED = re.compile(
    r"\b(?:and|but|which|that|said|says|has|had|was|is|are|were|while|told|who|met|by|from|with|to|after|before|when|"
    r"as|where|will|would)\b"
)
# What may stand between a rank and a name.
_NO_WORD = re.compile(r"\.? (?:\(\w+\.?\) )?")
# 'Hans Weber, 52, chief of staff'
_AGE = re.compile(r", (?:aged )?\d\d?$")
# What says of a person before it what office it holds.
_COPULA = re.compile(
    r"(?:,(?: \d\d,)?)?(?: who)?(?: (?:now|then|once|also))* "
    r"(?P<verb>is|was|had been|(?:served |stepped down |stood down |resigned |retired )?as|becomes?|became|remains?)"
    r"(?: (?:still|now|then|once))? "
    r"(?:(?:an?|the|its|their) )?(?:[\w.'-]+ ){0,4}?$"
)
_PAST = re.compile(r"was|had|ed\b|stood")
# 'who commands the coast guard', 'once of the coast guard'
_LEADING = re.compile(r", who (?:now |also |then |once )?(?P<verb>[a-z]+)(?P<for> for)? (?:the )?")
_PHRASE_END = re.compile(r"[,;:.()\"]| (?:said|told|and|in)\b")
_OF_BODY = re.compile(r"(?P<former>,? (?:once|late|formerly|previously),?| )? ?of (?:the )?")


@dataclass(frozen=True, slots=True)
class Office:
    """A person, a title and whose title it is."""

    person: Actor
    title: str
    actor: Actor
    is_current: bool
    start: int
    end: int


def find_affiliations(text: str, sentence: Sentence, names: Sequence[Match], setting: Setting) -> list[Office]:
    """The offices that a sentence of the normalised text tells, by title, name and the actor beside the title.

    An office of state with no state beside it ('Defence Minister Jan Novak') is the known person's, else that of
    the state that `setting` finds.
    """
    offices: list[Office] = []
    posts = _posts(text, names, sentence, setting.reference)
    for post in sorted(posts, key=lambda p: p.rank == "military"):
        found = _holder(text, post, sentence, names, setting.reference)
        if found is None or any(o.person == found[0].actor and post.rank == "military" for o in offices):
            continue
        person, was = found
        owner = _owner(text, post, person, sentence, names, setting)
        if owner is None:
            continue
        offices.append(_office(text, post, person, owner, is_current=not (was or _is_former(text, post, sentence))))
    offices.extend(_leaders(text, sentence, names, setting))
    offices.extend(_members(text, sentence, names, setting, {o.person.actor_id for o in offices}))
    for office in offices:
        setting.told.setdefault(office.person.actor_id, office.actor)
    return offices


def _owner(
    text: str, post: Post, person: Person, sentence: Sentence, names: Sequence[Match], setting: Setting
) -> Actor | None:
    """Whose office it is: by the words beside the title, by what is known of the person, else by the document."""
    owner = owner_of(text, post, sentence, names, setting)
    if owner is None and post.end < person.start and post.rank != "military":
        # 'Minister counsellor Leyla Aydin of the Turkish embassy'
        link = _TO_BODY.match(text, person.end, sentence.end)
        owner = body_at(text, link.end(), post, sentence, names, setting) if link else None
    owner = owner or setting.told.get(person.actor.actor_id)
    if owner is None and post.rank in {"state", "organ"}:
        owner = with_known_country(person.actor, setting.reference)
    if owner is None and post.head in setting.reference.words["executive"]:
        owner = setting.main_firm
    if owner is not None:
        return owner
    is_apposed = person.end < post.start
    of_forces = is_apposed if post.rank == "military" else _rank_of(text, person, names, setting.reference) is not None
    return default_owner(text, post, sentence, setting, of_state=of_forces)


def _rank_of(text: str, person: Person, names: Sequence[Match], reference: Reference) -> Match | None:
    """The military rank before a name, if one stands there."""
    before = (m for m in names if m.title is not None and _NO_WORD.fullmatch(text, m.end, person.start))
    return next((m for m in before if reference.titles.get(m.title or "") == "military"), None)


def _office(text: str, post: Post, person: Person, owner: Actor, *, is_current: bool) -> Office:
    start, end = min(post.start, person.start), max(post.end, person.end)
    return Office(person.actor, text[post.start : post.end], owner, is_current, start, end)


def _posts(text: str, names: Sequence[Match], sentence: Sentence, reference: Reference) -> list[Post]:
    """The titles of a sentence; those that follow each other are one: 'press secretary General', 'Deputy Minister'."""
    posts: list[Post] = []
    for match in names:
        if match.title is None:
            continue
        post = Post(match.start, match.end, match.title, reference.titles.get(match.title, ""))
        if posts and post.start <= posts[-1].end + 1:
            last = posts[-1]
            if post.rank == "military":
                posts[-1] = replace(last, end=post.end)
            else:
                posts[-1] = replace(post, start=last.start)
            continue
        posts.append(post)
    return [replace(p, start=_with_modifiers(text, p.start, sentence, reference)) for p in posts]


def _with_modifiers(text: str, start: int, sentence: Sentence, reference: Reference) -> int:
    """Where a title begins whose first words no table lists: 'Vice-Minister', 'chief spokesman'."""
    while (word := re.search(r"([A-Za-z]+)[- ]$", text[max(sentence.start, start - 20) : start])) is not None:
        if word.group(1).lower() not in reference.words["title_modifier"]:
            break
        start -= len(word.group())
    return start


def _holder(
    text: str, post: Post, sentence: Sentence, names: Sequence[Match], reference: Reference
) -> tuple[Person, bool] | None:
    """Whose name stands after or before a title, and whether the words between say that the office is past."""
    after = _named_after(text, post, sentence, names, reference)
    if after is not None:
        return after, False
    before = text[sentence.start : post.start]
    comma = before.rfind(", ")
    if comma >= 0 and len(before) - comma <= 90 and not _NOT_APPOSED.search(before[comma + 2 :]):
        aged = _AGE.search(before[:comma])
        end = sentence.start + (aged.start() if aged else comma)
        person = person_before(text, sentence.start, end, names, reference)
        if person is not None:
            return person, False
    copula = _COPULA.search(before[-80:])
    if copula is not None:
        end = sentence.start + len(before) - min(80, len(before)) + copula.start()
        person = person_before(text, sentence.start, end, names, reference)
        if person is not None:
            return person, _PAST.search(copula["verb"]) is not None
    opened = re.search(r" \((?:the )?(?:[\w.'-]+ ){0,3}$", before)
    if opened is not None:
        person = person_before(text, sentence.start, sentence.start + opened.start(), names, reference)
        if person is not None:
            return person, False
    return None


def _named_after(
    text: str, post: Post, sentence: Sentence, names: Sequence[Match], reference: Reference
) -> Person | None:
    """The name that follows a title: 'president Vladimir Putin', 'the foreign minister of Iran, Abbas Araghchi,'."""
    direct = _DIRECT.match(text, post.end, sentence.end)
    if direct is not None:
        person = person_after(text, direct.end(), sentence.end, names, reference)
        if person is not None:
            return person
        link = _TO_BODY.match(text, post.end, sentence.end)
        body = next((m for m in names if link and m.actors and m.start == link.end()), None)
        if body is not None and text[body.end : body.end + 1] == " ":
            person = person_after(text, body.end + 1, sentence.end, names, reference)
            if person is not None:
                return person
    bracket = _BRACKETED.match(text, post.end, sentence.end)
    if bracket is not None:
        person = person_after(text, bracket.end(), sentence.end, names, reference)
        if person is not None and text[person.end : person.end + 1] == ")":
            return person
    set_off = _SET_OFF.match(text, post.end, sentence.end)
    if set_off is not None:
        person = person_after(text, set_off.end(), sentence.end, names, reference)
        if person is not None and is_closed(text, person, sentence.end):
            return person
    return None


def _is_former(text: str, post: Post, sentence: Sentence) -> bool:
    lead = text[max(sentence.start, post.start - 60) : post.start]
    lead = lead[max(lead.rfind(c) for c in ',";:(') + 1 :]
    return bool(_FORMER.search(lead)) or bool(_FORMER_AFTER.match(text, post.end))


def _leaders(text: str, sentence: Sentence, names: Sequence[Match], setting: Setting) -> Iterator[Office]:
    """Offices told by a verb: 'Brigadier Saleh Nasser, who commands the coast guard'."""
    for match in _LEADING.finditer(text, sentence.start, sentence.end):
        verb = match["verb"]
        is_past = verb in setting.reference.words["led"]
        if not (is_past or verb in setting.reference.words["leads"] or (match["for"] and verb == "speaks")):
            continue
        person = person_before(text, sentence.start, match.start(), names, setting.reference)
        post = Post(match.start("verb"), match.end(), verb, "organ")
        owner = None
        if person is not None:
            of_forces = _rank_of(text, person, names, setting.reference) is not None
            owner = body_at(text, match.end(), post, sentence, names, setting)
            owner = owner or default_owner(text, post, sentence, setting, of_state=of_forces)
        if person is not None and owner is not None:
            post = replace(post, end=_phrase_end(text, match.end(), sentence))
            yield _office(text, post, person, owner, is_current=not is_past)


def _members(
    text: str, sentence: Sentence, names: Sequence[Match], setting: Setting, told: set[str]
) -> Iterator[Office]:
    """Persons of a body: 'Captain Mahmoud Jasem of General Security', 'Lena Brandt, once of SIPRI'."""
    for match in _OF_BODY.finditer(text, sentence.start, sentence.end):
        if match.start() <= sentence.start or not text[match.start() - 1].isalpha():
            continue
        person = person_before(text, sentence.start, match.start(), names, setting.reference)
        if person is None or person.actor.actor_id in told or _is_thing(text, person, names):
            continue
        rank = _rank_of(text, person, names, setting.reference)
        former = match["former"].strip()
        body = next((m for m in names if m.actors and m.start == match.end()), None)
        post = Post(match.start(), match.end(), "", "organ")
        owner: Actor | None = None
        if body is not None and is_body(text, body, setting) and body.actors[0].actor.kind not in {"state", "person"}:
            owner = body.actors[0].actor
        elif rank is not None or former:
            owner = body_at(text, match.end(), post, sentence, names, setting)
            owner = owner or default_owner(text, post, sentence, setting)
        if owner is not None:
            end = body.end if body is not None else _phrase_end(text, match.end(), sentence)
            start, end = (rank.start, rank.end) if rank is not None else (match.end(), end)
            yield _office(text, replace(post, start=start, end=end), person, owner, is_current=not former)


def _phrase_end(text: str, at: int, sentence: Sentence) -> int:
    stop = _PHRASE_END.search(text, at, sentence.end)
    return stop.start() if stop is not None else sentence.end


def _is_thing(text: str, person: Person, names: Sequence[Match]) -> bool:
    """Whether a capitalised phrase is no person: 'the Foreign Minister', 'the Permanent Mission'."""
    if re.search(r"\b(?:the|an?|its|their)(?: \w+)? $", text[max(0, person.start - 20) : person.start], re.I):
        return True
    return any(m.title is not None and person.start <= m.start < person.end for m in names)


def with_known_country(person: Actor, reference: Reference) -> Actor | None:
    """The state of a person whom the reference tables know."""
    known = reference.actors.get(person.actor_id)
    return reference.actors.get(known.country) if known is not None and known.country else None


def to_rows(offices: Sequence[Office], document: Document, sentence: Sentence) -> list[Affiliation]:
    """The rows of one sentence's offices; the evidence is the sentence."""
    return [
        Affiliation(
            affiliation_id=content_id(
                "affiliation", document.document_id, o.person.actor_id, o.actor.actor_id, o.title, o.is_current
            ),
            extraction_key=document.extraction_key,
            document_id=document.document_id,
            person_id=o.person.actor_id,
            person_name=o.person.name,
            title=o.title,
            actor_id=o.actor.actor_id,
            is_current=o.is_current,
            evidence=document.text[sentence.start : sentence.end],
            evidence_start=sentence.start,
            evidence_end=sentence.end,
        )
        for o in offices
    ]
