"""A recogniser for Clean Descriptors that asks Presidio; it can only remove more (extra `deident[nlp]`).

Without a model the pipeline is an empty one: Presidio's patterns then find e-mail addresses, phones, dates, cards, IBAN
and national ids, and no names. Names, places and organisations need a spaCy model that is installed beside deident, or
the folder of one. Nothing is ever downloaded: a model that is not there is an error, not a request to the net.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deident.errors import ConfigurationError

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

__all__ = ["PresidioRecogniser"]

#: Below it Presidio's patterns match nearly any run of digits, which the cleaner drops by itself.
_THRESHOLD: Final = 0.35


class PresidioRecogniser:
    """Spans of what Presidio holds for a person, a place, a date, an address or an id in one language.

    `model`: name of an installed spaCy model or the folder of one; None for patterns alone. Loading takes seconds and
    imports spaCy. Raises ConfigurationError when the extra or the model is missing.
    """

    __slots__ = ("_analyzer", "_language")

    def __init__(self, model: str | Path | None = None, language: str = "en") -> None:
        if find_spec("presidio_analyzer") is None or find_spec("spacy") is None:
            raise ConfigurationError("the recogniser needs presidio-analyzer: install deident[nlp]")
        self._language = language
        self._analyzer = _analyzer(model, language)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """(start, end) of each finding, in order."""
        found = self._analyzer.analyze(text=text, language=self._language, score_threshold=_THRESHOLD)
        return sorted({(result.start, result.end) for result in found})


def _analyzer(model: str | Path | None, language: str) -> AnalyzerEngine:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415 - seconds, and an extra

    engine = _nlp_engine(model, language)
    registry = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=engine)
    registry.remove_recognizer("EmailRecognizer", language=language)
    registry.add_recognizer(_email_recogniser(language))
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])


def _nlp_engine(model: str | Path | None, language: str) -> Any:
    """Presidio's spaCy engine around a pipeline that is loaded here: its own loading would download."""
    import spacy  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415

    try:
        pipeline = spacy.blank(language) if model is None else spacy.load(model)
    except (ImportError, OSError, ValueError):
        pipeline = None
    if pipeline is None:
        raise ConfigurationError("the language or the model of the recogniser is not installed")
    engine: Any = SpacyNlpEngine(models=[{"lang_code": language, "model_name": "loaded"}])
    engine.nlp = {language: pipeline}
    return engine


def _email_recogniser(language: str) -> Any:
    """Presidio's, but for the check of the domain: that one may ask the net for the list of domains."""
    from presidio_analyzer.predefined_recognizers import EmailRecognizer  # noqa: PLC0415

    class OfflineEmailRecognizer(EmailRecognizer):
        def validate_result(self, pattern_text: str) -> bool:
            return "." in pattern_text.rpartition("@")[2]

    return OfflineEmailRecognizer(supported_language=language)
