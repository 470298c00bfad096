import { Injectable } from '@nestjs/common';
import { Action, Ctx, On, Update } from 'nestjs-telegraf';
import type { Context } from 'telegraf';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import type { Revocation } from '#src/modules/auth/api-keys.repository.js';
import { ApiKeysService } from '#src/modules/auth/api-keys.service.js';
import { type KeyEnvironment, KeyEnvironmentsRepository } from '#src/modules/auth/key-environments.repository.js';
import { MagicLinksService } from '#src/modules/auth/magic-links.service.js';
import { remainingText, revocationText } from '#src/modules/auth/revocation-text.js';
import { BOT, BotUsers, nameOf, type UserAccess } from './bot-users.js';
import { draftKeyboard, type KeyDraft, ttlText, readDraft } from './key-draft.js';
import { escapeHtml, UpdateContext } from './update-context.js';

const DAY_SECONDS = 86_400;
const UNKNOWN_BUTTON = 'This button is unknown. Send the command again.';

type ButtonContext = Context & { match: RegExpExecArray; callbackQuery: { data?: string } };

/** Handles pressed buttons. Callback data can be forged, so every handler checks the user and their permissions. */
@Update()
@Injectable()
export class BotButtons {
  constructor(
    private readonly context: UpdateContext,
    private readonly users: BotUsers,
    private readonly keys: ApiKeysService,
    private readonly links: MagicLinksService,
    private readonly environments: KeyEnvironmentsRepository,
    private readonly clock: Clock,
  ) {}

  @Action(/^key:/)
  async draft(@Ctx() { callbackQuery }: ButtonContext): Promise<void> {
    await this.ifAllowed(async () => {
      const step = readDraft(callbackQuery.data ?? '');
      if (!step) return this.context.answer(UNKNOWN_BUTTON);
      if (step.kind === 'cancel') return this.done('No key was created.');
      const { db, user } = this.context.state;
      const { draft } = step;
      const mayAdmin = this.users.isOperator(user);
      if (draft.scopes.includes('ADMIN') && !mayAdmin)
        return this.context.answer('Only operators may have a key with ADMIN.');
      if (draft.scopes.includes('ADMIN') && draft.environmentId !== null)
        return this.context.answer('A key with ADMIN works in all environments. Choose all, or untick ADMIN.');
      const environments = await this.environments.active(db, user.id);
      if (step.kind === 'create') return this.createLink(draft, environments);
      await this.context.answer();
      const question = `What may the new key${nameOfDraft(draft)} do?`;
      await this.context.edit(question, draftKeyboard(draft, mayAdmin, environments));
    });
  }

  @Action(/^revoke:(ask|yes):([A-Za-z0-9_-]{16})$/)
  async revoke(@Ctx() { match: [, step, keyId = ''] }: ButtonContext): Promise<void> {
    await this.ifAllowed(async () => {
      const { db, user } = this.context.state;
      if (step === 'ask') {
        await this.context.answer();
        const remaining = escapeHtml(remainingText(await this.keys.activeMadeBy(db, user.id, keyId)));
        return this.context.edit(
          `Revoke <code>${keyId}</code>? What uses it stops working at once, and so do the hooks that it made.${remaining}`,
          [
            [
              { text: 'Revoke', callback_data: `revoke:yes:${keyId}` },
              { text: 'Keep', callback_data: 'keep' },
            ],
          ],
        );
      }
      let revocation: Revocation;
      try {
        revocation = await this.keys.revokeIn(db, keyId, user.id, BOT);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        return this.done('This key is none of your active keys.');
      }
      await this.done(escapeHtml(revocationText(keyId, revocation)));
    });
  }

  @Action('access:ask')
  async askForScopes(): Promise<void> {
    const { db, user } = this.context.state;
    if (this.users.isAllowed(user)) return this.done('You are on the list. /help tells what I can do.');
    const operators = await this.users.operators(db);
    if (operators.length === 0)
      return this.context.answer('There is no operator yet. On the server, script/key pair creates a pairing link.');
    if (!(await this.users.requestAccess(db, user, this.clock.now())))
      return this.context.answer('You have asked already. The operators have your request.');
    for (const operator of operators)
      await this.context.sayTo(operator, `${escapeHtml(nameOf(user))} asks for access.`, [
        [
          { text: 'Allow', callback_data: `access:allow:${user.id}` },
          { text: 'Refuse', callback_data: `access:refuse:${user.id}` },
        ],
      ]);
    await this.done('I have asked the operators. You will get their answer here.');
  }

  @Action(/^access:(allow|refuse):([a-z0-9]{1,40})$/)
  async decide(@Ctx() { match: [, decision, id = ''] }: ButtonContext): Promise<void> {
    await this.ifOperator(async () => {
      const { db, user: operator } = this.context.state;
      const applicant = await this.users.byId(db, id);
      if (!applicant) return this.done('This user does not exist.');
      if (decision === 'refuse') {
        if (this.users.isAllowed(applicant))
          return this.done(`${escapeHtml(nameOf(applicant))} is on the list already: see /users.`);
        await this.users.refuse(db, operator, applicant);
        await this.context.sayTo(applicant.telegramId, 'The operators have refused your request.');
        return this.done(`${escapeHtml(nameOf(applicant))} was refused.`);
      }
      if (!this.users.isAllowed(applicant)) {
        await this.users.allow(db, operator, applicant);
        await this.context.sayTo(
          applicant.telegramId,
          'You are on the list now. /api_create makes your first API key.',
        );
      }
      await this.done(`${escapeHtml(nameOf(applicant))} may use this bot.`);
    });
  }

  @Action(/^user:(ask|yes):([a-z0-9]{1,40})$/)
  async remove(@Ctx() { match: [, step, id = ''] }: ButtonContext): Promise<void> {
    await this.ifOperator(async () => {
      const { db, user: operator } = this.context.state;
      const other = await this.users.byId(db, id);
      if (!other || !this.users.isAllowed(other)) return this.done('This user is not on the list.');
      const name = escapeHtml(nameOf(other));
      if (other.id === operator.id) return this.context.answer('You cannot remove yourself.');
      if (other.access !== 'OPERATOR' && this.users.isOperator(other))
        return this.done(`${name} is listed in TELEGRAM_ADMIN_IDS. Remove the id there.`);
      if (step === 'yes') {
        const ended = await this.users.remove(db, operator, other);
        return this.done(`${name} is removed. ${accessText(ended)}. Their deployments keep running.`);
      }
      const access = await this.users.accessOf(db, other);
      await this.context.answer();
      await this.context.edit(`Remove ${name}? ${accessText(access)} with it; their deployments keep running.`, [
        [
          { text: 'Remove', callback_data: `user:yes:${other.id}` },
          { text: 'Keep', callback_data: 'keep' },
        ],
      ]);
    });
  }

  @Action('keep')
  async keep(): Promise<void> {
    await this.done('Nothing was changed.');
  }

  @On('callback_query')
  async other(): Promise<void> {
    await this.context.answer(UNKNOWN_BUTTON);
  }

  private async createLink(draft: KeyDraft, environments: KeyEnvironment[]): Promise<void> {
    const { scopes, ttlDays, environmentId } = draft;
    const environment = environments.find(({ id }) => id === environmentId);
    if (environmentId !== null && !environment) return this.context.answer('This environment is not active any more.');
    if (scopes.length === 0) return this.context.answer('Tick at least one scope.');
    const { db, user, messageId } = this.context.state;
    const keyExpiresInSeconds = ttlDays === 0 ? null : ttlDays * DAY_SECONDS;
    const bounds = { keyName: draft.name || null, environmentIds: environment ? [environment.id] : [] };
    const request = { userId: user.id, scopes, keyExpiresInSeconds, messageId, ...bounds };
    const url = await this.links.create(db, request, BOT);
    await this.context.answer();
    const place = environment ? ` in ${escapeHtml(environment.name)} only` : '';
    await this.context.edit(
      `A key${nameOfDraft(draft)} with ${scopes.join(', ')}${place} (${ttlText(ttlDays)}).\n\nThe link works once, within 15 minutes.`,
      [[{ text: 'Open', url }]],
    );
  }

  /** Ends the dialog: replaces the message and removes its buttons. */
  private async done(text: string): Promise<void> {
    await this.context.answer();
    await this.context.edit(text);
  }

  private async ifAllowed(act: () => Promise<void>): Promise<void> {
    if (this.users.isAllowed(this.context.state.user)) return act();
    await this.context.answer('You are not on the list of this bot.');
  }

  private async ifOperator(act: () => Promise<void>): Promise<void> {
    if (this.users.isOperator(this.context.state.user)) return act();
    await this.context.answer('Only operators may do this.');
  }
}

function nameOfDraft({ name }: KeyDraft): string {
  return name === '' ? '' : ` <b>${escapeHtml(name)}</b>`;
}

function accessText({ keys, hooks }: UserAccess): string {
  const revoked = keys === 1 ? '1 key is revoked' : `${keys} keys are revoked`;
  const suspended = hooks === 1 ? '1 hook is suspended' : `${hooks} hooks are suspended`;
  return `${revoked} and ${suspended}`;
}
