import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import * as sdk from '../../typescript/src/index.js';
import { Action, Curl, Form } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Field, Long, Problem, Section } from './parts.js';
import { may } from './session.js';
import { words } from './text.js';
import { Elapsed, Time } from './time.js';
import { type Row, Table } from './table.js';

const HEAD = ['Status', 'Command', 'Exit code', 'Created', 'Took', 'Error', 'Action'];
const BUSY_MS = 2000;
const IDLE_MS = 15_000;

const isUnfinished = ({ status }: sdk.Run): boolean => status === 'PENDING' || status === 'RUNNING';

/** Commands that ran with the image and the variables of a deployment. */
export function Runs({ deployment: { id, name, environmentId } }: { deployment: sdk.Deployment }) {
  const everyMs = useSignal(IDLE_MS);
  const open = useSignal('');
  const call: Call<sdk.ListRunsResponse> = (client) =>
    sdk.listRuns({ client, path: { id: environmentId }, query: { name, limit: 20 } });
  const { data, failure, reload } = useLoaded(call, [environmentId, name], everyMs.value);
  useEffect(() => {
    everyMs.value = data?.runs.some(isUnfinished) ? BUSY_MS : IDLE_MS;
  }, [data]);
  return (
    <Section title="Runs" side={<Curl call={call} />}>
      {may('DEPLOYMENTS_WRITE') && <NewRun deploymentId={id} done={reload} />}
      <Table
        label="Runs"
        head={HEAD}
        failure={failure}
        rows={data?.runs.map((run) => row(run, open, reload))}
        empty={<Empty>No runs. A run executes one command with this image and its variables.</Empty>}
      />
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
      call={(client) => sdk.createRun({ client, path: { id: deploymentId }, body: { command } })}
      done={finish}
    >
      <Field
        label="Run a command"
        required
        hint="Program and arguments, such as npm run migrate. No shell reads them."
        of={line}
      />
    </Form>
  );
}

/** The log of the run whose id is `open` is shown below it. */
function row(run: sdk.Run, open: Signal<string>, done: () => void): Row {
  const { id, status, command, trigger, exitCode, createdAt, startedAt, endedAt, errorMessage } = run;
  const isOpen = open.value === id;
  return {
    key: id,
    below: isOpen && <RunLog run={run} />,
    cells: [
      <Badge value={status} />,
      <>
        <code>
          <Long text={command.join(' ')} />
        </code>{' '}
        {trigger === 'SCHEDULE' && '(schedule)'}
      </>,
      exitCode ?? '–',
      <Time at={createdAt} />,
      startedAt ? <Elapsed from={startedAt} to={endedAt} /> : '–',
      errorMessage,
      <>
        {may('LOGS_READ') && (
          <button type="button" aria-expanded={isOpen} onClick={() => (open.value = isOpen ? '' : id)}>
            Log
          </button>
        )}
        {isUnfinished(run) && (
          <Action
            label="Cancel"
            kind="danger"
            scope="DEPLOYMENTS_WRITE"
            call={(client) => sdk.cancelRun({ client, path: { id } })}
            done={done}
          />
        )}
      </>,
    ],
  };
}

function RunLog({ run }: { run: sdk.Run }) {
  const call: Call<{ logs: string }> = (client) =>
    sdk.getRunLogs({ client, path: { id: run.id }, query: { tail: 1000 } });
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
