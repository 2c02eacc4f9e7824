"""What the tests of flows share: a server, a scan for identifiers, row counts."""
