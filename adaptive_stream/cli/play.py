"""Plays stories: what must come of them comes, and what must not come does not.

Without an option each story is played through the engine alone, in milliseconds. With --broker it
is played on a real Kafka that is started for it; with --against on the cluster named, under topics
of its own that are deleted afterwards. Rows that wait for a later feature are counted aloud.
"""

import argparse
import json
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adaptive_stream.broker import Broker, BrokerError
from adaptive_stream.catalog import Catalog, CatalogError, Fault, load_catalog
from adaptive_stream.catalog.apply import apply_topics
from adaptive_stream.catalog.cluster import ClusterError, connect
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.progress import on_terminal
from adaptive_stream.cli.reader import prepare_client
from adaptive_stream.cli.running_worker import RunningWorker, WorkerError
from adaptive_stream.process.supervisor import STAGES, group_of
from adaptive_stream.stories import engine_world, grammar, report
from adaptive_stream.stories.desk import Desk
from adaptive_stream.stories.expect import judge
from adaptive_stream.stories.journeys_loaded import copy_rules, rules_of
from adaptive_stream.stories.output import Output
from adaptive_stream.stories.story import Story
from adaptive_stream.stories.timeline import timeline
from adaptive_stream.stories.verdict import FAILED, Verdict
from adaptive_stream.stories.world import tells_context

PROFILE = "story"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`play STORY... [--broker | --against HOST:PORT]`."""
    parser.add_argument(
        "stories",
        metavar="STORY",
        nargs="+",
        type=Path,
        help="a story file, or a directory of them",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--broker", action="store_true", help="on a real Kafka, started and stopped for it"
    )
    where.add_argument("--against", metavar="HOST:PORT", help="on this cluster, with own topics")


def run(args: argparse.Namespace) -> int:
    """0 when no row of any story failed."""
    catalog = load_catalog(args.topics_dir, args.rules_dir)
    stories = _read(args.stories, catalog)
    say = on_terminal()
    try:
        played = _played(args, stories, catalog, say)
    except (BrokerError, ClusterError, WorkerError) as error:
        raise Refused(str(error), code=Exit.NOT_FOUND) from error
    finally:
        say("")
    failed = False
    for story, outputs in played:
        verdicts = judge(story, outputs, Desk(story, args.rules_dir).see)
        failed |= any(verdict.result == FAILED for verdict in verdicts)
        _print(story, verdicts, as_json=args.json)
    return Exit.FAULTS if failed else Exit.OK


def play_on_cluster(
    stories: Sequence[Story],
    bootstrap: str,
    dirs: tuple[Path, Path],
    say: Callable[[str], None] = lambda _: None,
) -> list[tuple[Story, list[Output]]]:
    """What came out for each story on a cluster. `dirs`: topics and rules.

    Stories that load the same journeys and have the same calendar are played together, by one
    worker on topics of their own, which are gone afterwards.
    """
    played = {}
    for together in groups_of(stories):
        for story, outputs in zip(
            together, _play_group(together, bootstrap, dirs, say), strict=True
        ):
            played[id(story)] = outputs
    return [(story, played[id(story)]) for story in stories]


def groups_of(stories: Sequence[Story]) -> list[list[Story]]:
    """Those that can be played together, by one worker."""
    groups: dict[object, list[Story]] = {}
    for story in stories:
        apart = _apart(story)
        groups.setdefault((frozenset(story.load), story.calendar, apart), []).append(story)
    return list(groups.values())


def _apart(story: Story) -> str:
    """What keeps it from being played with others. A metric is the worker's, not a story's; what is
    known beside customers, one story would hear from another; rules that it publishes, and workers
    that it stops, are everybody's."""
    own = any(each.looks or each.does or each.stops for each in timeline(story))
    return story.sid if own or tells_context(story) else ""


def _read(paths: Sequence[Path], catalog: Catalog) -> list[Story]:
    """The stories of these files and directories. Raises CatalogError with every fault of all."""
    faults: list[Fault] = []
    stories: list[Story] = []
    for path in paths:
        found = sorted(path.glob("*.story")) if path.is_dir() else [path]
        if not found:
            says, remedy = "has no story in it", "name a file that ends in .story"
            faults.append(Fault(str(path), 0, "", says, remedy))
        for file in found:
            try:
                story = grammar.load(file)
                timeline(story)  # Its world is known,
                rules_of(story, catalog.rules)  # and so are its journeys.
                stories.append(story)
            except CatalogError as error:
                faults += error.faults
    if faults:
        raise CatalogError(faults)
    return stories


def _played(
    args: argparse.Namespace,
    stories: Sequence[Story],
    catalog: Catalog,
    say: Callable[[str], None],
) -> list[tuple[Story, list[Output]]]:
    if not args.broker and not args.against:
        reading = engine_world.reading_of(catalog.channels)
        played = []
        for story in stories:
            rules, desk = rules_of(story, catalog.rules), Desk(story, args.rules_dir)
            played.append((story, engine_world.play(story, rules, reading, desk=desk)))
        return played
    with _cluster(args.against, say) as bootstrap:
        return play_on_cluster(stories, bootstrap, (args.topics_dir, args.rules_dir), say)


@contextmanager
def _cluster(against: str | None, say: Callable[[str], None]) -> Iterator[str]:
    """The bootstrap server of the cluster named, else of one that lives as long as the block."""
    if against:
        prepare_client(against)
        yield against
        return
    say("starting Apache Kafka …")
    directory = Path(tempfile.mkdtemp(prefix="adaptive-stream-play-"))
    try:
        with Broker(directory) as broker:
            yield broker.bootstrap
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _play_group(
    stories: Sequence[Story],
    bootstrap: str,
    dirs: tuple[Path, Path],
    say: Callable[[str], None],
) -> list[list[Output]]:
    from adaptive_stream.stories import broker_world  # The engine alone needs no Kafka client.

    topics_dir, rules_dir = dirs
    prefix = f"play-{secrets.token_hex(4)}."
    with tempfile.TemporaryDirectory(prefix="adaptive-stream-play-") as name:
        directory = Path(name)
        loaded = copy_rules(rules_dir, stories[0].load, directory / "rules")
        catalog = load_catalog(topics_dir, loaded, prefix)
        options: tuple[str, ...] = ("--clock", "log", "--prefix", prefix)
        options += ("--topics-dir", str(topics_dir), "--rules-dir", str(loaded))
        say("making topics and starting a worker …")
        worker = RunningWorker(
            bootstrap, directory / "worker", tenant_key=secrets.token_hex(16), options=options
        )
        with _own_topics(bootstrap, catalog), worker:
            desk = Desk(stories[0], rules_dir)
            return broker_world.play(stories, bootstrap, catalog, worker, say, desk)


@contextmanager
def _own_topics(bootstrap: str, catalog: Catalog) -> Iterator[None]:
    """The catalogue's topics, and what is committed on them, for as long as the block lasts."""
    apply_topics(bootstrap, catalog, PROFILE)
    try:
        yield
    finally:
        with connect(bootstrap) as cluster:
            cluster.admin.delete_topics(list(catalog.topics))
            cluster.admin.delete_groups([group_of(catalog.prefix, stage) for stage in STAGES])


def _print(story: Story, verdicts: Sequence[Verdict], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.as_json(story, verdicts), ensure_ascii=False), flush=True)
        return
    print(report.summary(story, verdicts), flush=True)
    failures = report.failures(story, verdicts)
    if failures:
        print(failures, flush=True)
