import { DomainError } from '#src/common/errors/domain-error.js';
import { safeText } from '#src/common/safe-text.js';
import type { DeliveryHeaders } from './hook-signature.js';

/** What a sender's settings call the secret. */
interface Forge {
  name: string;
  eventHeader?: string;
  secretField: string;
}

const SECRET = 'Settings > Webhooks > Secret';
const FORGES: [header: string, forge: Forge][] = [
  // Forgejo and Gitea send the headers of GitHub as well.
  ['x-forgejo-event', { name: 'Forgejo', secretField: SECRET }],
  ['x-gitea-event', { name: 'Gitea', secretField: SECRET }],
  ['x-gogs-event', { name: 'Gogs', secretField: SECRET }],
  ['x-github-event', { name: 'GitHub', secretField: SECRET }],
  ['x-gitlab-event', { name: 'GitLab', secretField: 'Settings > Webhooks > Secret token' }],
  ['x-event-key', { name: 'Bitbucket', secretField: 'Repository settings > Webhooks > Secret' }],
];
const AZURE =
  'Azure DevOps sends no signature: enter it as the password of the basic authentication, with any user name.';
const MAX_EVENT_CHARACTERS = 60;
const PINGS = new Set(['ping', 'diagnostics:ping']);
const PUSHES = /^(?:push|repo:push|repo:refs_changed|push hook|tag push hook|system hook)$/i;

/** The same for every hook and for none: only the headers decide. */
export function unsigned(headers: DeliveryHeaders): DomainError {
  const forge = forgeOf(headers);
  const isSha1 = typeof headers['x-hub-signature'] === 'string';
  return new DomainError('HOOK_SIGNATURE_INVALID', {
    detail: isSha1
      ? 'This delivery is signed with SHA-1 only, which is not accepted.'
      : 'This delivery has no signature and no secret.',
    hint: isSha1
      ? 'Update the git server: it must send X-Hub-Signature-256, or sha256= in X-Hub-Signature.'
      : `Enter the secret of the hook in ${forge?.secretField ?? 'the webhook settings of the repository'}. ${AZURE}`,
  });
}

export function wronglySigned(headers: DeliveryHeaders): DomainError {
  const where = forgeOf(headers)?.secretField ?? 'the webhook settings of the repository';
  return new DomainError('HOOK_SIGNATURE_INVALID', {
    detail: 'This delivery is not signed with the secret of a hook.',
    hint: `Check the URL of the webhook, and enter the secret of this hook in ${where}. If it is lost, create the hook again.`,
  });
}

export function unknownContent(headers: { 'content-type'?: string | undefined }): DomainError {
  const given = safeText(headers['content-type'] ?? 'none', { maxLength: MAX_EVENT_CHARACTERS });
  return new DomainError('UNSUPPORTED_MEDIA_TYPE', {
    detail: `A delivery must be JSON, or a form with the field payload; its content type is ${given}.`,
    hint: 'Choose the content type application/json in the webhook settings of the repository.',
  });
}

export function malformedDelivery(detail: string): DomainError {
  return new DomainError('MALFORMED_JSON', {
    detail,
    hint: 'Choose the content type application/json, and push events only, in the webhook settings of the repository.',
  });
}

/** Why a delivery that is no push to a branch changes nothing. */
export function notAPush(headers: DeliveryHeaders): string {
  const event = eventOf(headers);
  if (PINGS.has(event)) return 'The ping arrived: the hook works. A ping is not a push, so nothing is deployed.';
  if (event === '' || PUSHES.test(event))
    return 'The delivery is not a push to a branch: it may push a tag or delete a branch.';
  return `The delivery is the event ${event}, not a push. Choose push events in the webhook settings of the repository.`;
}

function eventOf(headers: DeliveryHeaders): string {
  const value = FORGES.map(([header]) => headers[header]).find((event) => typeof event === 'string');
  return safeText(value ?? '', { maxLength: MAX_EVENT_CHARACTERS });
}

function forgeOf(headers: DeliveryHeaders): Forge | undefined {
  return FORGES.find(([header]) => headers[header] !== undefined)?.[1];
}
