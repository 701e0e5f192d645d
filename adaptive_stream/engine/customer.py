"""What is remembered of one customer: members, each with the facts it keeps, and what was told.

Rule 1: a member keeps *facts*, never conclusions; a conclusion is folded from the kept set, so
that late, early, repeated and shuffled facts end in the same state.
Rule 2: what depends on order is only what we *said*: `told`, `instances`, `offers`, `state_seq`.
Rule 3: everything is bounded; what is dropped is named (see keep.py) and counted by the shell.
"""

import msgspec

from adaptive_stream.engine.fact import Line


class Kept(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """One fact as a part keeps it: when it happened, when the log knew it, what the part needs."""

    at_ms: int
    id: str
    type: str
    channel: str = ""
    source: str = ""
    known_ms: int = 0
    time_source: str = "event"
    lines: tuple[Line, ...] = ()
    data: dict[str, object] = {}


class StepState(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Where one step of an instance stands. `outcome`: offered, expired, skipped (she has done it
    already), unreachable, or due where another tool sends it. `by`: the channel that was chosen."""

    due_ms: int
    outcome: str
    done_ms: int
    by: str = ""


class Instance(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One run of a journey. `status`: live, held, stopped, ended, too_old. `rev` counts tellings.

    `begun_ms` is the start moment (event time), `rests_on` the id of the fact behind it; `told` is
    what each channel was last told to leave: channel -> steps. `version`: of the journey's steps,
    as they were when it began. `thing`: what it runs for, where its own key is another (`cart-9.2`,
    the second run, for what is left of cart-9); what happened up to `after_ms` cannot stop it, for
    it began in spite of that. `waits_for`: the source that it waits for, channel/source;
    `told_to`: channel -> the mark of whom its last word named (see reach.py).
    """

    journey: str
    key: str
    begun_ms: int
    ends_ms: int
    rests_on: str
    status: str = "live"
    because: str = ""
    until_ms: int | None = None
    rev: int = 0
    steps: dict[str, StepState] = {}
    told: dict[str, tuple[str, ...]] = {}
    moved_ms: int = 0
    version: str = ""
    thing: str = ""
    after_ms: int = 0
    waits_for: str = ""
    told_to: dict[str, bytes] = {}

    @property
    def about(self) -> str:
        """The key of what it runs for."""
        return self.thing or self.key


class Plan(msgspec.Struct, array_like=True, omit_defaults=True):
    """What the sender of a planned message was told last. `status`: "" while it may go, held,
    stopped, or too_late: it should have been stopped, and could not be any more."""

    status: str = ""
    because: str = ""
    until_ms: int | None = None
    rev: int = 0


class Quiet(msgspec.Struct, array_like=True, omit_defaults=True):
    """What a standing rule keeps back (place.py), as its channels were told last. `because` is ""
    while nothing does on every channel of hers; `ended_by` is the type of the fact that ended the
    reason, when only a rest is left of it. `told`: channel -> a mark of what it was told and of
    whom. `offered`: rule -> the moment it offered for. `stopped`: it is no hold, but a stop.
    `member`: under which it was told; `left`: others, of whom she was before a merge -> the rev and
    the channels that are still to be told that it is told under this one."""

    because: str = ""
    until_ms: int | None = None
    ended_by: str = ""
    rev: int = 0
    told: dict[str, str] = {}
    offered: dict[str, int] = {}
    stopped: bool = False
    member: str = ""
    left: dict[str, tuple[int, list[str]]] = {}


class Offer(msgspec.Struct, array_like=True, omit_defaults=True):
    """An opportunity that is open: what to repeat in its withdrawal, and the order it rests on.

    `rule`: the standing rule that made it, where no journey did; `claimed`: the channel that has
    taken it. `risk`: what was not known when it was made."""

    id: str
    kind: str
    offer: str | None
    journey: str
    instance: str
    member: str
    step: str | None
    channels: tuple[str, ...]
    about: tuple[str, ...]
    purpose: str
    worth: float
    not_before_ms: int
    good_until_ms: int
    rests_on: str = ""
    rule: str = ""
    claimed: str = ""
    risk: str = ""


class Member(msgspec.Struct, omit_defaults=True):
    """What one set of never-merged identifiers did. `identifiers`: hash -> "type:value".

    `parts`: part -> business key -> kept facts in order of (at_ms, id). `retracted`: fact ids
    that a source took back. `instances`: "journey/key" -> Instance. `plans`: by message.
    """

    identifiers: dict[str, str] = {}
    parts: dict[str, dict[str, list[Kept]]] = {}
    retracted: dict[str, int] = {}
    instances: dict[str, Instance] = {}
    plans: dict[str, Plan] = {}


class Told(msgspec.Struct, omit_defaults=True):
    """The public state as the last transition left it: key -> status, per part."""

    carts: dict[str, str] = {}
    orders: dict[str, str] = {}
    contracts: dict[str, str] = {}
    cases: dict[str, str] = {}
    consent: dict[str, str] = {}
    profile: dict[str, str] = {}
    topics: dict[str, str] = {}
    preferences: dict[str, str] = {}
    exposures: dict[str, str] = {}


class Joining(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One link that made members one: `end` came to `beside`, and `customer` is who came.

    `by` and `named` are the identifiers (hashes) that a fact named together, which is what it
    rests on. The joinings of a customer are a forest over its members: each can be cut again.
    """

    customer: str
    end: str
    beside: str
    at_ms: int
    by: str
    named: str


class Gone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a member went that was here. Each time that it moves, its epoch grows: of two words
    about it the higher is the newer."""

    customer: str
    epoch: int


class Contested(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why an identifier does not prove who somebody is, and until when (log time, UTC ms)."""

    reason: str
    until_ms: int


class Waiting(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A question of a merge that came before the member it has to wait for. `beside`: the first
    member of whom word of it was sent to, if that is somebody else: where she goes, it goes."""

    member: str
    kind: str
    body: bytes
    beside: str = ""


class Customer(msgspec.Struct, omit_defaults=True):
    """One person: a set of members. A loser of a merge keeps only `merged_into` and its counters.

    Her id is that of her first member. `joinings` say how the others came; `apart` are pairs of
    members that somebody has parted for good; `returned` says where members went that were here.
    `asked_ms`: when its rows were asked whether a stranger may be forgotten. `seen_ms` is the log
    time of her last fact, `busy_day` and `busy_facts` count today's. `wake_ms` is the earliest
    moment at which time alone changes something; the shell's index by due time is derived from it.
    `bytes_at_most`: what the state measured last, and all since. `shown_ms`: the log time
    of her newest public state, 0 for none. `quiet`: by what is kept back. `judged_by`: the id of
    the rules that were asked last.
    """

    id: str
    state_seq: int = 0
    members: dict[str, Member] = {}
    told: Told = msgspec.field(default_factory=Told)
    offers: dict[str, Offer] = {}
    quiet: dict[str, Quiet] = {}
    was: list[str] = []
    joinings: list[Joining] = []
    apart: list[tuple[str, str]] = []
    returned: dict[str, Gone] = {}
    waiting: list[Waiting] = []
    contested: dict[str, Contested] = {}
    merged_into: str = ""
    merged_ms: int = 0
    identity_epoch: int = 0
    consent_epoch: int = 0
    seen_ms: int = 0
    asked_ms: int = 0
    busy_day: int = 0
    busy_facts: int = 0
    too_busy: bool = False
    wake_ms: int | None = None
    bytes_at_most: int = 0
    shown_ms: int = 0
    judged_by: str = ""

    def become_redirect(self, winner: str, log_ms: int) -> None:
        """Keep nothing but the counters and the way to the winner."""
        self.members, self.offers, self.quiet, self.told = {}, {}, {}, Told()
        self.was, self.joinings, self.apart, self.waiting = [], [], [], []
        self.returned, self.contested = {}, {}
        self.merged_into, self.merged_ms, self.wake_ms = winner, log_ms, None
        self.bytes_at_most = 0

    def has(self, member: str) -> bool:
        """Whether a member is known to be hers: facts of it may be quicker than that word."""
        mine = self.members.get(member)
        return mine is not None and bool(mine.identifiers)

    def elsewhere(self, member: str) -> str:
        """The customer to ask about a member that is not here any more; "" if it is not gone."""
        if self.merged_into or member in self.members or member not in self.returned:
            return self.merged_into
        return self.returned[member].customer

    def instances(self) -> list[tuple[str, Instance]]:
        """Every instance with its member, in a fixed order."""
        found = []
        for member_id in sorted(self.members):
            instances = self.members[member_id].instances
            if instances:
                found += [(member_id, instances[name]) for name in sorted(instances)]
        return found

    def identifiers(self) -> list[str]:
        """All her identifiers, "type:value", in a fixed order."""
        found: set[str] = set()
        for member in self.members.values():
            found.update(member.identifiers.values())
        return sorted(found)


encode_customer = msgspec.msgpack.Encoder().encode
decode_customer = msgspec.msgpack.Decoder(Customer).decode
encode_facts = msgspec.msgpack.Encoder().encode
