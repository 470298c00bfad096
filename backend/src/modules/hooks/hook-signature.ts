import { createHash, createHmac } from 'node:crypto';
import { timingSafeEqualText } from '#src/common/timing-safe-equal.js';

export interface Delivery {
  headers: Record<string, string | string[] | undefined>;
  /** raw, as it was signed */
  body: Buffer;
}

/** Maximum clock difference to a sender that signs the time. */
const TOLERANCE_SECONDS = 300;

/**
 * Whether the sender knows the secret, by the signature of
 * GitHub (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries), as Gitea and Forgejo,
 * GitLab (https://docs.gitlab.com/user/project/integrations/webhooks/), which sends the secret itself, and
 * Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks), which GitLab's signing tokens follow.
 */
export function isSigned({ headers, body }: Delivery, secret: string, now: Date): boolean {
  const hub = one(headers['x-hub-signature-256']);
  if (hub !== undefined)
    return timingSafeEqualText(hub, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const standard = one(headers['webhook-signature']);
  if (standard !== undefined) return isStandard(standard, { headers, body }, secret, now);
  const token = one(headers['x-gitlab-token']);
  return token !== undefined && timingSafeEqualText(token, secret);
}

/**
 * Names a delivery by what its signature covers: the body, and the id where Standard Webhooks sign one. A second
 * delivery of a name is a replay. Other headers are the sender's word only: a captured body could come again under
 * another id.
 */
export function deliveryIdOf({ headers, body }: Delivery): string {
  const content = createHash('sha256').update(body).digest('hex');
  const isStandardOnly = headers['x-hub-signature-256'] === undefined && headers['webhook-signature'] !== undefined;
  return isStandardOnly ? `${(one(headers['webhook-id']) ?? '').slice(0, 100)}/${content}` : content;
}

function isStandard(signatures: string, { headers, body }: Delivery, secret: string, now: Date): boolean {
  const [id, time] = [one(headers['webhook-id']) ?? '', one(headers['webhook-timestamp']) ?? ''];
  if (!/^\d{1,12}$/.test(time) || Math.abs(Number(time) - now.getTime() / 1000) > TOLERANCE_SECONDS) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${time}.`).update(body).digest('base64');
  return signatures.split(' ').some((signature) => timingSafeEqualText(signature, `v1,${expected}`));
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
