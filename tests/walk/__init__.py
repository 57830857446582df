"""The walk: every command of every page is run in a bare Debian, or is said to be the reader's choice."""
