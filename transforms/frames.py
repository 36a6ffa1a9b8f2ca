"""Which word of a sentence says that an item moves, and which mention plays which role for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from spacy.tokens import Token

from transforms.context import Context, actors_of
from transforms.factuality import Reading, read
from transforms.grammar import (
    agents,
    antecedent,
    first_conjunct,
    governing_verb,
    is_passive,
    noun_owners,
    objects,
    prepositions,
    subjects,
    surface_subjects,
    with_conjuncts,
)
from transforms.items import receiver_in_phrase
from transforms.mentions import ActorMention, ItemMention, ParsedSentence
from transforms.predicates import MAKING, Told, governors, lexeme_of, list_head, nearest_predicate
from transforms.reference import Reference, TransferPredicate

_TO = frozenset(
    {"to", "into", "onto", "towards", "toward", "for", "bound for", "destined for", "up to", "over to", "on to"}
)
_FROM = frozenset({"from", "out of"})
_VIA = frozenset({"via", "through", "across", "by way of", "way of"})
_LOCATION = frozenset({"in", "at", "near", "inside", "into"})
_MODIFIERS = frozenset({"poss", "amod", "compound", "nmod"})
_BESIDE = frozenset({"acl", "advcl", "amod", "prep"})
_ON_THE_WAY = frozenset({"bound", "destined", "worth", "headed", "heading", "meant", "earmarked", "intended"})
_OWNING_UP = frozenset({"deny", "admit", "confirm", "acknowledge", "concede"})
_USING = frozenset({"use", "fire", "employ", "wield", "launch", "fly", "operate"})
_STOPPING = frozenset({"veto", "block", "ban", "bar", "stop", "prevent", "forbid"})
# Nouns that are a party themselves: 'supplier', 'buyer'.
_AGENTS = {"agent_supplier": "supplier", "agent_recipient": "recipient"}
_OPPOSITE = {"supplier": "recipient", "recipient": "supplier"}
# What a state does to a transfer that it would make itself or lets another make.
_CONSENT = frozenset({"approved"})


# What air defence intercepts, as opposed to what a patrol does.
_IN_FLIGHT = frozenset({"missile", "uav", "combat_aircraft", "ammunition"})
# Tokens between two members of one list, at most.
_LISTED = 12
NO_PREDICATE = TransferPredicate("none", "", "delivered", needs_parties=True, light=True)
"""What stands in where no word of transfer governs an item."""
Who = Callable[[Iterable[Token]], list[ActorMention]]


@dataclass
class Frame:
    """One transfer told by one predicate for one item, before it is spread over several suppliers and recipients."""

    predicate: Token
    lexeme: TransferPredicate
    item: ItemMention
    reading: Reading
    basis: str = "stated"
    roles: dict[str, list[ActorMention]] = field(default_factory=dict)
    unidentified: set[str] = field(default_factory=set)
    """Roles that the sentence fills with somebody whom it does not name: 'the company', 'rebels'."""
    gapped: bool = False
    """Whether a name before the item stands in for a party of the verb, as in 'gave Jordan jeeps and Tunisia boats'."""

    def add(self, role: str, mentions: Iterable[ActorMention]) -> None:
        """Give a role to mentions that have none yet in this frame."""
        taken = {party_id(m) for r, ms in self.roles.items() if r != "origin" for m in ms}
        for mention in mentions:
            if party_id(mention) is not None and party_id(mention) not in taken:
                self.roles.setdefault(role, []).append(mention)
                taken.add(party_id(mention))

    def has(self, role: str) -> bool:
        """Whether the role is filled."""
        return bool(self.roles.get(role))


def party_id(mention: ActorMention) -> str | None:
    """The actor that counts in a transfer: a state for its organs and office holders; None for a medium."""
    actor = mention.actor
    if actor.kind == "media":
        return None
    if actor.kind in {"state_organ", "person"} and actor.country:
        return actor.country
    return actor.actor_id


def may_deal(supplier: ActorMention, recipient: ActorMention) -> bool:
    """Whether two actors can be the two sides of a transfer.

    A state's purchase from its own industry, or issue to its own forces, is none.
    """
    if party_id(supplier) == party_id(recipient):
        return False
    if supplier.actor.country == party_id(recipient) or recipient.actor.country == party_id(supplier):
        return "armed_group" in {supplier.actor.kind, recipient.actor.kind}
    return True


def find_frames(sentence: ParsedSentence, reference: Reference, context: Context) -> list[Frame]:
    """All transfers that a sentence tells of, roles filled as far as the sentence itself tells them."""
    frames: list[Frame] = []
    for item in sentence.items:
        told = governors(item, sentence, reference) or _shared(item, frames, sentence)
        for predicate, lexeme in told or nearest_predicate(item, sentence, reference):
            if predicate.lemma_ == "intercept" and item.materiel.category in _IN_FLIGHT:
                continue
            frame = Frame(predicate, lexeme, item, read(predicate, lexeme.status, reference))
            _fill(frame, sentence, reference, context)
            frames.append(frame)
    seized = {id(f.item) for f in frames if f.lexeme.subject_role == "seizer"}
    for frame in frames:
        if id(frame.item) in seized and frame.basis == "stated":
            # 'impounded rifles sent from Turkey to Libya': seized on that way.
            frame.reading.status = "seized"
    return frames


def bare_frame(item: ItemMention, sentence: ParsedSentence, reference: Reference, context: Context) -> Frame:
    """The frame of an item that no word of transfer governs: its verb stands in for one.

    It has the roles that prepositions give: 'moved from X to Y'.
    """
    verb = governing_verb(item.top)
    frame = Frame(verb, NO_PREDICATE, item, read(verb, "delivered", reference))

    def who(tokens: Iterable[Token]) -> list[ActorMention]:
        return [m for t in tokens for m in actors_of(t, sentence, context)]

    _by_preposition(frame, list(dict.fromkeys((verb, item.top, item.head))), sentence.items, reference, who)
    return frame


def _shared(item: ItemMention, frames: list[Frame], sentence: ParsedSentence) -> list[Told]:
    """The predicates of the item listed just before this one, where the parser lost the thread of a list."""
    for frame in reversed(frames):
        if frame.item.end <= item.start and frame.predicate.i < item.top.i:
            between = sentence.doc[frame.item.head.i + 1 : item.top.i]
            if len(between) <= _LISTED and all(t.pos_ not in {"VERB", "AUX", "SCONJ"} for t in between):
                return [(f.predicate, f.lexeme) for f in frames if f.item is frame.item]
            return []
    return []


def _fill(frame: Frame, sentence: ParsedSentence, reference: Reference, context: Context) -> None:
    """Give a frame the roles that its sentence tells, the surest words first."""

    def who(tokens: Iterable[Token]) -> list[ActorMention]:
        return [m for t in tokens for m in actors_of(t, sentence, context)]

    role = frame.lexeme.subject_role
    if role in {"user", "found"}:
        _fill_use(frame, _maker_of_list(frame.item, sentence), who)
        return
    if role in _AGENTS:
        _fill_agent_noun(frame, who)
    elif frame.predicate.pos_ == "VERB":
        _fill_verb(frame, sentence, reference, who)
    else:
        _fill_noun(frame, sentence, who)
    _by_preposition(frame, _sources_of_prepositions(frame), sentence.items, reference, who)
    _by_light_verb(frame, reference, who)
    _by_operators(frame, sentence, who)
    _by_consent(frame, reference, who)
    _by_user(frame, who)
    _by_denier(frame, who)
    _swap_company(frame, reference)
    _swap_winner(frame)
    _by_maker(frame)


def _fill_verb(frame: Frame, sentence: ParsedSentence, reference: Reference, who: Who) -> None:
    """Subject, agent and objects of a verb."""
    predicate, lexeme = frame.predicate, frame.lexeme
    _fill_gap(frame, sentence)
    if is_passive(predicate):
        frame.add(lexeme.subject_role, who(agents(predicate)))
    elif lexeme.subject_role != "item" and not frame.has(lexeme.subject_role):
        doers = subjects(predicate)
        frame.add(lexeme.subject_role, who(doers))
        if not frame.has(lexeme.subject_role) and any(_is_somebody(d, reference) for d in doers):
            frame.unidentified.add(lexeme.subject_role)
    if lexeme.object_actor_role and not (frame.gapped and frame.has(lexeme.object_actor_role)):
        frame.add(lexeme.object_actor_role, who(t for t in objects(predicate) if t != frame.item.top))
        receiver = receiver_in_phrase(frame.item.head, predicate, sentence)
        if lexeme.object_actor_role == "recipient" and receiver is not None and not frame.has("recipient"):
            frame.add("recipient", [receiver])


def _fill_gap(frame: Frame, sentence: ParsedSentence) -> None:
    """A later member of a list with a state's name before it: 'gave Jordan vehicles and Tunisia boats'.

    The name is a recipient where the first member has one before it as well, else a supplier: 'Britain pledged
    missiles, France howitzers'.
    """
    lexeme, item = frame.lexeme, frame.item
    if lexeme.object_actor_role != "recipient" or item.top.dep_ not in {"conj", "dobj", "appos"}:
        return
    earlier = [o for o in sentence.items if frame.predicate.i < o.top.i < item.top.i]
    mention = _name_at_edge(item, sentence)
    if not earlier or mention is None:
        return
    receives = _name_at_edge(earlier[0], sentence) or any(
        o.i in sentence.names and o.i < earlier[0].top.i for o in objects(frame.predicate)
    )
    frame.gapped = True
    frame.add("recipient" if receives else "supplier", [mention])


def _name_at_edge(item: ItemMention, sentence: ParsedSentence) -> ActorMention | None:
    """A state's name, no adjective, that opens an item's phrase after a verb, a comma or 'and'."""
    edge = item.top.left_edge
    mention = sentence.names.get(edge.i)
    before = sentence.doc[edge.i - 1] if edge.i else None
    if mention is None or before is None or mention.actor.kind != "state" or edge == item.top:
        return None
    follows = before.pos_ in {"VERB", "CCONJ"} or before.text == ","
    after = sentence.doc.text[mention.end - sentence.start :][:2]
    is_name = mention.form in {"name", "place", "abbreviation"} and not after.startswith(("'", "-"))
    return mention if follows and is_name else None


def _fill_noun(frame: Frame, sentence: ParsedSentence, who: Who) -> None:
    """Possessors and modifiers of a noun: 'Russia's delivery', 'U.S. arms sales', 'the Taiwan arms sale'."""
    for child in frame.predicate.children:
        if child.dep_ not in _MODIFIERS or child.i >= frame.predicate.i:
            continue
        parts = [t for t in (child, *child.children) if t.dep_ in _MODIFIERS and t.i in sentence.names]
        owners = [sentence.names[t.i] for t in parts if sentence.names[t.i].form != "place"]
        owners = owners or (who([child]) if child.dep_ == "poss" else [])
        role = frame.lexeme.subject_role
        by_name = bool(owners) and owners[0].form == "name" and child.dep_ != "poss"
        if role == "supplier" and (by_name or (child.dep_ == "poss" and frame.has("supplier"))):
            # 'the Taiwan arms sale' goes to Taiwan, 'the Russian arms sale' comes from Russia.
            role = "recipient"
        frame.add(role, owners)


def _fill_agent_noun(frame: Frame, who: Who) -> None:
    """'Raytheon is Israel's main supplier of missiles': the noun is a party, its possessor the other."""
    noun, role = frame.predicate, _AGENTS[frame.lexeme.subject_role]
    owners = [c for c in noun.children if c.dep_ == "poss"]
    if noun.dep_ == "attr":
        frame.add(role, who(subjects(noun.head)))
    elif noun.dep_ == "appos":
        frame.add(role, who([noun.head]))
    frame.add(_OPPOSITE[role], who(owners))
    frame.add(role, who(c for c in noun.children if c.dep_ == "appos"))


def _by_user(frame: Frame, who: Who) -> None:
    """'killed dozens with weapons supplied by the US': who uses what another supplied has received it."""
    if frame.has("recipient") or not frame.has("supplier") or frame.predicate.dep_ != "acl":
        return
    top = list_head(frame.item.top)
    verb = top.head.head if top.dep_ == "pobj" and top.head.lower_ == "with" else top.head
    if verb.pos_ == "VERB" and (top.dep_ == "pobj" or verb.lemma_ in _USING):
        frame.add("recipient", who(agents(verb) if is_passive(verb) else subjects(verb)))


def _by_denier(frame: Frame, who: Who) -> None:
    """'Nicaragua denied that the Soviet Union had delivered jets': who denies or admits is the party left out."""
    missing = [role for role in _OPPOSITE if not frame.has(role)]
    if len(missing) == 1 and frame.reading.reports and frame.reading.reports[0].lemma_ in _OWNING_UP:
        frame.add(missing[0], who(subjects(frame.reading.reports[0])))


def _by_maker(frame: Frame) -> None:
    """Whoever made the item supplies it where nobody else is told to; else he is its origin where he is told to be."""
    maker = frame.item.maker
    if maker is None or party_id(maker) in {party_id(m) for m in frame.roles.get("recipient", [])}:
        return
    if not frame.has("supplier"):
        frame.add("supplier", [maker])
    elif frame.item.made_in:
        frame.roles["origin"] = [maker]


def _is_somebody(token: Token, reference: Reference) -> bool:
    """Whether a noun stands for people or a body that acts, though it does not name them."""
    lemma = token.lemma_.lower()
    is_pronoun = token.pos_ == "PRON" and token.lower_ not in {"which", "that", "this", "these", "those"}
    return is_pronoun or lemma in reference.words["organ"] or lemma in reference.words["unnamed_party"]


def _swap_company(frame: Frame, reference: Reference) -> None:
    """'LIG Nex1 won a contract with Iraq': of a firm and a state that contract, the firm supplies."""
    if frame.predicate.lemma_.lower() not in reference.words["contract"]:
        return
    suppliers, recipients = frame.roles.get("supplier", []), frame.roles.get("recipient", [])
    if recipients and all(_is_firm(m) for m in recipients) and not any(_is_firm(m) for m in suppliers):
        frame.roles["supplier"], frame.roles["recipient"] = recipients, suppliers


def _is_made_elsewhere(frame: Frame, actors: Iterable[ActorMention]) -> bool:
    maker = frame.item.maker
    return maker is not None and party_id(maker) not in {party_id(m) for m in actors}


def _swap_winner(frame: Frame) -> None:
    """'South Korea won an order for howitzers from Australia': who wins an order supplies."""
    verb = governing_verb(frame.predicate)
    if frame.predicate.lemma_.lower() not in {"order", "contract", "tender"} or verb.lemma_ not in {"win", "bag"}:
        return
    suppliers, recipients = frame.roles.get("supplier", []), frame.roles.get("recipient", [])
    if suppliers and recipients and not any(_is_firm(m) for m in suppliers):
        frame.roles["supplier"], frame.roles["recipient"] = recipients, suppliers


def _by_consent(frame: Frame, reference: Reference, who: Who) -> None:
    """'With Germany's consent, Spain sent tanks': whose consent it is that a transfer has."""
    for token in (frame.predicate, governing_verb(frame.predicate)):
        for child in token.children:
            if child.dep_ == "prep" and child.lower_ in {"with", "after", "following", "without", "under"}:
                for noun in child.children:
                    operator = reference.operators.get((noun.lemma_.lower(), "noun"))
                    if noun.dep_ == "pobj" and operator is not None and operator.status in _CONSENT:
                        suppliers = {party_id(m) for m in frame.roles.get("supplier", [])}
                        owners = [m for m in who(noun_owners(noun)) if party_id(m) not in suppliers]
                        frame.add("approved_by", owners)


def _is_firm(mention: ActorMention) -> bool:
    return mention.actor.kind == "company" or mention.form == "firm"


def _maker_of_list(item: ItemMention, sentence: ParsedSentence) -> ActorMention | None:
    """The item's maker, or that of the list it stands in: 'NATO-supplied weapons such as tanks and guns'."""
    if item.maker is not None:
        return item.maker
    head = list_head(item.top)
    return next((other.maker for other in sentence.items if head in (other.top, other.head)), None)


def _fill_use(frame: Frame, maker: ActorMention | None, who: Who) -> None:
    """Possession or use of what another made tells of a delivery: 'North Korean missiles used by Russia'."""
    predicate = frame.predicate
    frame.basis = "inferred"
    if maker is None:
        return
    frame.add("supplier", [maker])
    if frame.lexeme.subject_role == "user":
        frame.add("recipient", who(agents(predicate) if is_passive(predicate) else subjects(predicate)))


def _sources_of_prepositions(frame: Frame) -> list[Token]:
    """The words whose prepositions may name a party: the predicate, the item, the item's list, what stands between."""
    tokens = [frame.predicate, frame.item.top, frame.item.head]
    first = list_head(frame.item.top)
    tokens.extend(with_conjuncts(first))
    token = frame.item.top
    for _ in range(6):
        if token in (token.head, frame.predicate):
            break
        token = token.head
        tokens.append(token)
    tokens.extend(o for o in objects(frame.predicate) if o.pos_ in {"NOUN", "PROPN"})
    tokens.extend(c for t in list(tokens) for c in t.children if c.dep_ in _BESIDE and _leads_on(c))
    unique: list[Token] = []
    for token in tokens:
        if token not in unique:
            unique.append(token)
    return unique


def _leads_on(token: Token) -> bool:
    """A word beside an item whose prepositions may speak of the item's way: 'bound for Yemen', 'made in Italy'."""
    return token.lower_ in _ON_THE_WAY or (token.dep_ == "acl" and token.lemma_ in MAKING)


def _is_anothers(
    name: str, noun: Token, item: ItemMention, items: Sequence[ItemMention], told: Sequence[tuple[str, Token]]
) -> bool:
    """Whether a preposition speaks of another item of a list: 'helicopters to Egypt and frigates to Algeria'.

    It does where the same preposition stands nearer to the item, before the next one.
    """
    at = item.top.i
    others = sorted(o.top.i for o in items if o.top.i != at)
    until = next((o for o in others if o > at), len(noun.doc))
    has_own = any(other == name and at < n.i < until and n != noun for other, n in told)
    if noun.i > at:
        return has_own and noun.i > until
    return has_own and any(o < noun.i for o in others)


def _by_preposition(
    frame: Frame, tokens: list[Token], items: Sequence[ItemMention], reference: Reference, who: Who
) -> None:
    """Parties behind 'to', 'from', 'by', 'with', 'through' and the like; `items` are all of the sentence."""
    lexeme = frame.lexeme
    told = [(token, name, noun) for token in tokens for name, noun in prepositions(token)]
    where = [(name, noun) for _, name, noun in told]
    for token, name, noun in told:
        if antecedent(noun) == frame.item.top or _is_anothers(name, noun, frame.item, items, where):
            continue
        mentions = who([noun])
        if not mentions:
            if name in {"to", "from"} and _is_somebody(noun, reference):
                frame.unidentified.add("recipient" if name == "to" else "supplier")
            continue
        first, _, last = name.rpartition(" ")
        if first == "according":
            continue
        if last in _VIA or name in _VIA:
            frame.add("intermediary", mentions)
        elif last in _FROM or name in _FROM:
            frame.add("supplier", mentions)
        elif last in _TO or name in _TO:
            if lexeme.subject_role == "recipient" and last == "for" and frame.has("recipient"):
                continue
            frame.add("recipient", mentions)
        elif last == "by" and token.pos_ != "VERB":
            frame.add(lexeme.subject_role if lexeme.subject_role in _OPPOSITE else "supplier", mentions)
        elif last == "with" and lexeme.subject_role in _OPPOSITE:
            frame.add(_OPPOSITE[lexeme.subject_role], mentions)
        elif last in _LOCATION and lexeme.subject_role == "item" and token.lemma_ not in MAKING:
            frame.add("recipient", mentions)
        elif first.split()[:1] == ["between"]:
            frame.add("supplier", mentions)


def _by_light_verb(frame: Frame, reference: Reference, who: Who) -> None:
    """'took delivery of', 'signed a contract for', 'announced a package': the verb above a noun gives a party."""
    predicate, lexeme = frame.predicate, frame.lexeme
    if predicate.pos_ == "VERB":
        return
    anchor = first_conjunct(predicate)
    while (
        anchor.dep_ == "pobj"
        and anchor.head.lower_ == "of"
        and anchor.head.head.lemma_.lower() in reference.words["partitive"]
    ):
        anchor = first_conjunct(anchor.head.head)
    verb = anchor.head
    if anchor.dep_ == "pobj":
        verb = verb.head
    if verb.pos_ not in {"VERB", "AUX"} or anchor.dep_ not in {"dobj", "pobj", "nsubjpass", "attr"}:
        return
    above = lexeme_of(verb, reference)
    if (
        above is None
        and verb.lemma_ not in reference.words["light_verb"]
        and (verb.lemma_, "verb") not in reference.operators
    ):
        return
    role = above.subject_role if above is not None and above.subject_role in _OPPOSITE else lexeme.subject_role
    if role not in _OPPOSITE:
        return
    if is_passive(verb):
        frame.add(role, who(agents(verb)))
    elif not frame.has(role):
        frame.add(role, who(subjects(verb)))
    if above is not None and above.object_actor_role:
        frame.add(above.object_actor_role, who(t for t in objects(verb) if t != predicate))
    for name, noun in prepositions(verb):
        if name in _TO and not frame.has("recipient"):
            frame.add("recipient", who([noun]))
        elif name in _FROM and not frame.has("supplier"):
            frame.add("supplier", who([noun]))
        elif name == "with":
            frame.add(_OPPOSITE[role], who([noun]))


def _has_own_subject(predicate: Token) -> bool:
    """Whether a verb names who does it, though not as an actor that is known: 'firms selling arms'."""
    if predicate.pos_ != "VERB":
        return False
    return (predicate.dep_ == "acl" and predicate.tag_ == "VBG") or any(c.dep_ == "nsubj" for c in predicate.children)


def _by_operators(frame: Frame, sentence: ParsedSentence, who: Who) -> None:
    """Who plans, approves, asks for or stops a transfer is mostly a party to it."""
    for token, operator in frame.reading.operators:
        if token.pos_ in {"VERB", "AUX"}:
            actors = who(agents(token)) if is_passive(token) else who(subjects(token))
            if is_passive(token) and not actors:
                actors = [m for m in who(surface_subjects(token)) if operator.status in {"planned", ""}]
        else:
            actors = who(noun_owners(token)) or [
                sentence.names[c.i]
                for c in token.children
                if c.i in sentence.names and c.dep_ in {"poss", "amod", "compound"}
            ]
        if operator.status == "requested":
            frame.add("recipient" if not frame.has("recipient") else "other", actors)
            for name, noun in prepositions(token):
                if name in {"to", "from", "on", "of"} and not frame.has("supplier"):
                    frame.add("supplier", who([noun]))
        elif operator.status in _CONSENT:
            if not frame.has("supplier"):
                frame.add("supplier", actors)
            elif not {party_id(a) for a in actors} & {party_id(m) for m in frame.roles["supplier"]}:
                frame.add("approved_by", actors)
        elif operator.status == "seized":
            frame.add("other", actors)
        elif operator.status == "cancelled" and token.lemma_ in _STOPPING and _is_made_elsewhere(frame, actors):
            # 'Washington vetoed the sale of Czech radars'
            frame.add("other", actors)
        else:
            role = frame.lexeme.subject_role if frame.lexeme.subject_role in _OPPOSITE else "supplier"
            if not frame.has(role) and not _has_own_subject(frame.predicate):
                frame.add(role, actors)
            for name, noun in prepositions(token):
                if name == "with" and not frame.has(_OPPOSITE[role]):
                    partners = who([noun])
                    made_by_other = frame.item.maker is not None and frame.item.maker not in partners
                    frame.add("recipient" if made_by_other else _OPPOSITE[role], partners)
                elif name in {"to", "for"} and not frame.has("recipient"):
                    frame.add("recipient", who([noun]))
