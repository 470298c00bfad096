import type { DeploymentPlan } from '../../typescript/src/index.js';
import { Facts, Section } from './parts.js';

/** What the API answers to a dry run: nothing has happened yet. */
export function Plan({ plan }: { plan: DeploymentPlan }) {
  const { name, image, tag, imageDigest, gitCommitSha, build, ports, replicas, replaces, strategy, steps, changes } =
    plan;
  return (
    <Section title="The plan">
      <Facts
        of={[
          ['Name', name],
          ['Image', tag ? `${image}:${tag}` : image],
          ['Digest', imageDigest && <code>{imageDigest}</code>],
          ['Commit', gitCommitSha && <code>{gitCommitSha}</code>],
          ['Build', build && [build.method, build.detected, ...build.reasons].filter(Boolean).join(', ')],
          ['Start command', build?.startCommand && <code>{build.startCommand}</code>],
          ['Warnings', build?.warnings.join(' ')],
          ['Ports', ports.map(({ container, host }) => (host ? `${host} to ${container}` : `${container}`)).join(', ')],
          ['Replicas', replicas],
          ['Replaces', replaces ? `a release that runs (${strategy})` : 'nothing: it is new'],
          ['Steps', steps.join(', ')],
        ]}
      />
      {changes && changes.length > 0 && (
        <ul class="changes">
          {changes.map(({ path, change, from, to }) => (
            <li key={path}>
              <code>{path}</code> {change.toLowerCase()}: {short(from)} → {short(to)}
            </li>
          ))}
        </ul>
      )}
      {changes?.length === 0 && <p>It changes nothing: the same release again.</p>}
      {build?.dockerfile && (
        <details>
          <summary>Dockerfile</summary>
          <pre tabIndex={0}>{build.dockerfile}</pre>
        </details>
      )}
    </Section>
  );
}

function short(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
