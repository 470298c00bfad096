import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Form } from './action.js';
import { useLoaded } from './live.js';
import { Badge, Empty, Field, Heading, Section } from './parts.js';
import { byName, failureOf } from './releases.js';
import { go, href } from './route.js';
import { may } from './session.js';
import { Time } from './time.js';
import { type Row, Table } from './table.js';

/** Each row asks for its own deployments, which must stay far below the rate limit. */
const MAX_ROWS_WITH_FAILURES = 20;
const HEAD = ['Name', 'State', 'Domain', 'Certificate', 'Fails now', 'Expires', 'Created'];

export function Environments() {
  const limit = useSignal(50);
  const { data, failure } = useLoaded(
    (client) => sdk.listEnvironments({ client, query: { limit: limit.value } }),
    [limit.value],
    5000,
  );
  return (
    <>
      <Heading text="Environments" />
      <Table
        label="Environments"
        head={HEAD}
        failure={failure}
        rows={data?.environments.map((environment) =>
          row(environment, data.environments.length <= MAX_ROWS_WITH_FAILURES),
        )}
        empty={
          <Empty call={(client) => sdk.createEnvironment({ client, body: { name: 'my-app' } })}>
            There is no environment yet. An environment is a private network: what you deploy into it reaches each other
            by name, and nothing else reaches it. Create the first one:
          </Empty>
        }
      />
      {data?.nextCursor && limit.value < 100 && (
        <button type="button" onClick={() => (limit.value = 100)}>
          Show more
        </button>
      )}
      {may('ENVIRONMENTS_WRITE') && <Create />}
    </>
  );
}

function row(environment: sdk.Environment, withFailures: boolean): Row {
  const { id, name, status, publicDomain, certificate, errorMessage, expiresAt, createdAt } = environment;
  return {
    key: id,
    cells: [
      <a href={href('environments', id)}>{name}</a>,
      <>
        <Badge value={status} /> <span class="clip">{errorMessage}</span>
      </>,
      publicDomain ? <a href={`https://${publicDomain}`}>{publicDomain}</a> : 'private',
      certificate ? <Badge value={certificate.status} /> : '–',
      withFailures && may('DEPLOYMENTS_READ') ? <Failures id={id} /> : '–',
      <Time at={expiresAt} />,
      <Time at={createdAt} />,
    ],
  };
}

function Failures({ id }: { id: string }) {
  const { data } = useLoaded((client) => sdk.getEnvironment({ client, path: { id } }), [id], 30_000);
  const failing = byName(data?.environment.deployments ?? []).filter((named) => failureOf(named));
  if (!data) return <>…</>;
  return failing.length === 0 ? <>nothing</> : <span class="bad">{failing.map(({ name }) => name).join(', ')}</span>;
}

function Create() {
  const name = useSignal('');
  return (
    <Section title="New environment">
      <Form
        label="Create"
        call={(client) => sdk.createEnvironment({ client, body: { name: name.value } })}
        done={({ environment }) => go('environments', environment.id)}
      >
        <Field label="Name" required hint="1 to 32 letters, digits, hyphens or underscores." of={name} />
      </Form>
    </Section>
  );
}
