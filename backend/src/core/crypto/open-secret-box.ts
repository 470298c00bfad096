import { existsSync } from 'node:fs';
import type { Config } from '#src/config/config.js';
import { ConfigError } from '#src/config/environment.js';
import type { PlatformSettingsRepository } from '#src/core/database/platform-settings.repository.js';
import { SecretBox } from './secret-box.js';
import type { SealedRows } from './sealed-rows.js';

/** A value that only the key of this database opens. */
export const CANARY = { name: 'encryption.canary', context: 'encryption.canary', text: 'berth' } as const;

/**
 * Opens the secrets of the database. Throws ConfigError when the key is missing, or is another one than the rows were
 * sealed with: a new key beside sealed rows would make both unreadable in part.
 */
export async function openSecretBox(
  config: Config,
  settings: PlatformSettingsRepository,
  rows: SealedRows,
): Promise<SecretBox> {
  const canary = await settings.find(CANARY.name);
  const sample = canary === undefined ? await rows.sample() : { sealed: canary, context: CANARY.context };
  if (sample && !config.data.encryptionKey && !existsSync(config.data.keyFile)) throw keyIsMissing(config);
  const box = new SecretBox(config);
  if (sample && !opens(box, sample.sealed, sample.context)) throw keyIsAnother(config);
  // Another process that started at the same time with another key may have been first.
  const stored = canary ?? (await settings.saveFirst(CANARY.name, box.seal(CANARY.text, CANARY.context)));
  if (!opens(box, stored, CANARY.context)) throw keyIsAnother(config);
  return box;
}

function opens(box: SecretBox, sealed: string, context: string): boolean {
  try {
    box.open(sealed, context);
    return true;
  } catch {
    return false;
  }
}

function keyIsMissing({ data }: Config): ConfigError {
  return new ConfigError([
    `the encryption key is missing: ${data.keyFile} does not exist, and this database holds secrets that were sealed with it. ` +
      'Put the file back from a backup or the former DATA_DIR, or set ENCRYPTION_KEY to its content. Nothing was changed.',
  ]);
}

function keyIsAnother({ data }: Config): ConfigError {
  const source = data.encryptionKey ? 'ENCRYPTION_KEY' : data.keyFile;
  return new ConfigError([
    `${source} is not the encryption key of this database: its secrets were sealed with another one. ` +
      'Put that key back, or set DATABASE_URL and DATA_DIR to those that belong together. Nothing was changed.',
  ]);
}
