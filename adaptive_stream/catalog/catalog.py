"""Topics, channels and rules as one catalogue in which nothing disagrees with anything else.

Rule 1: nothing starts on files that disagree; every disagreement is found in one run.
Rule 2: names in a Catalog are the cluster's, prefix included. A topic that somebody else owns has
no prefix, and neither has the dead-letter topic beside it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from adaptive_stream.catalog.binding import Binding
from adaptive_stream.catalog.bounds import check_bounds
from adaptive_stream.catalog.channels import CHANNELS, Channel, load_channels
from adaptive_stream.catalog.faults import CatalogError, Fault, suggestion
from adaptive_stream.catalog.profiles import Profile, load_profiles
from adaptive_stream.catalog.rules import load_rules
from adaptive_stream.catalog.topics import Topic, load_topics
from adaptive_stream.engine.blocked import Blocked
from adaptive_stream.engine.journey import Rules

INTERNAL = (
    "identity.facts.v1",
    "identity.changelog.v1",
    "customer.facts.v1",
    "customer.changelog.v1",
    "clock.v1",
    "context.v1",
    "rules.v1",
)
OUTPUTS = ("customer.state-changed.v1", "customer.state.v1", "opportunities.v1")
# A channel that is not in the closed list, or that reads somebody else's topic, needs no topic
# file of its own: what it needs is made as these are.
MOULDS = {
    "channel": "channel.web.v1",
    "dlq": "channel.web.v1.dlq",
    "suppressions": "suppressions.email.v1",
}
# Any format that a channel file names; our own between stages; the bytes of somebody else.
WITHOUT_SCHEMA = ("any", "internal", "none")
OF_CHANNEL = re.compile(r"(channel|suppressions)\.([a-z0-9-]+)\.v[0-9]+(\.dlq)?")
PREFIX = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9.-])?)?")


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that files say. `topics` by the cluster's name: those that we own and create; `foreign`:
    those that channels read and somebody else owns."""

    topics: Mapping[str, Topic]
    channels: Mapping[str, Channel]
    profiles: Mapping[str, Profile]
    foreign: tuple[str, ...]
    rules: Rules
    prefix: str = ""

    def name(self, declared: str) -> str:
        """The cluster's name of a topic that is declared in topics/."""
        return self.prefix + declared

    def profile(self, name: str) -> Profile:
        """The profile of this name. Raises CatalogError when there is none."""
        if name not in self.profiles:
            remedy = suggestion(name, self.profiles)
            fault = Fault("topics/profiles", 0, name, "has no profile of this name", remedy)
            raise CatalogError([fault])
        return self.profiles[name]


def load_catalog(topics_dir: Path, rules_dir: Path, prefix: str = "") -> Catalog:
    """Reads and joins everything. Raises CatalogError with every fault of every file."""
    faults: list[Fault] = []
    if not PREFIX.fullmatch(prefix):
        remedy = "write small letters, digits, dots and dashes, as in crm."
        faults.append(Fault("--prefix", 0, prefix, "is no start of a topic name", remedy))
    declared = load_topics(topics_dir, faults)
    channels = load_channels(topics_dir, faults)
    profiles = load_profiles(topics_dir, faults)
    unread = {Path(fault.file).stem for fault in faults}  # Said already, and better, line by line.
    topics = {**declared, **_derived(declared, channels)}
    faults += [
        fault
        for fault in disagreements(topics, channels, topics_dir)
        if not unread & {Path(fault.file).stem, fault.value}
    ]
    faults += check_bounds(topics.values())
    for profile in profiles.values():
        faults += _bounds_of(profile, topics)
    rules = None
    try:
        rules = load_rules(rules_dir, channels)
    except CatalogError as error:
        faults += error.faults
    if faults or rules is None:
        raise CatalogError(faults)
    return _named(topics, channels, profiles, rules, prefix)


def disagreements(
    topics: Mapping[str, Topic], channels: Mapping[str, Channel], topics_dir: Path
) -> Iterator[Fault]:
    """What files say that other files do not bear out."""
    yield from _missing(topics, channels)
    yield from _bindings(topics, channels)
    for topic in topics.values():
        dlq = topics.get(topic.dlq or "")
        if topic.dlq and (dlq is None or dlq.key != "as-it-came"):
            says = f"{topic.name} has a dead-letter topic that is not declared as one"
            remedy = f"write topics/{topic.dlq}.yaml with key: as-it-came"
            yield Fault(topic.file, topic.lines.get("dlq", 0), topic.dlq, says, remedy)
        if topic.key == "any" and not topic.dlq:
            says = f"{topic.name} has nowhere to put what cannot be read"
            yield Fault(topic.file, 0, "", says, f"annotate it with dlq: {topic.name}.dlq")
        of_channel = OF_CHANNEL.fullmatch(topic.name)
        if of_channel and of_channel[2] not in (*channels, *CHANNELS):
            says = f"{topic.name} is of a channel that has no file"
            remedy = f"write topics/channels/{of_channel[2]}.yaml, or delete this file"
            yield Fault(topic.file, 0, of_channel[2], says, remedy)
        schema = topics_dir / "schemas" / f"{topic.schema}.json"
        if topic.schema not in WITHOUT_SCHEMA and not schema.is_file():
            says = f"{topic.name} has a schema that is not there"
            remedy = f"name a file of topics/schemas/ without .json, or {', '.join(WITHOUT_SCHEMA)}"
            yield Fault(topic.file, topic.lines.get("schema", 0), topic.schema, says, remedy)


def _missing(topics: Mapping[str, Topic], channels: Mapping[str, Channel]) -> Iterator[Fault]:
    for name in (*INTERNAL, *OUTPUTS):
        if name not in topics:
            says = f"{name} is declared in no file"
            yield Fault(f"topics/{name}.yaml", 0, name, says, "take the file that was shipped")
    for name in CHANNELS:
        if name not in channels:
            says = f"the channel {name} has no file"
            remedy = "take the file that was shipped; a channel without records does no harm"
            yield Fault(f"topics/channels/{name}.yaml", 0, name, says, remedy)
        if f"channel.{name}.v1" not in topics:
            says = f"the channel {name} has no topic"
            remedy = "take the file that was shipped"
            yield Fault(f"topics/channel.{name}.v1.yaml", 0, "", says, remedy)
    for name, channel in channels.items():
        suppressions = f"suppressions.{name}.v1"
        if channel.endpoints and suppressions not in topics:
            says = f"{name} can be sent on, and has no topic that says what must not be"
            remedy = f"write topics/{suppressions}.yaml, or endpoints: []"
            yield Fault(channel.file, channel.lines["endpoints"], "", says, remedy)
        if not channel.endpoints and suppressions in topics:
            says = f"{name} has {suppressions}, and nobody can be reached there"
            remedy = f"delete topics/{suppressions}.yaml, or name endpoints"
            yield Fault(channel.file, channel.lines["endpoints"], "", says, remedy)


def _bindings(topics: Mapping[str, Topic], channels: Mapping[str, Channel]) -> Iterator[Fault]:
    """What channels read: each topic once, and none of those that we write ourselves."""
    read_by: dict[str, str] = {}
    for channel in channels.values():
        for binding in channel.read:
            topic = topics.get(binding.topic)
            of_channel = OF_CHANNEL.fullmatch(binding.topic)
            if binding.topic in read_by:
                says = f"reads a topic that {read_by[binding.topic]} reads too"
                remedy = "keep it in one channel, or each fact counts twice"
                yield Fault(channel.file, binding.line, binding.topic, says, remedy)
            elif topic is None and of_channel:
                says = "reads a topic of ours that no file declares"
                remedy = f"write topics/{binding.topic}.yaml"
                yield Fault(channel.file, binding.line, binding.topic, says, remedy)
            elif topic is not None and topic.key != "any":
                says = "reads a topic that is no channel's"
                remedy = f"read channel.{channel.name}.v1, or a topic of your own"
                yield Fault(channel.file, binding.line, binding.topic, says, remedy)
            elif of_channel and of_channel[2] != channel.name and of_channel[2] in channels:
                says = f"reads the topic of the channel {of_channel[2]}"
                remedy = f"read channel.{channel.name}.v1, or a topic of your own"
                yield Fault(channel.file, binding.line, binding.topic, says, remedy)
            elif topic is not None and binding.incarnation != 1:
                says = "has its incarnation in two places"
                remedy = f"say it in {topic.file} alone"
                yield Fault(channel.file, binding.line, str(binding.incarnation), says, remedy)
            read_by.setdefault(binding.topic, channel.name)


def _derived(declared: Mapping[str, Topic], channels: Mapping[str, Channel]) -> dict[str, Topic]:
    """The topics that no file declares and a binding or a further channel needs."""
    needed: dict[str, tuple[str, str]] = {}  # name -> mould, file
    for channel in channels.values():
        further = channel.name not in CHANNELS
        for binding in channel.read:
            ours = binding.topic == f"channel.{channel.name}.v1"
            if further and ours:
                needed[binding.topic] = ("channel", channel.file)
            if further or not OF_CHANNEL.fullmatch(binding.topic):
                needed[binding.dlq] = ("dlq", channel.file)
        if further and channel.endpoints:
            needed[f"suppressions.{channel.name}.v1"] = ("suppressions", channel.file)
    return {
        name: replace(
            mould,
            name=name,
            declared=name,
            file=file,
            dlq=f"{name}.dlq" if mould.dlq else None,
            lines={},
        )
        for name, (kind, file) in needed.items()
        if name not in declared and (mould := declared.get(MOULDS[kind]))
    }


def _bounds_of(profile: Profile, topics: Mapping[str, Topic]) -> Iterator[Fault]:
    """The bounds that a profile breaks without giving them up; production's are told apart."""
    if profile.name == "production":
        return
    already = {(fault.file, fault.line, fault.says) for fault in check_bounds(topics.values())}
    asked = [profile.of(topic) for topic in topics.values()]
    for fault in check_bounds(asked, profile.gives_up):
        if (fault.file, fault.line, fault.says) not in already:
            file = f"topics/profiles/{profile.name}.yaml"
            yield replace(fault, file=file, line=0)
    for name in profile.topics:
        if name not in topics:
            remedy = suggestion(name, topics)
            yield Fault(f"topics/profiles/{profile.name}.yaml", 0, name, "names no topic", remedy)


def _named(
    topics: Mapping[str, Topic],
    channels: Mapping[str, Channel],
    profiles: Mapping[str, Profile],
    rules: Rules,
    prefix: str,
) -> Catalog:
    """The catalogue with the cluster's names."""
    bound = [binding for channel in channels.values() for binding in channel.read]
    foreign = [binding.topic for binding in bound if binding.topic not in topics]
    beside = {f"{topic}.dlq" for topic in foreign}  # A dead-letter topic is named after its topic.

    def name(declared: str) -> str:
        return declared if declared in beside else prefix + declared

    def bind(binding: Binding) -> Binding:
        binding = _without_blocked(binding, rules.identity.blocked)
        topic = topics.get(binding.topic)
        if topic is None:
            return binding
        dlq = name(topic.dlq or binding.dlq)
        return replace(binding, topic=name(binding.topic), incarnation=topic.incarnation, dlq=dlq)

    return Catalog(
        topics={
            name(declared): replace(topic, name=name(declared), dlq=topic.dlq and name(topic.dlq))
            for declared, topic in topics.items()
        },
        channels={
            channel.name: replace(channel, read=tuple(map(bind, channel.read)))
            for channel in channels.values()
        },
        profiles=profiles,
        foreign=tuple(foreign),
        rules=rules,
        prefix=prefix,
    )


def _without_blocked(binding: Binding, blocked: Blocked) -> Binding:
    """Identifiers that the rules know to be nobody's are left out where records are read."""
    return replace(binding, rule=replace(binding.rule, blocked=blocked))
