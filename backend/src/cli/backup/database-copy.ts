import type pg from 'pg';

/**
 * Tables that are not backed up: those of running processes, of the schema itself, and large ones with a TTL of an hour
 * or a day.
 */
const NOT_KEPT = new Set(['WorkerLease', '_prisma_migrations', 'Upload', 'UploadChunk', 'ContainerSamples']);
const ROWS = 200;

/** Tables sorted so that each comes after those that it references. */
export async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const { rows: references } = await client.query<{ from: string; to: string }>(
    `SELECT a.relname AS "from", b.relname AS "to" FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid
     WHERE c.contype = 'f' AND a.oid <> b.oid`,
  );
  const left = new Set(tables.map(({ name }) => name).filter((name) => !NOT_KEPT.has(name)));
  const ordered: string[] = [];
  while (left.size > 0) {
    const free = [...left].filter((name) => !references.some(({ from, to }) => from === name && left.has(to)));
    if (free.length === 0) throw new Error(`tables reference each other in a cycle: ${[...left].join(', ')}`);
    for (const name of free) {
      ordered.push(name);
      left.delete(name);
    }
  }
  return ordered;
}

/** Rows as lines of JSON that PostgreSQL writes, so that numbers and times lose no precision. */
export async function* rowsOf(client: pg.Client, table: string): AsyncGenerator<string> {
  await client.query(`DECLARE rows NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM "${table}" t`);
  for (;;) {
    const { rows } = await client.query<{ line: string }>(`FETCH ${ROWS} FROM rows`);
    if (rows.length === 0) break;
    yield rows.map(({ line }) => `${line}\n`).join('');
  }
  await client.query('CLOSE rows');
}

export async function insertRows(client: pg.Client, table: string, lines: string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += ROWS) {
    const records = `[${lines.slice(from, from + ROWS).join(',')}]`;
    await client.query(`INSERT INTO "${table}" SELECT * FROM json_populate_recordset(NULL::"${table}", $1::json)`, [
      records,
    ]);
  }
}

/** Sets every sequence to continue after the restored rows. */
export async function continueSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `SELECT table_name AS "table", column_name AS "column", pg_get_serial_sequence(quote_ident(table_name), column_name) AS sequence
     FROM information_schema.columns WHERE table_schema = 'public' AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL`,
  );
  for (const { table, column, sequence } of rows)
    await client.query(`SELECT setval($1, (SELECT coalesce(max("${column}"), 0) + 1 FROM "${table}"), false)`, [
      sequence,
    ]);
}

export async function appliedMigrations(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1',
  );
  return rows.map(({ name }) => name);
}
