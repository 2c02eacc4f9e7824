"""The Presidio recogniser for real: patterns on an empty pipeline, names with a trained model, and nothing from the net."""

import socket

import pytest
import spacy
from spacy.training import Example

from deident.engine.descriptors import Cleaner
from deident.errors import ConfigurationError
from deident.nlp import PresidioRecogniser


@pytest.fixture(scope="module", autouse=True)
def no_net():
    def refuse(*_):
        raise AssertionError("the recogniser asked the net")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


@pytest.fixture(scope="module")
def patterns():
    return PresidioRecogniser()


def found(recogniser, text):
    return [text[start:end] for start, end in recogniser.spans(text)]


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("send to john.head@clinic.org please", "john.head@clinic.org"),
        ("call +1 212 555 2368 now", "+1 212 555 2368"),
        ("seen 12/03/1968 again", "12/03/1968"),
        ("IBAN DE89370400440532013000", "DE89370400440532013000"),
        ("SSN 078-05-1120", "078-05-1120"),
    ],
)
def test_patterns_find_addresses_phones_dates_and_ids_without_a_model(text, identifier, patterns):
    assert identifier in found(patterns, text)


@pytest.mark.parametrize(
    "text", ["T2 TSE sag 5mm p2 TE1200 b1000", "CT Chest W/O contrast 1.25 mm", "Head 3.0 B31f 120 kV", "L5/S1 disc"]
)
def test_patterns_leave_clinical_descriptions_alone(text, patterns):
    assert patterns.spans(text) == []
    assert Cleaner(recogniser=patterns).clean(text) == text


def test_without_a_model_names_are_not_found_which_is_stated(patterns):
    assert patterns.spans("seen by Xaver Muxeneder") == []


def test_a_model_beside_it_finds_names_that_are_words_and_the_cleaner_drops_them(tmp_path):
    pipeline = spacy.blank("en")
    ner = pipeline.add_pipe("ner")
    ner.add_label("PERSON")
    texts = [f"{name} Kopf {rest}" for name in ("Lunge", "Hand", "Arm") for rest in ("seen today", "was here", "axial")]
    examples = [
        Example.from_dict(pipeline.make_doc(text), {"entities": [(0, text.index(" Kopf") + 5, "PERSON")]})
        for text in texts
    ]
    spacy.util.fix_random_seed(0)
    pipeline.initialize(lambda: examples)
    for _ in range(30):
        pipeline.update(examples)
    pipeline.to_disk(tmp_path / "model")

    recogniser = PresidioRecogniser(tmp_path / "model")
    assert found(recogniser, "Hand Kopf axial") == ["Hand Kopf"]
    assert Cleaner().clean("Hand Kopf axial") == "Hand Kopf axial"
    assert Cleaner(recogniser=recogniser).clean("Hand Kopf axial") == "axial"


@pytest.mark.parametrize(("model", "language"), [("en_model_that_is_not_here", "en"), (None, "no-such-language")])
def test_a_model_or_language_that_is_not_here_is_an_error_and_no_download(model, language):
    with pytest.raises(ConfigurationError):
        PresidioRecogniser(model, language)
