import 'reflect-metadata';
import { createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { Config } from '#src/config/config.js';
import { MIGRATIONS_DIR } from '#src/core/database/database-connection.js';
import { migrate } from '#src/core/database/migrator.js';
import { WORKER_LOCK_CLASS } from '#src/core/database/worker-identity.js';
import { Prisma } from '#src/generated/prisma/client.js';
import { type Part, partsOf } from './backup/archive.js';
import { checkBackup, type CheckedBackup, type Manifest } from './backup/backup-check.js';
import { continueSequences, insertRows } from './backup/database-copy.js';
import { EngineCopy } from './backup/engine-copy.js';
import { openPrivately } from './backup/private-file.js';
import { RestoredKey } from './backup/restored-key.js';
import { findDatabase } from './shared/database.js';
import { UsageError } from './key-arguments.js';
import { runCli } from './run-cli.js';

const USAGE = `script/restore FILE|-

Restores a backup on a machine with no Berth, or with one that has no users: the database, the encryption key, images and volumes.
Berth must not be running. Its next start restores networks, services, sites and certificates. - reads standard input.
The whole file is checked before anything is changed. A key that was there is kept beside the restored one.
`;
const SHOWN_TABLES = 5;

await runCli(USAGE, async (args) => {
  const [file, ...more] = args;
  if (file === undefined || more.length > 0) throw new UsageError('Name one FILE, or - for standard input.');
  if (file !== '-' && !existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const config = Config.load();
  const backup = await openBackup(file, config);
  try {
    await restore(backup, config);
  } finally {
    await backup.close();
  }
});

/** Opens the file once, so that what is restored is what was checked. Standard input is stored in DATA_DIR first. */
async function openBackup(file: string, { data }: Config): Promise<FileHandle> {
  if (file !== '-') return open(file);
  mkdirSync(data.dir, { recursive: true });
  const copy = path.join(data.dir, `restore-${process.pid}.backup`);
  try {
    await pipeline(process.stdin, createWriteStream(copy, { fd: openPrivately(copy) }));
    return await open(copy);
  } finally {
    // The open file stays readable.
    rmSync(copy, { force: true });
  }
}

function contentOf(backup: FileHandle): Readable {
  return backup.createReadStream({ start: 0, autoClose: false });
}

async function restore(backup: FileHandle, config: Config): Promise<void> {
  const checked = await checkBackup(contentOf(backup));
  const key = new RestoredKey(config, checked.encryptionKey);
  const database = await findDatabase(config);
  const { connectionString } = database;
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await refuseUsed(client);
    await refuseStrangers(client);
    await createSchema(client, connectionString, checked.manifest);
    key.prepare();
    await loadAll(backup, checked, { config, client });
    const former = key.store(new Date());
    await migrate(connectionString, MIGRATIONS_DIR);
    await endPendingRuns(client);
    tell(checked, former);
  } finally {
    key.discard();
    await client.end();
    await database.close();
  }
}

/** Loads rows, images and volumes; the rows in one transaction. */
async function loadAll(
  backup: FileHandle,
  { manifest }: CheckedBackup,
  { config, client }: { config: Config; client: pg.Client },
): Promise<void> {
  const engine = new EngineCopy(config);
  let feed: Feed | undefined;
  const endFeed = async () => {
    feed?.stream.end();
    await feed?.done;
    feed = undefined;
  };
  await client.query('BEGIN');
  for await (const part of partsOf(contentOf(backup))) {
    if (part.name.startsWith('database/')) await load(client, part);
    if (!/^(images|volumes)\//.test(part.name)) continue;
    const name = part.name.replace(/\/\d+$/, '');
    if (feed?.name !== name) {
      await endFeed();
      feed = openFeed(engine, manifest, name);
    }
    if (!feed.stream.write(part.content)) await new Promise((resolve) => feed?.stream.once('drain', resolve));
  }
  await endFeed();
  await continueSequences(client);
  await client.query('COMMIT');
}

/** A run that was PENDING in the backup may have begun since: a run begins at most once. */
async function endPendingRuns(client: pg.Client): Promise<void> {
  await client.query(
    `UPDATE "Run" SET status = 'FAILED', outcome = 'FAILED', "endedAt" = now(), "errorCode" = 'RUN_LOST',
       "errorMessage" = 'The database was restored. The command may have begun after the backup, and is not begun again.'
     WHERE status = 'PENDING'`,
  );
}

/**
 * Refuses a database with users, whose rows would mix with the backup, and a running process, which would act on
 * partial data.
 */
async function refuseUsed(client: pg.Client): Promise<void> {
  const running = await client.query(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid",
    [WORKER_LOCK_CLASS],
  );
  if (running.rowCount) throw new Error('Berth is running on this database: stop it first.');
  const known = await client.query(`SELECT to_regclass('public."User"') IS NOT NULL AS is`);
  if (!(known.rows[0] as { is: boolean }).is) return;
  const users = await client.query('SELECT 1 FROM "User" LIMIT 1');
  if (users.rowCount) throw new Error('This database has users already: restore into an empty one.');
}

/** Refuses a schema with tables of another application: the restore replaces the schema. */
async function refuseStrangers(client: pg.Client): Promise<void> {
  const own = ['_prisma_migrations', ...Object.values(Prisma.ModelName)];
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('public')
       AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relname <> ALL($1) ORDER BY 1`,
    [own],
  );
  if (rows.length === 0) return;
  const names = rows.slice(0, SHOWN_TABLES).map(({ name }) => name);
  const more = rows.length > SHOWN_TABLES ? `, and ${rows.length - SHOWN_TABLES} more` : '';
  throw new Error(
    `The schema public of this database holds tables of another application (${names.join(', ')}${more}): restore into a database of Berth's own. Nothing was changed.`,
  );
}

/** Creates an empty schema with the migrations of the backup. */
async function createSchema(client: pg.Client, connectionString: string, { migrations }: Manifest): Promise<void> {
  await client.query('DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public');
  await migrate(connectionString, MIGRATIONS_DIR, migrations);
}

async function load(client: pg.Client, { name, content }: Part): Promise<void> {
  const lines = content.toString().split('\n').filter(Boolean);
  await insertRows(client, name.split('/')[1] ?? '', lines);
}

interface Feed {
  name: string;
  stream: PassThrough;
  done: Promise<void>;
}

function openFeed(engine: EngineCopy, { volumes }: Manifest, name: string): Feed {
  const stream = new PassThrough();
  const volume = volumes.find((one) => name === `volumes/${one.name}`);
  const done = volume ? engine.loadVolume(volume.name, volume.labels, stream) : engine.loadImages(stream);
  done.catch((error: unknown) => stream.destroy(error as Error));
  return { name, stream, done };
}

function tell({ manifest }: CheckedBackup, formerKey: string | undefined): void {
  const kept = formerKey === undefined ? '' : ` The encryption key that was here before is kept in ${formerKey}.`;
  process.stderr.write(
    `The backup of ${manifest.createdAt} (Berth ${manifest.version}) is restored.${kept} Start Berth.\n`,
  );
}
