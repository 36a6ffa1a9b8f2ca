"""Questions to a dependency parse (spaCy's English labels): who does it, to what, with which preposition."""

from __future__ import annotations

from collections.abc import Iterator

from spacy.tokens import Token

_NOMINAL = frozenset({"NOUN", "PROPN", "PRON", "NUM"})
_RELATIVE = frozenset({"that", "which", "who", "whom"})
_CLAUSAL = frozenset({"xcomp", "ccomp", "advcl", "pcomp", "acl", "relcl", "conj", "parataxis"})
# Verbs whose object, not whose subject, does what their complement says: 'allow X to send', 'urge X to send'.
_OBJECT_CONTROL = frozenset(
    """allow permit authorise authorize ask urge press force enable help let want expect order invite tell request
    persuade convince encourage require forbid stop prevent block ban bar keep instruct beg implore accuse suspect
    commission contract pay see show catch lobby clear free license greenlight""".split()
)
_LEAVE = frozenset("permission leave consent approval authorisation authorization licence license clearance".split())
"""What one party gives and another uses: 'is waiting for Berlin's permission to send'."""
_GIVING = frozenset({"give", "grant", "issue", "deny", "refuse"})


def with_conjuncts(token: Token) -> list[Token]:
    """The token and what is coordinated after it: 'tanks, guns and shells' from 'tanks'."""
    found = [token]
    for child in token.children:
        if child.dep_ == "conj":
            found.extend(with_conjuncts(child))
    return found


def governing_verb(token: Token) -> Token:
    """The nearest verb above a token, itself included; the root of its sentence where there is none."""
    while token.pos_ not in {"VERB", "AUX"} and token.head != token:
        token = token.head
    return token


def first_conjunct(token: Token) -> Token:
    """The head of the coordination that the token stands in."""
    while token.dep_ == "conj" and token.head.i < token.i:
        token = token.head
    return token


def is_passive(verb: Token) -> bool:
    """Whether the verb is in the passive, a bare participle after a noun included ('weapons sent by Iran')."""
    if any(c.dep_ in {"nsubjpass", "auxpass"} for c in verb.children):
        return True
    if verb.tag_ == "VBN":
        if any(c.dep_ == "agent" for c in verb.children):
            return True
        if verb.dep_ == "acl":
            return True
        if verb.dep_ == "conj" and not any(c.dep_ in {"nsubj", "aux"} for c in verb.children):
            return is_passive(verb.head) and verb.head.tag_ == "VBN"
        if verb.dep_ in {"advcl", "xcomp"} and not any(c.dep_ in {"aux", "nsubj"} for c in verb.children):
            return True
    return False


def antecedent(token: Token) -> Token:
    """The noun that a relative pronoun stands for, or the token itself."""
    if token.lower_ in _RELATIVE and token.pos_ in {"PRON", "DET", "SCONJ", "ADP"}:
        clause = token.head
        while clause.dep_ not in {"relcl", "ROOT"} and clause.dep_ in _CLAUSAL | {"dobj", "pobj", "prep"}:
            clause = clause.head
        if clause.dep_ == "relcl":
            return clause.head
    return token


def subjects(verb: Token, depth: int = 0) -> list[Token]:
    """The nouns that do what an active verb says, found across control, coordination and relative clauses."""
    if depth > 6:
        return []
    own = [
        antecedent(c)
        for c in verb.children
        if c.dep_ in {"nsubj", "csubj"} and c.pos_ in _NOMINAL | {"DET", "SCONJ", "ADP", "ADJ"}
    ]
    if own:
        # 'the US and other nations who refuse': a clause behind a list may speak of all of it.
        return _spread([first_conjunct(t) if t.dep_ == "conj" and t.head.i < t.i < verb.i else t for t in own])
    return inherited_subjects(verb, depth)


def inherited_subjects(verb: Token, depth: int = 0) -> list[Token]:
    """The subject that a verb without one takes over from what it depends on."""
    head = verb.head
    if verb.dep_ == "conj" and head.pos_ in {"VERB", "AUX"}:
        return surface_subjects(head, depth + 1)
    if verb.dep_ in {"xcomp", "advcl", "ccomp", "pcomp"}:
        if head.pos_ == "ADP":
            head = head.head
        if head.pos_ in {"VERB", "AUX"}:
            if head.lemma_ in _OBJECT_CONTROL and verb.dep_ in {"xcomp", "ccomp", "pcomp"}:
                controlled = _spread(
                    [c for c in head.children if c.dep_ in {"dobj", "dative", "nsubjpass"} and c.pos_ in _NOMINAL]
                )
                if controlled:
                    return controlled
            return surface_subjects(head, depth + 1)
        if head.pos_ == "ADJ":
            return surface_subjects(head.head, depth + 1) if head.head != head else []
        if head.pos_ in {"NOUN", "PROPN"}:
            return noun_owners(head, depth + 1)
    if verb.dep_ == "acl":
        if verb.tag_ == "VBG":
            return [head]
        if verb.tag_ == "VB" and head.lemma_.lower() in _LEAVE:
            return _given_leave(head, depth)
        if verb.tag_ == "VB":
            return noun_owners(head, depth + 1)
    return []


def _given_leave(leave: Token, depth: int) -> list[Token]:
    """Who may do what a permission is for: whom it is given, else who waits for it, seeks or has it."""
    verb = leave.head.head if leave.dep_ == "pobj" else leave.head
    if verb.pos_ not in {"VERB", "AUX"} or depth > 6:
        return []
    given = [c for c in verb.children if c.dep_ == "dative" and c.pos_ in _NOMINAL]
    given += [noun for name, noun in prepositions(verb) if name == "to" and verb.lemma_ in _GIVING]
    if given:
        return _spread(given)
    return [] if verb.lemma_ in _GIVING and not is_passive(verb) else surface_subjects(verb, depth + 1)


def surface_subjects(verb: Token, depth: int = 0) -> list[Token]:
    """The grammatical subject of a verb, active or passive."""
    passive = _spread([antecedent(c) for c in verb.children if c.dep_ == "nsubjpass"])
    return passive or subjects(verb, depth)


def noun_owners(noun: Token, depth: int = 0) -> list[Token]:
    """Whose plan, promise or decision it is: its possessor, or the subject of the verb that it is object of."""
    owners = [c for c in noun.children if c.dep_ == "poss" and c.pos_ in _NOMINAL]
    if owners:
        return _spread(owners)
    if noun.dep_ == "attr" and noun.head.pos_ in {"AUX", "VERB"}:
        # 'Canada is the first nation to stop supplying …'
        return surface_subjects(noun.head, depth + 1) if depth <= 6 else []
    modifiers = [
        c for c in noun.children if c.dep_ in {"amod", "compound", "nmod"} and c.ent_type_ in {"GPE", "NORP", "ORG"}
    ]
    if modifiers:
        return modifiers
    agents = [p for name, p in prepositions(noun) if name in {"by", "between"}]
    if agents:
        return agents
    governor = noun.head
    if noun.dep_ == "pobj":
        governor = governor.head
    if governor.pos_ in {"VERB", "AUX"} and governor != noun and depth <= 6:
        return surface_subjects(governor, depth + 1)
    return []


def objects(verb: Token) -> list[Token]:
    """What the verb is done to: objects, passive subjects, the noun before a participle or a relative clause."""
    found = [
        antecedent(c)
        for c in verb.children
        if c.dep_ in {"dobj", "obj", "nsubjpass", "oprd", "attr"} and c.pos_ != "VERB"
    ]
    found += [c for c in verb.children if c.dep_ == "dative" and c.pos_ in _NOMINAL]
    if is_passive(verb) and not any(c.dep_ == "nsubjpass" for c in verb.children):
        if verb.dep_ == "acl":
            found.append(verb.head)
        elif verb.dep_ == "conj" and verb.head.pos_ == "VERB":
            found.extend(c for c in objects(verb.head) if c not in found)
        elif verb.dep_ in {"xcomp", "advcl"}:
            found.extend(surface_subjects(verb.head, 1))
    elif (
        verb.dep_ == "conj"
        and verb.head.pos_ == "VERB"
        and not found
        and not any(c.dep_ == "nsubj" for c in verb.children)
    ):
        found.extend(c for c in objects(verb.head) if c.i > verb.i)
    clause = verb
    while clause.dep_ in {"xcomp", "ccomp", "conj"} and clause.head.pos_ in {"VERB", "AUX"}:
        clause = clause.head
    if clause.dep_ == "relcl" and not any(
        c.dep_ in {"dobj", "nsubjpass"} and c.ent_type_ not in {"GPE", "NORP"} for c in verb.children
    ):
        gapped = not any(t.lower_ in _RELATIVE and t.dep_ in {"nsubj", "nsubjpass"} for t in clause.children)
        if gapped and clause.head not in found:
            found.append(clause.head)
    return _spread(found)


def agents(verb: Token) -> list[Token]:
    """Who a passive verb says did it."""
    found: list[Token] = []
    for child in verb.children:
        if child.dep_ == "agent" or (child.dep_ == "prep" and child.lower_ == "by" and is_passive(verb)):
            found.extend(c for c in child.children if c.dep_ == "pobj")
    return _spread(found)


def prepositions(token: Token) -> Iterator[tuple[str, Token]]:
    """The prepositions that hang on a token with each noun they govern: ('to', Ukraine), ('from', Iran)."""
    for child in token.children:
        if child.dep_ in {"prep", "dative", "agent"} and child.pos_ in {"ADP", "SCONJ", "VERB", "ADV", "PART"}:
            for noun in child.children:
                if noun.dep_ == "pobj" and noun.lower_ == "way" and child.lower_ == "by":
                    for _, place in prepositions(noun):
                        yield "by way of", place
                elif noun.dep_ == "pobj":
                    for conjunct in with_conjuncts(noun):
                        yield child.lower_, conjunct
                elif noun.dep_ == "prep":
                    for inner in noun.children:
                        if inner.dep_ == "pobj":
                            for conjunct in with_conjuncts(inner):
                                yield f"{child.lower_} {noun.lower_}", conjunct


def _spread(tokens: list[Token]) -> list[Token]:
    spread: list[Token] = []
    for token in tokens:
        spread.extend(t for t in with_conjuncts(token) if t not in spread)
    return spread
