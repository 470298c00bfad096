import { expect, it } from 'vitest';
import { metStaleDevice, type SwarmTask } from './swarm-tasks.js';

const withError = (error: string) => ({ error }) as SwarmTask;
const STALE = 'error creating vxlan interface: file exists';

it.each([
  `network sandbox join failed: subnet sandbox join failed for "10.0.1.0/24": ${STALE}`,
  `starting container failed: failed to set up container networking: ${STALE}`,
])('the message of the Engine must count as a stale device: %s', (error) => {
  expect(metStaleDevice(withError(error))).toBe(true);
});

it.each([
  `starting container failed: exec: "${STALE}": executable file not found in $PATH: unknown`,
  `exec: "a \\"b ${STALE}": stat ${STALE}: no such file or directory`,
  `starting container failed: unable to find user "${STALE}"`,
  'task: non-zero exit (1)',
])('the text of a user must not: %s', (error) => {
  expect(metStaleDevice(withError(error))).toBe(false);
});
