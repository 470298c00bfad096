import { describe, expect, it } from 'vitest';
import type { SignalName, PgNotifications } from '#src/core/database/pg-notifications.js';
import { DeploymentChanges } from './deployment-changes.js';

/** The database's signals, sent by hand. */
function changesWith(): { changes: DeploymentChanges; change: (deploymentId: string) => void } {
  const listeners = new Map<SignalName, (payload: never) => void>();
  const signals = { on: (name: SignalName, listener: never) => listeners.set(name, listener) } as unknown as PgNotifications;
  const changes = new DeploymentChanges(signals);
  changes.onModuleInit();
  return {
    changes,
    change: (deploymentId) => listeners.get('deployment.changed')?.({ deploymentId, jobId: 'j' } as never),
  };
}

describe('who waits for a change', () => {
  const never = new AbortController().signal;

  it('must hear of it, also when it came before he asked', async () => {
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

  it('must hear of a change that comes while he is called away', async () => {
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
