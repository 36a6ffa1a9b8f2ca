"""Who says so: the chain of sources above a claim, outermost first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from spacy.tokens import Token

from transforms.context import Context, actors_of
from transforms.grammar import agents, antecedent, is_passive, subjects
from transforms.mentions import ActorMention, ParsedSentence
from transforms.reference import Reference

_PEOPLE = re.compile(
    r"\b(?:official|source|officer|spokes\w+|people|person|diplomat|analyst|expert|aide|minister\w*|media|report\w*|"
    r"newspaper|daily|"
    r"agency|authorit\w+|government|intelligence|document\w*|statement|lawmaker|military|executive|website|site|outlet|"
    r"police|prosecutor\w*|researcher\w*|institute|company|embassy|television|tv|paper|insider\w*|witness\w*|filing|"
    r"indictment|figures|data|ministry|commander|general|president|leader|panel|monitor\w*|group|army|navy)s?\b",
    re.I,
)


_NO_NAME = frozenset({"a", "an", "the", "its", "his", "her", "their"})
# A chain of more links than this has been misread.
_LONGEST = 3
# Words from a source's noun to the end of what 'of' adds to it, at most.
_SHORT = 4
_ACTS = {
    "offered": ("supplier",),
    "approved": ("supplier",),
    "suspended": ("supplier",),
    "planned": ("supplier", "recipient"),
    "cancelled": ("supplier", "recipient"),
    "negotiated": ("supplier", "recipient"),
    "ordered": ("supplier", "recipient"),
    "requested": ("recipient",),
}
"""Whose own act a status is."""


def attribute(
    reports: Sequence[Token],
    sentence: ParsedSentence,
    reference: Reference,
    context: Context,
    predicate: Token | None = None,
) -> tuple[list[str], list[tuple[int, int]]]:
    """The sources above a claim, outermost first, as actor ids or quoted descriptions, with where they stand.

    `reports` are the reporting verbs above the claim's predicate, innermost first. Words like 'according to X' count
    for the whole sentence; a sentence inside a quotation without a verb of saying has the speaker of the one before.
    """
    chain, places = _tellers(reports or (_reports_around(predicate, reference) if predicate else []), sentence, context)
    if not chain:
        chain, places = _trailing(sentence, reference, context)
    for found, place, is_outer in _by_phrase(sentence, context):
        if found not in chain and (is_outer or len(chain) < _LONGEST):
            at = 0 if is_outer else len(chain)
            chain.insert(at, found)
            places.insert(at, place)
    if not chain and _inside_quotation(sentence):
        is_next = context.introduced is not None and context.introduced[0] == sentence.index - 1
        chain = [context.introduced[1]] if is_next and context.introduced else list(context.speaker)
    return chain, places


def _reports_around(predicate: Token, reference: Reference) -> list[Token]:
    """Reporting verbs that speak of the whole sentence: high above the predicate, or beside what stands above it."""
    above = [predicate, *predicate.ancestors]
    beside = [c for t in above for c in t.children if c.dep_ == "parataxis"]
    found = [t for t in [*above[1:], *beside] if t.pos_ == "VERB" and t.lemma_.lower() in reference.reporting_verbs]
    return [t for t in found if t.dep_ in {"ROOT", "parataxis"} and not any(c.dep_ == "prt" for c in t.children)]


def _trailing(
    sentence: ParsedSentence, reference: Reference, context: Context
) -> tuple[list[str], list[tuple[int, int]]]:
    """'…, the press service reported on Friday.' at the end of a sentence, which a parser may take for a mere noun."""
    for verb in sentence.doc:
        if verb.dep_ == "acl" and verb.tag_ in {"VBD", "VBN"} and verb.lemma_.lower() in reference.reporting_verbs:
            first = verb.head.left_edge
            ends = all(t.is_punct for t in sentence.doc[verb.right_edge.i + 1 :])
            if ends and first.i and sentence.doc[first.i - 1].text in {",", '"'} and not agents(verb):
                found = _source(verb.head, sentence, context)
                if found is not None:
                    return [found[0]], [(found[1], found[2])]
    return [], []


def note_speaker(sentence: ParsedSentence, reference: Reference, context: Context) -> None:
    """Remember who speaks in a sentence, for the quotation that may go on in the next one."""
    for verb in sentence.doc:
        if verb.pos_ == "VERB" and verb.lemma_.lower() in reference.reporting_verbs and verb.dep_ != "acl":
            chain, _ = _tellers([verb], sentence, context)
            if chain:
                context.speaker = tuple(chain)
                return
    if '"' not in sentence.doc.text:
        people = [m for i, m in sentence.names.items() if m.actor.kind == "person" and _is_subject(sentence.doc[i])]
        if people:
            # 'The minister was blunt. "We bought them."'
            context.introduced = (sentence.index, people[0].actor.actor_id)


def _is_subject(token: Token) -> bool:
    return token.dep_ in {"nsubj", "nsubjpass"}


def _tellers(
    reports: Sequence[Token], sentence: ParsedSentence, context: Context
) -> tuple[list[str], list[tuple[int, int]]]:
    """The subjects of reporting verbs, outermost first; the paper that somebody told comes before him."""
    chain: list[str] = []
    places: list[tuple[int, int]] = []
    for verb in reports:
        tellers = agents(verb) if is_passive(verb) else subjects(verb)
        told = [c for c in verb.children if verb.lemma_ == "tell" and c.dep_ in {"dobj", "dative"}]
        quoted = [c for c in verb.children if verb.lemma_ in {"quote", "cite"} and c.dep_ == "dobj"]
        for found in (_source(t, sentence, context) for t in quoted if not is_passive(verb)):
            if found is not None and found[0] not in chain:
                chain.insert(0, found[0])
                places.insert(0, (found[1], found[2]))
        named = (_source(c, sentence, context) for c in told if c.i in sentence.names)
        # An outlet that no table knows is a name of unknown kind.
        papers = [s for s in named if s is not None and s[3] in {"media", "other"}]
        for found in [*(_source(t, sentence, context) for t in tellers[:1]), *papers]:
            if found is not None and found[0] not in chain:
                chain.insert(0, found[0])
                places.insert(0, (found[1], found[2]))
    return chain, places


def _source(token: Token, sentence: ParsedSentence, context: Context) -> tuple[str, int, int, str] | None:
    token = antecedent(token)
    if token.pos_ == "PRON":
        if token.lower_ in {"he", "she", "they", "it", "who"}:
            found = context.pronoun(token, sentence)
            if found:
                return found[0].actor.actor_id, found[0].start, found[0].end, found[0].actor.kind
            if context.speaker:
                start, end = sentence.span(token, token)
                return context.speaker[-1], start, end, "other"
        return None
    mention = sentence.names.get(token.i)
    if mention is not None and mention.form not in {"adjective", "demonym"}:
        return mention.actor.actor_id, mention.start, mention.end, mention.actor.kind
    for child in token.children:
        if child.dep_ == "appos" and child.i in sentence.names:
            found_name = sentence.names[child.i]
            return found_name.actor.actor_id, found_name.start, found_name.end, found_name.actor.kind
    if token.lemma_.lower() in {"government", "administration", "side"}:
        states = actors_of(token, sentence, context)
        if states:
            state = states[0].actor.country or states[0].actor.actor_id
            return state, states[0].start, states[0].end, "state"
    return _description(token, sentence)


def _description(token: Token, sentence: ParsedSentence) -> tuple[str, int, int, str]:
    first = token.left_edge
    while first.i < token.i and (first.dep_ == "det" or first.is_punct or first.lower_ in _NO_NAME):
        first = first.nbor()
    start, end = sentence.span(first, _last_word(token))
    text = sentence.doc.text[start - sentence.start : end - sentence.start]
    return text, start, end, "other"


def _last_word(noun: Token) -> Token:
    """Where the description of a source ends: 'of experts' belongs to 'panel of experts'."""
    for child in noun.rights:
        if child.dep_ == "prep" and child.lower_ == "of" and child.i == noun.i + 1:
            end = next((c for c in child.children if c.dep_ == "pobj"), None)
            if end is not None and end.i - noun.i <= _SHORT:
                return end
    return noun


def _by_phrase(sentence: ParsedSentence, context: Context) -> Iterator[tuple[str, tuple[int, int], bool]]:
    """'according to X' and 'citing X', each with its place and whether it stands outside of who else is told."""
    for token in sentence.doc:
        if token.lower_ in {"according", "citing", "quoting"}:
            for below in token.subtree:
                if below.dep_ in {"pobj", "dobj"} and below.i > token.i:
                    found = _source(below, sentence, context)
                    is_named = below.i in sentence.names
                    if found is not None and (is_named or found[3] != "other" or _PEOPLE.search(found[0])):
                        yield found[0], (found[1], found[2]), token.lower_ == "according"
                    break


def _inside_quotation(sentence: ParsedSentence) -> bool:
    text = sentence.doc.text
    return text.startswith('"') or (text.count('"') % 2 == 1 and text.rstrip().endswith('"'))


def own_act(
    chain: Sequence[str],
    supplier: ActorMention | None,
    recipient: ActorMention | None,
    status: str,
    states: Mapping[str, str],
) -> bool:
    """Whether the only source is a party, one of its organs or officials, doing what it tells of.

    Pledging, approving, offering, asking and the like are acts of the party that does them; that something arrived, or
    what the other side wants, is a report. `states` are those that the document's actors act for, by actor id.
    """
    if len(chain) != 1:
        return False
    speaker = {chain[0], states.get(chain[0])}
    acting = {"supplier": supplier, "recipient": recipient}
    parties = (acting[role] for role in _ACTS.get(status, ()))
    return any({p.actor.actor_id, p.actor.country} & speaker - {None} for p in parties if p is not None)
