import { describe, expect, it } from 'vitest';
import type { SignalName, PgNotifications } from '#src/core/database/pg-notifications.js';
import { DeploymentChanges } from './deployment-changes.js';

/** Database notifications, sent by hand. */
function changesWith(): { changes: DeploymentChanges; change: (deploymentId: string) => void } {
  const listeners = new Map<SignalName, (payload: never) => void>();
  const signals = {
    on: (name: SignalName, listener: never) => listeners.set(name, listener),
  } as unknown as PgNotifications;
  const changes = new DeploymentChanges(signals);
  changes.onModuleInit();
  return {
    changes,
    change: (deploymentId) => listeners.get('deployment.changed')?.({ deploymentId, jobId: 'j' } as never),
  };
}

describe('a client that waits for a change', () => {
  const never = new AbortController().signal;

  it('must be notified of it, also of a change before the call', async () => {
    const { changes, change } = changesWith();
    const watch = changes.watch('d');
    change('d');
    await watch.next(never);
    const waiting = watch.next(never);
    change('other');
    change('d');
    await waiting;
    watch.end();
  });

  it('must be notified of a change that comes while its wait is aborted', async () => {
    const { changes, change } = changesWith();
    const watch = changes.watch('d');
    const away = new AbortController();
    const waiting = watch.next(away.signal);
    away.abort();
    change('d');
    await waiting;
    let told = false;
    await Promise.race([watch.next(never).then(() => (told = true)), new Promise((resolve) => setImmediate(resolve))]);
    expect(told).toBe(true);
  });
});
