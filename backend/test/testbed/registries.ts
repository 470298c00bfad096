/**
 * Two registries: one that the engines use as Docker Hub (a mirror is asked first for every plain name, so nothing leaves the
 * machine), and a private one behind a password.
 */
import { hash } from 'bcrypt';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './daemon.js';
import { eventually } from './eventually.js';

interface Credentials {
  username: string;
  password: string;
}

export interface Registry {
  /** host:port, as in an image's name. */
  address: string;
  url: string;
  credentials?: Credentials;
}

export const hub: Registry = { address: '127.0.0.1:5000', url: 'http://127.0.0.1:5000' };

export const privateRegistry: Registry = {
  address: '127.0.0.1:5001',
  url: 'http://127.0.0.1:5001',
  credentials: { username: 'deployer', password: 's3cret' },
};

const DAEMONS = [
  new Daemon('registry-hub', 'docker-registry'),
  new Daemon('registry-private', 'docker-registry'),
] as const;

/** Serves what is in `directory`, and takes what is pushed. */
export async function startRegistries(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await Promise.all([
    startRegistry(hub, join(directory, 'hub'), DAEMONS[0]),
    startRegistry(privateRegistry, join(directory, 'private'), DAEMONS[1]),
  ]);
}

export async function stopRegistries(): Promise<void> {
  for (const daemon of DAEMONS) await daemon.stop();
}

export function authorization(registry: Registry): Record<string, string> {
  if (!registry.credentials) return {};
  const { username, password } = registry.credentials;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

async function startRegistry(registry: Registry, directory: string, daemon: Daemon): Promise<void> {
  await daemon.stop();
  daemon.start(['docker-registry', 'serve', await writeRegistryConfig(registry, directory)]);
  await eventually(async () => {
    if (!(await answers(registry)))
      throw new Error(`registry ${registry.address} does not answer:\n${daemon.logTail()}`);
  }, 10_000);
}

async function writeRegistryConfig(registry: Registry, directory: string): Promise<string> {
  const config = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      cache: { blobdescriptor: 'inmemory' },
      filesystem: { rootdirectory: directory },
      delete: { enabled: true },
    },
    http: { addr: registry.address },
    ...(registry.credentials && {
      auth: { htpasswd: { realm: 'berth', path: await writePasswords(directory, registry.credentials) } },
    }),
  };
  const path = `${directory}.json.yml`;
  writeFileSync(path, JSON.stringify(config, null, 2)); // JSON is YAML
  return path;
}

async function writePasswords(directory: string, { username, password }: Credentials): Promise<string> {
  const path = `${directory}.htpasswd`;
  // The registry knows only the prefix that Apache's tool writes; the algorithm behind $2b$ and $2y$ is the same.
  if (!existsSync(path)) writeFileSync(path, `${username}:${(await hash(password, 5)).replace(/^\$2b\$/, '$2y$')}\n`);
  return path;
}

async function answers(registry: Registry): Promise<boolean> {
  try {
    return (await fetch(`${registry.url}/v2/`, { headers: authorization(registry) })).ok;
  } catch {
    return false;
  }
}
