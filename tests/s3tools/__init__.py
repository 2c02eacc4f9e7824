"""What the tests of S3 share: a real server, a KMS, a proxy that fails on purpose."""
