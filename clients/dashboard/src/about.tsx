import type { Deployment } from '../../typescript/src/index.js';
import { Facts, Long, Section } from './parts.js';
import { bytes } from './text.js';
import { Time } from './time.js';

/** What the deployment was asked to be. */
export function About({ deployment }: { deployment: Deployment }) {
  const { image, imageDigest, gitUrl, gitBranch, gitCommitSha, build, command, resources, ports, volumes, files } =
    deployment;
  return (
    <Section title="About">
      <Facts
        of={[
          ['Id', <code>{deployment.id}</code>],
          ['Image', image],
          ['Digest', imageDigest && <code>{imageDigest}</code>],
          ['Repository', gitUrl],
          ['Branch', gitBranch],
          ['Commit', gitCommitSha && <code>{gitCommitSha}</code>],
          ['Build', build && [build.method, build.detected, ...build.reasons].filter(Boolean).join(', ')],
          ['Warnings', build?.warnings.join(' ')],
          ['Command', command.length > 0 && <Long text={command.join(' ')} />],
          [
            'Ports',
            ports
              .map(({ container, host, protocol }) => `${host ? `${host} to ` : ''}${container}/${protocol}`)
              .join(', '),
          ],
          ['Volumes', volumes.map(({ name, path }) => `${name} at ${path}`).join(', ')],
          ['Files', files.map(({ path }) => path).join(', ')],
          ['Limits', `${resources.cpus} CPUs, ${bytes(resources.memoryMb * 2 ** 20)}, ${resources.pids} processes`],
          ['Expires', deployment.expiresAt && <Time at={deployment.expiresAt} />],
        ]}
      />
    </Section>
  );
}
