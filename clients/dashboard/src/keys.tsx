import { useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { Action, Curl } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { NewKey } from './new-key.js';
import { Heading, Section } from './parts.js';
import { may, me } from './session.js';
import { Time } from './time.js';
import { type Row, Table } from './table.js';

const HEAD = ['Name', 'Id', 'Scopes', 'Environments', 'Allowed addresses', 'Created', 'Last used', 'Expires', 'Action'];
const listAll: Call<sdk.ListKeysResponse> = (client) => sdk.listKeys({ client });

/** The names of the environments that the key may read, by id. */
function useEnvironmentNames(): Map<string, string> {
  const mayRead = may('ENVIRONMENTS_READ');
  const { data } = useLoaded(
    async (client) =>
      mayRead ? sdk.listEnvironments({ client, query: { limit: 100 } }) : { response: new Response() },
    [mayRead],
  );
  return new Map(data?.environments.map(({ id, name }) => [id, name]));
}

export function Keys() {
  const { data, failure, reload } = useLoaded(listAll, [], 30_000);
  const names = useEnvironmentNames();
  const revoked = useSignal('');
  const done = (answer: sdk.KeyRevoked): void => {
    revoked.value = answer.message;
    reload();
  };
  return (
    <>
      <Heading text="Keys" />
      <Section title="Your keys" side={<Curl call={listAll} />}>
        {revoked.value && (
          <p class="notice" role="status">
            {revoked.value}
          </p>
        )}
        <Table
          label="Your keys"
          head={HEAD}
          failure={failure}
          rows={
            data && [
              ...data.keys.map((one) => row(one, names, done)),
              ...data.expiredKeys.map((one) => row(one, names, undefined)),
            ]
          }
        />
      </Section>
      <NewKey names={names} done={reload} />
    </>
  );
}

/** Without `done` the key has expired. */
function row(of: sdk.ApiKey, names: Map<string, string>, done: ((answer: sdk.KeyRevoked) => void) | undefined): Row {
  const { keyId, name, scopes, environmentIds, allowAddresses, createdAt, lastUsedAt, expiresAt } = of;
  const isInUse = keyId === me.value?.key.keyId;
  return {
    key: keyId,
    isCurrent: isInUse,
    cells: [
      <>
        {name ?? 'unnamed'} {isInUse && <strong class="badge">in use</strong>}
      </>,
      <code>{keyId}</code>,
      scopes.join(', '),
      environmentIds?.map((id) => names.get(id) ?? id).join(', ') ?? 'all',
      allowAddresses?.join(', ') ?? 'any',
      <Time at={createdAt} />,
      lastUsedAt ? <Time at={lastUsedAt} /> : 'never',
      expiresAt ? <Time at={expiresAt} /> : 'never',
      done && (isInUse || isWithinOwn(of)) && (
        <Action
          label="Revoke"
          kind="danger"
          question={`Revoke ${name ?? keyId}? ${isInUse ? 'You are logged out.' : 'Requests with it are refused at once.'}`}
          call={(client) => sdk.revokeKey({ client, body: { keyId } })}
          done={done}
        />
      ),
    ],
  };
}

/** A key revokes only keys whose scopes and environments it has. */
function isWithinOwn({ scopes, environmentIds }: sdk.ApiKey): boolean {
  const own = me.value?.key.environmentIds;
  return scopes.every(may) && (!own || (environmentIds?.every((id) => own.includes(id)) ?? false));
}
