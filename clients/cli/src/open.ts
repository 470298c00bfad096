import { spawn } from 'node:child_process';
import type { Deployment, Environment } from '../../typescript/src/index.js';
import { hostPortUrls, publicUrl } from './address.js';
import { Api } from './api.js';
import { read } from './arguments.js';
import { environmentName, IN_ENVIRONMENT } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { print } from './output.js';

export const OPEN_USAGE = '[NAME] --env NAME [--print] [--json]';

type Place = Pick<Environment, 'name' | 'publicDomain'>;

/** Prints the URL for visitors. On a terminal it also opens the URL in the browser. */
export async function open(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, print: { type: 'boolean' } }, [], 1);
  const api = new Api();
  const environment = await api.environment(environmentName(values.env));
  const url = addressFor(environment, await api.deployments(environment.id), positionals[0], api.login.url);
  print(values.json, { url }, `${url}\n`);
  if (process.stdout.isTTY && !values.print && !values.json) openBrowser(url);
}

/** Returns the public domain, or with a name its host port: the domain may belong to another deployment. */
export function addressFor(
  environment: Place,
  releases: Deployment[],
  name: string | undefined,
  apiUrl: string,
): string {
  const domain = environment.publicDomain ? publicUrl(environment.publicDomain) : undefined;
  if (domain && name === undefined) return domain;
  const running = releases.filter((one) => one.status === 'RUNNING' && (name === undefined || one.name === name));
  const urls = running.flatMap((one) => hostPortUrls(one, apiUrl).map((url) => ({ name: one.name, url })));
  const names = [...new Set(urls.map((one) => one.name))];
  if (names.length > 1) throw new Failure(EXIT.usage, `NAME is missing: ${names.join(', ')} have host ports.`);
  if (urls[0]) return urls[0].url;
  if (domain && running.length > 0) return domain;
  if (domain)
    throw new Failure(EXIT.notFound, `There is no RUNNING deployment ${name ?? ''}: berth status shows what runs.`);
  throw new Failure(
    EXIT.notFound,
    `${name ?? environment.name} has no public domain and nothing RUNNING with a host port: berth public DOMAIN, or deploy with --port 8080:80.`,
  );
}

/** The URL is printed already, so a machine without a browser is not an error. */
function openBrowser(url: string): void {
  const [program, ...options] = browserOf(process.platform);
  const child = spawn(program, [...options, url], { stdio: 'ignore', detached: true });
  child.once('error', () => undefined);
  child.unref();
}

function browserOf(platform: NodeJS.Platform): [string, ...string[]] {
  if (platform === 'darwin') return ['open'];
  // Not `start`, which is part of a shell that would interpret the URL.
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}
