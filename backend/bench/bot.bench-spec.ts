import { afterAll, beforeAll, it } from 'vitest';
import { BotPlatform, USER } from '../test/scenario/bot-platform.js';
import type { ChatUser } from '../test/testbed/telegram-server.js';
import { median, quantile } from './quantile.js';
import { Report } from './report.js';

const ROUNDS = 50;

const bed = new BotPlatform();
const report = new Report('bot: from the update to the reply, with the emulated Bot API');
let user: ChatUser;

beforeAll(async () => {
  user = bed.telegram.user(USER, 'uwe');
  await bed.start({ NODE_ENV: 'production', LOG_LEVEL: 'warn' });
  await bed.healthy('up');
});
afterAll(() => bed.stop());

it('the bot must answer at once', async () => {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    const { at } = await user.ask('/api_list');
    times.push(at - begin);
  }
  report.add({ what: 'median', measured: median(times), limit: 300, unit: 'ms' });
  report.add({ what: 'p95', measured: quantile(times, 0.95), limit: 600, unit: 'ms' });
  report.conclude();
});
