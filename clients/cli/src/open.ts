import { spawn } from 'node:child_process';
import type { Environment } from '../../typescript/src/index.js';
import { hostPortUrls, publicUrl } from './address.js';
import { Api } from './api.js';
import { read } from './arguments.js';
import { environmentName, IN_ENVIRONMENT } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { print } from './output.js';

export const OPEN_USAGE = '[NAME] --env NAME [--print] [--json]';

/** Prints the URL for visitors. On a terminal it also opens the URL in the browser. */
export async function open(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, print: { type: 'boolean' } }, [], 1);
  const api = new Api();
  const environment = await api.environment(environmentName(values.env));
  const url = environment.publicDomain
    ? publicUrl(environment.publicDomain)
    : await hostPortUrl(api, environment, positionals[0]);
  print(values.json, { url }, `${url}\n`);
  if (process.stdout.isTTY && !values.print && !values.json) openBrowser(url);
}

async function hostPortUrl(api: Api, { id, name: place }: Environment, name: string | undefined): Promise<string> {
  const running = (await api.deployments(id)).filter(({ status }) => status === 'RUNNING');
  const urls = running
    .filter((one) => name === undefined || one.name === name)
    .flatMap((one) => hostPortUrls(one, api.login.url).map((url) => ({ name: one.name, url })));
  const names = [...new Set(urls.map((one) => one.name))];
  if (names.length > 1) throw new Failure(EXIT.usage, `NAME is missing: ${names.join(', ')} have host ports.`);
  if (urls[0]) return urls[0].url;
  throw new Failure(
    EXIT.notFound,
    `${name ?? place} has no public domain and nothing RUNNING with a host port: berth public DOMAIN, or deploy with --port 8080:80.`,
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
