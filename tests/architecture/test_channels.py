"""No channel is forgotten: each of the closed list has its file, its topic and its dead letters."""

import shutil
from pathlib import Path

import pytest

from adaptive_stream.catalog import CatalogError, load_catalog
from adaptive_stream.catalog.channels import CHANNELS
from adaptive_stream.cli import topic_name

ROOT = Path(__file__).parents[2]
RULES = ROOT / "adaptive_stream" / "rules"


def test_every_channel_has_all_that_is_its_own() -> None:
    """A fact from any touch point of the design is read, and a bad one kept."""
    catalog = load_catalog(ROOT / "topics", RULES)

    assert set(CHANNELS) == catalog.channels.keys()
    for name, channel in catalog.channels.items():
        binding = channel.read[0]
        assert (binding.topic, binding.dlq) == (f"channel.{name}.v1", f"channel.{name}.v1.dlq")
        assert {binding.topic, binding.dlq} <= catalog.topics.keys()
        assert bool(channel.endpoints) == (f"suppressions.{name}.v1" in catalog.topics)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "file", ["channels/{}.yaml", "channel.{}.v1.yaml", "channel.{}.v1.dlq.yaml"]
)
def test_a_channel_that_lacks_a_file_fails_the_check(
    channel: str, file: str, tmp_path: Path
) -> None:
    """Deleting the file of a channel breaks the build, and the message names it."""
    topics_dir = Path(shutil.copytree(ROOT / "topics", tmp_path / "topics"))
    (topics_dir / file.format(channel)).unlink()

    with pytest.raises(CatalogError, match=rf"channel\.{channel}\.v1|channels/{channel}\.yaml"):
        load_catalog(topics_dir, RULES)


def test_the_commands_know_the_same_channels() -> None:
    """`tail` and `send` take the short name of every channel there is."""
    assert set(CHANNELS) == set(topic_name.CHANNELS)
