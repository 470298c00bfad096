/** What Docker knows about a failing test's services, as text for its output: states and errors of tasks, and their last words. */
import type Docker from 'dockerode';

interface TaskSummary {
  ID: string;
  DesiredState: string;
  Status: { State: string; Message?: string; Err?: string; ContainerStatus?: { ExitCode?: number } };
}

/** Labels as Docker's filters take them: `name` or `name=value`. Without one, every service is described. */
export async function describeServices(docker: Docker, label?: string): Promise<string> {
  const services = await docker.listServices(label === undefined ? {} : { filters: { label: [label] } });
  const parts = await Promise.all(services.map(({ ID, Spec }) => describeService(docker, ID, Spec?.Name ?? ID)));
  return parts.length > 0 ? parts.join('\n') : `no services${label === undefined ? '' : ` labelled ${label}`}`;
}

/** For `onTestFailed`. */
export async function printDiagnostics(docker: Docker, label?: string): Promise<void> {
  process.stderr.write(`\n--- services, tasks and logs ---\n${await describeServices(docker, label)}\n---\n`);
}

async function describeService(docker: Docker, id: string, name: string): Promise<string> {
  try {
    const tasks = (await docker.listTasks({ filters: { service: [id] } })) as TaskSummary[];
    return [`service ${name}`, ...tasks.map(describeTask), ...(await logLines(docker, id))].join('\n');
  } catch (error) {
    return `service ${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function describeTask({ ID, DesiredState, Status }: TaskSummary): string {
  const exit = Status.ContainerStatus?.ExitCode;
  const details = [Status.Err ?? Status.Message, exit ? `exit code ${exit}` : undefined].filter(Boolean).join(', ');
  return `  task ${ID.slice(0, 12)} ${Status.State}, wanted ${DesiredState}: ${details}`;
}

async function logLines(docker: Docker, id: string): Promise<string[]> {
  const raw: unknown = await docker.getService(id).logs({ stdout: true, stderr: true, tail: 40, follow: false });
  const text = decodeFrames(Buffer.isBuffer(raw) ? raw : Buffer.from(String(raw)));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line}`);
}

/** Docker puts eight bytes before each piece: which stream, and how long. */
function decodeFrames(raw: Buffer): string {
  let text = '';
  for (let offset = 0; offset + 8 <= raw.length;) {
    const length = raw.readUInt32BE(offset + 4);
    text += raw.toString('utf8', offset + 8, offset + 8 + length);
    offset += 8 + length;
  }
  return text;
}
