import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Semaphore } from '#src/common/semaphore.js';
import { Containers, type LogQuery } from '#src/integrations/docker/containers.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { formatLine } from '#src/integrations/docker/log-decoder.js';
import { newestLines } from '#src/integrations/docker/newest-lines.js';
import { ServiceLogs, type TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { ENDED_STATES, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';

/** For lines that are still on their way when the containers have stopped. */
const LAST_LINES_TIMEOUT_MS = 2000;

/** Of all requests together: the log of one task may have 30 MB. */
const MAX_READERS = 4;

/** Reads the logs of a service's tasks on all nodes. */
@Injectable()
export class TaskLogs {
  private readonly readers = new Semaphore(MAX_READERS);

  constructor(
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly serviceLogs: ServiceLogs,
    private readonly engine: Engine,
  ) {}

  /** Lines in order of time, of all tasks in Swarm's history. */
  async lines(serviceId: string, query: LogQuery): Promise<TaskLogLine[]> {
    const [tasks, { nodeId: here }] = await Promise.all([
      this.tasks.listReachable({ serviceId }),
      this.engine.inspect(),
    ]);
    let newest: TaskLogLine[] = [];
    const read = async ({ id: taskId, containerId, nodeId }: (typeof tasks)[number]) => {
      if (!containerId) return;
      const printed = await (nodeId === here
        ? this.containers.logs(containerId, query)
        : this.serviceLogs.ofTask(taskId, query));
      newest = newestLines([...newest, ...printed.map((line) => ({ ...line, taskId }))], query.tail);
    };
    await Promise.all(tasks.map((task) => this.readers.run(() => read(task))));
    return newest;
  }

  /**
   * Follows the logs of the service's running containers, from their last `tail` lines. `end` resolves to the lines when
   * every log has ended, or shortly after: call it when the containers have stopped.
   */
  async followToEnd(serviceId: string, tail: number): Promise<{ end: () => Promise<TaskLogLine[]> }> {
    const closing = new AbortController();
    const lines: TaskLogLine[] = [];
    const add = (more: TaskLogLine[]) => void lines.splice(0, Math.max(0, lines.push(...more) - 2 * tail));
    const { nodeId: here } = await this.engine.inspect();
    const tasks = (await this.tasks.listReachable({ serviceId })).filter(({ state }) => !ENDED_STATES.has(state));
    const ended = tasks.map(async ({ id: taskId, containerId, nodeId }) => {
      if (!containerId) return;
      if (nodeId === here)
        for await (const more of this.containers.followLogs(containerId, tail, closing.signal))
          add(more.map((line) => ({ ...line, taskId })));
    });
    if (tasks.some(({ nodeId }) => nodeId !== here))
      ended.push(this.followRemote(serviceId, tail, add, closing.signal));
    const all = Promise.allSettled(ended);
    return {
      end: async () => {
        await Promise.race([all, delay(LAST_LINES_TIMEOUT_MS, undefined, { ref: false })]);
        closing.abort();
        return lines;
      },
    };
  }

  /** The log of all nodes: it does not end with the containers. */
  private async followRemote(
    serviceId: string,
    tail: number,
    add: (lines: TaskLogLine[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const lines of this.serviceLogs.follow(serviceId, { tail }, signal)) add(lines);
  }

  /** The lines as text; includes the last lines of a crashed container. */
  async text(serviceId: string, query: LogQuery): Promise<string> {
    return (await this.lines(serviceId, query)).map(formatLine).join('');
  }
}
