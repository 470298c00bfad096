import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { MIGRATIONS_DIR } from '#src/core/database/database-connection.js';
import { type Part, partsOf } from './archive.js';

export interface Manifest {
  format: number;
  version: string;
  createdAt: string;
  migrations: string[];
  volumes: { name: string; labels: Record<string, string> }[];
}

/** What a restore needs to know of a backup before it changes anything. */
export interface CheckedBackup {
  manifest: Manifest;
  encryptionKey: string;
}

/**
 * Reads a backup to its end, which verifies the checksum of gzip and of each tar header, and the order of its items.
 * Throws when it is not whole, is no backup, or is one of a newer version.
 */
export async function checkBackup(source: Readable): Promise<CheckedBackup> {
  let manifest: Manifest | undefined;
  let encryptionKey: string | undefined;
  let isComplete = false;
  for await (const part of partsOf(source)) {
    if (isComplete) throw notABackup();
    if (part.name === 'berth.json') manifest = manifestOf(part);
    else if (!manifest) throw notABackup();
    else if (part.name === 'encryption.key') encryptionKey = part.content.toString().trim();
    else if (part.name === 'end') isComplete = true;
    else if (!isKnown(part.name, manifest)) throw notABackup();
  }
  if (!isComplete || !manifest || !encryptionKey)
    throw new Error('This backup is not whole: its end is missing. Nothing was changed.');
  return { manifest, encryptionKey };
}

function manifestOf({ content }: Part): Manifest {
  const manifest = parsed(content.toString());
  const { format, version, migrations } = manifest;
  const unknown = migrations.find((name) => !existsSync(path.join(MIGRATIONS_DIR, name)));
  if (format !== 1 || unknown !== undefined)
    throw new Error(
      `This backup was made by a newer Berth (${version}${unknown ? `, ${unknown}` : ''}): restore it with that one.`,
    );
  return manifest;
}

function parsed(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    throw notABackup();
  }
}

function isKnown(name: string, { volumes }: Manifest): boolean {
  const item = name.replace(/\/\d+$/, '');
  return (
    /^database\/\w+$/.test(item) || item === 'images' || volumes.some((volume) => item === `volumes/${volume.name}`)
  );
}

function notABackup(): Error {
  return new Error('This file is not a backup of Berth. Nothing was changed.');
}
