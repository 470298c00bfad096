import { Injectable, type OnModuleInit } from '@nestjs/common';
import { shorten } from '#src/common/cut-text.js';
import { safeText } from '#src/common/safe-text.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { NotificationsRepository } from './notifications.repository.js';
import { Outbox } from './outbox.js';
import { escapeHtml, messageOf } from './update-context.js';

const MAX_REASON_LENGTH = 700;

/**
 * Notifies owners of the outcome of deployments and of expiries. The job is enqueued in the transaction of the status.
 */
@Injectable()
export class Notifications implements OnModuleInit {
  constructor(
    private readonly rows: NotificationsRepository,
    private readonly worker: JobWorker,
    private readonly outbox: Outbox,
  ) {}

  onModuleInit(): void {
    this.worker.register(
      'telegram.notify',
      ({ deploymentId, status }) => this.notifyOutcome(deploymentId, status),
      'messages',
    );
    this.worker.register(
      'telegram.expiring',
      ({ environmentId, deploymentId }) => this.notifyExpiry(environmentId, deploymentId),
      'messages',
    );
  }

  private async notifyExpiry(environmentId: string, deploymentId: string | undefined): Promise<void> {
    const environment = await this.rows.environment(environmentId);
    if (!environment?.user.notify) return;
    const deployment = deploymentId && (await this.rows.deployment(deploymentId));
    const { expiresAt } = deployment || environment;
    if (!expiresAt) return;
    const name = escapeHtml(environment.name);
    const what = deployment ? `<b>${escapeHtml(deployment.name)}</b> in ${name}` : `The environment <b>${name}</b>`;
    const path = deployment ? `/deployments/${deployment.id}` : `/environments/${environmentId}`;
    const text = `⏳ ${what} expires at ${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC.\n\nTo extend it: <code>PATCH ${path} {"ttlSeconds": 86400}</code>`;
    const { telegramId } = environment.user;
    await this.outbox.add(this.rows.db, telegramId, { method: 'sendMessage', params: messageOf(telegramId, text) });
  }

  private async notifyOutcome(deploymentId: string, status: 'RUNNING' | 'FAILED'): Promise<void> {
    const deployment = await this.rows.deployment(deploymentId);
    if (!deployment?.environment.user.notify) return;
    const { name, errorCode, errorMessage, environment } = deployment;
    const { telegramId } = environment.user;
    const what = `<b>${escapeHtml(name)}</b> in ${escapeHtml(environment.name)}`;
    const reason = shorten(safeText(`${errorCode ?? ''}: ${errorMessage ?? ''}`), MAX_REASON_LENGTH);
    const text =
      status === 'RUNNING' ? `✅ ${what} is RUNNING.` : `❌ ${what} has FAILED.\n\n<code>${escapeHtml(reason)}</code>`;
    await this.outbox.add(this.rows.db, telegramId, { method: 'sendMessage', params: messageOf(telegramId, text) });
  }
}
