import { expect, it } from 'vitest';
import { metStaleDevice, type SwarmTask, withoutEnginePaths } from './swarm-tasks.js';

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

it('an error must not name folders of the machine that only the Engine uses', () => {
  const id = '0123456789abcdef'.repeat(4);
  const secret = `/var/lib/docker/containers/${id}/mounts/secrets/2xpjfap1s3zi39y5ao59ztclp`;
  expect(
    withoutEnginePaths(
      `error mounting "${secret}" to rootfs at "/usr": mount src=${secret}, dst=/usr, ${secret}:/usr: not a directory; /data/overlay2/${id}`,
    ),
  ).toBe(
    `error mounting "(a file of the Engine)" to rootfs at "/usr": mount src=(a file of the Engine), dst=/usr, (a file of the Engine):/usr: not a directory; (a file of the Engine)`,
  );
});
