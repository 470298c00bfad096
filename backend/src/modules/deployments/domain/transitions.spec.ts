import { describe, expect, it } from 'vitest';
import { DEPLOYMENT_STATUSES, IN_PROGRESS_STATUSES, LIVE_STATUSES, originsOf, TRANSITIONS } from './transitions.js';

describe('the transition map', () => {
  it('must reach every status from PENDING', () => {
    const reached = new Set(['PENDING']);
    for (const status of reached) for (const next of TRANSITIONS[status as 'PENDING']) reached.add(next);
    expect([...reached].sort()).toEqual([...DEPLOYMENT_STATUSES].sort());
  });

  it('must end in FAILED or STOPPED only', () => {
    expect(DEPLOYMENT_STATUSES.filter((status) => TRANSITIONS[status].length === 0)).toEqual(['FAILED', 'STOPPED']);
  });

  it('must never lead back to an earlier status', () => {
    const order = [
      'PENDING',
      'PULLING_IMAGE',
      'CREATING_VOLUMES',
      'STARTING_CONTAINERS',
      'RUNNING',
      'FAILED',
      'STOPPED',
    ];
    for (const from of DEPLOYMENT_STATUSES)
      for (const to of TRANSITIONS[from]) expect(order.indexOf(to)).toBeGreaterThan(order.indexOf(from));
  });

  it('must let only what ran be stopped, and tell work in progress from what serves', () => {
    expect(IN_PROGRESS_STATUSES).toEqual(['PENDING', 'PULLING_IMAGE', 'CREATING_VOLUMES', 'STARTING_CONTAINERS']);
    expect(originsOf('STOPPED')).toEqual(['RUNNING']);
    expect(LIVE_STATUSES).toEqual([...IN_PROGRESS_STATUSES, 'RUNNING']);
  });
});
