import * as sdk from '../../typescript/src/index.js';
import { Api } from './api.js';
import { read, whole } from './arguments.js';
import { completion } from './completion.js';
import { deploy, DEPLOY_USAGE } from './deploy.js';
import { healthOf, imageOf } from './deployment-text.js';
import { environmentName, IN_ENVIRONMENT, JSON_OUTPUT, printOutcome } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { keys, KEYS_USAGE } from './keys.js';
import { login } from './login.js';
import { logs, LOGS_USAGE } from './logs.js';
import { open, OPEN_USAGE } from './open.js';
import { age, print, table } from './output.js';
import { run, RUN_USAGE } from './run.js';
import { promote, redeploy, rollback, set, start, stop } from './releases.js';
import { status, STATUS_USAGE } from './status.js';

interface Command {
  /** arguments of the command */
  usage: string;
  summary: string;
  run: (args: string[]) => Promise<void>;
}

export const COMMANDS: Record<string, Command> = {
  login: {
    usage: 'URL [--json]',
    summary: 'save the URL and the API key (read from standard input, or prompted for)',
    run: login,
  },
  env: {
    usage: '[create NAME [--ttl SECONDS] | delete NAME] [--json]',
    summary: 'list, create or delete environments',
    run: env,
  },
  deploy: {
    usage: DEPLOY_USAGE,
    summary: 'deploy a folder, an image or a repository; waits for the outcome of a folder, or with --wait',
    run: deploy,
  },
  ps: { usage: '--env NAME [--all] [--json]', summary: 'list deployments', run: ps },
  status: {
    usage: STATUS_USAGE,
    summary: 'show what runs, its health and what fails now; with --check the exit code is 1 when something fails',
    run: status,
  },
  open: {
    usage: OPEN_USAGE,
    summary: 'print the URL for visitors; on a terminal, open it in the browser unless --print is given',
    run: open,
  },
  logs: {
    usage: LOGS_USAGE,
    summary: 'print logs; --follow continues across releases',
    run: logs,
  },
  run: {
    usage: RUN_USAGE,
    summary: 'run a command once with the running release; prints its output and ends with its exit code',
    run,
  },
  set: {
    usage:
      'NAME [KEY=value]… [KEY]… [--set-file FILE]… [--unset KEY]… --env NAME [--wait] [--timeout 10m] [--dry-run] [--json]',
    summary: 'change variables and keep the rest; the value of a KEY alone is taken from this shell',
    run: set,
  },
  redeploy: {
    usage: 'NAME --env NAME [--keep-image] [--wait] [--timeout 10m] [--json]',
    summary: 'release the same again; resolves the tag or the branch unless the image is kept',
    run: redeploy,
  },
  promote: {
    usage:
      'NAME --to NAME --env NAME [--name N] [--set K=v]… [--keep-env] [--wait] [--timeout 10m] [--dry-run] [--json]',
    summary: 'release the same image in another environment, with the variables of that environment',
    run: promote,
  },
  rollback: {
    usage: 'NAME --env NAME [--to DEPLOYMENT-ID] [--wait] [--timeout 10m] [--json]',
    summary: 'roll back to the previous release, or to a given one',
    run: rollback,
  },
  stop: { usage: 'NAME --env NAME [--json]', summary: 'stop a deployment; its volumes are retained', run: stop },
  start: {
    usage: 'NAME --env NAME [--wait] [--timeout 10m] [--json]',
    summary: 'start a stopped deployment',
    run: start,
  },
  delete: {
    usage: 'NAME --env NAME [--volumes] [--json]',
    summary: 'delete a deployment; --volumes also deletes its volumes',
    run: remove,
  },
  public: {
    usage: 'DOMAIN --env NAME [--port N] [--json]',
    summary: 'make the environment public under a domain name',
    run: makePublic,
  },
  keys: {
    usage: KEYS_USAGE,
    summary: 'list, create or revoke API keys; --env binds a new key to an environment',
    run: keys,
  },
  completion: {
    usage: 'bash|zsh|fish',
    summary: 'print a completion script',
    run: complete,
  },
};

export function usageOf(name?: string): string {
  const entries = Object.entries(COMMANDS).filter(([command]) => name === undefined || command === name);
  const lines = entries.map(([command, { usage, summary }]) => `  berth ${command} ${usage}\n      ${summary}\n`);
  const tail = name
    ? ''
    : '\nBERTH_ENV sets --env; BERTH_URL and BERTH_API_KEY replace the login.\nExit codes: 0 done, 1 the deployment has FAILED, 2 usage error, 3 the API refused, 4 the key is not accepted or allowed,\n5 not found, 6 --timeout is over, 7 the API does not answer. run: that of the command.\n';
  return `${lines.join('')}${tail}`;
}

async function env(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...JSON_OUTPUT, ttl: { type: 'string' } }, [], 2);
  const [action, name] = positionals;
  const api = new Api();
  const { client } = api;
  if (action === undefined) {
    const { environments } = await api.of(sdk.listEnvironments({ client, query: { limit: 100 } }));
    const rows = environments.map((one) => [one.name, one.status, one.publicDomain ?? '', age(one.createdAt)]);
    print(values.json, environments, table(['NAME', 'STATUS', 'PUBLIC', 'AGE'], rows));
    return;
  }
  if (name === undefined) throw new Failure(EXIT.usage, 'NAME is missing: see berth env --help.');
  if (action === 'create') {
    const ttlSeconds = whole(values.ttl, 'ttl');
    const body = { name, ...(ttlSeconds !== undefined && { ttlSeconds }) };
    const { environment } = await api.of(sdk.createEnvironment({ client, body }));
    print(values.json, environment, `Environment ${name} is ${environment.status}.\n`);
  } else if (action === 'delete') {
    const { id } = await api.environment(name);
    const answer = await api.of(sdk.deleteEnvironment({ client, path: { id } }));
    print(values.json, answer.environment, `${answer.message}\n`);
  } else throw new Failure(EXIT.usage, `${action}: must be create or delete.`);
}

async function ps(args: string[]): Promise<void> {
  const { values } = read(args, {
    ...IN_ENVIRONMENT,
    all: { type: 'boolean', short: 'a' },
  });
  const api = new Api();
  const { id } = await api.environment(environmentName(values.env));
  const ended = new Set(['STOPPED', 'FAILED']);
  const shown = (await api.deployments(id)).filter(({ status }) => values.all || !ended.has(status));
  const rows = shown.map((one) => [one.name, one.status, healthOf(one), imageOf(one), age(one.createdAt), one.id]);
  print(values.json, shown, table(['NAME', 'STATUS', 'HEALTHY', 'IMAGE', 'AGE', 'ID'], rows));
}

async function remove(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, volumes: { type: 'boolean' } }, ['NAME']);
  const { api, id } = await releaseOf(positionals[0] ?? '', values.env);
  const query = values.volumes ? { deleteVolumes: true } : {};
  const { message, deployment } = await api.of(sdk.deleteDeployment({ client: api.client, path: { id }, query }));
  print(values.json, deployment, `${message}\n`);
}

async function makePublic(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, port: { type: 'string', short: 'p' } }, ['DOMAIN']);
  const api = new Api();
  const { id } = await api.environment(environmentName(values.env));
  const port = whole(values.port, 'port');
  const body = {
    domain: positionals[0] ?? '',
    ...(port !== undefined && { port }),
  };
  const { environment } = await api.of(sdk.makeEnvironmentPublic({ client: api.client, path: { id }, body }));
  print(
    values.json,
    environment,
    `${environment.name} is public as ${environment.publicDomain ?? ''}; the certificate is ${environment.certificate?.status ?? 'PENDING'}.\n`,
  );
}

function complete(args: string[]): Promise<void> {
  const { positionals } = read(args, {}, ['bash, zsh or fish']);
  process.stdout.write(completion(positionals[0] ?? ''));
  return Promise.resolve();
}

/** Finds the deployment of a name in an environment. */
async function releaseOf(name: string, env: string | undefined): Promise<{ api: Api; id: string }> {
  const api = new Api();
  const environment = await api.environment(environmentName(env));
  const { id } = await api.release(environment.id, name);
  return { api, id };
}
