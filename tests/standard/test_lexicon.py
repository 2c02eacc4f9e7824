"""The lexicon holds clinical words of several languages and no ordinary names, loads fast, and its command makes it."""

import json
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pytest
from faker import Faker

from deident.standard import lexicon as module
from deident.standard.lexicon import lexicon

DATA = resources.files("deident.standard") / "data" / "lexicon.json"
LEXICON = lexicon()

#: Ordinary names, eponyms and places: the hundred commonest family names of the United States that are no anatomy, and others.
NAMES = """
smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas
taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker young allen king
wright scott torres nguyen hill flores green adams nelson baker rivera campbell mitchell carter roberts gomez phillips evans
turner diaz parker cruz edwards collins reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan cooper
peterson bailey reed kelly howard ramos kim cox ward richardson watson brooks chavez wood james bennett gray mendoza ruiz
hughes price alvarez castillo sanders patel myers ross foster jimenez müller schmidt schneider fischer weber meyer wagner
becker schulz hoffmann koch bauer richter klein wolf schröder neumann schwarz zimmermann braun krüger hartmann lange krause
lehmann köhler herrmann könig walter mayer huber kaiser fuchs peters lang scholz möller weiß jung hahn vogel friedrich keller
dubois durand leroy moreau simon laurent lefebvre michel rossi russo ferrari esposito bianchi romano ricci marino greco
conti costa rizzo jansen bakker visser smit meijer mulder bos vos peters hendriks dekker dijkstra jacobs li wang zhang liu
chen yang huang zhao wu zhou tan lim ng ma hu lin park choi jung sharp small long short field stone best quick dick
chin shin palm temple hart gut oren rene petra ute peter paul mary anna john maria ali mohamed hassan yusuf ivan olga
simpson hodgkin couinaud doppelganger teichholz stanford boston london paris berlin iowa texas toronto tokyo osaka
""".split()

WORDS = """
head foot hand brain chest thorax abdomen pelvis ct mri flair dwi axial sagittal with without contrast left right
schädel schaedel lunge wirbelsäule lws knie hüfte huefte nativ links genou crâne cerveau gauche droite rodilla cráneo
derecha ginocchio cervello destra knieën hersenen mprage haste stir vibe portal arterial nodule fracture enhancement
gadolinium kernel reconstruction screening stenosis helical perfusion
""".split()


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_no_ordinary_name_is_a_word_of_the_lexicon(name):
    assert name not in LEXICON.words | LEXICON.connectors


@pytest.mark.parametrize("word", WORDS)
def test_clinical_words_are_in(word):
    assert word in LEXICON.words


def test_no_word_that_is_kept_is_a_month_a_weekday_a_title_or_staff():
    never = LEXICON.dates | LEXICON.before_names | LEXICON.after_names
    assert never.isdisjoint(LEXICON.words)
    assert never.isdisjoint(LEXICON.connectors)
    for (
        word
    ) in "january märz avril mayo giugno maandag wednesday dienstag dr frau herr nurse radiologist ward mrn".split():
        assert word in never


def test_few_of_the_commonest_names_of_many_countries_are_words_and_all_of_them_ours():
    """What the tables bring in is no name; what is both stands in our own groups, where it was weighed."""
    table = json.loads(DATA.read_bytes())
    ours = {word for group, words in table["words"].items() if " " not in group for word in words.split()}
    for locale in ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "no_NO"):
        fake = Faker(locale)
        fake.seed_instance(1)
        for _ in range(400):
            for name in (fake.last_name().lower(), fake.first_name().lower()):
                assert name not in LEXICON.words or name in ours


def test_the_size_is_that_of_a_lexicon_and_every_word_is_in_lower_case():
    assert 5_000 <= len(LEXICON.words) <= 20_000
    for words in (LEXICON.words, LEXICON.units, LEXICON.glue, LEXICON.dates, LEXICON.before_names):
        assert all(word == word.lower() and word.strip() for word in words)


def test_it_loads_in_a_moment():
    spent = []
    for _ in range(5):
        module.lexicon.cache_clear()
        start = time.perf_counter()
        lexicon()
        spent.append(time.perf_counter() - start)
    # Measured 4 ms; the best of five, for a busy machine.
    assert min(spent) < 0.03


def test_a_group_is_a_line_so_that_changes_show():
    lines = DATA.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 60
    assert max(map(len, lines)) < 8_000


def test_the_command_makes_the_table_that_is_shipped(tmp_path):
    tools = Path(__file__).resolve().parents[2] / "tools"
    for name in ("data_elements.json", "vocabulary.json"):
        (tmp_path / name).write_bytes((resources.files("deident.standard") / "data" / name).read_bytes())
    program = (
        "import pathlib, runpy, sys; main = runpy.run_path(sys.argv[1])['main']; "
        "main.__globals__['DATA'] = pathlib.Path(sys.argv[2]); main()"
    )
    subprocess.run([sys.executable, "-c", program, str(tools / "make_lexicon.py"), str(tmp_path)], check=True)
    made, shipped = json.loads((tmp_path / "lexicon.json").read_bytes()), json.loads(DATA.read_bytes())
    assert {k: v for k, v in made.items() if k != "edition"} == {k: v for k, v in shipped.items() if k != "edition"}
