"""Two sites with one key and the same studies: one whose runs are killed, and one whose runs nothing disturbs."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from deident.cli.main import main
from deident.ledger import Ledger, Outcome
from deident.pseudonyms import ProjectKey
from deident.vault import Vault, reidentify, verify
from s3flowtools import Site, scan, whole_run
from support.studies import PATIENT_ID

__all__ = ["Twins"]

INSTANCES = 2


@dataclass
class Twins:
    """`site` is the one that is killed; what it has on record is read past any proxy."""

    site: Site
    uid: str
    planted: int = 0
    quiet: Site = field(init=False)
    vault: Vault = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        secret = ProjectKey.generate()
        self.quiet = Site(self.site.folder / "quiet", self.site.server)
        self.vault, _ = (place.make_vault(secret) for place in (self.site, self.quiet))
        self.ledger = Ledger(self.site.store("ledger"))

    def plant(self, studies: int) -> None:
        """New studies for both."""
        for number in range(self.planted, self.planted + studies):
            for place in (self.site, self.quiet):
                place.plant(f"{self.uid}.{number}", INSTANCES)
        self.planted += studies

    def done(self) -> int:
        """Studies that are on record."""
        return len(self.ledger.studies())

    def finishers(self) -> set[str]:
        """The runs that finished a study."""
        return {record.run for study in self.ledger.studies() for record in self.ledger.history(study)}

    def check(self) -> None:
        """The outputs are those of quiet runs; everything was released once, can be found again, and tells of nobody."""
        whole_run(self.quiet.job())
        released = self.site.released()
        assert released == self.quiet.released()
        assert self.site.staged() == []
        histories = [self.ledger.history(study) for study in self.ledger.studies()]
        endings = Counter((r.outcome, r.manifest_version, len(h)) for h in histories for r in h)
        assert endings == {(Outcome.RELEASED, 1, 1): self.planted}
        assert main(["audit", "verify", "--home", str(self.site.home)]) == 0
        assert main(["vault", "verify", "--home", str(self.site.home)]) == 0
        # Closed over everything sealed, by the keys in KMS.
        assert verify(Vault.open(self.site.store("vault"), self.vault.keys)).problems == ()
        for name in ("staging", "released", "ledger", "vault", "audit"):
            assert scan(self.site, name) == [], name
        assert self.originals(released) == {
            "patient": {PATIENT_ID},
            "uid": {
                uid
                for number in range(self.planted)
                for study in [f"{self.uid}.{number}"]
                for uid in (study, f"{study}.1", *(f"{study}.1.{i}" for i in range(1, INSTANCES + 1)))
            },
        }

    def originals(self, released: dict[str, bytes]) -> dict[str, set[str]]:
        """What the vault tells of every pseudonym in the name of an output: each stands for one original."""
        names = {part for key in released if key.endswith(".dcm") for part in key.removesuffix(".dcm").split("/")}
        found: dict[str, set[str]] = defaultdict(set)
        for entries in reidentify(self.vault, names).values():
            ((domain, original),) = {(entry.domain, entry.original) for entry in entries}
            found[domain].add(original)
        return found
