import type { Environment } from '../../typescript/src/index.js';
import type { Named } from './releases.js';

const ROW = 34;
const WIDTH = 640;
const LEFT = 210;
const MAX_NAMES = 20;

/** Draws who reaches whom: what is outside on the left, the private network with its names on the right. */
export function Reach({ environment, named }: { environment: Environment; named: Named[] }) {
  const serving = named.filter((one) => one.serving).slice(0, MAX_NAMES);
  if (serving.length === 0) return null;
  const entries = serving.flatMap(({ serving: release }, row) =>
    (release?.ports ?? [])
      .filter(({ host }) => host)
      .map(({ host, container }) => ({ row, text: `host port ${host}`, container })),
  );
  const domain = environment.publicDomain;
  const rows = Math.max(serving.length, entries.length + (domain ? 1 : 0));
  const height = rows * ROW + 40;
  const y = (row: number): number => 30 + row * ROW;
  const summary = [
    `In ${environment.name}, ${serving.map(({ name }) => name).join(', ')} reach each other by name.`,
    ...entries.map(({ row, text }) => `${text} leads to ${serving[row]?.name}.`),
    domain ? `${domain} leads to the environment.` : '',
  ].join(' ');
  return (
    <figure tabIndex={0} aria-label="Who reaches whom">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={summary} class="reach">
        <rect class="network" x={LEFT + 70} y="6" width={WIDTH - LEFT - 76} height={height - 12} rx="8" />
        {entries.map(({ row, text, container }, index) => (
          <g key={`${text}${container}`}>
            <text x="8" y={y(index) + 5}>
              {text}
            </text>
            <path
              d={`M ${LEFT - 10} ${y(index)} C ${LEFT + 40} ${y(index)}, ${LEFT + 30} ${y(row)}, ${LEFT + 84} ${y(row)}`}
            />
          </g>
        ))}
        {domain && (
          <g>
            <text x="8" y={y(entries.length) + 5}>
              {domain.length > 22 ? `${domain.slice(0, 21)}…` : domain}
            </text>
            <path d={`M ${LEFT - 10} ${y(entries.length)} H ${LEFT + 70}`} />
          </g>
        )}
        {serving.map(({ name, serving: release }, row) => (
          <text key={name} x={LEFT + 92} y={y(row) + 5}>
            {name}
            {release?.ports
              .map(({ container, protocol }) => ` :${container}${protocol === 'udp' ? '/udp' : ''}`)
              .join('')}
          </text>
        ))}
      </svg>
      <figcaption class="note">
        Inside the frame everything reaches everything by name, such as <code>http://{serving[0]?.name}:port</code>.
        From outside only what a line leads to.
      </figcaption>
    </figure>
  );
}
