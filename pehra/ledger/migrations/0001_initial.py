"""The ledger's tables, and what the database itself holds of its promise: rows come in and never change or leave.

Triggers refuse UPDATE, DELETE and TRUNCATE to everybody, the owner included; rights are taken from the owner and from the
public as well, so that an ordinary account fails before it meets a trigger. A superuser can switch both off: that is
what the signed checkpoints are for.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


KEPT = ("ledger_entry", "ledger_leaf", "ledger_subtree", "ledger_checkpoint")

FUNCTIONS = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: the ledger only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION ledger_entries_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_waiting (entry_id) SELECT number FROM arrived;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_wait_until_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone WHERE NOT EXISTS (SELECT FROM ledger_leaf WHERE ledger_leaf.entry_id = gone.entry_id)) THEN
        RAISE EXCEPTION 'an entry of the ledger waits until it has its place'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entry_waits AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_wait();

CREATE TRIGGER ledger_waiting_until_placed AFTER DELETE ON ledger_waiting
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ledger_wait_until_placed();

CREATE TRIGGER ledger_waiting_refuse_change BEFORE UPDATE ON ledger_waiting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE TRIGGER ledger_waiting_refuse_truncate BEFORE TRUNCATE ON ledger_waiting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

REVOKE UPDATE, TRUNCATE ON ledger_waiting FROM PUBLIC, CURRENT_USER;
"""

TABLE = """
CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER;
"""

FORWARD = FUNCTIONS + "".join(TABLE.format(table=table) for table in KEPT)

BACKWARD = """
DROP FUNCTION ledger_refuse() CASCADE;
DROP FUNCTION ledger_entries_wait() CASCADE;
DROP FUNCTION ledger_wait_until_placed() CASCADE;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("identifier", models.UUIDField(unique=True)),
                ("event", models.TextField()),
                ("subject", models.TextField()),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                ("teams", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("canonical", models.BinaryField()),
            ],
            options={
                "db_table": "ledger_entry",
            },
        ),
        migrations.CreateModel(
            name="LedgerLeaf",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("leaf_hash", models.BinaryField()),
            ],
            options={
                "db_table": "ledger_leaf",
            },
        ),
        migrations.CreateModel(
            name="LedgerSubtree",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.SmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("subtree_hash", models.BinaryField()),
            ],
            options={
                "db_table": "ledger_subtree",
            },
        ),
        migrations.CreateModel(
            name="LedgerCheckpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("frontier", models.BinaryField()),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_checkpoint",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="ledger_checkpoint_size"),
                    models.CheckConstraint(condition=models.Q(("root__length", 32)), name="ledger_checkpoint_sha256"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerWaiting",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="waiting",
                        serialize=False,
                        to="ledger.ledgerentry",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_waiting",
            },
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["subject", "number"], name="ledger_entry_subject"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=django.contrib.postgres.indexes.GinIndex(fields=["teams"], name="ledger_entry_teams"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event", ""), _negated=True),
                    models.Q(("subject", ""), _negated=True),
                    models.Q(("by", ""), _negated=True),
                ),
                name="ledger_entry_says_all",
            ),
        ),
        migrations.AddField(
            model_name="ledgerleaf",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leaf",
                to="ledger.ledgerentry",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgersubtree",
            constraint=models.UniqueConstraint(fields=("level", "index"), name="ledger_subtree_once"),
        ),
        migrations.AddConstraint(
            model_name="ledgersubtree",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__gt", 0), ("index__gte", 0)), name="ledger_subtree_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgersubtree",
            constraint=models.CheckConstraint(
                condition=models.Q(("subtree_hash__length", 32)), name="ledger_subtree_sha256"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerleaf",
            constraint=models.CheckConstraint(condition=models.Q(("position__gte", 0)), name="ledger_leaf_position"),
        ),
        migrations.AddConstraint(
            model_name="ledgerleaf",
            constraint=models.CheckConstraint(condition=models.Q(("leaf_hash__length", 32)), name="ledger_leaf_sha256"),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
