import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '#src/common/decorators/operation.js';
import { Config } from '#src/config/config.js';
import { VERSION } from './version.js';

export class WelcomeDto {
  message: string;
  version: string;
  /** URL of the Swagger UI. */
  documentation: string;
  endpoints: Record<string, string>;
}

@ApiTags('health')
@Controller()
export class RootController {
  constructor(private readonly config: Config) {}

  @Get()
  @Operation({ id: 'getRoot', summary: 'Get the version and the URLs of the API', response: WelcomeDto, open: true })
  welcome(): WelcomeDto {
    const { publicBaseUrl: base, hasDashboard } = this.config.http;
    return {
      message: 'This is Berth: deploy images and Git repositories into private environments.',
      version: VERSION,
      documentation: `${base}/api/docs`,
      endpoints: {
        auth: `${base}/auth`,
        environments: `${base}/environments`,
        deployments: `${base}/deployments`,
        health: `${base}/health`,
        ...(hasDashboard && { dashboard: `${base}/dashboard` }),
      },
    };
  }
}
