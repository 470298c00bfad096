import { describe, expect, it } from 'vitest';
import { countersOf } from './container-stats.js';

const CPU = { cpu_usage: { total_usage: 1_500_000_000 } };

describe('the counters of a container', () => {
  it('must be seconds, bytes of all its interfaces, and memory without the page cache', () => {
    const counters = countersOf({
      cpu_stats: CPU,
      memory_stats: { usage: 1000, stats: { inactive_file: 300 } },
      networks: { eth0: { rx_bytes: 1, tx_bytes: 10 }, eth1: { rx_bytes: 2, tx_bytes: 20 } },
    });
    expect(counters).toEqual({ cpuSeconds: 1.5, memoryBytes: 700, rxBytes: 3, txBytes: 30 });
  });

  it('must leave out the page cache of the whole group on cgroup v1, and none that is larger than the usage', () => {
    const usage = 1000;
    const v1 = { usage, stats: { total_inactive_file: 400, inactive_file: 1 } };
    expect(countersOf({ cpu_stats: CPU, memory_stats: v1 })?.memoryBytes).toBe(600);
    const larger = { usage, stats: { inactive_file: 2000 } };
    expect(countersOf({ cpu_stats: CPU, memory_stats: larger })?.memoryBytes).toBe(1000);
  });

  it('must be absent for a container that has ended', () => {
    expect(countersOf({ cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} })).toBeUndefined();
    expect(countersOf({})).toBeUndefined();
  });
});
