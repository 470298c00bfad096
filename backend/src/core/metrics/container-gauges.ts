import type { Counter, Gauge } from 'prom-client';
import type { PrismaService } from '#src/core/database/prisma.service.js';

type Labels = 'environment' | 'name' | 'deployment' | 'replica';
type Prometheus = typeof import('prom-client');
type Registers = ConstructorParameters<Prometheus['Gauge']>[0]['registers'];

interface Usage extends Record<Exclude<Labels, 'replica'>, string> {
  replica: number;
  cores: number;
  memoryBytes: number;
  rxBytes: number;
  txBytes: number;
}

/** A container that was not sampled for three intervals is gone, or its node or the Engine is unavailable. */
const MAX_AGE_INTERVALS = 3;
const MIN_AGE_MS = 60_000;

/**
 * Usage of the containers of deployments, from the last two samples of each in the database: every API process has the
 * same, whichever of them samples.
 */
export class ContainerGauges {
  private readonly cores: Gauge<Labels>;
  private readonly memory: Gauge<Labels>;
  private readonly received: Counter<Labels>;
  private readonly sent: Counter<Labels>;
  private readonly maxAgeMs: number;

  constructor(
    { Gauge, Counter }: Prometheus,
    registers: Registers,
    private readonly prisma: PrismaService,
    intervalMs: number,
  ) {
    this.maxAgeMs = Math.max(MIN_AGE_MS, MAX_AGE_INTERVALS * intervalMs);
    const metric = (name: string, help: string) => ({
      name: `berth_container_${name}`,
      help: `${help}, by environment, deployment name, deployment id and replica`,
      labelNames: ['environment', 'name', 'deployment', 'replica'] as const,
      registers,
    });
    this.cores = new Gauge(metric('cpu_cores', 'Cores that a container uses, mean between its last two samples'));
    this.memory = new Gauge(metric('memory_bytes', 'Memory that a container uses, without page cache'));
    this.received = new Counter(metric('network_receive_bytes_total', 'Bytes that a container has received'));
    this.sent = new Counter(metric('network_transmit_bytes_total', 'Bytes that a container has sent'));
  }

  /** Reads the newest samples. Without a database there are none. */
  async refresh(): Promise<void> {
    const rows = await this.newest().catch(() => []);
    for (const metric of [this.cores, this.memory, this.received, this.sent]) metric.reset();
    for (const { environment, name, deployment, replica, cores, memoryBytes, rxBytes, txBytes } of rows) {
      const labels = { environment, name, deployment, replica: String(replica) };
      this.cores.set(labels, cores);
      this.memory.set(labels, memoryBytes);
      this.received.inc(labels, rxBytes);
      this.sent.inc(labels, txBytes);
    }
  }

  /** A row has ten minutes: the last two samples are in the last row, or in the last two. */
  private newest(): Promise<Usage[]> {
    const from = new Date(Date.now() - this.maxAgeMs - 1_200_000);
    const newest = new Date(Date.now() - this.maxAgeMs);
    return this.prisma.$queryRaw<Usage[]>`
      WITH sample AS (
        SELECT c."deploymentId", c.replica, c."containerId", c."periodAt" + s."offsetMs" * interval '1 millisecond' AS at,
          s.cpu, s.memory, s.rx, s.tx
        FROM "ContainerSamples" c, cardinality(c."offsetsMs") AS count, unnest(c."offsetsMs"[count - 1:],
          c."cpuSeconds"[count - 1:], c."memoryBytes"[count - 1:], c."rxBytes"[count - 1:], c."txBytes"[count - 1:])
          AS s("offsetMs", cpu, memory, rx, tx)
        WHERE c."periodAt" >= ${from}
      ), used AS (
        SELECT *, greatest(cpu - lag(cpu) OVER w, 0) / nullif(extract(epoch FROM at - lag(at) OVER w)::float8, 0) AS cores
        FROM sample WINDOW w AS (PARTITION BY "containerId" ORDER BY at)
      )
      SELECT DISTINCT ON (u."deploymentId", u.replica) e.name AS environment, d.name, d.id AS deployment, u.replica, u.cores,
        u.memory AS "memoryBytes", u.rx AS "rxBytes", u.tx AS "txBytes"
      FROM used u JOIN "Deployment" d ON d.id = u."deploymentId" JOIN "Environment" e ON e.id = d."environmentId"
      WHERE u.at >= ${newest} AND u.cores IS NOT NULL ORDER BY u."deploymentId", u.replica, u.at DESC`;
  }
}
