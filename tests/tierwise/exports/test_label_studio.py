"""Names and labels that Label Studio would take for something else."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.tierwise.publishing.finished import asked
from tierwise.exports.label_studio import label_studio_tasks, labeling_config
from tierwise.exports.picture import ExportedRun, Picture, Said

LABELS = ("$uri", "for $5", "$", "a$")


def test_a_task_called_image_and_labels_with_dollar_signs_are_what_they_are() -> None:
    task = asked("image", labels=LABELS)
    run = ExportedRun("r", "1", "", False, "", (task,), (), {}, {}, frozenset(), ("m",))
    config = ElementTree.fromstring(labeling_config(run))
    names = [one.get("name") for one in config if one.get("name")]
    assert names == ["image_shown", "image"]
    assert [one.get("value") for one in config.iter("Image")] == ["$image"]
    choices = list(config.iter("Choice"))
    assert [one.get("alias") or one.get("value") for one in choices] == list(LABELS)
    assert [one.get("value") for one in choices] == ["$\u2060uri", "for $\u20605", "$", "a$"]
    said = Said("$uri", None, None, "m", None, None, None)
    picture = Picture("a", 1, None, None, None, None, None, {}, {"image": said}, {}, False)
    [made] = label_studio_tasks(run, [("gs://b/a", picture)])
    [result] = made["predictions"][0]["result"]
    assert (result["from_name"], result["to_name"]) == ("image", "image_shown")
    assert result["value"] == {"choices": ["$uri"]}
