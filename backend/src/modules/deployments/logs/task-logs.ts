import { Injectable } from '@nestjs/common';
import { Semaphore } from '#src/common/semaphore.js';
import { Containers, type LogQuery } from '#src/integrations/docker/containers.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { formatLine } from '#src/integrations/docker/log-decoder.js';
import { newestLines } from '#src/integrations/docker/newest-lines.js';
import { ServiceLogs, type TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';

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

  /** The lines as text; includes the last lines of a crashed container. */
  async text(serviceId: string, query: LogQuery): Promise<string> {
    return (await this.lines(serviceId, query)).map(formatLine).join('');
  }
}
