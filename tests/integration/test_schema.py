"""The SQL files: the same under psql and the runner, undoable, as agreed, and recognised when made by hand."""

from __future__ import annotations

import pytest

from memory_mcp.db import baseline, catalog, contract, files, rollback, runner, seed, status, verify
from memory_mcp.db.connect import connect
from memory_mcp.db.runner import Request
from memory_mcp.errors import RefusedError

MIGRATIONS = files.load().migrations
ids = [each.label for each in MIGRATIONS]


def schema(database) -> str:
    dumped = database.server.dump(database.name, "--schema-only")
    return "\n".join(line for line in dumped.splitlines() if not line.startswith("\\"))


def psql(database, *paths):
    for path in paths:
        done = database.psql("-q", "-f", str(path))
        assert done.returncode == 0, done.stderr


def paths(number: int):
    return [files.folder() / each.file_name for each in MIGRATIONS[:number]]


@pytest.mark.parametrize("number", range(len(MIGRATIONS)), ids=ids)
def test_up_down_up_gives_the_same_schema(database, number):
    version = MIGRATIONS[number].version
    runner.migrate(database.target, Request(to=version))
    up = schema(database)
    seed_rows = number == len(MIGRATIONS) - 1
    if seed_rows:  # with rows in the tables, too
        seed.seed(database.target)
    rollback.rollback(database.target, rollback.prepare(database.target), save=False)
    down = schema(database)
    assert down != up
    runner.migrate(database.target, Request(to=version))
    assert schema(database) == up


def test_down_to_nothing_leaves_no_object_behind(database):
    database.query("CREATE SCHEMA memory_mcp AUTHORIZATION memory_user")
    runner.migrate(database.target)
    rollback.rollback(database.target, rollback.prepare(database.target, to=0), save=False)
    assert database.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]
    extensions = database.query("SELECT extname FROM pg_extension WHERE extname = 'vector'")
    assert extensions == [("vector",)]  # the administrator's


def test_psql_makes_what_the_runner_makes(database, migrated):
    psql(database, *paths(len(MIGRATIONS)))
    migrated.query("DROP SCHEMA memory_mcp CASCADE")
    assert schema(database) == schema(migrated)


def test_sample_data_and_rollbacks_run_under_psql_too(database):
    psql(database, *paths(len(MIGRATIONS)), files.folder() / files.SEED, files.folder() / files.SEED)
    assert database.query("SELECT count(*) FROM memories") == [(10,)]
    psql(database, *(files.folder() / "rollback" / each.file_name for each in reversed(MIGRATIONS)))
    assert database.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_files_can_be_run_again_by_hand(database):
    psql(database, *paths(len(MIGRATIONS)))
    before = schema(database)
    psql(database, *paths(len(MIGRATIONS)))
    assert schema(database) == before


def test_the_second_migration_finds_the_index_of_existing_relationships(database):
    runner.migrate(database.target, Request(steps=1))
    psql(database, *paths(1))
    database.query(
        """INSERT INTO memories (id, index_id, project, content, embedding, memory_type)
        SELECT end_of, i.id, 'default', 'x', array_fill(1, ARRAY[1536])::vector, 'self'
        FROM memory_indexes AS i, unnest(ARRAY['a', 'b']) AS end_of"""
    )
    database.query(
        "INSERT INTO memory_relationships (project, source_id, target_id, relationship_type) "
        "VALUES ('default', 'a', 'b', 'supports')"
    )
    database.query(
        "UPDATE memories SET metadata = '{\"dynamics\": 1, \"keep\": 2}', created_at = '2020-01-01', "
        "updated_at = updated_at WHERE id = 'a'"
    )
    updated = database.query("SELECT id, updated_at FROM memories ORDER BY id")
    runner.migrate(database.target)
    assert database.query("SELECT r.index_id = i.id FROM memory_relationships AS r, memory_indexes AS i") == [
        (True,)
    ]
    assert database.query("SELECT metadata FROM memories WHERE id = 'a'") == [({"keep": 2},)]
    assert (
        database.query("SELECT valid_at = created_at, recorded_at = created_at FROM memories")
        == [(True, True)] * 2
    )
    assert database.query("SELECT id, updated_at FROM memories ORDER BY id") == updated
    later = "SELECT r.valid_at = m.valid_at FROM memory_relationships AS r JOIN memories AS m ON m.id = 'b'"
    assert database.query(later) == [(True,)]


def test_the_contract_names_everything_that_the_migrations_make(migrated):
    with connect(migrated.target) as connection:
        found = catalog.read(connection)
    assert set(found.columns) == {(each.table, each.name) for each in contract.at(contract.COLUMNS, 10**17)}
    named = {each.name for each in contract.at(contract.INDEXES, 10**17)}
    assert {name for name in found.indexes if name.startswith("idx_")} == named
    checks = {each.name for each in contract.at(contract.CHECKS, 10**17)}
    assert {each.name for each in found.constraints if each.kind == "c"} == checks


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS) + 1))
def test_a_database_made_by_hand_is_recognised_at_every_version(database, number):
    psql(database, *paths(number))
    assert status.status(database.target).state == "unmanaged"
    adopted = baseline.baseline(database.target)
    assert [each.version for each in adopted] == [each.version for each in MIGRATIONS[:number]]
    assert database.query("SELECT DISTINCT state FROM memory_mcp.migrations") == [("baseline",)]
    runner.migrate(database.target)
    assert verify.verify(database.target).ok
    assert baseline.baseline(database.target) == []


BREAKAGES = {
    "table memory_usage_log": "DROP TABLE memory_usage_log",
    "column memories.topic": "ALTER TABLE memories ALTER topic TYPE varchar(20)",
    "column memories.stability": "ALTER TABLE memories ALTER stability DROP DEFAULT",
    "column memories.content": "ALTER TABLE memories ALTER content DROP NOT NULL",
    "column memories.owner": "ALTER TABLE memories ADD owner text NOT NULL",
    "column memories.channel": "ALTER TABLE memories DROP channel",
    "constraint on memories": "ALTER TABLE memories DROP CONSTRAINT memories_index_fk",
    "constraint on memory_indexes": "ALTER TABLE memory_indexes ADD UNIQUE (name)",
    "check memories_kind_check on memories": "ALTER TABLE memories DROP CONSTRAINT memories_kind_check, "
    "ADD CONSTRAINT memories_kind_check CHECK (kind IN ('raw', 'summary'))",
    "index idx_memories_tags": "DROP INDEX idx_memories_tags",
    "index idx_memories_recency": "DROP INDEX idx_memories_recency; "
    "CREATE INDEX idx_memories_recency ON memories (created_at)",
    "index idx_memories_embedding_ivfflat": "DROP INDEX idx_memories_embedding_ivfflat",
    "index idx_memories_index": "UPDATE pg_index SET indisvalid = false "
    "WHERE indexrelid = 'idx_memories_index'::regclass",
    "trigger memories_updated_at": "ALTER TABLE memories DISABLE TRIGGER memories_updated_at",
    "function update_updated_at_column()": "CREATE OR REPLACE FUNCTION update_updated_at_column() "
    "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
}


@pytest.mark.parametrize("label", BREAKAGES)
def test_verify_names_the_object_that_differs(migrated, label):
    assert verify.verify(migrated.target).ok
    migrated.query(BREAKAGES[label])
    verdict = verify.verify(migrated.target)
    assert not verdict.ok
    assert label in {difference.object for difference in verdict.differences}


@pytest.mark.parametrize(
    "harmless",
    [
        "ALTER TABLE memories DROP CONSTRAINT memories_kind_check, ADD CONSTRAINT memories_kind_check "
        "CHECK (kind = 'raw' OR kind = 'summary' OR kind = 'derived')",
        "CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS TRIGGER AS $$\nBEGIN -- as others do\n"
        "  NEW.updated_at := CURRENT_TIMESTAMP;\n  RETURN NEW;\nEND;\n$$ language 'plpgsql'",
        "ALTER TABLE memories ADD COLUMN note text",
        "CREATE INDEX mine ON memories (channel)",
        "CREATE TABLE other (id int)",
        "DROP INDEX idx_memories_embedding_ivfflat; "
        "CREATE INDEX mine ON memories USING hnsw ((embedding::halfvec(1536)) halfvec_cosine_ops)",
    ],
)
def test_verify_accepts_what_means_the_same_or_is_none_of_its_business(migrated, harmless):
    migrated.query(harmless)
    assert verify.verify(migrated.target).differences == ()


def test_a_schema_that_differs_is_not_adopted_and_every_difference_is_listed(database):
    psql(database, *paths(4))
    database.query("DROP INDEX idx_memories_tags")
    database.query("ALTER TABLE memories DROP CONSTRAINT memories_kind_check")
    with pytest.raises(RefusedError) as caught:
        baseline.baseline(database.target)
    assert "idx_memories_tags" in caught.value.seen
    assert "memories_kind_check" in caught.value.seen
    assert database.query("SELECT to_regnamespace('memory_mcp')") == [(None,)]


def test_the_guides_statements_work_on_the_sample_data(migrated):
    seed.seed(migrated.target)
    twice = seed.seed(migrated.target)
    assert twice["memories"] >= 10
    names = migrated.query("SELECT name FROM memory_indexes WHERE project = 'test' ORDER BY name")
    assert names == [("crm-notes",), ("personal",), ("youtube-scripts",)]
    types = migrated.query("SELECT count(DISTINCT memory_type) FROM memories WHERE project = 'test'")
    assert types == [(5,)]
    special = (
        "SELECT count(*) FILTER (WHERE kind = 'summary'), count(superseded_by_id) "
        "FROM memories WHERE project = 'test'"
    )
    assert migrated.query(special) == [(1, 1)]
    migrated.query("DELETE FROM memories WHERE project = 'test'")
    migrated.query("DELETE FROM memory_indexes WHERE project = 'test'")
    for table in ("memories", "memory_indexes", "memory_relationships"):
        assert migrated.query(f"SELECT count(*) FROM {table} WHERE project = 'test'") == [(0,)]


def test_unseed_removes_every_row_and_nothing_else(migrated):
    before = migrated.query("SELECT project, name FROM memory_indexes")
    counts = seed.seed(migrated.target)
    assert seed.unseed(migrated.target) == counts
    for table in seed.TABLES:
        assert migrated.query(f"SELECT count(*) FROM {table} WHERE project = 'test'") == [(0,)]
    assert migrated.query("SELECT project, name FROM memory_indexes") == before
