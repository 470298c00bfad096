import { Readable } from 'node:stream';
import * as sdk from '../../typescript/src/index.js';
import type {
  CreateDeployment,
  CreateGitDeployment,
  CreateUploadDeployment,
  DeploymentAccepted,
  DeploymentPlanAnswer,
  Upload,
} from '../../typescript/src/index.js';
import { Api, unreachable } from './api.js';
import { fileContents, files, pairs, ports, read, SET_FILE, variableFiles, volumes, whole } from './arguments.js';
import { environmentName, IN_ENVIRONMENT, timeoutMsOf, WAIT } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { archiveOf, folderOf, nameOf } from './folder.js';
import { change, printAnswer } from './releases.js';

const DEPLOY = {
  ...IN_ENVIRONMENT,
  ...WAIT,
  ...SET_FILE,
  name: { type: 'string', short: 'n' },
  tag: { type: 'string' },
  branch: { type: 'string' },
  dockerfile: { type: 'string' },
  'build-arg': { type: 'string', multiple: true },
  'build-secret': { type: 'string', multiple: true },
  'build-env': { type: 'boolean' },
  target: { type: 'string' },
  port: { type: 'string', short: 'p', multiple: true },
  set: { type: 'string', short: 's', multiple: true },
  volume: { type: 'string', short: 'v', multiple: true },
  file: { type: 'string', multiple: true },
  'secret-file': { type: 'string', multiple: true },
  replicas: { type: 'string' },
  health: { type: 'string' },
  'release-command': { type: 'string', multiple: true },
  ttl: { type: 'string' },
  detach: { type: 'boolean', short: 'd' },
  'dry-run': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof read<typeof DEPLOY>>['values'];
type Answer = DeploymentAccepted | DeploymentPlanAnswer;

const BUILD_OPTIONS = ['dockerfile', 'build-arg', 'build-secret', 'build-env', 'target'] as const;

export const DEPLOY_USAGE =
  'FOLDER|IMAGE|GIT-URL|NAME [--env NAME] [--name N] [--tag T] [--branch B] [--port 8080:80]… [--set K=v]… [--set-file FILE]…\n    [--volume data:/path]… [--file /path=FILE]… [--secret-file /path=FILE]…\n' +
  '    [--dockerfile PATH] [--target STAGE] [--build-arg K=v]… [--build-env] [--build-secret ID=FILE]…\n' +
  '    [--replicas N] [--health /path] [--release-command ARG]… [--ttl SECONDS]\n' +
  '    [--wait] [--timeout 10m] [--detach] [--dry-run] [--json]';

/**
 * Deploys. With a tag, releases that tag of a deployment that exists. For a folder it waits for the outcome, unless
 * detached, and creates the environment, by default named as the folder.
 */
export async function deploy(args: string[]): Promise<void> {
  const { values, positionals } = read(args, DEPLOY, ['FOLDER, IMAGE or GIT-URL']);
  const source = positionals[0] ?? '';
  const options = optionsOf(values);
  if (values.tag !== undefined) return deployTag(source, values, options);
  const api = new Api();
  const folder = isRepository(source) ? undefined : await folderOf(source);
  if (folder !== undefined) refuse(['branch'], values, 'a folder');
  else if (!isRepository(source)) refuse([...BUILD_OPTIONS, 'branch'], values, 'an image');
  const waiting = { ...values, wait: values.wait === true || (folder !== undefined && values.detach !== true) };
  timeoutMsOf(waiting);
  const answer =
    folder === undefined
      ? await fromElsewhere(api, source, values, options)
      : await fromFolder(api, folder, values, options);
  await printAnswer(api, answer, waiting);
}

/** Everything that no option names stays as it is. */
async function deployTag(name: string, values: Values, options: object): Promise<void> {
  if (!/^[a-z][a-z0-9-]*$/.test(name) || values.name !== undefined)
    throw new Failure(EXIT.usage, `${name} --tag: must be the name of a deployment; write IMAGE:TAG for a new one.`);
  refuse([...BUILD_OPTIONS, 'branch'], values, 'a tag');
  await change(name, values, { ...options, ...(values.tag && { tag: values.tag }) });
}

/** An option that would have no effect is an error. */
function refuse(options: (keyof Values)[], values: Values, source: string): void {
  const given = options.find((option) => values[option] !== undefined);
  if (given !== undefined) throw new Failure(EXIT.usage, `--${given} has no effect on ${source}: leave it out.`);
}

async function fromElsewhere(api: Api, source: string, values: Values, options: object): Promise<Answer> {
  const { client } = api;
  const { id: environmentId } = await api.environment(environmentName(values.env));
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const common = { environmentId, ...options };
  if (!isRepository(source)) {
    const body = { ...common, image: source } as CreateDeployment;
    return api.of(sdk.createDeployment({ client, headers, body }));
  }
  const branch = values.branch && { branch: values.branch };
  const body = { ...common, ...buildOptionsOf(values), ...branch, gitUrl: source } as CreateGitDeployment;
  return api.of(sdk.createDeploymentFromGit({ client, headers, body }));
}

async function fromFolder(api: Api, folder: string, values: Values, options: object): Promise<Answer> {
  const { client } = api;
  const name = values.name ?? nameOf(folder);
  const environmentId = await api.environmentOrNew(values.env ?? process.env['BERTH_ENV'] ?? nameOf(folder));
  const { uploadId, sizeBytes } = await upload(api, folder, values.dockerfile);
  process.stderr.write(`Uploaded ${(sizeBytes / 1e6).toFixed(1)} MB.\n`);
  const body = { ...options, ...buildOptionsOf(values), environmentId, uploadId, name } as CreateUploadDeployment;
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  return api.of(sdk.createDeploymentFromUpload({ client, headers, body }));
}

async function upload(api: Api, folder: string, dockerfile: string | undefined): Promise<Upload> {
  const archive = await archiveOf(folder, dockerfile);
  let readError: Error | undefined;
  archive.once('error', (error: Error) => (readError = error));
  // Not with the generated client, which would encode the stream as JSON.
  const response = await fetch(`${api.login.url}/uploads`, {
    method: 'POST',
    headers: { 'X-API-Key': api.login.key, 'Content-Type': 'application/gzip' },
    body: Readable.toWeb(archive as Readable),
    duplex: 'half',
  } as unknown as RequestInit).catch((error: Error) => {
    if (!readError) throw unreachable(api.login.url, error);
    throw new Failure(EXIT.usage, `The folder could not be read: ${readError.message}`);
  });
  // A proxy in front of the API may refuse a large body with a page of its own.
  const body = (await response.json().catch(() => ({}))) as unknown;
  return api.of(Promise.resolve(response.ok ? { data: body as Upload, response } : { error: body, response }));
}

function optionsOf(values: Values): object {
  const replicas = whole(values.replicas, 'replicas');
  const ttlSeconds = whole(values.ttl, 'ttl');
  const mounted = [...files(values.file ?? [], 'file'), ...files(values['secret-file'] ?? [], 'secret-file')];
  return {
    ...(values.name && { name: values.name }),
    ...(values.port && { ports: ports(values.port) }),
    ...((values.set ?? values['set-file']) && {
      envVars: { ...variableFiles(values['set-file']), ...pairs(values.set, 'set') },
    }),
    ...(values.volume && { volumes: volumes(values.volume) }),
    ...(mounted.length > 0 && { files: mounted }),
    ...(values.health && { healthCheck: { path: values.health } }),
    ...(values['release-command'] && { releaseCommand: values['release-command'] }),
    ...(replicas !== undefined && { replicas }),
    ...(ttlSeconds !== undefined && { ttlSeconds }),
    ...(values['dry-run'] && { dryRun: true }),
  };
}

function buildOptionsOf(values: Values): object {
  return {
    ...(values.dockerfile && { dockerfile: values.dockerfile }),
    ...(values['build-arg'] && { buildArgs: pairs(values['build-arg'], 'build-arg') }),
    ...(values['build-env'] && { buildEnvVars: true }),
    ...(values['build-secret'] && { buildSecrets: fileContents(values['build-secret'], 'build-secret') }),
    ...(values.target && { target: values.target }),
  };
}

function isRepository(source: string): boolean {
  return /^(https|ssh):\/\//.test(source) || /^[^@/\s]+@[^:/\s]+:/.test(source);
}
