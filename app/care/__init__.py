"""Looking after an installation: whether it is ready, whether everything adds up, backups, the nightly round."""
