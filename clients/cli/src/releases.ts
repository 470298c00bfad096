import * as sdk from '../../typescript/src/index.js';
import type { DeploymentAccepted, DeploymentPlanAnswer, Promote, Redeploy } from '../../typescript/src/index.js';
import { Api } from './api.js';
import { SET_FILE, variableFiles, pairs, read, variables } from './arguments.js';
import { environmentName, IN_ENVIRONMENT, printOutcome, timeoutMsOf, WAIT, type WaitValues } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { print } from './output.js';
import { planText } from './plan.js';

const DRY_RUN = { 'dry-run': { type: 'boolean' } } as const;

/** Changes variables: the image, and everything that is not named, stays. */
export async function set(args: string[]): Promise<void> {
  const options = {
    ...IN_ENVIRONMENT,
    ...WAIT,
    ...DRY_RUN,
    ...SET_FILE,
    unset: { type: 'string', multiple: true },
  } as const;
  const { values, positionals } = read(args, options, ['NAME'], Infinity);
  const [name = '', ...given] = positionals;
  const unset = values.unset ?? [];
  const files = values['set-file'] ?? [];
  if (given.length + unset.length + files.length === 0)
    throw new Failure(EXIT.usage, 'KEY=value, --set-file or --unset KEY is missing: see berth set --help.');
  const removed = Object.fromEntries(unset.map((key) => [key, null]));
  await change(name, values, {
    envVars: { ...removed, ...variableFiles(files), ...variables(given) },
    dryRun: values['dry-run'] ?? false,
  });
}

export async function redeploy(args: string[]): Promise<void> {
  const options = { ...IN_ENVIRONMENT, ...WAIT, 'keep-image': { type: 'boolean' } } as const;
  const { values, positionals } = read(args, options, ['NAME']);
  await change(positionals[0] ?? '', values, values['keep-image'] ? { keepImage: true } : {});
}

/** Creates the next release of a name with changes, and prints it, or with `dryRun` the plan. */
export async function change(name: string, values: WaitValues & { env?: string }, body: Redeploy): Promise<void> {
  timeoutMsOf(values);
  const { api, path } = await named(name, values.env);
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const answer: DeploymentAccepted | DeploymentPlanAnswer = await api.of(
    sdk.redeployByName({ client: api.client, path, headers, body }),
  );
  await printAnswer(api, answer, values);
}

export async function promote(args: string[]): Promise<void> {
  const options = {
    ...IN_ENVIRONMENT,
    ...WAIT,
    ...DRY_RUN,
    to: { type: 'string' },
    name: { type: 'string', short: 'n' },
    set: { type: 'string', short: 's', multiple: true },
    'keep-env': { type: 'boolean' },
  } as const;
  const { values, positionals } = read(args, options, ['NAME']);
  if (values.to === undefined) throw new Failure(EXIT.usage, '--to is missing: give the name of an environment.');
  timeoutMsOf(values);
  const api = new Api();
  const source = await api.environment(environmentName(values.env));
  const { id } = await api.release(source.id, positionals[0] ?? '');
  const { id: environmentId } = await api.environment(values.to);
  const envVars = pairs(values.set, 'set');
  const body: Promote = {
    environmentId,
    ...(values.name && { name: values.name }),
    ...(envVars && { envVars }),
    ...(values['keep-env'] && { keepEnvVars: true }),
    ...(values['dry-run'] && { dryRun: true }),
  };
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const answer: DeploymentAccepted | DeploymentPlanAnswer = await api.of(
    sdk.promoteDeployment({ client: api.client, path: { id }, headers, body }),
  );
  await printAnswer(api, answer, values);
}

export async function rollback(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, ...WAIT, to: { type: 'string' } }, ['NAME']);
  timeoutMsOf(values);
  const { api, path } = await named(positionals[0] ?? '', values.env);
  const body = values.to ? { deploymentId: values.to } : {};
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const { jobId } = await api.of(sdk.rollbackByName({ client: api.client, path, headers, body }));
  await printOutcome(api, jobId, values);
}

export async function start(args: string[]): Promise<void> {
  const { values, positionals } = read(args, { ...IN_ENVIRONMENT, ...WAIT }, ['NAME']);
  timeoutMsOf(values);
  const { api, path } = await named(positionals[0] ?? '', values.env);
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const { jobId } = await api.of(sdk.startByName({ client: api.client, path, headers }));
  await printOutcome(api, jobId, values);
}

export async function stop(args: string[]): Promise<void> {
  const { values, positionals } = read(args, IN_ENVIRONMENT, ['NAME']);
  const { api, path } = await named(positionals[0] ?? '', values.env);
  const { deployment, message } = await api.of(sdk.stopByName({ client: api.client, path }));
  print(values.json, deployment, `${message}\n`);
}

async function named(name: string, env: string | undefined) {
  const api = new Api();
  const { id } = await api.environment(environmentName(env));
  return { api, path: { id, name } };
}

/** Prints the outcome of a release, or the plan of a dry run. */
export async function printAnswer(
  api: Api,
  answer: DeploymentAccepted | DeploymentPlanAnswer,
  values: WaitValues,
): Promise<void> {
  if (!('plan' in answer)) return printOutcome(api, answer.jobId, values);
  print(values.json, answer.plan, planText(answer.plan));
}
