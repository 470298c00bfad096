import 'reflect-metadata';
import { createWriteStream, existsSync, type WriteStream, readFileSync, renameSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Config } from '#src/config/config.js';
import { VERSION } from '#src/modules/platform/version.js';
import { ArchiveWriter } from './backup/archive.js';
import { appliedMigrations, rowsOf, tablesOf } from './backup/database-copy.js';
import { EngineCopy } from './backup/engine-copy.js';
import { openPrivately } from './backup/private-file.js';
import { openDatabase } from './shared/database.js';
import { UsageError } from './key-arguments.js';
import { runCli } from './run-cli.js';

const USAGE = `script/backup FILE|- [--volume NAME]... [--all-volumes] [--no-images]

Writes all data of Berth into one file while it runs: the database (users, keys, environments, deployments, domains, certificates, logs),
the encryption key, and the images that were built here. With --volume, by its name in the Docker Engine, or --all-volumes also the files of volumes,
as they are at that moment: stop their deployments for a consistent copy. - writes to standard output.
The file holds all secrets and their encryption key: protect it like the machine itself.
`;

await runCli(USAGE, async (args) => {
  const { values, positionals } = argumentsOf(args);
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsageError('Name one FILE, or - for standard output.');
  const config = Config.load();
  const partial = `${file}.partial`;
  const target = file === '-' ? process.stdout : openPartial(partial);
  try {
    await write(new ArchiveWriter(target), config, values);
    if (file !== '-') renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
});

/** Replaces what an interrupted backup left. A link is removed, not followed. */
function openPartial(partial: string): WriteStream {
  rmSync(partial, { force: true });
  return createWriteStream(partial, { fd: openPrivately(partial) });
}

interface BackupOptions {
  volume?: string[] | undefined;
  'all-volumes'?: boolean | undefined;
  'no-images'?: boolean | undefined;
}

function argumentsOf(args: string[]) {
  const options = {
    volume: { type: 'string', multiple: true },
    'all-volumes': { type: 'boolean' },
    'no-images': { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0] ?? ''}.`);
  }
}

async function write(archive: ArchiveWriter, config: Config, options: BackupOptions): Promise<void> {
  const engine = new EngineCopy(config);
  const volumes = await selectVolumes(engine, options);
  const images = options['no-images'] ? [] : await engine.builtImages();
  const database = await openDatabase(config);
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    // A consistent snapshot of all tables.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const migrations = await appliedMigrations(client);
    const manifest = { format: 1, version: VERSION, createdAt: new Date(), migrations, images, volumes };
    await archive.add('berth.json', JSON.stringify(manifest));
    await archive.add('encryption.key', encryptionKey(config));
    for (const table of await tablesOf(client)) await archive.stream(`database/${table}`, rowsOf(client, table));
    await client.query('COMMIT');
  } finally {
    await client.end();
    await database.close();
  }
  if (images.length > 0) await archive.stream('images', await engine.saveImages(images));
  for (const { name } of volumes) await engine.saveVolume(name, (tar) => archive.stream(`volumes/${name}`, tar));
  await archive.add('end', '');
  await archive.end();
  process.stderr.write(`${images.length} images, ${volumes.length} volumes and the database are backed up.\n`);
}

async function selectVolumes(engine: EngineCopy, { volume = [], 'all-volumes': all }: BackupOptions) {
  const known = await engine.deploymentVolumes();
  const unknown = volume.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new UsageError(
      `No deployment has a volume ${unknown}. Choose one of: ${[...known.keys()].join(', ') || 'none'}.`,
    );
  const names = all ? [...known.keys()] : volume;
  return names.map((name) => ({ name, labels: known.get(name) ?? {} }));
}

function encryptionKey({ data }: Config): string {
  if (data.encryptionKey) return data.encryptionKey;
  if (!existsSync(data.keyFile)) throw new Error(`There is no ${data.keyFile}: set DATA_DIR to that of the server`);
  return readFileSync(data.keyFile, 'utf8').trim();
}
