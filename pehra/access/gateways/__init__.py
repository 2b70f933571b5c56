"""What access asks of PostgreSQL beyond rows: its roles and row-level security."""
