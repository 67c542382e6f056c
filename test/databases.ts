/** The databases that tests run on: the embedded one, and a fresh one on each server that is there. */

import { randomUUID } from 'node:crypto'
import mysql from 'mysql2/promise'
import pg from 'pg'
import type { Test } from 'tap'

export interface TestDatabase {
  readonly name: string
  /** Why it is not there, or `false`. */
  readonly skip: string | false
  /** The URL of a fresh database, dropped when the test ends. */
  create (t: Test): Promise<string>
}

const postgresUrl = process.env['TEST_POSTGRES_URL']
const mysqlUrl = process.env['TEST_MYSQL_URL']

export const embedded: TestDatabase = { name: 'embedded', skip: false, create: async () => 'pglite:' }

export const postgres: TestDatabase = {
  name: 'PostgreSQL',
  skip: postgresUrl === undefined && 'TEST_POSTGRES_URL is not set',
  create: t => fresh(t, postgresUrl!, async sql => {
    const client = new pg.Client(postgresUrl)
    await client.connect()
    await client.query(sql)
    await client.end()
  }, name => `drop database if exists ${name} with (force)`)
}

export const mariadb: TestDatabase = {
  name: 'MariaDB',
  skip: mysqlUrl === undefined && 'TEST_MYSQL_URL is not set',
  create: t => fresh(t, mysqlUrl!, async sql => {
    const client = await mysql.createConnection(mysqlUrl!)
    await client.query(sql)
    await client.end()
  }, name => `drop database if exists ${name}`)
}

async function fresh (
  t: Test, server: string, run: (sql: string) => Promise<void>, drop: (name: string) => string
): Promise<string> {
  const name = `aio_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  await run(`create database ${name}`)
  t.teardown(() => run(drop(name)))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
