"""Do the stores that the fixtures hand out work?"""

import asyncpg
import pytest

from tests.postgres import Cluster, ClusterFailed


async def test_each_database_is_empty_and_of_the_tests_own(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        tables = await connection.fetch(
            "SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        await connection.execute("CREATE TABLE left_behind (a int)")
    finally:
        await connection.close()
    assert tables == []


async def test_what_one_test_left_another_does_not_see(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        found = await connection.fetchval("SELECT to_regclass('left_behind')")
    finally:
        await connection.close()
    assert found is None


async def test_a_database_can_be_copied_from_a_template(postgres_cluster: Cluster) -> None:
    template = postgres_cluster.new_database()
    connection = await asyncpg.connect(postgres_cluster.url(template))
    await connection.execute("CREATE TABLE copied (a int)")
    await connection.close()
    copy = postgres_cluster.new_database(template)
    connection = await asyncpg.connect(postgres_cluster.url(copy))
    try:
        assert await connection.fetchval("SELECT to_regclass('copied')") == "copied"
    finally:
        await connection.close()
        postgres_cluster.drop_database(copy)
        postgres_cluster.drop_database(template)


def test_what_cannot_be_made_is_told_and_the_next_one_is_made(postgres_cluster: Cluster) -> None:
    with pytest.raises(ClusterFailed, match='"no_such" does not exist'):
        postgres_cluster.new_database("no_such")
    postgres_cluster.drop_database(postgres_cluster.new_database())
