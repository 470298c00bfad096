import { expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { byName, failureOf } from '../../../clients/dashboard/src/releases.js';

const HEALTHY = { status: 'RUNNING', healthStatus: 'HEALTHY' };
const release = (id: string, name: string, status: string, containers: object[] = [HEALTHY]) =>
  ({ id, name, status, containers, errorCode: status === 'FAILED' ? 'CONTAINER_CRASHED' : null }) as Deployment;

it('names the newest release and the one that serves', () => {
  const [web, api] = byName([
    release('4', 'web', 'FAILED'),
    release('3', 'api', 'STARTING_CONTAINERS'),
    release('2', 'web', 'RUNNING'),
    release('1', 'web', 'STOPPED'),
  ]);
  expect([web?.newest.id, web?.serving?.id, api?.newest.id, api?.serving]).toEqual(['4', '2', '3', undefined]);
});

it.each([
  [
    'a failed release beside one that serves',
    [release('2', 'web', 'FAILED'), release('1', 'web', 'RUNNING')],
    /CRASHED, the release before still serves/,
  ],
  ['a failed release alone', [release('2', 'web', 'FAILED')], /^CONTAINER_CRASHED$/],
  [
    'an unhealthy container',
    [release('1', 'web', 'RUNNING', [HEALTHY, { status: 'RUNNING', healthStatus: 'UNHEALTHY' }])],
    /unhealthy/,
  ],
  [
    'a container that ended',
    [release('1', 'web', 'RUNNING', [{ status: 'FAILED', healthStatus: 'NONE' }])],
    /container has failed/,
  ],
])('says what fails now: %s', (_what, releases, expected) => {
  const [named] = byName(releases);
  expect(named && failureOf(named)).toMatch(expected);
});

it('says nothing of what runs, and of what was stopped on purpose', () => {
  for (const status of ['RUNNING', 'STOPPED', 'PENDING']) {
    const [named] = byName([release('1', 'web', status)]);
    expect(named && failureOf(named)).toBeUndefined();
  }
});
