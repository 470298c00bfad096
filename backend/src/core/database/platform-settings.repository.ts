import { Injectable } from '@nestjs/common';
import { PrismaService } from './prisma.service.js';

/** Stores named values of the platform itself, which all processes share. */
@Injectable()
export class PlatformSettingsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async find(name: string): Promise<string | undefined> {
    return (await this.prisma.platformSetting.findUnique({ where: { name } }))?.value;
  }

  async save(name: string, value: string): Promise<void> {
    await this.prisma.platformSetting.upsert({ where: { name }, create: { name, value }, update: { value } });
  }

  /** Saves the value unless another process was first; returns the value that is stored. */
  async saveFirst(name: string, value: string): Promise<string> {
    await this.prisma.platformSetting.createMany({ data: [{ name, value }], skipDuplicates: true });
    return (await this.find(name)) ?? value;
  }

  async remove(name: string): Promise<void> {
    await this.prisma.platformSetting.deleteMany({ where: { name } });
  }
}
