import { useSignal } from '@preact/signals';
import {
  createHook,
  deleteHook,
  type Hook,
  type HookCreated,
  listHooks,
  type ListHooksResponse,
} from '../../typescript/src/index.js';
import { Action, CopyButton, Curl, Form } from './action.js';
import type { Call } from './api.js';
import { useLoaded } from './live.js';
import { Once } from './once.js';
import { Empty, Field, Long, Problem, Section, Table } from './parts.js';
import { may } from './session.js';
import { Time } from './time.js';

const HEAD = ['Deployment', 'Branch', 'Paths', 'URL', 'Last delivery', 'Created', 'Action'];

/** What redeploys on a push. */
export function Hooks({ environmentId }: { environmentId: string }) {
  const call: Call<ListHooksResponse> = (client) => listHooks({ client, path: { id: environmentId } });
  const { data, failure, reload } = useLoaded(call, [environmentId], 30_000);
  return (
    <Section title="Hooks" side={<Curl call={call} />}>
      <Problem failure={failure} />
      {data?.hooks.length === 0 && <Empty>No hooks. A hook redeploys a Git deployment at each push.</Empty>}
      {data && data.hooks.length > 0 && (
        <Table label="Hooks" head={HEAD}>
          {data.hooks.map((hook) => (
            <Row key={hook.id} hook={hook} done={reload} />
          ))}
        </Table>
      )}
      {may('DEPLOYMENTS_WRITE') && <NewHook environmentId={environmentId} done={reload} />}
    </Section>
  );
}

function Row({ hook, done }: { hook: Hook; done: () => void }) {
  return (
    <tr>
      <th scope="row">{hook.name}</th>
      <td>
        <Long text={hook.branch ?? 'that of the deployment'} />
      </td>
      <td>
        <Long text={hook.paths.join(', ') || 'all'} />
      </td>
      <td>
        <code>{hook.url}</code> <CopyButton text={() => hook.url} label="Copy URL" />
      </td>
      <td>
        {hook.suspendedReason && <strong>Suspended: {hook.suspendedReason} </strong>}
        {hook.lastDeliveryAt ? <Time at={hook.lastDeliveryAt} /> : 'none yet'} {hook.lastOutcome}
      </td>
      <td>
        <Time at={hook.createdAt} />
      </td>
      <td>
        <Action
          label="Delete hook"
          kind="danger"
          scope="DEPLOYMENTS_WRITE"
          question={`Delete the hook of ${hook.name}? Its deliveries are refused.`}
          call={(client) => deleteHook({ client, path: { id: hook.id } })}
          done={done}
        />
      </td>
    </tr>
  );
}

function NewHook({ environmentId, done }: { environmentId: string; done: () => void }) {
  const name = useSignal('');
  const branch = useSignal('');
  const paths = useSignal('');
  const created = useSignal<HookCreated | undefined>(undefined);
  const globs = paths.value
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const body = {
    name: name.value.trim(),
    ...(branch.value.trim() && { branch: branch.value.trim() }),
    ...(globs.length > 0 && { paths: globs }),
  };
  const finish = (answer: HookCreated): void => {
    created.value = answer;
    name.value = '';
    done();
  };
  return (
    <>
      {created.value && (
        <Once
          what={`Secret of the hook of ${created.value.hook.name}`}
          value={created.value.secret}
          close={() => (created.value = undefined)}
        />
      )}
      <details>
        <summary>New hook</summary>
        <Form
          label="Create hook"
          call={(client) => createHook({ client, path: { id: environmentId }, body })}
          done={finish}
        >
          <Field
            label="Deployment"
            name="hook-name"
            required
            hint="Name of a deployment from Git."
            value={name.value}
            onInput={(value) => (name.value = value)}
          />
          <Field
            label="Branch"
            name="hook-branch"
            hint="Empty: the branch of the newest deployment of the name."
            onInput={(value) => (branch.value = value)}
          />
          <Field
            label="Paths"
            name="hook-paths"
            rows={2}
            hint="One glob per line, such as api/**. Empty: each push."
            onInput={(value) => (paths.value = value)}
          />
        </Form>
        <p class="note">Add the URL and the secret to the webhook settings of the repository.</p>
      </details>
    </>
  );
}
