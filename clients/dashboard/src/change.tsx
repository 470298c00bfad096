import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Facts, Field, Section } from './parts.js';
import { Planned } from './planned.js';
import { may } from './session.js';
import { Time } from './time.js';

/** The same again, but with one variable changed, or another tag or number of replicas. */
export function Change({ deployment }: { deployment: sdk.Deployment }) {
  const { id, envVars, envVarsUpdatedAt, source, image, tag, replicas } = deployment;
  const name = useSignal('');
  const value = useSignal('');
  const newTag = useSignal('');
  const count = useSignal('');
  const body: sdk.Redeploy = {
    ...(name.value && { envVars: { [name.value]: value.value === '' ? null : value.value } }),
    ...(newTag.value && { tag: newTag.value }),
    ...(count.value && { replicas: Number(count.value) }),
  };
  const names = Object.keys(envVars);
  return (
    <Section title="Change one thing">
      {names.length > 0 && <Facts of={names.map((one) => [one, <Time at={envVarsUpdatedAt[one]} />])} />}
      {names.length === 0 && <p>It has no variables.</p>}
      {may('DEPLOYMENTS_WRITE') && (
        <Planned
          fields={[body]}
          request={(client, dryRun) =>
            sdk.redeployDeployment({ client, path: { id }, body: { ...body, ...(dryRun && { dryRun }) } })
          }
        >
          <div class="row">
            <Field label="Variable" of={name} />
            <Field label="Value" hint="Empty removes the variable." of={value} />
            {source === 'IMAGE' && (
              <Field label={`Tag of ${image}`} hint={`Empty keeps ${tag ?? 'the digest'}.`} of={newTag} />
            )}
            <Field label="Replicas" hint={`Empty keeps ${replicas}.`} of={count} />
          </div>
        </Planned>
      )}
    </Section>
  );
}
