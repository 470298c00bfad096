import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Form } from './action.js';
import { Checks, Choice } from './choices.js';
import { Once } from './once.js';
import { Field, Section } from './parts.js';
import { may, me } from './session.js';

const SCOPES: sdk.Scope[] = [
  'ENVIRONMENTS_READ',
  'ENVIRONMENTS_WRITE',
  'DEPLOYMENTS_READ',
  'DEPLOYMENTS_WRITE',
  'LOGS_READ',
];
const DAY_MS = 86_400_000;

/** Only its own scopes are offered. What the form leaves empty is as in the key in use. */
export function NewKey({ names, done }: { names: Map<string, string>; done: () => void }) {
  const name = useSignal('');
  const scopes = useSignal<sdk.Scope[]>([]);
  const environmentIds = useSignal<string[]>([]);
  const addresses = useSignal('');
  const days = useSignal('');
  const expiresAt = useSignal<string | undefined>(undefined);
  const created = useSignal<sdk.KeyCreated | undefined>(undefined);
  const allowAddresses = addresses.value.split(/\s+/).filter(Boolean);
  const body = {
    name: name.value.trim(),
    scopes: scopes.value,
    ...(expiresAt.value && { expiresAt: expiresAt.value }),
    ...(environmentIds.value.length > 0 && { environmentIds: environmentIds.value }),
    ...(allowAddresses.length > 0 && { allowAddresses }),
  };
  const finish = (answer: sdk.KeyCreated): void => {
    created.value = answer;
    name.value = '';
    done();
  };
  const chooseDays = (value: string): void => {
    days.value = value;
    expiresAt.value = value ? new Date(Date.now() + Number(value) * DAY_MS).toISOString() : undefined;
  };
  const unlimited = me.value?.key.expiresAt ? 'With the key in use' : 'Never';
  return (
    <Section title="New key">
      {created.value && (
        <Once
          what={`API key ${created.value.name ?? ''}`}
          value={created.value.apiKey}
          close={() => (created.value = undefined)}
        />
      )}
      <Form label="Create key" call={(client) => sdk.createKey({ client, body })} done={finish}>
        <Field label="Name" required hint="What it is for, such as ci." of={name} />
        <Checks
          legend="Scopes"
          of={SCOPES.filter(may).map((scope) => [scope, scope])}
          chosen={scopes.value}
          onChange={(chosen) => (scopes.value = chosen)}
        />
        <Choice
          label="Expires"
          name="key-expiry"
          of={[
            ['1', 'In 1 day'],
            ['30', 'In 30 days'],
            ['90', 'In 90 days'],
            ['', unlimited],
          ]}
          value={days.value}
          onChoose={chooseDays}
        />
        {names.size > 0 && (
          <Checks
            legend="Environments"
            hint="Without a choice: all that the key in use may access."
            of={[...names]}
            chosen={environmentIds.value}
            onChange={(chosen) => (environmentIds.value = chosen)}
          />
        )}
        <Field
          label="Allowed addresses"
          rows={2}
          hint="One address or range per line, such as 203.0.113.0/24. Empty: as for the key in use."
          of={addresses}
        />
      </Form>
    </Section>
  );
}
