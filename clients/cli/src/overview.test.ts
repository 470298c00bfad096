import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failingOfServer, stateOf } from './overview.js';

const API = 'http://127.0.0.1:3000';
const ENVIRONMENT = { name: 'shop', status: 'ACTIVE', publicDomain: null, certificate: null, errorMessage: null };
const HEALTHY = { status: 'RUNNING', healthStatus: 'HEALTHY', restartCount: 0 };
const release = (changes: object) => ({
  ...{ name: 'web', id: '1', status: 'RUNNING', replicas: 1, containers: [HEALTHY], source: 'IMAGE', image: 'nginx' },
  ...{ tag: 'alpine', ports: [], environment: ENVIRONMENT, createdAt: '2026-01-01T00:00:00.000Z' },
  ...changes,
});
const FAILED = { status: 'FAILED', containers: [], errorCode: 'CONTAINER_CRASHED', errorMessage: 'Exit 1.\nlog line' };
const state = (releases: object[], environment: object = {}) =>
  stateOf({ ...ENVIRONMENT, ...environment } as never, releases as never, API);

test('a healthy environment must have nothing that fails', () => {
  const { deployments, failing } = state([release({ ports: [{ container: 80, host: 8080 }] })]);
  assert.deepEqual(failing, []);
  assert.deepEqual(deployments, [
    {
      ...{ name: 'web', id: '1', status: 'RUNNING', healthy: 1, replicas: 1, image: 'nginx:alpine' },
      ...{ url: 'http://127.0.0.1:8080', createdAt: '2026-01-01T00:00:00.000Z' },
    },
  ]);
});

test('a failed release must be shown with its reason, and the one that serves must stay visible', () => {
  const { deployments, failing } = state([release({ id: '2', ...FAILED }), release({})]);
  assert.deepEqual([deployments.length, deployments[0]?.id], [1, '1']);
  const reason = 'The newest release is FAILED (CONTAINER_CRASHED): Exit 1. The previous one serves.';
  assert.deepEqual(failing, [{ what: 'shop/web', reason }]);
  const alone = state([release(FAILED)]);
  assert.deepEqual([alone.deployments[0]?.status, alone.failing.length], ['FAILED', 1]);
});

test('replicas that are not healthy must be counted with their restarts', () => {
  const sick = { status: 'RUNNING', healthStatus: 'UNHEALTHY', restartCount: 3 };
  const { failing } = state([release({ replicas: 2, containers: [HEALTHY, sick] })]);
  assert.deepEqual(failing, [{ what: 'shop/web', reason: '1 of 2 replicas are healthy, after 3 restarts.' }]);
});

test('what was stopped, cancelled or is in progress must not fail', () => {
  assert.deepEqual(state([release({ status: 'STOPPED' })]).deployments, []);
  const cancelled = release({ ...FAILED, errorCode: 'CANCELLED' });
  for (const newest of [
    release({ status: 'STOPPED' }),
    cancelled,
    release({ status: 'PULLING_IMAGE', containers: [] }),
  ])
    assert.deepEqual(state([newest, release({ status: 'STOPPED' })]).failing, []);
});

test('an environment, its certificate and the server must be named when they fail', () => {
  assert.deepEqual(state([], { status: 'ERROR', errorMessage: 'no subnet' }).failing, [
    { what: 'shop', reason: 'no subnet' },
  ]);
  const site = { publicDomain: 'shop.example.com', certificate: { status: 'FAILED', lastError: 'no A record' } };
  assert.deepEqual(state([], site).failing, [{ what: 'shop', reason: 'The certificate is FAILED: no A record' }]);
  const details = { database: { status: 'up' }, ingress: { status: 'down', message: 'port 80 is in use' } } as const;
  assert.deepEqual(failingOfServer({ details }), [{ what: 'ingress', reason: 'port 80 is in use' }]);
});
