import type { Deployment, Environment, Health } from '../../typescript/src/index.js';
import { publicUrl, urlOf } from './address.js';
import { healthyReplicas, imageOf } from './deployment-text.js';

export interface NameState {
  name: string;
  id: string;
  status: Deployment['status'];
  healthy: number;
  replicas: number;
  image: string;
  url: string | null;
  createdAt: string;
}

export interface EnvironmentState {
  name: string;
  status: Environment['status'];
  url: string | null;
  certificate: string | null;
  deployments: NameState[];
  failing: Failing[];
}

/** `what`: the component, the environment, or environment/deployment. */
export interface Failing {
  what: string;
  reason: string;
}

/** Describes an environment: per name the release that serves, else the newest. `releases`: newest first. */
export function stateOf(environment: Environment, releases: Deployment[], apiUrl: string): EnvironmentState {
  const { name, status, publicDomain, certificate } = environment;
  const names = [...new Set(releases.map((one) => one.name))].map((one) =>
    releases.filter((other) => other.name === one),
  );
  return {
    name,
    status,
    url: publicDomain ? publicUrl(publicDomain) : null,
    certificate: certificate?.status ?? null,
    deployments: names.flatMap((ofName) => stateOfName(ofName, apiUrl)),
    failing: [...failingOfEnvironment(environment), ...names.flatMap((ofName) => failingOfName(name, ofName))],
  };
}

/** Returns the components of the server that are down. */
export function failingOfServer({ details }: Pick<Health, 'details'>): Failing[] {
  const down = Object.entries(details).filter(([, { status }]) => status === 'down');
  return down.map(([what, { message }]) => ({ what, reason: message ?? 'is down' }));
}

function stateOfName(releases: Deployment[], apiUrl: string): NameState[] {
  const shown = serving(releases) ?? releases[0];
  // What was stopped or deleted is not part of the state.
  if (!shown || shown.status === 'STOPPED') return [];
  const { name, id, status, replicas, createdAt } = shown;
  const url = status === 'RUNNING' ? (urlOf(shown, apiUrl) ?? null) : null;
  return [{ name, id, status, healthy: healthyReplicas(shown), replicas, image: imageOf(shown), url, createdAt }];
}

function serving(releases: Deployment[]): Deployment | undefined {
  return releases.find(({ status }) => status === 'RUNNING');
}

function failingOfEnvironment({ name, status, errorMessage, certificate }: Environment): Failing[] {
  const failed = status === 'ERROR' ? [{ what: name, reason: errorMessage ?? 'ERROR' }] : [];
  if (certificate?.status !== 'FAILED') return failed;
  return [...failed, { what: name, reason: `The certificate is FAILED: ${certificate.lastError ?? ''}` }];
}

function failingOfName(environment: string, releases: Deployment[]): Failing[] {
  const [newest] = releases;
  const running = serving(releases);
  const what = `${environment}/${newest?.name ?? ''}`;
  const reasons = [
    // A cancelled release is what its user wanted.
    ...(newest?.status === 'FAILED' && newest.errorCode !== 'CANCELLED' ? [reasonOf(newest, running)] : []),
    ...(running && healthyReplicas(running) < running.replicas ? [unhealthy(running)] : []),
  ];
  return reasons.map((reason) => ({ what, reason }));
}

function reasonOf({ errorCode, errorMessage }: Deployment, running: Deployment | undefined): string {
  const [line = ''] = (errorMessage ?? '').split('\n');
  return `The newest release is FAILED (${errorCode ?? ''}): ${line}${running ? ' The previous one serves.' : ''}`;
}

function unhealthy(running: Deployment): string {
  const restarts = running.containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const healthy = `${healthyReplicas(running)} of ${running.replicas} replicas are healthy`;
  return restarts > 0 ? `${healthy}, after ${restarts} restarts.` : `${healthy}.`;
}
