import * as sdk from '../../typescript/src/index.js';
import type { Api } from './api.js';
import { urlOf } from './address.js';
import { duration } from './arguments.js';
import { EXIT, Failure } from './failure.js';
import { follow, outcome } from './follow.js';
import { print } from './output.js';

export const JSON_OUTPUT = { json: { type: 'boolean' } } as const;
export const IN_ENVIRONMENT = { env: { type: 'string', short: 'e' }, ...JSON_OUTPUT } as const;
export const WAIT = { wait: { type: 'boolean', short: 'w' }, timeout: { type: 'string' } } as const;

export interface WaitValues {
  wait?: boolean | undefined;
  timeout?: string | undefined;
  json?: boolean | undefined;
}

/** Returns how long to wait at most. It is checked before a request, because the release would start without it. */
export function timeoutMsOf({ wait, timeout }: WaitValues): number {
  if (timeout !== undefined && !wait) throw new Failure(EXIT.usage, '--timeout limits --wait: give both, or neither.');
  return duration(timeout, 'timeout') ?? Infinity;
}

export function environmentName(given: string | undefined): string {
  const name = given ?? process.env['BERTH_ENV'];
  if (name) return name;
  throw new Failure(EXIT.usage, '--env is missing: give the name of an environment, or set BERTH_ENV.');
}

/** Prints the deployment of a job: at once, or with `wait` its outcome. */
export async function printOutcome(api: Api, jobId: string, values: WaitValues): Promise<void> {
  if (!values.wait) {
    const { deployment } = await api.of(sdk.getDeploymentByJob({ client: api.client, path: { jobId } }));
    print(values.json, deployment, `${deployment.name} is being deployed: job ${jobId}.\n`);
    return;
  }
  const deployment = await follow(api, jobId, timeoutMsOf(values));
  if (values.json) print(true, { ...deployment, url: urlOf(deployment, api.login.url) ?? null }, '');
  const text = outcome(deployment, api.login.url);
  if (!values.json) process.stdout.write(text);
}
