"""The patient list: what it says, what is refused, and that no refusal quotes it."""

from __future__ import annotations

import contextlib
import csv
import hmac
import io
import os
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deident.errors import ConfigurationError, DeidentError, PlaceProblem, Reason, Refusal
from deident.pseudonyms import ProjectKey, Pseudonyms, SubjectList, Unlisted
from deident.pseudonyms.ids import PLACEHOLDER_PATIENT_IDS, normalise_id
from deident.pseudonyms.subjects import MAX_BYTES, ListedSubject
from support.outputs import KEY

#: In every original, issuer and subject of the lists below: no message may hold it.
CANARY = "Zyxwvut"
HEAD = "patient_id,subject_id\n"
FULL = "patient_id,issuer,subject_id,date_offset_days\n"


def listed(text: str | bytes) -> SubjectList:
    return SubjectList.parse(text.encode() if isinstance(text, str) else text)


def refused(text: str | bytes) -> str:
    with pytest.raises(DeidentError) as caught:
        listed(text)
    assert CANARY not in str(caught.value) + repr(caught.value)
    assert caught.value.__context__ is None
    return str(caught.value)


# what is understood


def test_a_list_names_subjects_by_original_id() -> None:
    subjects = listed(FULL + "MRN-1,,SUBJ-1,\nMRN-2,HOSP,SUBJ-2,-30\n")
    assert len(subjects) == 2
    assert subjects.find("MRN-1") == ListedSubject("SUBJ-1", None)
    assert subjects.find("MRN-2", "HOSP") == ListedSubject("SUBJ-2", -30)
    assert subjects.find("MRN-3") is None


@pytest.mark.parametrize(
    "text",
    [
        "patient_id,subject_id\r\nMRN 1,S-1\r\nMRN 2,S-2\r\n",
        "patient_id,subject_id\rMRN 1,S-1\rMRN 2,S-2",
        "\ufeffpatient_id;subject_id\nMRN 1;S-1\nMRN 2;S-2",
        '"patient_id","subject_id"\n"MRN 1","S-1"\n"MRN 2","S-2"\n',
        "\n\n Patient_ID , SUBJECT_ID \n\n  MRN   1 ,S-1  \n,\n   \nMRN 2, S-2\n\n",
        "subject_id,patient_id,issuer,date_offset_days\nS-1,MRN 1,,\nS-2,MRN 2,,\n",
        "patient_id,subject_id\nＭＲＮ　1,S-1\n\u00a0MRN 2,S-2\n",
    ],
)
def test_whatever_a_spreadsheet_makes_of_a_list_it_says_the_same(text: str) -> None:
    subjects = listed(text)
    assert subjects.digest(KEY) == listed(HEAD + "MRN 2,S-2\nMRN 1,S-1\n").digest(KEY)
    assert subjects.find(" MRN  1\0") == ListedSubject("S-1", None)


def test_quotes_may_hold_the_delimiter_and_quotes() -> None:
    assert listed(HEAD + '"A, ""B""",S-1\n').find('A, "B"') == ListedSubject("S-1", None)


def test_case_counts_and_so_do_leading_zeros() -> None:
    subjects = listed(HEAD + "abc1,S-1\n00123,S-2\n")
    assert subjects.find("ABC1") is None
    assert subjects.find("123") is None


def test_an_entry_without_issuer_is_for_any_and_one_with_issuer_for_that_alone() -> None:
    subjects = listed("patient_id,issuer,subject_id\nA1,,S-1\nB1,X,S-2\nB1,Y,S-3\n")
    assert subjects.find("A1", "X") == subjects.find("A1") == ListedSubject("S-1", None)
    assert subjects.find("B1", " X ") == ListedSubject("S-2", None)
    assert subjects.find("B1", "Y") == ListedSubject("S-3", None)
    assert subjects.find("B1") is None
    assert subjects.find("B1", "Z") is None


def test_several_ids_may_be_joined_to_one_subject() -> None:
    subjects = listed(FULL + "A1,,S-1,7\nB1,,S-1,7\n")
    assert subjects.find("A1") == subjects.find("B1") == ListedSubject("S-1", 7)


def test_the_first_patient_of_a_trial_may_be_number_1() -> None:
    assert listed(HEAD + "1,S-1\n").find("1") == ListedSubject("S-1", None)


# what is refused


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (f"{CANARY}1,,S-1,\n{CANARY}2,,S-2,\n {CANARY}1,,S-1,\n", "lines 2 and 4 name the same patient"),
        (f"{CANARY}1,,S-1,\n{CANARY}1,,S-2,\n", "lines 2 and 3 contradict each other on one patient"),
        (f"{CANARY}1,X,S-1,\n\n{CANARY}1,,S-2,\n", "lines 2 and 4 contradict each other on one patient"),
        (f"{CANARY}1,,S-1,\n{CANARY}1,X,S-2,\n", "lines 2 and 3 contradict each other on one patient"),
        (f"{CANARY}1,,S-1,5\n{CANARY}1,X,S-1,5\n", "lines 2 and 3 name the same patient"),
        (f"A1,,{CANARY},5\nB1,,{CANARY},6\n", "lines 2 and 3: one subject with two date offsets"),
        (f"A1,,{CANARY},5\nB1,,{CANARY},\n", "lines 2 and 3: one subject with two date offsets"),
        (f"A1,,{CANARY},\nB1,,{CANARY.lower()},\n", "lines 2 and 3: subject ids that differ in case or blanks alone"),
        (f"A1,,S {CANARY},\nB1,,S  {CANARY},\n", "lines 2 and 3: subject ids that differ in case or blanks alone"),
        (f"A1,,S-1,\n{CANARY},,S-2,\nC1,,{CANARY.upper()},\n", "line 4: subject_id is the patient_id of line 3"),
        (f"{CANARY},,{CANARY},\n", "line 2: subject_id holds the patient_id"),
        (f"{CANARY},,S-{CANARY.lower()}-1,\n", "line 2: subject_id holds the patient_id"),
        ("12,,12,\n", "line 2: subject_id is the patient_id of line 2"),
        (f" ,,{CANARY},\n", "line 2: patient_id is blank"),
        (f"unknown,,{CANARY},\n", "line 2: patient_id is blank or a placeholder"),
        (f"{CANARY},,,\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY * 10},\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY}\\x,\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY}^x,\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,../{CANARY},\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY}/x,\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY}.,\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY}ü,\n", "line 2: subject_id is 1 to 64"),
        (f"A1,,{CANARY}\x07,\n", "line 2: a control character or line break"),
        (f'"{CANARY}\nx",,S-1,\n', "line 2: a control character or line break"),
        (f"A1,,S-1,{CANARY}\n", "line 2: date_offset_days is a whole number"),
        (f"{CANARY},,S-1,0\n", "line 2: date_offset_days is a whole number"),
        (f"{CANARY},,S-1,1.5\n", "line 2: date_offset_days is a whole number"),
        (f"{CANARY},,S-1,40000\n", "line 2: date_offset_days is a whole number"),
        (f"{CANARY},,S-1,٣\n", "line 2: date_offset_days is a whole number"),
        (f"{CANARY},S-1\n", "line 2: 2 columns where the header has 4"),
        (f"{CANARY},,S-1,,\n", "line 2: 5 columns where the header has 4"),
        (f'A1,,S-1,\n"{CANARY},,S-1,\n', "line 3: quotes that do not fit"),
        (f'A1,,S-1,\n"{CANARY}"x,,S-1,\n', "line 3: quotes that do not fit"),
        (f"{CANARY * 30_000},,S-1,\n", "line 2: quotes that do not fit, or a cell that is too long"),
        ("\n \n", "names no patient"),
    ],
)
def test_what_a_list_says_wrong_is_told_by_line_and_never_by_value(rows: str, message: str) -> None:
    assert message in refused(FULL + rows)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (f"{CANARY},S-1\n", "column 1 of the header is none of patient_id"),
        (f"patient_id,subject_id,{CANARY}\n", "column 3 of the header"),
        (f"patient_id\n{CANARY}\n", "needs patient_id and subject_id"),
        (f"patient_id,subject_id,subject_id\n{CANARY},a,b\n", "each column once"),
        (f"patient_id\tsubject_id\n{CANARY}\tS-1\n", "column 1 of the header"),
        ((HEAD + f"{CANARY},S-1\n").encode("utf-16"), "no text in UTF-8"),
        ((HEAD + f"{CANARY}ü,S-1\n").encode("latin-1"), "no text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + CANARY.encode(), "no text in UTF-8"),
        (HEAD.encode() + b"\0" * 100, "no text in UTF-8"),
        (b"a" * (MAX_BYTES + 1), "larger than 32 MiB"),
    ],
)
def test_what_is_no_list_is_refused(data: str | bytes, message: str) -> None:
    assert message in refused(data)


def test_a_list_with_many_errors_tells_the_first_and_how_many_there_are() -> None:
    message = refused(HEAD + f"{CANARY},\n" * 9)
    assert message.count("line ") == 5
    assert message.endswith("and 4 more")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_list_that_cannot_be_read_is_refused_without_its_path(tmp_path: Path, kind: str) -> None:
    path = tmp_path / CANARY
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(PlaceProblem) as caught:
        SubjectList.load(path)
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_file_is_read_and_a_huge_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(HEAD + "A1,S-1\n")
    assert SubjectList.load(path).find("A1") == ListedSubject("S-1", None)
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(ConfigurationError, match="larger"):
        SubjectList.load(str(path))


def test_a_long_list_is_read_in_time(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(FULL + "".join(f"MRN-{n},I{n},S-{n},\n" for n in range(50_000)))
    assert len(SubjectList.load(path)) == 50_000


def test_one_id_of_many_issuers_is_read_in_time() -> None:
    assert len(listed(FULL + "".join(f"MRN,I{n},S-{n},\n" for n in range(50_000)))) == 50_000


# properties

_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
_IDS = _TEXT.filter(lambda text: normalise_id(text).upper() not in PLACEHOLDER_PATIENT_IDS)
_SUBJECTS = st.from_regex(r"S[0-9]{1,9}(-[A-Z]{1,5})?", fullmatch=True)
_ROWS = st.dictionaries(
    st.tuples(_IDS, _TEXT.map(normalise_id).filter(bool)).map(lambda pair: (normalise_id(pair[0]), pair[1])),
    st.tuples(_SUBJECTS, st.none() | st.integers(1, 36_500)),
    min_size=1,
    max_size=20,
)


def written(rows: list[tuple[str, ...]], delimiter: str, quoting: int) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerow(["patient_id", "issuer", "subject_id", "date_offset_days"])
    writer.writerows(rows)
    return text.getvalue()


def consistent(rows: dict[tuple[str, str], tuple[str, int | None]]) -> bool:
    """Whether no subject id is, or holds, an original, and none has two offsets: told from the rule, pair by pair."""
    originals = {patient.casefold() for patient, _ in rows}
    return (
        not any(subject.casefold() in originals for subject, _ in rows.values())
        and not any(len(p) > 3 and p.casefold() in s.casefold() for (p, _), (s, _) in rows.items())
        and all(a[1] == b[1] for a in rows.values() for b in rows.values() if a[0] == b[0])
    )


@given(_ROWS, st.sampled_from(",;"), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.randoms())
def test_random_lists_round_trip(
    rows: dict[tuple[str, str], tuple[str, int | None]], delimiter: str, quoting: int, random: object
) -> None:
    assume(consistent(rows))
    table = [(p, i, s, "" if d is None else str(d)) for (p, i), (s, d) in rows.items()]
    subjects = listed(written(table, delimiter, quoting))
    assert len(subjects) == len(rows)
    for (patient, issuer), expected in rows.items():
        assert subjects.find(f" {patient} ", issuer) == ListedSubject(*expected)
    random.shuffle(table)  # type: ignore[attr-defined]
    assert listed("\ufeff" + written(table, delimiter, quoting)).digest(KEY) == subjects.digest(KEY)


@given(_ROWS, st.data())
def test_a_contradiction_is_found_wherever_it_stands(
    rows: dict[tuple[str, str], tuple[str, int | None]], data: st.DataObject
) -> None:
    assume(consistent(rows))
    table = [(p, i, s, "" if d is None else str(d)) for (p, i), (s, d) in rows.items()]
    first = data.draw(st.integers(0, len(table) - 1))
    patient, issuer, _, _ = table[first]
    place = data.draw(st.integers(0, len(table)))
    table.insert(place, (f" {patient}", data.draw(st.sampled_from([issuer, ""])), "T-another", ""))
    found = re.findall(r"lines (\d+) and (\d+) contradict", refused(written(table, ",", csv.QUOTE_MINIMAL)))
    assert found
    assert any(str(place + 2) in lines for lines in found)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    for content in (data, HEAD.encode() + data):
        with contextlib.suppress(ConfigurationError):
            assert len(listed(content))


# the digest


def test_the_digest_is_keyed_and_changes_with_what_the_list_says() -> None:
    texts = ["A1,,S-1,", "A1,X,S-1,", "A1,,S-2,", "A1,,S-1,5", "A1,,S-1,\nB1,,S-1,", "A2,,S-1,"]
    digests = {listed(FULL + text).digest(KEY) for text in texts}
    assert len(digests) == len(texts)
    assert listed(FULL + texts[0]).digest(ProjectKey(bytes(32))) not in digests
    assert all(digest.startswith("hmac-sha256:") and len(digest) == 76 for digest in digests)


# what the pseudonym functions make of it


def functions(text: str, **values: object) -> Pseudonyms:
    return Pseudonyms(KEY, subjects=listed(text), **values)  # type: ignore[arg-type]


def test_the_list_goes_before_the_key_and_the_prefix() -> None:
    pseudonyms = functions(FULL + "PAT-4711,,SUBJ-1,121\n", prefix="SITE_", unlisted=Unlisted.PSEUDONYMISE)
    subject = pseudonyms.subject("PAT-4711", "HOSP", "1.2.3")
    assert (subject.pseudonym, subject.offset_days, subject.listed) == ("SUBJ-1", 121, True)
    assert pseudonyms.patient("PAT-4711", "", "") == "SUBJ-1"
    assert pseudonyms.date_offset("PAT-4711", "", "") == 121


def test_who_is_not_in_the_list_gets_what_the_key_says_or_is_refused() -> None:
    text = HEAD + "A1,S-1\n"
    keyed = functions(text, unlisted=Unlisted.PSEUDONYMISE).subject("PAT-4711", "HOSP", "1.2.3")
    assert keyed == Pseudonyms(KEY).subject("PAT-4711", "HOSP", "1.2.3")
    assert (keyed.pseudonym, keyed.listed) == ("TIR56STPYJA3MX5S", False)
    for patient in ("PAT-4711", "", "UNKNOWN"):
        with pytest.raises(Refusal) as caught:
            functions(text).subject(patient, "HOSP", "1.2.3")
        assert (caught.value.reason, caught.value.detail) == (Reason.PATIENT_NOT_LISTED, "")


def test_another_id_of_the_patient_decides_where_the_patient_id_does_not() -> None:
    pseudonyms = functions(FULL + "A1,,S-1,\nB1,HOSP,S-1,\nC1,,S-2,\n")
    for others in ([("A1", "")], [("Z9", ""), ("A1", "X")], [("B1", "HOSP")], [("A1", ""), ("B1", "HOSP")]):
        assert pseudonyms.subject("", "", "1.2.3", others).pseudonym == "S-1"
    assert pseudonyms.subject("C1", "", "1.2.3", [("A1", "")]).pseudonym == "S-2"
    for others in ([("B1", "")], [("A1", ""), ("C1", "")]):
        with pytest.raises(Refusal) as caught:
            pseudonyms.subject("D1", "", "1.2.3", others)
        assert caught.value.reason is Reason.PATIENT_NOT_LISTED


def test_other_ids_of_several_subjects_are_refused_even_where_unlisted_patients_are_not() -> None:
    pseudonyms = functions(HEAD + "A1,S-1\nC1,S-2\n", unlisted=Unlisted.PSEUDONYMISE)
    with pytest.raises(Refusal):
        pseudonyms.subject("D1", "", "1.2.3", [("A1", ""), ("C1", "")])


def test_joined_ids_have_one_offset_which_the_list_leaves_to_the_key() -> None:
    pseudonyms = functions(HEAD + "A1,S-1\nB1,S-1\nC1,S-2\n")
    one, two, other = (pseudonyms.subject(patient, "", "1.2.3") for patient in ("A1", "B1", "C1"))
    assert one == two
    assert one.offset_days != other.offset_days


def test_the_offset_of_a_subject_is_frozen() -> None:
    assert functions(HEAD + "PAT-4711,SUBJ-1\n").date_offset("PAT-4711", "", "") == 318
    key = hmac.digest(bytes(range(32)), b"deident/1|date-of-subject", "sha256")
    assert 1 + int.from_bytes(hmac.digest(key, b"SUBJ-1", "sha256")[:8]) % 3650 == 318


def test_a_list_gives_the_days_and_the_key_the_seconds() -> None:
    given, keyed = (
        functions(text, shift_times=True) for text in (FULL + "PAT-4711,,SUBJ-1,121\n", HEAD + "X9,SUBJ-1\n")
    )
    one, other = given.subject("PAT-4711", "", ""), keyed.subject("X9", "", "")
    assert (one.offset_days, one.offset_seconds) == (121, -5_856)
    digest = hmac.digest(hmac.digest(bytes(range(32)), b"deident/1|time-of-subject", "sha256"), b"SUBJ-1", "sha256")
    number = int.from_bytes(digest[:8]) % 79_200
    assert one.offset_seconds == (3_600 + number if number < 39_600 else 36_000 - number)
    assert other.offset_seconds == one.offset_seconds  # they are of the subject
    assert functions(FULL + "PAT-4711,,SUBJ-1,121\n").subject("PAT-4711", "", "").offset_seconds == 0


def test_what_can_be_seen_of_a_list_tells_nothing() -> None:
    subjects = listed(FULL + f"{CANARY},{CANARY},S-1,4321\n")
    pseudonyms = Pseudonyms(KEY, subjects=subjects)
    shown = repr((subjects, pseudonyms, pseudonyms.subject(CANARY, CANARY, ""), subjects.find(CANARY, CANARY)))
    assert CANARY not in shown
    assert "4321" not in shown


def test_a_list_goes_to_other_processes_whole() -> None:
    pseudonyms = pickle.loads(pickle.dumps(functions(HEAD + "A1,S-1\n")))
    assert pseudonyms.patient("A1", "", "") == "S-1"
