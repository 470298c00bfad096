import { useSignal } from '@preact/signals';
import {
  type ApiKey,
  type KeyRevoked,
  listEnvironments,
  listKeys,
  type ListKeysResponse,
  revokeKey,
} from '../../typescript/src/index.js';
import { Action, Curl } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { NewKey } from './new-key.js';
import { Problem, Section, Table } from './parts.js';
import { may, me } from './session.js';
import { Time } from './time.js';

const HEAD = ['Name', 'Id', 'Scopes', 'Environments', 'Allowed addresses', 'Created', 'Last used', 'Expires', 'Action'];
const listAll: Call<ListKeysResponse> = (client) => listKeys({ client });

/** The names of the environments that the key may read, by id. */
function useEnvironmentNames(): Map<string, string> {
  const mayRead = may('ENVIRONMENTS_READ');
  const { data } = useLoaded(
    async (client) => (mayRead ? listEnvironments({ client, query: { limit: 100 } }) : { response: new Response() }),
    [mayRead],
  );
  return new Map(data?.environments.map(({ id, name }) => [id, name]));
}

export function Keys() {
  const { data, failure, reload } = useLoaded(listAll, [], 30_000);
  const names = useEnvironmentNames();
  const revoked = useSignal<KeyRevoked | undefined>(undefined);
  const done = (answer: KeyRevoked): void => {
    revoked.value = answer;
    reload();
  };
  return (
    <>
      <h1>Keys</h1>
      <Section title="Your keys" side={<Curl call={listAll} />}>
        <Problem failure={failure} />
        {revoked.value && <Revoked answer={revoked.value} />}
        {!data && !failure && <p>Loading …</p>}
        {data && (
          <Table label="Your keys" head={HEAD}>
            {data.keys.map((one) => (
              <Row key={one.keyId} of={one} names={names} done={done} />
            ))}
            {data.expiredKeys.map((one) => (
              <Row key={one.keyId} of={one} names={names} />
            ))}
          </Table>
        )}
      </Section>
      <NewKey names={names} done={reload} />
    </>
  );
}

/** Without `done` the key has expired. */
function Row({ of, names, done }: { of: ApiKey; names: Map<string, string>; done?: (answer: KeyRevoked) => void }) {
  const { keyId, name, environmentIds } = of;
  const isInUse = keyId === me.value?.key.keyId;
  return (
    <tr>
      <th scope="row">
        {name ?? 'unnamed'} {isInUse && <strong class="badge">in use</strong>}
      </th>
      <td>
        <code>{keyId}</code>
      </td>
      <td>{of.scopes.join(', ')}</td>
      <td>{environmentIds?.map((id) => names.get(id) ?? id).join(', ') ?? 'all'}</td>
      <td>{of.allowAddresses?.join(', ') ?? 'any'}</td>
      <td>
        <Time at={of.createdAt} />
      </td>
      <td>{of.lastUsedAt ? <Time at={of.lastUsedAt} /> : 'never'}</td>
      <td>{of.expiresAt ? <Time at={of.expiresAt} /> : 'never'}</td>
      <td>
        {done && (isInUse || isWithinOwn(of)) && (
          <Action
            label="Revoke"
            kind="danger"
            question={`Revoke ${name ?? keyId}? ${isInUse ? 'You are logged out.' : 'Requests with it are refused at once.'}`}
            call={(client) => revokeKey({ client, body: { keyId } })}
            done={done}
          />
        )}
      </td>
    </tr>
  );
}

/** A key revokes only keys whose scopes and environments it has. */
function isWithinOwn({ scopes, environmentIds }: ApiKey): boolean {
  const own = me.value?.key.environmentIds;
  return scopes.every(may) && (!own || (environmentIds?.every((id) => own.includes(id)) ?? false));
}

function Revoked({ answer }: { answer: KeyRevoked }) {
  const { message, remainingKeys, suspendedHooks } = answer;
  return (
    <div class="notice" role="status">
      <p>{message}</p>
      {remainingKeys.length > 0 && (
        <p>
          Keys that it made still work: {remainingKeys.map(({ keyId, name }) => name ?? keyId).join(', ')}. Revoke each
          that is not needed.
        </p>
      )}
      {suspendedHooks.length > 0 && (
        <p>
          Hooks that it made accept no deliveries: {suspendedHooks.map(({ name }) => name).join(', ')}. Create them
          again.
        </p>
      )}
    </div>
  );
}
