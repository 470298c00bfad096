import * as sdk from '../../typescript/src/index.js';
import type { Api } from './api.js';
import { EXIT, Failure } from './failure.js';
import { follow, outcome } from './follow.js';
import { print } from './output.js';

export const JSON_OUTPUT = { json: { type: 'boolean' } } as const;
export const IN_ENVIRONMENT = { env: { type: 'string', short: 'e' }, ...JSON_OUTPUT } as const;

export function environmentName(given: string | undefined): string {
  const name = given ?? process.env['BERTH_ENV'];
  if (name) return name;
  throw new Failure(EXIT.usage, '--env is missing: give the name of an environment, or set BERTH_ENV.');
}

/** Prints the deployment of a job: at once, or with `wait` its outcome. */
export async function printOutcome(
  api: Api,
  jobId: string,
  { wait, json }: { wait?: boolean; json?: boolean },
): Promise<void> {
  if (!wait) {
    const { deployment } = await api.of(sdk.getDeploymentByJob({ client: api.client, path: { jobId } }));
    print(json, deployment, `${deployment.name} is being deployed: job ${jobId}.\n`);
    return;
  }
  const deployment = await follow(api, jobId);
  if (json) print(true, deployment, '');
  const text = outcome(deployment, api.login.url);
  if (!json) process.stdout.write(text);
}
