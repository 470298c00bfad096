import 'reflect-metadata';
import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import pg from 'pg';
import { Config } from '#src/config/config.js';
import { MIGRATIONS_DIR } from '#src/core/database/database-connection.js';
import { migrate } from '#src/core/database/migrator.js';
import { WORKER_LOCK_CLASS } from '#src/core/database/worker-identity.js';
import { type Part, partsOf } from './backup/archive.js';
import { continueSequences, insertRows } from './backup/database-copy.js';
import { EngineCopy } from './backup/engine-copy.js';
import { findDatabase } from './shared/database.js';
import { UsageError } from './key-arguments.js';
import { runCli } from './run-cli.js';

const USAGE = `script/restore FILE|-

Restores a backup on a machine with no Berth, or with one that has no users: the database, the encryption key, images and volumes.
Berth must not be running. Its next start restores networks, services, sites and certificates. - reads standard input.
`;

interface Manifest {
  format: number;
  version: string;
  createdAt: string;
  migrations: string[];
  volumes: { name: string; labels: Record<string, string> }[];
}

await runCli(USAGE, async (args) => {
  const [file, ...more] = args;
  if (file === undefined || more.length > 0) throw new UsageError('Name one FILE, or - for standard input.');
  if (file !== '-' && !existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const source: Readable = file === '-' ? process.stdin : createReadStream(file);
  const config = Config.load();
  const database = await findDatabase(config);
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    await restore(source, { config, client, connectionString: database.connectionString });
  } finally {
    await client.end();
    await database.close();
  }
});

interface Target {
  config: Config;
  client: pg.Client;
  connectionString: string;
}

async function restore(source: Readable, { config, client, connectionString }: Target): Promise<void> {
  await refuseUsed(client);
  const engine = new EngineCopy(config);
  let manifest: Manifest | undefined;
  let isComplete = false;
  let feed: { name: string; stream: PassThrough; done: Promise<void> } | undefined;
  const endFeed = async () => {
    feed?.stream.end();
    await feed?.done;
    feed = undefined;
  };
  for await (const part of partsOf(source)) {
    if (part.name === 'berth.json') {
      manifest = manifestOf(part);
      await prepare(client, connectionString, manifest);
      await client.query('BEGIN');
    } else if (!manifest) throw new Error('This file is not a backup of Berth.');
    else if (part.name === 'encryption.key') storeKey(config, part.content.toString());
    else if (part.name.startsWith('database/')) await load(client, part);
    else if (part.name === 'end') isComplete = true;
    else {
      const name = part.name.replace(/\/\d+$/, '');
      if (feed?.name !== name) {
        await endFeed();
        feed = openFeed(engine, manifest, name);
      }
      if (!feed.stream.write(part.content)) await new Promise((resolve) => feed?.stream.once('drain', resolve));
    }
  }
  await endFeed();
  if (!isComplete || !manifest) throw new Error('This backup is incomplete: its end is missing. Nothing was restored.');
  await continueSequences(client);
  await client.query('COMMIT');
  await migrate(connectionString, MIGRATIONS_DIR);
  process.stderr.write(`The backup of ${manifest.createdAt} (Berth ${manifest.version}) is restored. Start Berth.\n`);
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

function manifestOf({ content }: Part): Manifest {
  const manifest = JSON.parse(content.toString()) as Manifest;
  if (manifest.format !== 1)
    throw new Error(`This backup was made by a newer Berth (${manifest.version}): restore it with that one.`);
  return manifest;
}

/** Creates an empty schema with the migrations of the backup. */
async function prepare(client: pg.Client, connectionString: string, { migrations, version }: Manifest): Promise<void> {
  const unknown = migrations.find((name) => !existsSync(path.join(MIGRATIONS_DIR, name)));
  if (unknown !== undefined)
    throw new Error(`This backup was made by a newer Berth (${version}, ${unknown}): restore it with that one.`);
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await migrate(connectionString, MIGRATIONS_DIR, migrations);
}

async function load(client: pg.Client, { name, content }: Part): Promise<void> {
  const table = name.split('/')[1] ?? '';
  if (!/^\w+$/.test(table)) throw new Error('This file is not a backup of Berth.');
  const lines = content.toString().split('\n').filter(Boolean);
  await insertRows(client, table, lines);
}

function storeKey(config: Config, key: string): void {
  const file = config.data.keyFile;
  const present = config.data.encryptionKey ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
  if (present === undefined || (present !== key && config.data.encryptionKey === undefined)) {
    // The key of a start without users has encrypted nothing, so it is replaced.
    mkdirSync(config.data.dir, { recursive: true });
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
  } else if (present !== key)
    throw new Error('ENCRYPTION_KEY is not the key of this backup: set it to that key, or unset it.');
}

function openFeed(engine: EngineCopy, { volumes }: Manifest, name: string) {
  const stream = new PassThrough();
  const volume = volumes.find((one) => name === `volumes/${one.name}`);
  if (!volume && name !== 'images') throw new Error('This file is not a backup of Berth.');
  const done = volume ? engine.loadVolume(volume.name, volume.labels, stream) : engine.loadImages(stream);
  done.catch((error: unknown) => stream.destroy(error as Error));
  return { name, stream, done };
}
