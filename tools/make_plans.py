"""Write what profiles do where people read it: docs/plans/<preset>.md, and the table of presets in README.md.

Run as `.venv/bin/python tools/make_plans.py`; tests/test_plans.py compares.
"""

from __future__ import annotations

from pathlib import Path

from deident.profile import PRESETS, DateMethod, Option, Profile, preset
from deident.profile.conformance import conformance_statement
from deident.profile.explain import explain, explain_concepts
from deident.profile.presets import preset_text
from deident.profile.rules import Rules
from deident.standard import confidentiality

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- presets: made by tools/make_plans.py -->", "<!-- /presets -->"


_CONTENT = """\
The concepts of PS3.15 Table E.3.4-1 in reports and other documents; any other goes by its value type. X removes the item with all
below it; where items refer to others by their position every X is D. What is emptied of a number is its measured value."""


def plan_document(name: str) -> str:
    """docs/plans/<name>.md: the file, the conformance statement, and the plan for CT images."""
    profile = preset(name)
    listed = explain_concepts(profile)
    title, _, statement = conformance_statement(profile).partition("\n")
    return (
        f"# The preset `{name}`\n\n"
        f"Made by `tools/make_plans.py`; `deident plan --profile {name}` prints the same for any SOP class.\n\n"
        f"```toml\n{preset_text(name)}```\n\n"
        f"{title}\n{statement}\n"
        f"## Plan for CT Image Storage\n\n```\n{explain(profile, 'CT')}```\n"
        + (f"\n## Plan for content items\n\n{_CONTENT}\n\n```\n{listed}```\n" if listed else "")
    )


def preset_table() -> str:
    """The table of presets x options for README.md."""
    methods = confidentiality.methods()
    head = ["option of PS3.15 E.3 (code)", *(f"[`{name}`](docs/plans/{name}.md)" for name in PRESETS)]
    rows = [head, ["---", *[":-:"] * len(PRESETS)]]
    for option in Option:
        words = option.value.replace("_", " ").replace("uids", "UIDs")
        rows.append([f"{words} ({methods[option.value].code})", *(_cell(preset(name), option) for name in PRESETS)])
    rows.append(["declares", *(", ".join(Rules(preset(name)).codes()) for name in PRESETS)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(profile: Profile, option: Option) -> str:
    if option not in profile.options:
        return ""
    if option is Option.RETAIN_LONGITUDINAL_MODIFIED_DATES:
        return "shifted" if profile.dates is DateMethod.SHIFT else "year"
    return "yes"


def readme_with_table(text: str) -> str:
    """README.md with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{preset_table()}\n{END}{after}"


def main() -> None:
    """Write them all."""
    for name in PRESETS:
        (ROOT / "docs" / "plans" / f"{name}.md").write_text(plan_document(name), "utf-8")
    readme = ROOT / "README.md"
    readme.write_text(readme_with_table(readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
