import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnv } from '../support/local-stack.ts';
import { BIN, run, start, type Started } from '../support/processes.ts';

/** A folder of a test's own, and the command line run in it against an API of the test's own. */
export class CliUnderTest {
  readonly home: string;
  /** Of the API; undefined leaves the command without a target. */
  url: string | undefined;
  env: NodeJS.ProcessEnv = {};

  private constructor(home: string) {
    this.home = home;
  }

  static async make(): Promise<CliUnderTest> {
    return new CliUnderTest(await mkdtemp(join(tmpdir(), 'millrace-cli-')));
  }

  run(args: readonly string[], input?: string) {
    return run(process.execPath, [BIN, ...args], {
      ...this.#options(),
      ...(input !== undefined && { input }),
    });
  }

  start(args: readonly string[]): Started {
    return start(process.execPath, [BIN, ...args], this.#options());
  }

  path(...parts: string[]): string {
    return join(this.home, ...parts);
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  #options() {
    const target = this.url === undefined ? {} : { MILLRACE_API_URL: this.url };
    return { cwd: this.home, env: { ...cleanEnv(this.path('data')), ...target, ...this.env } };
  }
}
