import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import * as sdk from '../../typescript/src/index.js';
import { Action, Curl } from './action.js';
import type { Call } from './api.js';
import { Choice } from './choices.js';
import { useLoaded } from './live.js';
import { Empty, Heading } from './parts.js';
import { Time } from './time.js';
import { type Row, Table } from './table.js';

const HEAD = ['Time', 'Action', 'Via', 'Target', 'Key', 'Address', 'Detail'];

/** An action that is missing here does not compile. A line each would say no more. */
// prettier-ignore
const ALL: Record<sdk.AuditAction, true> = {
  'key.created': true, 'key.revoked': true, 'link.created': true, 'link.used': true, 'user.asked': true,
  'user.allowed': true, 'user.refused': true, 'user.removed': true, 'operator.paired': true,
  'environment.created': true, 'environment.deleted': true, 'environment.extended': true,
  'environment.expiring': true, 'environment.expired': true, 'environment.published': true,
  'environment.withdrawn': true, 'hook.created': true, 'hook.deleted': true, 'upload.created': true,
  'deployment.created': true, 'deployment.redeployed': true, 'deployment.rolledBack': true,
  'deployment.promoted': true, 'deployment.started': true, 'deployment.stopped': true,
  'deployment.scaled': true, 'deployment.cancelled': true, 'deployment.deleted': true,
  'deployment.extended': true, 'deployment.expiring': true, 'deployment.expired': true, 'run.created': true,
  'run.cancelled': true,
};
const ACTIONS = Object.keys(ALL) as sdk.AuditAction[];

function page(action: sdk.AuditAction | undefined, cursor?: string): Call<sdk.AuditList> {
  const query = { limit: 50, ...(action && { action }), ...(cursor && { cursor }) };
  return (client) => sdk.listAuditEvents({ client, query });
}

/** Who did what, newest first. */
export function Audit() {
  const action = useSignal<sdk.AuditAction | undefined>(undefined);
  const older = useSignal<sdk.AuditList | undefined>(undefined);
  const { data: first, failure } = useLoaded(page(action.value), [action.value]);
  useEffect(() => {
    older.value = undefined;
  }, [first]);
  const events = [...(first?.events ?? []), ...(older.value?.events ?? [])];
  const next = older.value ? older.value.nextCursor : first?.nextCursor;
  const append = (more: sdk.AuditList): void => {
    older.value = { ...more, events: [...(older.value?.events ?? []), ...more.events] };
  };
  return (
    <>
      <Heading text="Audit" />
      <Choice
        label="Action"
        name="audit-action"
        of={[['', 'All actions'], ...ACTIONS.map((one): [string, string] => [one, one])]}
        value={action.value ?? ''}
        onChoose={(value) => (action.value = ACTIONS.find((one) => one === value))}
      />
      <Curl call={page(action.value)} />
      <Table
        label="Audit events"
        head={HEAD}
        failure={failure}
        rows={first && events.map(row)}
        empty={<Empty>No events of this action. Choose another.</Empty>}
      />
      {next && <Action label="Show more" scope="ADMIN" call={page(action.value, next)} done={append} />}
    </>
  );
}

function row({ id, createdAt, action, via, target, keyId, ip, detail }: sdk.AuditEvent): Row {
  const cells = [
    <Time at={createdAt} />,
    action,
    via,
    <code>{target}</code>,
    <code>{keyId}</code>,
    ip,
    compact(detail),
  ];
  return { key: id, cells };
}

/** What says something, with spaces where lines may break. */
function compact(detail: sdk.AuditEvent['detail']): string {
  return Object.entries(detail ?? {})
    .filter(([, value]) => value !== null && (!Array.isArray(value) || value.length > 0))
    .map(([name, value]) => `${name}: ${[value].flat().map(textOf).join(', ')}`)
    .join('; ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
