import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import { Clock } from '#src/common/time/clock.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { ApiKeysRepository } from '#src/modules/auth/api-keys.repository.js';
import { ApiKeysService } from '#src/modules/auth/api-keys.service.js';
import { KeyEnvironmentsRepository } from '#src/modules/auth/key-environments.repository.js';
import { MAX_BOUND_ENVIRONMENTS } from '#src/modules/auth/key-bounds.js';
import { PairingCodesRepository, pairingLink } from '#src/modules/auth/pairing-codes.repository.js';
import { revocationText } from '#src/modules/auth/revocation-text.js';
import { openDatabase } from './shared/database.js';
import { parseAddresses, parseExpiry, parseName, UsageError } from './key-arguments.js';
import { runCli } from './run-cli.js';

const USAGE = `script/key create --telegram-id N [--handle H] --scopes A,B|ALL [--name NAME] [--expires-in 30d]
                  [--env NAME]... [--allow ADDRESS]...
script/key list
script/key revoke KEYID
script/key pair

Scopes: ${SCOPES.join(' ')}. ALL is every scope, ADMIN included.
--expires-in takes a number and s, m, h or d. Without it the key does not expire.
--env binds the key to an environment of its user, by name or id; --allow lets it work from an address or a range only.
pair prints a link that makes who opens it an operator of the Telegram bot, once, within 15 minutes.
create prints the key, and nothing else, on standard output: it is shown this once.
`;

/** Manages API keys on the host, whether the server runs or not. */
async function main(args: string[]): Promise<void> {
  const [command, ...rest] = args;
  if (command === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const run = { create, list, revoke, pair }[command];
  if (!run) throw new UsageError(`There is no command ${command}.`);
  const action = run(rest);
  await withKeys(Config.load(), action);
}

type Action = (keys: ApiKeysService, host: { config: Config; prisma: PrismaService }) => Promise<void>;

function create(args: string[]): Action {
  const options = {
    'telegram-id': { type: 'string' },
    handle: { type: 'string' },
    scopes: { type: 'string' },
    'expires-in': { type: 'string' },
    name: { type: 'string' },
    env: { type: 'string', multiple: true },
    allow: { type: 'string', multiple: true },
  } as const;
  const { values } = parse(args, options);
  const telegramId = values['telegram-id'] ?? '';
  if (!/^\d{1,20}$/.test(telegramId))
    throw new UsageError('--telegram-id must be a number: the Telegram id of the user of the key.');
  const scopes = scopesOf(values.scopes);
  const expiresAt = parseExpiry(values['expires-in'], new Date());
  const name = parseName(values.name);
  const allowAddresses = parseAddresses(values.allow);
  const { env = [] } = values;
  if (env.length > 0 && scopes.includes('ADMIN'))
    throw new UsageError('--env cannot bind a key with ADMIN, which sees every environment: name other scopes.');
  return async (keys, { config, prisma }) => {
    const environmentIds = await environmentsNamed(prisma, telegramId, env);
    const user = { telegramId, ...(values.handle !== undefined && { telegramHandle: values.handle }) };
    const bounds = { name, environmentIds, allowAddresses };
    const { apiKey, key } = await keys.mintOnHost(user, { scopes, expiresAt, ...bounds });
    process.stdout.write(`${apiKey}\n`);
    const active = await keys.countActive(key.userId);
    const max = config.quota.keysPerUser;
    if (active > max)
      process.stderr.write(
        `This user has ${active} active keys now, more than MAX_KEYS_PER_USER (${max}): magic links create no more for them.\n`,
      );
  };
}

/** Ids of the user's environments that are given by name or id. */
async function environmentsNamed(prisma: PrismaService, telegramId: string, given: string[]): Promise<string[]> {
  if (given.length === 0) return [];
  const active = await new KeyEnvironmentsRepository().activeOf(prisma, telegramId);
  const ids = given.map((text) => {
    const found = active.find(({ id, name }) => name === text || id === text);
    if (!found) throw new UsageError(`--env ${text}: user ${telegramId} has no active environment of this name.`);
    return found.id;
  });
  if (ids.length > MAX_BOUND_ENVIRONMENTS) throw new UsageError(`--env may be given ${MAX_BOUND_ENVIRONMENTS} times.`);
  return [...new Set(ids)];
}

function list(args: string[]): Action {
  parse(args, {});
  return async (keys, { prisma }) => {
    const all = await keys.listAll();
    const environments = new KeyEnvironmentsRepository();
    const places = await Promise.all(all.map((key) => environments.names(prisma, key.environmentIds)));
    const rows = all.map((key, index) => [
      key.keyId,
      key.user.telegramId,
      stateOf(key),
      key.createdAt.toISOString(),
      key.expiresAt?.toISOString() ?? 'never',
      key.scopes.join(','),
      key.name ?? '',
      places[index]?.join(',') || 'all',
      key.allowAddresses.join(',') || 'any',
    ]);
    for (const row of [
      ['KEYID', 'TELEGRAM ID', 'STATE', 'CREATED', 'EXPIRES', 'SCOPES', 'NAME', 'ENVIRONMENTS', 'ADDRESSES'],
      ...rows,
    ])
      process.stdout.write(`${row.join('\t')}\n`);
  };
}

function revoke(args: string[]): Action {
  // Not parseArgs: a keyId may start with `-`, and there are no options.
  const [keyId, ...more] = args;
  if (!keyId || more.length > 0 || keyId.startsWith('--')) throw new UsageError('revoke takes one KEYID.');
  return async (keys) => {
    process.stderr.write(`${revocationText(keyId, await keys.revokeOnHost(keyId))}\n`);
  };
}

function pair(args: string[]): Action {
  parse(args, {});
  return async (_keys, { config, prisma }) => {
    if (!config.telegram.isOn) throw new UsageError('Set TELEGRAM_BOT_TOKEN first: there is no bot.');
    const { TelegramApi } = await import('#src/integrations/telegram/telegram-api.js');
    const { username } = await new TelegramApi(config).getMe(new AbortController().signal);
    const code = await new PairingCodesRepository(prisma, new IdSource()).create();
    process.stdout.write(`${pairingLink(username, code)}\n`);
  };
}

function parse<T extends Record<string, { type: 'string'; multiple?: boolean }>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0] ?? ''}.`);
  }
}

function scopesOf(text: string | undefined): Scope[] {
  if (!text) throw new UsageError('--scopes is missing: name one or more, or ALL.');
  if (text === 'ALL') return [...SCOPES];
  const names = text.split(',');
  const unknown = names.find((name) => !(SCOPES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no scope ${unknown}.`);
  return names as Scope[];
}

function stateOf({ revokedAt, expiresAt }: { revokedAt: Date | null; expiresAt: Date | null }): string {
  if (revokedAt) return 'revoked';
  return expiresAt && expiresAt <= new Date() ? 'expired' : 'live';
}

async function withKeys(config: Config, action: Action): Promise<void> {
  const database = await openDatabase(config);
  const prisma = new PrismaService(database);
  try {
    const signals = new PgNotifications(database.connectionString, { class: 0, key: 0 });
    const repository = new ApiKeysRepository(prisma);
    const keys = new ApiKeysService(repository, signals, new Audit(prisma), new IdSource(), new Clock());
    await action(keys, { config, prisma });
  } finally {
    await prisma.$disconnect();
    await database.close();
  }
}

await runCli(USAGE, main);
