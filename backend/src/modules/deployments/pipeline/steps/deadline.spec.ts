import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from './deadline.js';

const BEGIN = new Date('2026-01-01T00:00:00Z').getTime();
const after = (ms: number) => new Date(BEGIN + ms);

describe('Deadline', () => {
  beforeEach(() => vi.useFakeTimers({ now: BEGIN }));
  afterEach(() => vi.useRealTimers());

  const reason = ({ signal }: Deadline) => (signal.aborted ? (signal.reason as Error).message : undefined);

  it('must expire when the step takes longer than its deadline, and name the step', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.startStep('PullImage', after(3000));
    vi.advanceTimersByTime(2999);
    expect(reason(deadline)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toBe('The step PullImage exceeded its deadline.');
  });

  it('must give each step its own deadline, and all of them that of the deployment', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.startStep('PullImage', after(3000));
    vi.advanceTimersByTime(2000);
    deadline.startStep('AwaitHealthy', after(12_000));
    vi.advanceTimersByTime(7999);
    expect(reason(deadline)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toContain('It was in the step AwaitHealthy');
  });

  it('must expire at once when it passed before the process started', () => {
    const deadline = new Deadline(BEGIN - 1);
    deadline.startStep('AwaitHealthy', after(5000));
    expect(reason(deadline)).toContain('did not become RUNNING');
  });

  it('must not count a paused wait', async () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.startStep('BuildImage', after(5000));
    const ends = await deadline.pauseWhile(async () => {
      await vi.advanceTimersByTimeAsync(60_000);
    });
    expect(ends).toEqual({ deployment: after(70_000), step: after(65_000) });
    vi.advanceTimersByTime(4999);
    expect(reason(deadline)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toContain('The step BuildImage');
  });

  it('must not expire once the deployment is RUNNING', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.startStep('AwaitHealthy', after(5000));
    deadline.end();
    vi.advanceTimersByTime(100_000);
    expect(reason(deadline)).toBeUndefined();
  });

  it('must neither expire nor be extended when the clock is changed', () => {
    const deadline = new Deadline(BEGIN + 10_000);
    deadline.startStep('PullImage', after(3000));
    vi.setSystemTime(BEGIN + 3_600_000);
    vi.advanceTimersByTime(2999);
    expect(reason(deadline)).toBeUndefined();
    vi.setSystemTime(BEGIN - 3_600_000);
    vi.advanceTimersByTime(1);
    expect(reason(deadline)).toBe('The step PullImage exceeded its deadline.');
  });
});
