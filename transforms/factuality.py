"""Where a transfer stands and how sure it is: the words above and beside its predicate, read from the inside out."""

from __future__ import annotations

from dataclasses import dataclass, field

from spacy.tokens import Token

from transforms.grammar import first_conjunct, is_passive
from transforms.reference import Operator, Reference

_NEGATIONS = frozenset({"not", "n't", "never", "no", "nor", "without", "neither", "hardly"})
_POSSIBLE = frozenset({"may", "might", "could", "would", "can"})
_FUTURE = frozenset({"will", "'ll", "shall", "wo"})
_LINKS = frozenset(
    {
        "xcomp",
        "ccomp",
        "pcomp",
        "acl",
        "advcl",
        "prep",
        "dobj",
        "pobj",
        "nsubj",
        "nsubjpass",
        "attr",
        "acomp",
        "dative",
        "relcl",
        "oprd",
    }
)


_GIVING = frozenset({"give", "get", "win", "receive", "grant", "secure", "obtain"})
"""Verbs that only carry a noun of approval: 'gave its approval to the sale'."""

# What stands above these speaks of the report, not of the transfer.
# Prepositions that tie a noun's complement to it, not a circumstance.
_COMPLEMENTS = frozenset("of on for to from with in into about as by against".split())


@dataclass
class Reading:
    """Status and factuality of a claim, with the operators passed on the way up and the reporting verbs above."""

    status: str
    factuality: str = "CT+"
    operators: list[tuple[Token, Operator]] = field(default_factory=list)
    chain: list[Token] = field(default_factory=list)
    reports: list[Token] = field(default_factory=list)
    detached: bool = False
    """Whether the climb has left what the words above still speak of: then they only tell who says so."""


def read(predicate: Token, status: str, reference: Reference) -> Reading:
    """Climb from a transfer's predicate to the root of its sentence.

    Each operator of `claim_operators.csv` on the way sets the status, the factuality or both, an outer one overriding
    an inner one; negation turns the level that it stands on. A reporting verb ends what belongs to the claim itself:
    above it stands who says so.
    """
    reading = Reading(status)
    own = _idiom(predicate, reference) if predicate.pos_ in {"VERB", "AUX"} else None
    if own is not None:
        _apply(predicate, own, reading)
        reading.operators.append((predicate, own))
    _own_level(predicate, reading, reference)
    token = predicate
    for _ in range(12):
        above = _up(token)
        if above is None:
            break
        lemma = above.lemma_.lower()
        pos = {"VERB": "verb", "AUX": "verb", "ADJ": "adj"}.get(above.pos_, "noun")
        operator = _operator(above, lemma, pos, reference)
        if pos == "noun" and lemma in reference.words["report_noun"]:
            break
        reading.detached = reading.detached or _leaves(token, above, pos, operator is not None, reference)
        complement = token.dep_ in {"ccomp", "advcl", "parataxis"} or (
            token.dep_ in {"xcomp", "dobj"} and operator is None
        )
        if lemma in reference.reporting_verbs and pos == "verb" and complement:
            if operator is not None and operator.factuality and not reading.detached:
                _turn(reading, operator.factuality)
            reading.reports.append(above)
            if _negated(above) and not reading.detached:
                # 'does not say that' leaves it open, 'does not believe that' turns it.
                reading.factuality = "Uu" if reading.factuality == "CT+" else _turned(reading.factuality)
        elif operator is not None and not reading.reports and not reading.detached and _carries(token, above):
            _apply(above, operator, reading)
            reading.operators.append((above, operator))
            _own_level(above, reading, reference, is_operator=True)
        elif (
            not reading.reports
            and not reading.detached
            and pos == "verb"
            and token.dep_ in {"xcomp", "dobj", "nsubj", "nsubjpass", "pobj", "prep", "attr"}
        ):
            _own_level(above, reading, reference, is_operator=lemma in reference.words["light_verb"])
        if lemma == "be" and token.dep_ in {"ccomp", "advcl", "nsubj"}:
            _by_adjective(above, reading, reference)
        reading.chain.append(above)
        token = above
    return reading


def _by_adjective(verb: Token, reading: Reading, reference: Reference) -> None:
    """'It is unlikely that …': the adjective beside the verb says how sure it is."""
    for child in verb.children:
        operator = reference.operators.get((child.lemma_.lower(), "adj")) if child.dep_ == "acomp" else None
        if operator is not None and operator.factuality and not reading.detached:
            _turn(reading, operator.factuality)


def _operator(token: Token, lemma: str, pos: str, reference: Reference) -> Operator | None:
    """What claim_operators.csv says of a word: with its particle, as part of an idiom, or alone."""
    table = reference.operators
    if pos == "verb":
        return table.get((f"{lemma} {_particle(token)}", pos)) or _idiom(token, reference) or table.get((lemma, pos))
    described = (table.get((f"{c.lower_} {lemma}", pos)) for c in token.lefts if c.dep_ in {"amod", "compound"})
    return next((o for o in described if o is not None), None) or table.get((lemma, pos))


def _idiom(verb: Token, reference: Reference) -> Operator | None:
    """An operator of a verb and what hangs on it: 'put on hold', 'be en route', 'give the green light'."""
    lemma = verb.lemma_.lower()
    for child in verb.children:
        if child.dep_ == "dobj" and lemma in _GIVING:
            found = _operator(child, child.lemma_.lower(), "noun", reference)
            if found is not None and found.status == "approved":
                return found
        if child.dep_ == "prep":
            for noun in child.children:
                found = reference.operators.get((f"{lemma} {child.lower_} {noun.lower_}", "verb"))
                if found is not None and noun.dep_ in {"pobj", "pcomp"}:
                    return found
    return None


def _particle(verb: Token) -> str:
    return next((c.lower_ for c in verb.children if c.dep_ == "prt"), "")


def _up(token: Token) -> Token | None:
    """The next word above that may say something about this one."""
    if token.dep_ == "ROOT":
        return None
    first = first_conjunct(token)
    if first != token:
        own_subject = any(c.dep_ in {"nsubj", "nsubjpass"} for c in token.children)
        if token.pos_ in {"VERB", "AUX"} and own_subject:
            return _up(first)
        if token.pos_ in {"VERB", "AUX"}:
            return _up(first) if first.dep_ != "ROOT" else None
        return _up(first)
    if token.dep_ in _LINKS or token.dep_ in {"compound", "parataxis"}:
        return token.head
    return None


def _leaves(token: Token, above: Token, pos: str, is_operator: bool, reference: Reference) -> bool:
    """Whether what stands above no longer speaks of the transfer below it but of something that it is told beside.

    So it is above relative clauses, clauses of time and reason, prepositions like 'over' and 'after', and nouns that
    are no stage of a transfer ('the scandal over arms sales').
    """
    if token.dep_ == "relcl" or (token.dep_ == "advcl" and not _is_infinitive(token)):
        return True
    if token.dep_ == "acl" and pos == "noun" and token.tag_ != "VB" and not is_operator:
        return True
    if token.dep_ == "prep" and token.lower_ not in (_COMPLEMENTS | {"over"} if is_operator else _COMPLEMENTS):
        return True
    if pos == "noun" and token.dep_ == "prep" and not is_operator:
        lemma = above.lemma_.lower()
        return (
            (lemma, "noun", "") not in reference.transfer_predicates
            and above.lower_ not in reference.units
            and lemma not in reference.words["partitive"]
        )
    return False


def _carries(token: Token, above: Token) -> bool:
    """Whether an operator governs what stands below it, rather than merely being the place where it is mentioned."""
    return not (token.dep_ == "nsubj" and above.pos_ == "VERB" and not is_passive(above))


def _own_level(token: Token, reading: Reading, reference: Reference, *, is_operator: bool = False) -> None:
    """Tense, modality, negation and condition that stand directly on a word."""
    children = list(token.children)
    first = first_conjunct(token)
    if first != token and token.pos_ == "VERB" and not any(c.dep_ in {"nsubj", "nsubjpass", "aux"} for c in children):
        children += [c for c in first.children if c.dep_ in {"aux", "neg", "mark"}]
    lowered = {
        c.lower_
        for c in children
        if c.dep_ in {"aux", "auxpass", "neg", "advmod", "mark", "det", "prep", "cc", "preconj"}
    }
    if lowered & _FUTURE or _going_to(token):
        _plan(reading)
    for word in lowered:
        hedge = reference.hedges.get(word)
        if hedge:
            _hedge(reading, hedge)
    if "would" in lowered or "should" in lowered or "must" in lowered:
        _plan(reading)
    if "can" in lowered and not is_operator:
        _hedge(reading, "PS+")
    if lowered & _POSSIBLE and not any(c.lemma_ == "have" and c.dep_ == "aux" for c in children):
        # 'may send' lies ahead, 'may have sent' does not.
        _plan(reading)
    if token.pos_ == "NOUN":
        for child in children:
            stage = reference.operators.get((child.lower_, "adj")) if child.dep_ == "amod" else None
            if stage is not None:
                if stage.status:
                    reading.status = stage.status if reading.status in {"delivered", "ordered"} else reading.status
                if stage.factuality:
                    _hedge(reading, stage.factuality)
    if (
        not is_operator
        and _is_infinitive(token)
        and (token.dep_ in {"ROOT", "acl"} or token.head.lemma_ == "be" or token.head.pos_ == "ADJ")
    ):
        # 'Germany to send tanks', 'a deal to supply drones', 'they are to supply 180 tanks'
        _plan(reading)
    if lowered & {"if", "whether", "unless"}:
        reading.factuality = "Uu"
    negating = {c.lower_ for c in children if c.dep_ in {"neg", "det", "cc", "preconj", "advmod"}}
    if (
        negating & _NEGATIONS
        or (token.dep_ == "pobj" and token.head.lower_ == "without")
        or _negated_object(token, reading)
    ):
        _negate(reading)


def _is_infinitive(token: Token) -> bool:
    """'to send', 'to be sent'; not 'to have sent', which lies behind."""
    helpers = {c.lower_ for c in token.children if c.dep_ in {"aux", "auxpass"}}
    return "to" in helpers and (token.tag_ == "VB" or "be" in helpers) and "have" not in helpers


def _negated(token: Token) -> bool:
    return any(c.dep_ == "neg" for c in token.children)


def _negated_object(token: Token, reading: Reading) -> bool:
    """'sent no missiles': the determiner of the object negates the verb, unless the object has been read before."""
    if token.pos_ not in {"VERB", "AUX"}:
        return False
    arguments = [c for c in token.children if c.dep_ in {"dobj", "nsubjpass", "attr", "nsubj"}]
    arguments = [a for a in arguments if a not in reading.chain]
    determiners = [d for a in arguments for d in a.children if d.dep_ == "det"]
    return any(a.lower_ in {"none", "nobody"} for a in arguments) or any(
        d.lower_ in {"no", "neither"} for d in determiners
    )


def _going_to(token: Token) -> bool:
    return token.dep_ == "xcomp" and token.head.lower_ == "going"


def _plan(reading: Reading) -> None:
    if reading.status in {"delivered", "in_transit"}:
        reading.status = "planned"


def _hedge(reading: Reading, factuality: str) -> None:
    if reading.factuality == "CT+":
        reading.factuality = factuality
    elif reading.factuality == "CT-":
        reading.factuality = factuality[:2] + "-"


def _turn(reading: Reading, factuality: str) -> None:
    if factuality.endswith("-"):
        _negate(reading) if factuality == "CT-" else _set(reading, factuality)
    else:
        _hedge(reading, factuality)


def _set(reading: Reading, factuality: str) -> None:
    reading.factuality = factuality


def _negate(reading: Reading) -> None:
    if reading.status in {"cancelled", "suspended"} and reading.operators:
        # 'has not ruled out sending': possible again.
        reading.status, reading.factuality = "planned", "PS+"
        return
    reading.factuality = _turned(reading.factuality)


def _turned(factuality: str) -> str:
    """The value with the other sign; `Uu` has none."""
    return factuality[:2] + {"+": "-", "-": "+"}.get(factuality[-1], "") if factuality != "Uu" else factuality


def _apply(token: Token, operator: Operator, reading: Reading) -> None:
    # What an outer word says of the whole stands above what an inner one says of a part, but a plan to cancel is still
    # a cancellation and a seized delivery was a delivery on its way.
    open_statuses = {"delivered", "in_transit", "requested", "offered"}
    if operator.status and (operator.status != "planned" or reading.status in open_statuses):
        reading.status = operator.status
    if operator.factuality:
        _turn(reading, operator.factuality)
