import { expect, it } from 'vitest';
import { FairSemaphore } from './fair-semaphore.js';

it('must serve a group with one task after at most one task of a group with many', async () => {
  const semaphore = new FairSemaphore(1);
  const served: string[] = [];
  const run = (group: string) => semaphore.run(group, () => Promise.resolve(void served.push(group)));
  await Promise.all([...Array.from({ length: 5 }, () => run('many')), run('one')]);
  expect(served).toEqual(['many', 'many', 'one', 'many', 'many', 'many']);
});

it('must run as many tasks at a time as it has permits, and free the permit of a failed task', async () => {
  const semaphore = new FairSemaphore(2);
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    throw new Error('failed');
  };
  await Promise.allSettled(Array.from({ length: 10 }, (_, index) => semaphore.run(`group ${index % 3}`, work)));
  expect(most).toBe(2);
  await expect(semaphore.run('later', () => Promise.resolve('done'))).resolves.toBe('done');
});
