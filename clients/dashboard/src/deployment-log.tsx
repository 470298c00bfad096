import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import * as sdk from '../../typescript/src/index.js';
import { sendRaw } from './api.js';
import { Curl } from './action.js';
import { useStream } from './live.js';
import { type LogLine, LogView, parseLog } from './log-view.js';
import { Section } from './parts.js';
import { isInProgress } from './releases.js';
import { may } from './session.js';

const TAIL = 1000;
/** Older lines are dropped; the API still has them. */
const MAX_LINES = 50_000;

/** The generated function reads the log as JSON; followed it is a stream of events. */
const LOGS = { url: '/deployments/{id}/logs', security: [{ name: 'X-API-Key', type: 'apiKey' as const }] };
type LogEvents = Record<200, sdk.DeploymentEvent>;

type Kind = 'log' | 'build';

/**
 * What the deployment prints. While it is being deployed, the job's events bring its statuses and lines; afterwards
 * the log is followed. `changed` is called when a status arrives.
 */
export function DeploymentLog({ deployment, changed }: { deployment: sdk.Deployment; changed: () => void }) {
  const { id, jobId, status, source } = deployment;
  const kind = useSignal<Kind>('log');
  const lines = useRef<LogLine[]>([]);
  const version = useSignal(0);
  const inProgress = isInProgress(deployment);
  const follows = inProgress || (status === 'RUNNING' && kind.value === 'log');

  const refresh = useRef(0);
  const arrived = (added: LogLine[]): void => {
    lines.current.push(...added);
    if (lines.current.length > MAX_LINES * 1.1) lines.current = lines.current.slice(-MAX_LINES);
    refresh.current ||= requestAnimationFrame(() => {
      refresh.current = 0;
      version.value++;
    });
  };

  useEffect(() => {
    lines.current = [];
    version.value++;
    if (follows) return;
    const read = kind.value === 'log' ? sdk.getDeploymentLogs : sdk.getDeploymentBuildLogs;
    sendRaw((client) => read({ client, path: { id }, query: { tail: 10_000 } })).then(
      ({ logs }) => arrived(parseLog(logs)),
      () => undefined,
    );
  }, [id, kind.value, inProgress, follows]);

  const connected = useStream(
    follows && may('LOGS_READ')
      ? ({ headers, ...options }) =>
          inProgress
            ? sdk.streamDeploymentEvents({ ...options, headers, path: { jobId } })
            : options.client.sse.get<LogEvents>({
                ...options,
                ...LOGS,
                headers: { ...headers, Accept: 'text/event-stream' },
                path: { id },
                query: { follow: true, tail: TAIL },
              })
      : undefined,
    [id, kind.value, inProgress],
    (event, data) => {
      if (event === 'log') arrived([{ time: textOf(data['time']), text: textOf(data['text']) }]);
      else if (event === 'status') changed();
    },
  );
  if (!may('LOGS_READ')) return null;
  return (
    <Section title="Log" side={source !== 'IMAGE' && !inProgress && <Kinds kind={kind} />}>
      {follows && !connected && <p role="status">Disconnected. Trying again …</p>}
      <LogView lines={lines.current} version={version.value} label={`What ${deployment.name} prints`} />
      <Curl
        call={(client) =>
          kind.value === 'log'
            ? sdk.getDeploymentLogs({ client, path: { id }, query: { tail: 100 } })
            : sdk.getDeploymentBuildLogs({ client, path: { id } })
        }
      />
    </Section>
  );
}

function Kinds({ kind }: { kind: { value: Kind } }) {
  const choices: [Kind, string][] = [
    ['log', 'Containers'],
    ['build', 'Build'],
  ];
  return (
    <div class="row" role="group" aria-label="Which log">
      {choices.map(([value, text]) => (
        <button
          key={value}
          type="button"
          class="quiet"
          aria-pressed={kind.value === value}
          onClick={() => (kind.value = value)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
