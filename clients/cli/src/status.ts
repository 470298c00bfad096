import type { Health } from '../../typescript/src/index.js';
import { Api, unreachable } from './api.js';
import { read } from './arguments.js';
import { IN_ENVIRONMENT } from './environment.js';
import { EXIT, exitOf, Failure } from './failure.js';
import { age, print, table } from './output.js';
import { type EnvironmentState, type Failing, failingOfServer, stateOf } from './overview.js';

export const STATUS_USAGE = '[--env NAME] [--check] [--json]';

/** Prints what runs in one environment or in all of them, and what fails now. */
export async function status(args: string[]): Promise<void> {
  const { values } = read(args, { ...IN_ENVIRONMENT, check: { type: 'boolean' } });
  const api = new Api();
  const name = values.env ?? process.env['BERTH_ENV'];
  const shown = name ? [await api.environment(name)] : await api.allEnvironments();
  const environments: EnvironmentState[] = [];
  for (const one of shown) environments.push(stateOf(one, await api.deployments(one.id), api.login.url));
  const failing = [...failingOfServer(await healthOf(api)), ...environments.flatMap((one) => one.failing)];
  print(values.json, { url: api.login.url, environments, failing }, textOf(environments, failing));
  if (values.check && failing.length > 0)
    throw new Failure(EXIT.failed, `${failing.length} ${failing.length === 1 ? 'thing fails' : 'things fail'} now.`);
}

/** Not with the generated client: a 503 has the same report as its body. */
async function healthOf(api: Api): Promise<Pick<Health, 'details'>> {
  const answer = await fetch(`${api.login.url}/health`).catch((error: unknown) => {
    throw unreachable(api.login.url, error);
  });
  const report = (await answer.json().catch(() => ({}))) as Partial<Health>;
  if (report.details) return { details: report.details };
  throw new Failure(exitOf(answer.status), `GET /health: the API answered ${answer.status}.`);
}

function textOf(environments: EnvironmentState[], failing: Failing[]): string {
  const rows = environments.flatMap((environment) => rowsOf(environment));
  const head = ['ENVIRONMENT', 'NAME', 'STATUS', 'HEALTHY', 'IMAGE', 'AGE', 'URL'];
  const lines = failing.map(({ what, reason }) => `  ${what}: ${reason}\n`);
  return `${table(head, rows)}\n${lines.length > 0 ? `Failing now:\n${lines.join('')}` : 'Nothing fails now.\n'}`;
}

function rowsOf({ name: environment, status: place, url, deployments }: EnvironmentState): string[][] {
  if (deployments.length === 0) return [[environment, '-', place, '', '', '', url ?? '']];
  return deployments.map(({ name, status: state, healthy, replicas, image, createdAt, url: own }) => [
    environment,
    name,
    state,
    `${healthy}/${replicas}`,
    image,
    age(createdAt),
    own ?? '',
  ]);
}
