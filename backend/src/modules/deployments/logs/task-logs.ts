import { Injectable } from '@nestjs/common';
import { Containers, type LogQuery } from '#src/integrations/docker/containers.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { formatLine, inOrder } from '#src/integrations/docker/log-decoder.js';
import { ServiceLogs, type TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';

/** Reads the logs of a service's tasks on all nodes. */
@Injectable()
export class TaskLogs {
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
    const lines = await Promise.all(
      tasks.map(async ({ id: taskId, containerId, nodeId }) => {
        if (!containerId) return [];
        const printed = await (nodeId === here
          ? this.containers.logs(containerId, query)
          : this.serviceLogs.ofTask(taskId, query));
        return printed.map((line) => ({ ...line, taskId }));
      }),
    );
    return inOrder(lines.flat(), query.tail);
  }

  /** The lines as text; includes the last lines of a crashed container. */
  async text(serviceId: string, query: LogQuery): Promise<string> {
    return (await this.lines(serviceId, query)).map(formatLine).join('');
  }
}
