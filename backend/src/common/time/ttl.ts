import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

const SHORTEST_SECONDS = 60;
const MAX_SECONDS = 31_536_000;
const MAX_NOTICE_MS = 3_600_000;
const RANGE = { message: `must be a whole number between ${SHORTEST_SECONDS} and ${MAX_SECONDS}, or null` };

/** A field that says how long something lives from now on; null: it does not end by itself. */
export function TtlSeconds(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ type: Number, nullable: true, required: false, example: 86_400 }),
    IsOptional(),
    IsInt(RANGE),
    Min(SHORTEST_SECONDS, RANGE),
    Max(MAX_SECONDS, RANGE),
  );
}

/** Null for what does not end. */
export function expiryOf(now: Date, ttlSeconds: number | null | undefined): Date | null {
  return ttlSeconds == null ? null : new Date(now.getTime() + ttlSeconds * 1000);
}

/** When its end is announced: a tenth of the life before, an hour at most. */
export function expiryWarningAt(now: Date, end: Date): Date {
  const lifeMs = end.getTime() - now.getTime();
  return new Date(end.getTime() - Math.min(MAX_NOTICE_MS, lifeMs / 10));
}
