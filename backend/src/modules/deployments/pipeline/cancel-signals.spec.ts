import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { eventually } from '../../../../test/testbed/eventually.js';
import { CancelSignals } from './cancel-signals.js';

type Claim = Parameters<CancelSignals['watch']>[0];
const claimOf = (more: object = {}) =>
  ({ id: 'd', status: 'PULLING_IMAGE', cancelRequestedAt: null, environment: { status: 'ACTIVE' }, ...more }) as Claim;

/** `requested`: the ids whose cancellation is stored. */
function signals(requested: string[]): { cancels: CancelSignals; notifications: EventEmitter } {
  const notifications = new EventEmitter();
  const states = {
    cancelRequested: (ids: string[]) =>
      Promise.resolve(requested.filter((id) => ids.includes(id)).map((id) => ({ id }))),
  };
  const parts = [notifications, states] as unknown as ConstructorParameters<typeof CancelSignals>;
  const cancels = new CancelSignals(...parts);
  cancels.onModuleInit();
  return { cancels, notifications };
}

it('must notice a cancellation between the claim and the watch, whose notification nothing has received', async () => {
  const { signal } = signals(['d']).cancels.watch(claimOf());
  await eventually(() => expect(signal.aborted).toBe(true), 1000);
});

it('must not cancel a release that is RUNNING', async () => {
  const { signal } = signals(['d']).cancels.watch(claimOf({ status: 'RUNNING', cancelRequestedAt: new Date() }));
  await Promise.resolve();
  expect(signal.aborted).toBe(false);
});

it('must notify the current attempt after an earlier one has ended', () => {
  const { cancels, notifications } = signals([]);
  const earlier = cancels.watch(claimOf());
  const { signal } = cancels.watch(claimOf());
  earlier.end();
  notifications.emit('deployment.cancel', { deploymentId: 'd' });
  expect(signal.aborted).toBe(true);
});
