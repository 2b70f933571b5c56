"""Forms: the one that everybody may fill in, its offline file, and an organisation's own, made from its duties."""
