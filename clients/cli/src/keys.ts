import * as sdk from '../../typescript/src/index.js';
import type { ApiKey, CreateKey } from '../../typescript/src/index.js';
import { Api } from './api.js';
import { duration, read } from './arguments.js';
import { JSON_OUTPUT } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { age, print, table } from './output.js';

/** A key without ENVIRONMENTS_READ shows ids. */
const UNKNOWN: ReadonlyMap<string, string> = new Map();

export const KEYS_USAGE =
  '[list | create --name NAME --scopes A,B [--env NAME]... [--expires 90d] [--allow ADDRESS]... | revoke KEYID] [--json]';

export async function keys(args: string[]): Promise<void> {
  const [action = 'list', ...rest] = args;
  if (action === 'create') return create(rest);
  if (action === 'revoke') return revoke(rest);
  if (action === 'list' || action.startsWith('-')) return list(action === 'list' ? rest : args);
  throw new Failure(EXIT.usage, `${action}: must be list, create or revoke.`);
}

/** Prints the key, and nothing else, on standard output: it is shown this once. */
async function create(args: string[]): Promise<void> {
  const options = {
    ...JSON_OUTPUT,
    name: { type: 'string', short: 'n' },
    scopes: { type: 'string' },
    env: { type: 'string', short: 'e', multiple: true },
    expires: { type: 'string' },
    allow: { type: 'string', multiple: true },
  } as const;
  const { values } = read(args, options);
  if (!values.name) throw new Failure(EXIT.usage, '--name is missing: say what the key is for.');
  if (!values.scopes) throw new Failure(EXIT.usage, '--scopes is missing: name one or more, such as DEPLOYMENTS_READ.');
  const expiresInMs = duration(values.expires, 'expires');
  const api = new Api();
  const environments = await Promise.all((values.env ?? []).map((name) => api.environment(name)));
  const body: CreateKey = {
    name: values.name,
    scopes: values.scopes.split(',') as CreateKey['scopes'],
    ...(environments.length > 0 && { environmentIds: environments.map(({ id }) => id) }),
    ...(expiresInMs !== undefined && { expiresAt: new Date(Date.now() + expiresInMs).toISOString() }),
    ...(values.allow && { allowAddresses: values.allow }),
  };
  const created = await api.of(sdk.createKey({ client: api.client, body }));
  print(values.json, created, `${created.apiKey}\n`);
  if (values.json) return;
  const place = environments.length > 0 ? `in ${environments.map(({ name }) => name).join(', ')}` : placeOf(created);
  process.stderr.write(`Key ${values.name} works ${place}. ${expiryOf(created)}. It is not shown again.\n`);
}

async function list(args: string[]): Promise<void> {
  const { values } = read(args, JSON_OUTPUT);
  const api = new Api();
  const listed = await api.of(sdk.listKeys({ client: api.client }));
  const all = [...listed.keys, ...listed.expiredKeys];
  const hasBound = all.some(({ environmentIds }) => environmentIds !== null);
  const names = hasBound ? await api.environmentNames().catch(() => UNKNOWN) : UNKNOWN;
  const rows = all.map((key) => [
    key.keyId,
    key.name ?? '',
    key.environmentIds?.map((id) => names.get(id) ?? id).join(',') ?? 'all',
    key.scopes.join(','),
    key.expiresAt?.slice(0, 10) ?? 'never',
    key.lastUsedAt ? `${age(key.lastUsedAt)} ago` : 'never',
  ]);
  print(values.json, listed, table(['KEYID', 'NAME', 'ENVIRONMENTS', 'SCOPES', 'EXPIRES', 'USED'], rows));
}

async function revoke(args: string[]): Promise<void> {
  // Not `read`: a keyId may start with `-`.
  const [keyId, ...more] = args.filter((arg) => arg !== '--json');
  if (keyId === undefined || keyId.startsWith('--')) throw new Failure(EXIT.usage, 'KEYID is missing: see --help.');
  if (more[0] !== undefined) throw new Failure(EXIT.usage, `${more[0]} is one argument too many: see --help.`);
  const api = new Api();
  const revoked = await api.of(sdk.revokeKey({ client: api.client, body: { keyId } }));
  print(args.includes('--json'), revoked, `${revoked.message}\n`);
}

function placeOf({ environmentIds }: ApiKey): string {
  return environmentIds ? `in environments ${environmentIds.join(', ')}` : 'in all of your environments';
}

function expiryOf({ expiresAt }: ApiKey): string {
  return expiresAt ? `It expires at ${expiresAt}` : 'It does not expire';
}
