import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from './deadline.js';

const BEGIN = new Date('2026-01-01T00:00:00Z').getTime();
const after = (ms: number) => new Date(BEGIN + ms);

describe('Deadline', () => {
  beforeEach(() => vi.useFakeTimers({ now: BEGIN }));
  afterEach(() => vi.useRealTimers());

  const reason = ({ signal }: Deadline) => (signal.aborted ? (signal.reason as Error).message : undefined);

  it('must pass when the step takes longer than it may, and name it', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.begin('PullImage', after(3000));
    vi.advanceTimersByTime(2999);
    expect(reason(deadline)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toBe('The step PullImage did not end in the time that it may take.');
  });

  it('must give each step its own time, and all of them that of the deployment', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.begin('PullImage', after(3000));
    vi.advanceTimersByTime(2000);
    deadline.begin('AwaitHealthy', after(12_000));
    vi.advanceTimersByTime(7999);
    expect(reason(deadline)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toContain('it was in the step AwaitHealthy');
  });

  it('must be over at once when it was before the process began', () => {
    const deadline = new Deadline(BEGIN - 1);
    deadline.begin('AwaitHealthy', after(5000));
    expect(reason(deadline)).toContain('did not become RUNNING');
  });

  it('must not count a wait for others', async () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.begin('BuildImage', after(5000));
    const ends = await deadline.without(async () => {
      await vi.advanceTimersByTimeAsync(60_000);
    });
    expect(ends).toEqual({ deployment: after(70_000), step: after(65_000) });
    vi.advanceTimersByTime(4999);
    expect(reason(deadline)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toContain('The step BuildImage');
  });

  it('must be met by what runs', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.begin('AwaitHealthy', after(5000));
    deadline.end();
    vi.advanceTimersByTime(100_000);
    expect(reason(deadline)).toBeUndefined();
  });
});
