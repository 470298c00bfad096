import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  cancelRun,
  createRun,
  type Deployment,
  getRunLogs,
  listRuns,
  type ListRunsResponse,
  type Run,
} from '../../typescript/src/index.js';
import { Action, Curl, Form } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Field, Long, Problem, Section, Table } from './parts.js';
import { may } from './session.js';
import { words } from './text.js';
import { Elapsed, Time } from './time.js';

const HEAD = ['Status', 'Command', 'Exit code', 'Created', 'Took', 'Error', 'Action'];
const BUSY_MS = 2000;
const IDLE_MS = 15_000;

const isUnfinished = ({ status }: Run): boolean => status === 'PENDING' || status === 'RUNNING';

/** Commands that ran with the image and the variables of a deployment. */
export function Runs({ deployment: { id, name, environmentId } }: { deployment: Deployment }) {
  const everyMs = useSignal(IDLE_MS);
  const call: Call<ListRunsResponse> = (client) =>
    listRuns({ client, path: { id: environmentId }, query: { name, limit: 20 } });
  const { data, failure, reload } = useLoaded(call, [environmentId, name], everyMs.value);
  useEffect(() => {
    everyMs.value = data?.runs.some(isUnfinished) ? BUSY_MS : IDLE_MS;
  }, [data]);
  return (
    <Section title="Runs" side={<Curl call={call} />}>
      <Problem failure={failure} />
      {may('DEPLOYMENTS_WRITE') && <NewRun deploymentId={id} done={reload} />}
      {data?.runs.length === 0 && <Empty>No runs. A run executes one command with this image and its variables.</Empty>}
      {data && data.runs.length > 0 && (
        <Table label="Runs" head={HEAD}>
          {data.runs.map((run) => (
            <Row key={run.id} run={run} done={reload} />
          ))}
        </Table>
      )}
    </Section>
  );
}

function NewRun({ deploymentId, done }: { deploymentId: string; done: () => void }) {
  const line = useSignal('');
  const command = words(line.value);
  const finish = (): void => {
    line.value = '';
    done();
  };
  return (
    <Form
      label="Run"
      call={(client) => createRun({ client, path: { id: deploymentId }, body: { command } })}
      done={finish}
    >
      <Field
        label="Run a command"
        name="run-command"
        required
        hint="Program and arguments, such as npm run migrate. No shell reads them."
        value={line.value}
        onInput={(value) => (line.value = value)}
      />
    </Form>
  );
}

function Row({ run, done }: { run: Run; done: () => void }) {
  const isOpen = useSignal(false);
  return (
    <>
      <tr>
        <td>
          <Badge value={run.status} />
        </td>
        <td>
          <code>
            <Long text={run.command.join(' ')} />
          </code>{' '}
          {run.trigger === 'SCHEDULE' && '(schedule)'}
        </td>
        <td>{run.exitCode ?? '–'}</td>
        <td>
          <Time at={run.createdAt} />
        </td>
        <td>{run.startedAt ? <Elapsed from={run.startedAt} to={run.endedAt} /> : '–'}</td>
        <td>
          <Long text={run.errorMessage ?? ''} />
        </td>
        <td>
          {may('LOGS_READ') && (
            <button type="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
              Log
            </button>
          )}
          {isUnfinished(run) && (
            <Action
              label="Cancel"
              kind="danger"
              scope="DEPLOYMENTS_WRITE"
              call={(client) => cancelRun({ client, path: { id: run.id } })}
              done={done}
            />
          )}
        </td>
      </tr>
      {isOpen.value && (
        <tr>
          <td colSpan={HEAD.length}>
            <RunLog run={run} />
          </td>
        </tr>
      )}
    </>
  );
}

function RunLog({ run }: { run: Run }) {
  const call: Call<{ logs: string }> = (client) => getRunLogs({ client, path: { id: run.id }, query: { tail: 1000 } });
  const { data, failure } = useLoaded(call, [run.id, run.status], isUnfinished(run) ? BUSY_MS : undefined);
  return (
    <>
      <pre class="log" tabIndex={0} aria-label={`Log of ${run.command.join(' ')}`}>
        {data ? data.logs || 'The command printed nothing.' : 'Loading …'}
      </pre>
      <Curl call={call} />
      <Problem failure={failure} />
    </>
  );
}
