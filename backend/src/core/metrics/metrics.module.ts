import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { HealthModule } from '#src/core/health/health.module.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';

@Module({ imports: [HealthModule], controllers: [MetricsController], providers: [Metrics] })
export class MetricsModule implements NestModule {
  constructor(private readonly metrics: Metrics) {}

  configure(consumer: MiddlewareConsumer): void {
    const observe = (request: Request, response: Response, next: NextFunction) =>
      this.metrics.observe(request, response, next);
    consumer.apply(observe).forRoutes('{*path}');
  }
}
