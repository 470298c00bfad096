import type { Deployment } from '../../typescript/src/index.js';
import { Section } from './parts.js';
import { isInProgress } from './releases.js';
import { Elapsed, elapsed } from './time.js';

/** The steps as they happen, each with its time as a bar on one scale. */
export function Steps({ deployment }: { deployment: Deployment }) {
  const { steps, progress, createdAt, queuePosition } = deployment;
  const begin = steps[0]?.startedAt ?? createdAt;
  const end = steps.at(-1)?.endedAt ?? null;
  const total = Math.max(1, elapsed(begin, end));
  const percent = (ms: number): string => `${Math.min(100, (ms / total) * 100)}%`;
  return (
    <Section title="Steps">
      {steps.length === 0 && (
        <p>Waiting for a worker{queuePosition ? `, number ${queuePosition} in the queue` : ''}.</p>
      )}
      <ol class="steps">
        {steps.map(({ name, startedAt, endedAt, error }) => (
          <li key={name} class={error ? 'bad' : endedAt ? '' : 'now'}>
            <span class="name">{name}</span>
            <span class="track" aria-hidden="true">
              <span
                class="bar"
                style={{
                  marginLeft: percent(Date.parse(startedAt) - Date.parse(begin)),
                  width: percent(elapsed(startedAt, endedAt)),
                }}
              />
            </span>
            <Elapsed from={startedAt} to={endedAt} />
          </li>
        ))}
      </ol>
      {isInProgress(deployment) && progress && (
        <p role="status">
          {progress.message}{' '}
          {progress.total !== undefined && (
            <progress value={progress.current ?? 0} max={progress.total} aria-label={progress.step} />
          )}
        </p>
      )}
    </Section>
  );
}
