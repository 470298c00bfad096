import * as sdk from '../../typescript/src/index.js';
import { Curl } from './action.js';
import { useLoaded } from './live.js';
import { Section } from './parts.js';
import { isInProgress } from './releases.js';
import { bytes } from './text.js';

const WIDTH = 640;
const HEIGHT = 120;
const SAMPLE_MS = 15_000;

/** CPU and memory of each replica over the last hour, with its releases and restarts. */
export function Charts({ deployment }: { deployment: sdk.Deployment }) {
  const path = { id: deployment.id };
  const call = (client: Parameters<Parameters<typeof useLoaded>[0]>[0]) =>
    sdk.getDeploymentMetrics({ client, path, query: { since: '1h' } });
  const { data } = useLoaded(call, [deployment.id], deployment.status === 'RUNNING' ? SAMPLE_MS : undefined);
  if (!data || isInProgress(deployment)) return null;
  return (
    <Section title="Last hour">
      {data.points.length === 0 && <p>No container was measured yet: that happens every 15 s.</p>}
      {data.points.length > 0 && (
        <div class="charts">
          <Chart title="CPU" data={data} of={({ cpu }) => cpu} show={(cores) => `${cores.toFixed(2)} cores`} />
          <Chart title="Memory" data={data} of={({ memoryBytes }) => memoryBytes} show={bytes} />
        </div>
      )}
      <Curl call={call} />
    </Section>
  );
}

interface ChartProps {
  title: string;
  data: sdk.DeploymentMetrics;
  of: (point: sdk.MetricsPoint) => number;
  show: (value: number) => string;
}

function Chart({ title, data: { points, events, since, stepSeconds }, of, show }: ChartProps) {
  const begin = Date.parse(since);
  const end = Math.max(begin + 1, Date.now());
  const max = Math.max(...points.map(of)) * 1.1 || 1;
  const x = (at: string): number => ((Date.parse(at) - begin) / (end - begin)) * WIDTH;
  const y = (value: number): number => HEIGHT - (value / max) * HEIGHT;
  const replicas = [...new Set(points.map(({ replica }) => replica))].sort((a, b) => a - b);
  const latest = points.at(-1);
  const summary = `${title}: now ${latest ? show(of(latest)) : '–'}, at most ${show(max / 1.1)}`;
  return (
    <figure>
      <figcaption>{summary}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 18}`} role="img" aria-label={`${summary}, ${replicas.length} replicas`}>
        {events.map(({ at, kind, replica }) => (
          <path key={`${at}${kind}${replica}`} class="mark" d={`M ${x(at)} 0 V ${HEIGHT}`}>
            <title>{`${kind === 'RELEASE' ? 'Release' : `Restart of replica ${replica}`}, UTC ${at}`}</title>
          </path>
        ))}
        {replicas.map((replica) => (
          <path
            key={replica}
            class={`replica-${replica % 4}`}
            d={line(
              points.filter((point) => point.replica === replica),
              stepSeconds,
              (point) => `${x(point.at)} ${y(of(point))}`,
            )}
          >
            <title>{`Replica ${replica}`}</title>
          </path>
        ))}
        <path class="base" d={`M 0 ${HEIGHT} H ${WIDTH}`} />
        <text class="axis" x="0" y={HEIGHT + 14}>
          1 h ago
        </text>
        <text class="axis" x={WIDTH} y={HEIGHT + 14} text-anchor="end">
          now
        </text>
      </svg>
    </figure>
  );
}

/** A gap in the samples is a gap in the line. */
function line(points: sdk.MetricsPoint[], stepSeconds: number, place: (point: sdk.MetricsPoint) => string): string {
  let last = 0;
  return points
    .map((point) => {
      const at = Date.parse(point.at);
      const joins = at - last <= 2500 * stepSeconds;
      last = at;
      return `${joins ? 'L' : 'M'} ${place(point)}`;
    })
    .join(' ');
}
