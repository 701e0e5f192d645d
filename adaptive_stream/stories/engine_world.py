"""Plays a story through the engine alone, in memory and in milliseconds."""

from collections.abc import Mapping

from adaptive_stream.catalog.channels import Channel
from adaptive_stream.engine.journey import Rules
from adaptive_stream.formats import ReadRule
from adaptive_stream.stories.backtest import backtest, in_short
from adaptive_stream.stories.in_memory import EngineWorld
from adaptive_stream.stories.live import Files, LiveRules, RulesInMemory, instances
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.phrases import changes_rules
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.timeline import Moment, timeline


def play(
    story: Story,
    rules: Rules,
    reading: Mapping[str, ReadRule],
    *,
    every_minute: bool = False,
    desk: Files | None = None,
) -> list[Output]:
    """All that came out, in order. `reading`: how each channel is read; see `reading_of`.
    `every_minute`: tick also when nothing is due, as on a broker. `desk`: where the files come
    from that the story publishes.

    Raises CatalogError when the story cannot be set up.
    """
    moments = timeline(story)
    live = None
    if any(moment.does for moment in moments):
        assert desk is not None, "whoever publishes has files"
        live = LiveRules(desk, RulesInMemory())
        rules = live.begin()
    world = EngineWorld(rules, reading)
    for moment in moments:
        if moment.ticks and not moment.starts:
            world.advance(moment.at_ms, every_minute=every_minute)
        if live:
            _do(moment, live, world)
        for record in moment.records:
            world.write(record)
        if moment.ticks:
            world.tick(moment.at_ms)
        if moment.looks:
            world.look(moment.at_ms)
            if live:
                world.outputs += instances(world.states, [world.rules], live, moment.at_ms)
    return world.outputs


def _do(moment: Moment, live: LiveRules, world: EngineWorld) -> None:
    for row in moment.does:
        if changes_rules(row):
            switch = live.publish(row)
            world.switch(switch, live.rules)
        else:
            now, then = live.tried(row)
            found = backtest(world.recorded, now, then, world.channels)
            world.outputs.append(in_short(found, moment.at_ms))


def reading_of(channels: Mapping[str, Channel]) -> dict[str, ReadRule]:
    """How each channel's own topic is read; a channel bound to other topics reads stories too."""
    reading = {}
    for name, channel in channels.items():
        own = [one.rule for one in channel.read if one.topic.endswith(f"channel.{name}.v1")]
        reading[name] = own[0] if own else ReadRule(name, blocked=channel.read[0].rule.blocked)
    return reading
