"""Whose office a title is: 'the Lebanese army's chief of staff', 'its ambassador', 'the company's president'."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from transforms.reference import Actor, Match, Reference
from transforms.sentences import Sentence
from transforms.text import slug

# What ties an office to its owner after it; a place is the weaker tie.
_LINK = re.compile(
    r"(?: general)?(?: and [\w ]{1,30}?)?,?(?: (?:(?:of|for|at|with)|(?P<place>in|on|from))(?: the)?| to(?: the)?) "
)
_LINK_OF = re.compile(r"(?P<place>(?!)) | (?:of|for)(?: the)? ")
# The body in 'coordinator for communications at the Security Council'.
_AT_BODY = re.compile(r"\bat (?:the )?(?=[A-Z])")
# What a body is called before its name: 'Oslo-based', 'brokerage', 'pressure group'.
_CALLED = re.compile(r" ?[a-z-]+(?: [a-z-]+){0,2} (?=[A-Z])|[A-Z]\w+-based (?=[A-Z])")
# How far the owner may stand from the title on either side, and how far back the antecedent of a pronoun.
_LINK_REACH = 45
_BEFORE_REACH = 60
_ANTECEDENT_REACH = 300
_PARAGRAPH_REACH = 3000
_OWNING = re.compile(
    r"(?:'s?)?(?: (?!(?:and|said|told|by|with|from|to|that|which|of|on|in|at|for|as|a|the|has|had|is|was|but)\b)"
    r"[\w.'-]+){0,5}[ -]?"
)
_POSSESSIVE = re.compile(
    r"\b(its|their|his|her|our|whose)\b(?: (?!(?:the|an?|of|by|with|to|for)\b)[\w-]+){0,5} ?$", re.I
)
_ENVOY = re.compile(r"\b(?:ambassador|envoy|consuls?\b|attach|representative|charg|high commissioner)", re.I)
# Titles of state that do not say of which: nobles, local offices, envoys.
_NOT_OF_HOME = re.compile(
    r"\b(?:prince|princess|baron|duke|sheikh?|shah|governor|mayor|ambassador|envoy|consul)\b", re.I
)
_CAPITALISED = r"[A-ZÀ-ÖØ-Þ][\w'&-]*"
_UNKNOWN_BODY = re.compile(rf"{_CAPITALISED}(?: (?:(?:of|for|and|on|&)(?: the)? )?{_CAPITALISED})*")
# Kinds of actors that 'the group' and 'the company' may mean.
_FIRMS = frozenset({"company", "armed_group", "other"})
_PHRASE_END = re.compile(r"[,;:()\"]")
# The last noun before a title, or the one whose it is.
_BESIDE = re.compile(r"([\w-]+)(?:'s?(?: [\w-]+){0,2})? ?$")
# Up to the word that the title's phrase begins after.
_CLAUSE = re.compile(r"^.*\b(?:an?|the|said|says|with|by|to|of|from|told)\b")
# What speaks for a state whose office is told of without it: its share of the document's names of states, being named
# before the title in the sentence or the paragraph, being an object or the place there, the dateline, the headline,
# and the title itself.
_SHARE, _HERE, _EARLIER, _AS_OBJECT, _AS_PLACE = 0.5, 0.5, 0.2, -0.5, 1.5
_MARGIN = 0.1
_BY_DATELINE, _BY_HEADLINE, _BY_TITLE = 1.0, 0.3, 2.0
# What follows a subject.
_VERB_AFTER = re.compile(
    r"(?:'s [\w-]+(?: [\w-]+)?)? (?:has|have|had|is|was|will|would|won't|can|could|does|did|may|might|says?|said|"
    r"wants?|gave|[a-z]+ed|[a-z]+s)\b"
)
_OBJECT = re.compile(r"\b(?:to|against|from|with|met|by|of) (?:the )?$")
_PLACED = re.compile(r"\b(?:in|at) $", re.I)


@dataclass(frozen=True, slots=True)
class Post:
    """A title in a sentence: the characters start to end, its head as titles.csv has it, and that one's rank."""

    start: int
    end: int
    head: str
    rank: str


@dataclass
class Setting:
    """What the document has told before a sentence: the bodies that it named, and its own state."""

    reference: Reference
    home: Actor | None
    is_dateline: bool
    """Whether the home is that of the dateline."""
    names: Sequence[Match] = ()
    """All names of the document, in order."""
    told: dict[str, Actor] = field(default_factory=dict)
    """For a person's id, whose office it held when it was told of first."""

    def state_of(self, match: Match) -> Actor | None:
        """The state that a name stands for or belongs to."""
        if not match.actors:
            return None
        actor = match.actors[0].actor
        if match.actors[0].ambiguity == "common" and actor.kind != "state":
            return None
        return self.reference.actors.get(actor.country or "")

    def firm(self, at: int) -> Actor | None:
        """The company or other private body that was named last before a character."""
        known = bisect_right(self._firms, at, key=lambda firm: firm[0])
        return self._firms[known - 1][1] if known else None

    @cached_property
    def main_firm(self) -> Actor | None:
        """The company that the document names most often."""
        counts = Counter(actor.actor_id for _, actor in self._firms if actor.kind == "company")
        return self.reference.actors[counts.most_common(1)[0][0]] if counts else None

    @cached_property
    def _firms(self) -> list[tuple[int, Actor]]:
        """The companies and other private bodies that the document names, each with where its name ends."""
        aliases = [(m.end, m.actors[0]) for m in self.names if m.actors]
        return [(end, a.actor) for end, a in aliases if a.actor.kind in _FIRMS and a.ambiguity != "common"]

    @cached_property
    def _shares(self) -> dict[str, float]:
        """For each state that the document names, what its share of all such names is worth."""
        counts = Counter(state.actor_id for m in self.names if (state := self.state_of(m)) is not None)
        return {state: _SHARE * n / counts.total() for state, n in counts.items()}

    def _between(self, start: int, end: int) -> Sequence[Match]:
        """The names that begin in a stretch of the text."""
        return self.names[
            bisect_left(self.names, start, key=lambda m: m.start) : bisect_left(self.names, end, key=lambda m: m.start)
        ]

    def antecedent(self, text: str, sentence: Sentence, at: int, bodies: Sequence[Match], post: Post) -> Actor | None:
        """The body that 'its' or 'their' stands for: the last one before it in the sentence, else the last subject.

        A state has ministers and envoys, a company has directors.
        """

        def fits(match: Match) -> bool:
            if text.startswith("whose", at):
                return True
            is_state = match.actors[0].actor.kind in {"state", "state_organ"}
            return is_state == (post.rank == "state") or post.rank == "organ"

        here = [m for m in bodies if m.end <= at and fits(m)]
        if here:
            return here[-1].actors[0].actor
        earlier = [
            m
            for m in self._between(sentence.start - _ANTECEDENT_REACH, sentence.start)
            if m.actors and m.actors[0].actor.kind != "person" and is_body(text, m, self) and fits(m)
        ]
        subjects = [m for m in earlier if _VERB_AFTER.match(text, m.end)]
        found = subjects or earlier
        return found[-1].actors[0].actor if found else None

    def state(self, text: str, sentence: Sentence, post: Post) -> Actor | None:
        """The state whose office a title without an owner is: the one that most of what stands around it speaks for.

        None where another is about as likely.
        """
        paragraph = max(text.rfind("\n", 0, sentence.start) + 1, sentence.start - _PARAGRAPH_REACH)
        scores: dict[str, float] = defaultdict(float, self._shares)
        signs: set[tuple[str, float]] = set()
        for m in self._between(paragraph, sentence.end):
            named = self.state_of(m)
            if named is not None and m.start < sentence.start:
                signs.add((named.actor_id, _EARLIER))
            elif named is not None:
                signs |= {(named.actor_id, w) for w in _signs(text, m, sentence, post)}
        for key, weight in signs:
            scores[key] += weight
        if self.home is not None:
            scores[self.home.actor_id] += _BY_DATELINE if self.is_dateline else _BY_HEADLINE
        usual = self.reference.title_states.get(post.head)
        if usual is not None and (usual in scores or not scores):
            scores[usual] += _BY_TITLE
        if "visiting" in text[max(sentence.start, post.start - 12) : post.end] and self.home is not None:
            del scores[self.home.actor_id]
        ranked = [*sorted(scores, key=lambda state: -scores[state]), ""][:2]
        is_clear = scores and scores[ranked[0]] >= scores[ranked[1]] + _MARGIN
        return self.reference.actors[ranked[0]] if is_clear else None


def _signs(text: str, match: Match, sentence: Sentence, post: Post) -> Iterator[float]:
    """What speaks for the state that a name of the sentence stands for; each sign counts once."""
    if match.start < post.start:
        yield _HERE
    if match.actors[0].ambiguity == "place" and _PLACED.search(text, max(0, match.start - 4), match.start):
        yield _AS_PLACE
    if _OBJECT.search(text, max(0, match.start - 9), match.start):
        yield _AS_OBJECT


def owner_of(text: str, post: Post, sentence: Sentence, names: Sequence[Match], setting: Setting) -> Actor | None:
    """Whose office it is by the words around the title: after its 'of', 'for' or 'at', or before it.

    A place is not an owner where another stands before the title: 'the American ambassador in Tashkent'.
    """
    link = (_LINK_OF if _ENVOY.search(post.head) else _LINK).match(text, post.end, sentence.end)
    if link is not None and link["place"] is None:
        found = body_at(text, link.end(), post, sentence, names, setting)
        if found is not None:
            return found
    found = _owner_before(text, post, sentence, names, setting)
    if found is None and link is not None and link["place"] is not None:
        found = body_at(text, link.end(), post, sentence, names, setting)
    return found


def body_at(
    text: str, at: int, post: Post, sentence: Sentence, names: Sequence[Match], setting: Setting
) -> Actor | None:
    """The body that a phrase names from a character on, up to the next comma.

    One that no table lists counts for posts that are none of state: 'an analyst at the Moscow brokerage Neva Kapital'.
    """
    stop = _PHRASE_END.search(text, at, sentence.end)
    phrase_end = stop.start() if stop else sentence.end
    end = min(phrase_end, at + _LINK_REACH)
    known = [m for m in names if m.actors and at <= m.start < end and is_body(text, m, setting)]
    if post.rank in {"private", "organ"}:
        employer = _AT_BODY.search(text, at, phrase_end)
        for start in (employer.end(), at) if employer else (at,):
            found = _unlisted(text, start, phrase_end, post, known, setting)
            if found is not None:
                return found
    for m in known:
        if m.actors[0].actor.kind != "person":
            return m.actors[0].actor
        if m.actors[0].actor.country:
            return setting.state_of(m)
    first = re.findall(r"[\w-]+", text[at:end].lower())[:2]
    return setting.firm(at) if setting.reference.words["firm_body"].intersection(first) else None


def _unlisted(text: str, at: int, end: int, post: Post, known: Sequence[Match], setting: Setting) -> Actor | None:
    """A body whose name begins at a character, or behind what it is called there: 'the pressure group Clean Arms'."""
    place = next((m for m in known if m.start == at), None)
    called = _CALLED.match(text, place.end if place is not None else at, end)
    if place is not None and called is None:
        return None
    match = _UNKNOWN_BODY.match(text, called.end() if called is not None else at, end)
    if match is None or any(m.start == match.start() for m in known):
        return None
    name = re.sub(r"'s?$", "", match.group())
    of_state = setting.reference.words["state_body"]
    words = name.lower().split()
    if name.lower().endswith(tuple(of_state)) or words[0] in of_state or (len(words) < 2 and post.rank != "private"):
        return None
    return Actor(slug(name), name, "other", None)


def is_body(text: str, match: Match, setting: Setting, before: int = -1) -> bool:
    """Whether a name is meant as such: 'the National Guard' is not a paper, 'Congress' not always the American one."""
    alias = match.actors[0]
    if alias.actor.kind == "company" and match.end + 1 == before:
        return True
    if alias.ambiguity != "common" or alias.actor.kind == "state":
        return True
    home = setting.home
    return (
        home is not None
        and home.actor_id == alias.actor.country
        and not re.match(r" [A-Z]", text[match.end : match.end + 2])
    )


def _owner_before(text: str, post: Post, sentence: Sentence, names: Sequence[Match], setting: Setting) -> Actor | None:
    bodies = [
        m
        for m in names
        if m.actors
        and m.actors[0].actor.kind != "person"
        and sentence.start <= m.start
        and m.end <= post.start
        and is_body(text, m, setting, post.start)
    ]
    near = [m for m in bodies if post.start <= m.end + _BEFORE_REACH and _OWNING.fullmatch(text, m.end, post.start)]
    if near:
        return near[-1].actors[0].actor
    words = setting.reference.words
    lead = _lead(text, post, sentence)
    pronoun = _POSSESSIVE.search(lead)
    if pronoun is not None and pronoun.group(1).lower() in {"its", "their", "whose"}:
        return setting.antecedent(text, sentence, post.start - len(lead) + pronoun.start(), bodies, post)
    own = _own_words(text, lead, post)
    beside = _BESIDE.search(lead)
    if beside is not None and beside.group(1).lower() in words["firm_body"]:
        return setting.firm(post.start)
    if _has_word(own, words["state_body"]) or post.rank == "state":
        return None
    if pronoun is None and post.rank in {"organ", "private"} and bodies:
        last = bodies[-1].actors[0].actor
        return last if last.kind not in {"state", "media"} else None
    return None


def default_owner(
    text: str, post: Post, sentence: Sentence, setting: Setting, *, of_state: bool = False
) -> Actor | None:
    """The state whose office a title is that no actor stands beside: an office of state, or one of a state's organ."""
    stop = _PHRASE_END.search(text, post.end, sentence.end)
    after = text[post.end : min(post.end + _LINK_REACH, stop.start() if stop else sentence.end)]
    is_tied = post.head not in setting.reference.titles or _LINK.match(text, post.end, sentence.end) is not None
    words = _own_words(text, _lead(text, post, sentence), post) + (after.lower() if is_tied else "")
    pronoun = _POSSESSIVE.search(_lead(text, post, sentence))
    is_office = (
        of_state
        or (post.rank == "organ" and pronoun is not None)
        or (post.rank == "state" and not _NOT_OF_HOME.search(post.head))
    )
    if is_office or _has_word(words, setting.reference.words["state_body"]):
        return setting.state(text, sentence, post)
    return None


def _lead(text: str, post: Post, sentence: Sentence) -> str:
    """The words of the title's phrase before it, at most 40 characters."""
    lead = text[max(sentence.start, post.start - 40) : post.start]
    return lead[max(lead.rfind(c) for c in ',";:(') + 1 :]


def _own_words(text: str, lead: str, post: Post) -> str:
    return f"{_CLAUSE.sub('', lead.lower())}{text[post.start : post.end].lower()}"


def _has_word(phrase: str, words: frozenset[str]) -> bool:
    return any(re.search(rf"\b{re.escape(w)}\b", phrase) for w in words if w in phrase)
