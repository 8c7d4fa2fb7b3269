"""Pages for people: the ones that links in mails lead to."""
