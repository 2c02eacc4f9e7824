"""What the tests of infra/ and deployments/ are made with."""
