import { expect, it } from 'vitest';
import type { Caller } from '#src/common/decorators/caller.js';
import { DeploymentStreamsService } from './deployment-streams.service.js';
import { OpenRequests } from './open-requests.js';

const callerOf = (userId: string, keyId = 'k') => ({ userId, keyId }) as Caller;
const open = () => new AbortController();

/** A service whose logs never end. */
function service(streamsPerUser: number): DeploymentStreamsService {
  async function* follow(_id: string, _query: object, signal: AbortSignal) {
    while (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    yield* [];
  }
  const limits = [
    { closing: open().signal },
    { watch: () => ({ signal: open().signal, end: () => undefined }) },
    { quota: { streamsPerUser } },
  ] as unknown as ConstructorParameters<typeof OpenRequests>;
  const parts = [
    { get: () => Promise.resolve({ id: 'd' }) },
    {},
    {},
    { follow },
    {},
    new OpenRequests(...limits),
  ] as unknown as ConstructorParameters<typeof DeploymentStreamsService>;
  return new DeploymentStreamsService(...parts);
}

const LOGS = { of: 'containers', tail: 1, since: undefined, lastEventId: undefined, acrossReleases: false } as const;

it('must refuse more streams than a user may have with all keys, and free those that end', async () => {
  const streams = service(2);
  const follow = (caller: Caller, client: AbortController) => streams.logs(caller, 'd', LOGS, client.signal);
  const [first, second] = [open(), open()];
  const source = await follow(callerOf('u', 'one'), first);
  await follow(callerOf('u', 'two'), second);
  await expect(follow(callerOf('u', 'three'), open())).rejects.toMatchObject({ code: 'STREAM_QUOTA_EXCEEDED' });
  await expect(follow(callerOf('other'), open())).resolves.toBeDefined();

  second.abort(); // its source has never been read
  const third = open();
  await expect(follow(callerOf('u'), third)).resolves.toBeDefined();
  const reading = source.next();
  first.abort();
  await reading;
  await expect(follow(callerOf('u'), open())).resolves.toBeDefined();
  await expect(follow(callerOf('u'), open())).rejects.toMatchObject({ code: 'STREAM_QUOTA_EXCEEDED' });
});
