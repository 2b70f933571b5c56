"""What the registry reads from outside: import files; and PostgreSQL's bulk roads, which the ORM has no words for."""
