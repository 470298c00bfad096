import { Injectable } from '@nestjs/common';
import { Command, Ctx, Help, On, Start, Update } from 'nestjs-telegraf';
import type { Context } from 'telegraf';
import { Config } from '#src/config/config.js';
import type { ApiKey } from '#src/generated/prisma/client.js';
import { ApiKeysService } from '#src/modules/auth/api-keys.service.js';
import { KeyEnvironmentsRepository } from '#src/modules/auth/key-environments.repository.js';
import { PairingCodesRepository } from '#src/modules/auth/pairing-codes.repository.js';
import { BotUsers, nameOf } from './bot-users.js';
import { draftKeyboard, FIRST_DRAFT, isDraftName, MAX_DRAFT_NAME } from './key-draft.js';
import { escapeHtml, type Keyboard, UpdateContext } from './update-context.js';

/** The bot's menu. */
export const COMMANDS = [
  { command: 'api_create', description: 'Create an API key; a name may follow' },
  { command: 'api_list', description: 'List your API keys' },
  { command: 'api_revoke', description: 'Revoke an API key' },
  { command: 'notify', description: 'Turn messages about your deployments on or off' },
  { command: 'users', description: 'List who may use this bot (operators)' },
  { command: 'help', description: 'List the commands' },
];
const COMMAND_LIST = COMMANDS.map(({ command, description }) => `/${command} – ${description}`).join('\n');
const MAX_BUTTONS = 50;
/** A message has at most 4096 characters. */
const MAX_LISTED = 15;
const MAX_BOUNDS = 2;
const DRAFT_TEXT = 'What may the new key do? ADMIN, where it is offered, allows everything, for every user.';

type CommandContext = Context & { payload?: string };

/** Handles messages. Handlers return nothing, because nestjs-telegraf sends what they return. */
@Update()
@Injectable()
export class BotCommands {
  constructor(
    private readonly context: UpdateContext,
    private readonly users: BotUsers,
    private readonly keys: ApiKeysService,
    private readonly environments: KeyEnvironmentsRepository,
    private readonly pairing: PairingCodesRepository,
    private readonly config: Config,
  ) {}

  @Start()
  async start(@Ctx() { payload = '' }: CommandContext): Promise<void> {
    if (payload !== '') return this.pair(payload);
    await this.ifAllowed(() =>
      this.context.say(
        `<b>This is Berth.</b> I give you API keys and tell you the outcome of your deployments.\n\n${this.commands()}`,
      ),
    );
  }

  @Help()
  async help(): Promise<void> {
    await this.ifAllowed(() => this.context.say(this.commands()));
  }

  @Command('api_create')
  async create(@Ctx() { payload = '' }: CommandContext): Promise<void> {
    await this.ifAllowed(async () => {
      const { db, user } = this.context.state;
      const name = payload.trim();
      if (!isDraftName(name))
        return this.context.say(
          `A name has 1 to ${MAX_DRAFT_NAME} letters, digits, spaces or . _ @ / -, such as <code>/api_create ci</code>`,
        );
      const draft = { ...FIRST_DRAFT, name };
      const environments = await this.environments.active(db, user.id);
      await this.context.say(DRAFT_TEXT, draftKeyboard(draft, this.users.isOperator(user), environments));
    });
  }

  @Command('api_list')
  async list(): Promise<void> {
    await this.ifAllowed(async () => {
      const { db, user } = this.context.state;
      const { active, expired } = await this.keys.listOf(user.id);
      const keys = [...active, ...expired].slice(0, MAX_LISTED);
      if (keys.length === 0) return this.context.say('You have no API key. /api_create creates one.');
      const texts = keys.map(async (key) => described(key, await this.environments.names(db, key.environmentIds)));
      await this.context.say((await Promise.all(texts)).join('\n\n'));
    });
  }

  @Command('api_revoke')
  async revoke(): Promise<void> {
    await this.ifAllowed(async () => {
      const { active: keys } = await this.keys.listOf(this.context.state.user.id);
      if (keys.length === 0) return this.context.say('You have no active API key.');
      const buttons: Keyboard = keys.slice(0, MAX_BUTTONS).map(({ keyId, name, createdAt }) => {
        const text = `${keyId} of ${createdAt.toISOString().slice(0, 10)}${name === null ? '' : `, ${name}`}`;
        return [{ text, callback_data: `revoke:ask:${keyId}` }];
      });
      await this.context.say('Which key shall be revoked?', buttons);
    });
  }

  @Command('notify')
  async notify(@Ctx() { payload = '' }: CommandContext): Promise<void> {
    await this.ifAllowed(async () => {
      const { db, user } = this.context.state;
      const wanted = { on: true, off: false }[payload.trim().toLowerCase()];
      if (wanted === undefined) {
        const is = user.notify ? 'on' : 'off';
        return this.context.say(
          `Messages about your deployments are ${is}. <code>/notify on</code> or <code>/notify off</code>`,
        );
      }
      await this.users.setNotify(db, user, wanted);
      await this.context.say(
        wanted ? 'I tell you when a deployment is RUNNING or has FAILED.' : 'I no longer tell you about deployments.',
      );
    });
  }

  @Command('users')
  async list_users(): Promise<void> {
    await this.ifAllowed(async () => {
      const { db, user } = this.context.state;
      if (!this.users.isOperator(user)) return this.context.say('Only operators see who may use this bot.');
      const allowed = (await this.users.allowed(db)).slice(0, MAX_BUTTONS);
      const lines = allowed.map(
        (one) => `• ${escapeHtml(nameOf(one))}${this.users.isOperator(one) ? ' – operator' : ''}`,
      );
      const others = allowed.filter(({ id }) => id !== user.id);
      await this.context.say(
        `<b>Who may use this bot</b>\n${lines.join('\n')}`,
        others.map((one) => [{ text: `Remove ${nameOf(one)}`, callback_data: `user:ask:${one.id}` }]),
      );
    });
  }

  @On('message')
  async other(): Promise<void> {
    await this.ifAllowed(() => this.context.say(`This command is unknown. The commands:\n\n${this.commands()}`));
  }

  /** Other users get an explanation and a button to request access. */
  private async ifAllowed(act: () => Promise<void>): Promise<void> {
    if (this.users.isAllowed(this.context.state.user)) return act();
    await this.context.say(
      'This bot gives API keys for a private server, and you are not on its list yet. Its operators can let you in.',
      [[{ text: 'Ask for access', callback_data: 'access:ask' }]],
    );
  }

  private commands(): string {
    const { hasDashboard, publicBaseUrl } = this.config.http;
    return hasDashboard ? `${COMMAND_LIST}\n\nThe dashboard: ${escapeHtml(publicBaseUrl)}/dashboard` : COMMAND_LIST;
  }

  private async pair(code: string): Promise<void> {
    const { db, user } = this.context.state;
    if (!(await this.pairing.use(db, code)))
      return this.context.say(
        'This pairing link is unknown, was used, or has expired. On the server, <code>script/key pair</code> creates a new one.',
      );
    await this.users.makeOperator(db, user);
    await this.context.say(`<b>You are an operator of this Berth now.</b>\n\n${this.commands()}`);
  }
}

function described(key: ApiKey, environments: string[]): string {
  const { keyId, name, scopes, allowAddresses, createdAt, expiresAt, lastUsedAt } = key;
  const day = (time: Date | null, otherwise: string) => time?.toISOString().slice(0, 10) ?? otherwise;
  return [
    `<code>${keyId}</code>${name === null ? '' : ` <b>${escapeHtml(name)}</b>`}`,
    scopes.join(', '),
    ...(environments.length > 0 ? [`only in ${listed(environments)}`] : []),
    ...(allowAddresses.length > 0 ? [`only from ${listed(allowAddresses)}`] : []),
    `created ${day(createdAt, '')}, expires ${day(expiresAt, 'never')}, last used ${day(lastUsedAt, 'never')}`,
  ].join('\n');
}

function listed(all: string[]): string {
  const more = all.length > MAX_BOUNDS ? ` and ${all.length - MAX_BOUNDS} more` : '';
  return escapeHtml(all.slice(0, MAX_BOUNDS).join(', ')) + more;
}
