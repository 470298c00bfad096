import { createHash, createHmac, type Hash } from 'node:crypto';
import { timingSafeEqualText } from '#src/common/timing-safe-equal.js';

export type DeliveryHeaders = Record<string, string | string[] | undefined>;

/** How a sender proves that it knows the secret: it sends the secret itself, or an HMAC of the body. */
export type Proof =
  | { kind: 'secret'; secret: string }
  | { kind: 'hmac'; signatures: string[]; encoding: 'hex' | 'base64'; signedId: string; prefix: string };

type Hmac = ReturnType<typeof createHmac>;

/** Maximum clock difference to a sender that signs the time. */
const TOLERANCE_SECONDS = 300;
const SHA256 = 'sha256=';
const HEX_HEADERS = ['x-forgejo-signature', 'x-gitea-signature', 'x-gogs-signature'];

/**
 * The proof in the headers of a delivery; undefined without one. In the order of preference:
 * GitHub (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries), as Gitea and Forgejo;
 * Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks), which GitLab's signing tokens follow;
 * Bitbucket (https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks), older Gitea and Gogs;
 * GitLab (https://docs.gitlab.com/user/project/integrations/webhooks) and the password of Azure DevOps.
 */
export function proofOf(headers: DeliveryHeaders, now: Date): Proof | undefined {
  const hub = one(headers, 'x-hub-signature-256');
  if (hub !== undefined) return hex(hub, SHA256);
  const standard = one(headers, 'webhook-signature');
  if (standard !== undefined) return standardProof(standard, headers, now);
  const older = one(headers, 'x-hub-signature');
  if (older?.startsWith(SHA256)) return hex(older, SHA256);
  const own = HEX_HEADERS.map((name) => one(headers, name)).find((value) => value !== undefined);
  if (own !== undefined) return hex(own, '');
  const token = one(headers, 'x-gitlab-token') ?? passwordOf(one(headers, 'authorization'));
  return token === undefined ? undefined : { kind: 'secret', secret: token };
}

/** Checks the proof of a body that is given in parts. It also names the delivery by what the proof covers. */
export class DeliveryCheck {
  private readonly content: Hash = createHash('sha256');
  private readonly ofBody: Hmac;
  /** Of the JSON in a form, which Gitea signs; undefined when there is none, as an HMAC of nothing proves nothing. */
  private ofJson: Hmac | undefined;

  constructor(
    private readonly proof: Proof,
    private readonly secret: string,
  ) {
    this.ofBody = this.createHmac();
  }

  /** `json`: the part of the JSON in a form; undefined when the body is the JSON. */
  add(body: Buffer, json?: Buffer): void {
    this.content.update(json ?? body);
    if (this.proof.kind === 'secret') return;
    this.ofBody.update(body);
    if (json === undefined || json.length === 0) return;
    this.ofJson ??= this.createHmac();
    this.ofJson.update(json);
  }

  /** Call it once, after the last part. */
  isValid(): boolean {
    const { proof } = this;
    if (proof.kind === 'secret') return timingSafeEqualText(proof.secret, this.secret);
    const hmacs = this.ofJson ? [this.ofBody, this.ofJson] : [this.ofBody];
    const expected = hmacs.map((hmac) => hmac.digest(proof.encoding));
    return proof.signatures.some((given) => expected.some((signature) => timingSafeEqualText(given, signature)));
  }

  /**
   * Names the delivery by its JSON, and by the id where Standard Webhooks sign one: a second delivery of a name is a
   * replay. Other headers are the sender's word only: a captured body could come again under another id. Call it once.
   */
  deliveryId(): string {
    const content = this.content.digest('hex');
    const id = this.proof.kind === 'hmac' ? this.proof.signedId : '';
    return id === '' ? content : `${id}/${content}`;
  }

  private createHmac(): Hmac {
    return createHmac('sha256', this.secret).update(this.proof.kind === 'hmac' ? this.proof.prefix : '');
  }
}

function hex(signature: string, prefix: string): Proof {
  const signatures = signature.startsWith(prefix) ? [signature.slice(prefix.length)] : [];
  return { kind: 'hmac', signatures, encoding: 'hex', signedId: '', prefix: '' };
}

/** A time too far from now is like a wrong signature. */
function standardProof(header: string, headers: DeliveryHeaders, now: Date): Proof {
  const [id, time] = [one(headers, 'webhook-id') ?? '', one(headers, 'webhook-timestamp') ?? ''];
  const isNow = /^\d{1,12}$/.test(time) && Math.abs(Number(time) - now.getTime() / 1000) <= TOLERANCE_SECONDS;
  const given = header.split(' ').flatMap((entry) => (entry.startsWith('v1,') ? [entry.slice('v1,'.length)] : []));
  return {
    kind: 'hmac',
    signatures: isNow ? given : [],
    encoding: 'base64',
    signedId: id.slice(0, 100),
    prefix: `${id}.${time}.`,
  };
}

/** The password of `Authorization: Basic`, with any user name. */
function passwordOf(authorization: string | undefined): string | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  const credentials = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
  const at = credentials.indexOf(':');
  return at < 0 ? undefined : credentials.slice(at + 1);
}

function one(headers: DeliveryHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
